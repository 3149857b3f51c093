//! Connections whose opening handshake is carried by another HTTP implementation.

use bytes::BytesMut;
use http::{Response, StatusCode};
use protocol::{
    Config, HandshakeViolation, Limits, Message, UsageError,
    handshake::{HandshakeError, ReceivedRequest, UpgradeOptions},
};
use testkit::{
    frames::{
        client_frame,
        first_byte::{BINARY, TEXT},
        server_frame,
    },
    handshake::valid_request,
    http_head::HeadBuilder,
    stream::scripted_stream,
    tasks::{is_pending, ready},
};
use websocket::{ClientUpgrade, Connector, Error, MemoryBudget, ServerConfig, ServerUpgrade};

/// Accepts a request that has these lines after the minimal ones.
fn server_upgrade(lines: &[&str], options: UpgradeOptions, config: &ServerConfig) -> Result<ServerUpgrade, UsageError> {
    let head = lines.iter().fold(HeadBuilder::request(), HeadBuilder::with);
    let request = ReceivedRequest::from_head(valid_request(&head).head());
    ServerUpgrade::new(&request.check_upgrade().expect("the request is valid"), options, config)
}

/// Starts a client's handshake, and makes a server accept it.
fn client_and_server(connector: Connector, config: &ServerConfig) -> (ClientUpgrade, ServerUpgrade) {
    let client = connector.start();
    let request = ReceivedRequest::from_head(&client.request().expect("the target is short"));
    let server = ServerUpgrade::new(&request.check_upgrade().unwrap(), UpgradeOptions::default(), config).unwrap();
    (client, server)
}

fn connector() -> Connector {
    Connector::new("ws://example.org/chat").unwrap()
}

#[cfg(feature = "deflate")]
#[tokio::test]
async fn a_client_and_a_server_keep_what_they_have_negotiated() {
    testkit::tasks::with_timeout(async {
        let deflate = protocol::DeflateOptions::default;
        let config = ServerConfig::default().deflate(deflate());
        let (client, server) = client_and_server(connector().deflate(deflate()), &config);
        assert_eq!(server.extensions()[0].name(), "permessage-deflate");
        let (near, far) = tokio::io::duplex(1 << 10);
        let response: Response<()> = server.response();
        let established = client.check_response(&response).expect("the response answers the request");
        let mut client = established.into_websocket(near, BytesMut::new());
        let mut server = server.into_websocket(far, BytesMut::new());
        assert_eq!(client.extensions(), server.extensions());
        assert_eq!(client.response().unwrap().headers(), response.headers());
        // The buffer between client and server holds 1 KiB, so this message passes only if it is
        // compressed.
        let long = Message::text("all work and no play ".repeat(1000));
        client.send(long.clone()).await.unwrap();
        assert_eq!(server.next().await.unwrap().unwrap(), long);
        server.send(long.clone()).await.unwrap();
        assert_eq!(client.next().await.unwrap().unwrap(), long);
    })
    .await;
}

#[tokio::test]
async fn bytes_that_the_other_implementation_has_read_are_the_first_frames() {
    let (stream, _script) = scripted_stream();
    let upgrade = server_upgrade(&[], UpgradeOptions::default(), &ServerConfig::default()).unwrap();
    let mut server = upgrade.into_websocket(stream, client_frame(TEXT, "early").as_slice().into());
    assert_eq!(ready(server.next()).unwrap().unwrap(), Message::text("early"));

    let (client, server) = client_and_server(connector(), &ServerConfig::default());
    let established = client.check_response(&server.response::<()>()).unwrap();
    let (stream, _script) = scripted_stream();
    let mut client = established.into_websocket(stream, server_frame(TEXT, "early").as_slice().into());
    assert_eq!(ready(client.next()).unwrap().unwrap(), Message::text("early"));
}

#[test]
fn a_choice_that_was_not_offered_is_a_usage_error() {
    let options = || UpgradeOptions::default().subprotocol("chat");
    let config = ServerConfig::default();
    let error = server_upgrade(&[], options(), &config).expect_err("nothing was offered");
    assert_eq!(error, UsageError::SubprotocolNotOffered("chat".to_owned()));
    let upgrade = server_upgrade(&["Sec-WebSocket-Protocol: chat"], options(), &config).unwrap();
    assert_eq!(upgrade.subprotocol(), Some("chat"));
    assert_eq!(upgrade.response::<()>().headers()["Sec-WebSocket-Protocol"], "chat");
}

#[tokio::test(start_paused = true)]
async fn the_limits_and_the_memory_budget_of_the_server_apply() {
    let budget = MemoryBudget::new(1 << 20);
    let limits = Limits::DEFAULT.max_message_bytes(200_000);
    let config = ServerConfig::default().memory_budget(budget.clone()).config(Config::DEFAULT.limits(limits));
    let (stream, script) = scripted_stream();
    let upgrade = server_upgrade(&[], UpgradeOptions::default(), &config).unwrap();
    let mut server = upgrade.into_websocket(stream, BytesMut::new());
    let frame = client_frame(BINARY, vec![0; 200_000]);
    script.push_read(&frame[..150_000]);
    assert!(is_pending(server.next()));
    assert!(budget.available() < budget.total(), "the message takes memory");
    script.push_read(&frame[150_000..]);
    assert_eq!(ready(server.next()).unwrap().unwrap().len(), 200_000);
    script.push_read(&client_frame(BINARY, vec![0; 200_001]));
    assert!(matches!(server.next().await, Some(Err(Error::Violation(_)))));
}

#[test]
fn a_response_that_opens_no_connection_is_an_error() {
    let (client, server) = client_and_server(connector(), &ServerConfig::default());
    let mut response: Response<()> = server.response();
    response.headers_mut().remove("Upgrade");
    let error = client.check_response(&response).expect_err("the header Upgrade is missing");
    assert!(matches!(error, HandshakeError::Violation(HandshakeViolation::UpgradeMissing)), "{error}");

    let (client, _) = client_and_server(connector(), &ServerConfig::default());
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let error = client.check_response(&response).expect_err("the status is not 101");
    assert!(error.to_string().contains("401"), "{error}");
}

#[test]
fn a_request_in_progress_prints_no_credentials() {
    let client = connector().header("Authorization", "Basic secret").unwrap().start();
    let printed = format!("{client:?} {:?}", client.request().unwrap());
    assert!(!printed.contains("secret"), "{printed}");
}
