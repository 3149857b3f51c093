//! Compression over a byte stream: how it is offered and accepted, and what it looks like on the
//! wire.

use protocol::{Config, DeflateOptions, Limits, Message, Violation, handshake::UpgradeOptions};
use testkit::{
    http_head::{header_value, response_for},
    raw_peer::read_head,
    tasks::with_timeout,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use websocket::{Connector, Error, ServerConfig, WebSocket, accept_with};

const ALL: DeflateOptions = DeflateOptions::DEFAULT.threshold(0);

/// Connects a client that makes these offers to a server. The server has `options` for all
/// connections, and `decision` for this one.
async fn pair(
    offers: &[DeflateOptions],
    options: Option<DeflateOptions>,
    decision: Option<DeflateOptions>,
) -> [WebSocket<DuplexStream>; 2] {
    let (local, remote) = duplex(64 << 10);
    let connector = offers.iter().cloned().fold(Connector::new("ws://localhost/").unwrap(), Connector::deflate);
    let config = options.into_iter().fold(ServerConfig::default(), ServerConfig::deflate);
    let accept = accept_with(remote, &config, |_| {
        Ok(decision.into_iter().fold(UpgradeOptions::default(), UpgradeOptions::deflate))
    });
    let (client, server) = with_timeout(async { tokio::join!(connector.handshake(local), accept) }).await;
    [client.expect("the handshake is valid"), server.expect("the handshake is valid")]
}

fn extensions_of(connection: &WebSocket<DuplexStream>) -> Vec<String> {
    connection.extensions().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn both_endpoints_report_the_negotiated_extension_and_use_it() {
    let [mut client, mut server] = pair(&[ALL], Some(ALL), None).await;
    assert_eq!(extensions_of(&client), ["permessage-deflate"]);
    assert_eq!(extensions_of(&server), extensions_of(&client));
    let message = Message::text("Hello, ".repeat(1000));
    for _ in 0..3 {
        client.send(message.clone()).await.unwrap();
        assert_eq!(with_timeout(server.next()).await.unwrap().unwrap(), message);
        server.send(message.clone()).await.unwrap();
        assert_eq!(with_timeout(client.next()).await.unwrap().unwrap(), message);
    }
}

#[tokio::test]
async fn nothing_is_compressed_unless_both_endpoints_want_it() {
    for (offers, options) in [(&[][..], Some(ALL)), (&[ALL], None), (&[], None)] {
        let [mut client, mut server] = pair(offers, options, None).await;
        assert!(client.extensions().is_empty() && server.extensions().is_empty());
        client.send("Hello").await.unwrap();
        assert_eq!(with_timeout(server.next()).await.unwrap().unwrap(), Message::text("Hello"));
    }
}

#[tokio::test]
async fn options_for_one_connection_override_the_options_for_all() {
    let [client, _] = pair(&[ALL], Some(ALL), Some(DeflateOptions::FRUGAL)).await;
    assert_eq!(extensions_of(&client), ["permessage-deflate; server_no_context_takeover; client_no_context_takeover"]);
    let [client, _] = pair(&[ALL], None, Some(ALL)).await;
    assert_eq!(extensions_of(&client), ["permessage-deflate"]);
}

#[tokio::test]
async fn frames_that_arrive_with_the_response_may_be_compressed() {
    let (local, mut remote) = duplex(64 << 10);
    let connector = Connector::new("ws://localhost/").unwrap().deflate(ALL);
    let server = async {
        let request = read_head(&mut remote).await;
        let response = response_for(&request).replace(
            "Upgrade: websocket\r\n",
            "Upgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
        );
        let frame = [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
        remote.write_all(&[response.as_bytes(), &frame].concat()).await.unwrap();
        request
    };
    let (client, request) = with_timeout(async { tokio::join!(connector.handshake(local), server) }).await;
    let mut client = client.expect("the response is valid");
    let offer = header_value(&request, "Sec-WebSocket-Extensions");
    assert_eq!(offer, Some("permessage-deflate; client_max_window_bits"));
    assert_eq!(with_timeout(client.next()).await.unwrap().unwrap(), Message::text("Hello"));
    // The client compresses too.
    client.send("Hello").await.unwrap();
    let mut frame = [0; 13];
    remote.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[..2], [0xC1, 0x87]);
}

#[tokio::test]
async fn a_message_that_inflates_beyond_the_limit_ends_the_connection() {
    let (local, remote) = duplex(64 << 10);
    let connector = Connector::new("ws://localhost/").unwrap().deflate(ALL);
    let config = Config::DEFAULT.limits(Limits::DEFAULT.max_message_bytes(1000));
    let config = ServerConfig::default().config(config).deflate(ALL);
    let accept = accept_with(remote, &config, |_| Ok(UpgradeOptions::default()));
    let (client, server) = with_timeout(async { tokio::join!(connector.handshake(local), accept) }).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    client.send(Message::binary(vec![0; 1001])).await.unwrap();
    let (result, _) = with_timeout(async { tokio::join!(server.next(), client.next()) }).await;
    assert!(matches!(result, Some(Err(Error::Violation(Violation::MessageTooBig { limit: 1000 })))), "{result:?}");
    assert_eq!(client.close_info().code.0, 1009);
}
