//! Compression over a byte stream: who asks for it, who agrees, and what can be seen of it.

use std::cell::Cell;

use protocol::{DeflateOptions, Message, Violation, handshake::UpgradeOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use websocket::{Connector, Error, ServerConfig, WebSocket, accept_with};

use crate::common::{guarded, read_head, switching};

const ALL: DeflateOptions = DeflateOptions { threshold: 0, ..DeflateOptions::DEFAULT };

/// A client that offers these, and a server whose options and whose decision are these.
async fn pair(
    offers: &[DeflateOptions],
    options: Option<DeflateOptions>,
    decision: Option<DeflateOptions>,
) -> [WebSocket<DuplexStream>; 2] {
    let (near, far) = duplex(64 << 10);
    let connector = offers.iter().cloned().fold(Connector::new("ws://localhost/").unwrap(), Connector::deflate);
    let options = ServerConfig { deflate: options, ..ServerConfig::default() };
    let accept =
        accept_with(far, &options, |_, _| Ok(UpgradeOptions { deflate: decision, ..UpgradeOptions::default() }));
    let (client, server) = guarded(async { tokio::join!(connector.handshake(near), accept) }).await;
    [client.expect("it opens"), server.expect("it opens")]
}

fn agreed(connection: &WebSocket<DuplexStream>) -> Vec<String> {
    connection.extensions().iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn both_ends_see_what_was_agreed_on_and_understand_each_other() {
    let [mut client, mut server] = pair(&[ALL], Some(ALL), None).await;
    assert_eq!(agreed(&client), ["permessage-deflate"]);
    assert_eq!(agreed(&server), agreed(&client));
    let message = Message::text("Hello, ".repeat(1000));
    for _ in 0..3 {
        client.send(message.clone()).await.unwrap();
        assert_eq!(guarded(server.next()).await.unwrap().unwrap(), message);
        server.send(message.clone()).await.unwrap();
        assert_eq!(guarded(client.next()).await.unwrap().unwrap(), message);
    }
}

#[tokio::test]
async fn it_takes_two_to_compress() {
    for (offers, options) in [(&[][..], Some(ALL)), (&[ALL], None), (&[], None)] {
        let [mut client, mut server] = pair(offers, options, None).await;
        assert!(client.extensions().is_empty() && server.extensions().is_empty());
        client.send("Hello").await.unwrap();
        assert_eq!(guarded(server.next()).await.unwrap().unwrap(), Message::text("Hello"));
    }
}

#[tokio::test]
async fn what_is_decided_for_one_connection_goes_before_the_options_for_all() {
    let [client, _] = pair(&[ALL], Some(ALL), Some(DeflateOptions::FRUGAL)).await;
    assert_eq!(agreed(&client), ["permessage-deflate; server_no_context_takeover; client_no_context_takeover"]);
    let [client, _] = pair(&[ALL], None, Some(ALL)).await;
    assert_eq!(agreed(&client), ["permessage-deflate"]);
}

#[tokio::test]
async fn frames_right_behind_the_handshake_may_be_compressed() {
    let (near, mut far) = duplex(64 << 10);
    let connector = Connector::new("ws://localhost/").unwrap().deflate(ALL);
    let head_seen = Cell::new(false);
    let server = async {
        let request = read_head(&mut far).await;
        head_seen.set(request.contains("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"));
        let answer = switching(&request).replace(
            "Upgrade: websocket\r\n",
            "Upgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate\r\n",
        );
        let frame = [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
        far.write_all(&[answer.as_bytes(), &frame].concat()).await.unwrap();
    };
    let (client, ()) = guarded(async { tokio::join!(connector.handshake(near), server) }).await;
    let mut client = client.expect("the answer was right");
    assert!(head_seen.get());
    assert_eq!(guarded(client.next()).await.unwrap().unwrap(), Message::text("Hello"));
    // And so is what the client sends.
    client.send("Hello").await.unwrap();
    let mut frame = [0; 13];
    far.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[..2], [0xC1, 0x87]);
}

#[tokio::test]
async fn a_message_that_inflates_beyond_the_limit_ends_the_connection() {
    let (near, far) = duplex(64 << 10);
    let connector = Connector::new("ws://localhost/").unwrap().deflate(ALL);
    let config = protocol::Config {
        limits: protocol::Limits { max_message_bytes: 1000, ..protocol::Limits::DEFAULT },
        ..protocol::Config::default()
    };
    let options = ServerConfig { config: config.into(), deflate: Some(ALL), ..ServerConfig::default() };
    let accept = accept_with(far, &options, |_, _| Ok(UpgradeOptions::default()));
    let (client, server) = guarded(async { tokio::join!(connector.handshake(near), accept) }).await;
    let (mut client, mut server) = (client.unwrap(), server.unwrap());
    client.send(Message::binary(vec![0; 1001])).await.unwrap();
    let told = guarded(async { tokio::join!(server.next(), client.next()) }).await.0;
    assert!(matches!(told, Some(Err(Error::Violation(Violation::MessageTooBig { limit: 1000 })))), "{told:?}");
    assert_eq!(client.close_info().code.0, 1009);
}
