//! The example `tickets`, over streams in memory and with a paused clock.

use std::sync::Arc;

use protocol::handshake::HandshakeError;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    task::{JoinHandle, spawn},
    time::{Instant, advance},
};
use websocket::{CloseInfo, ConnectError, Connector, Error, Message, WebSocket};

use example::{MAX_NAME, SESSION, SESSION_EXPIRED, Site, TICKET, serve};

#[expect(dead_code, reason = "the test does not call `main`")]
#[path = "../../../examples/tickets.rs"]
mod example;

const ORIGIN: &str = "https://example.org";

fn site() -> Arc<Site> {
    Arc::new(Site::new(ORIGIN.to_owned()))
}

/// Opens a stream to the site.
fn open(site: &Arc<Site>) -> (DuplexStream, JoinHandle<Result<Option<CloseInfo>, Error>>) {
    let (near, far) = duplex(1 << 16);
    let site = Arc::clone(site);
    (near, spawn(async move { serve(far, &site).await }))
}

/// Sends a GET request, and returns the whole response.
async fn get(site: &Arc<Site>, path: &str, cookie: &str) -> String {
    let (mut stream, _) = open(site);
    let request = format!("GET {path} HTTP/1.1\r\nHost: example.org\r\nCookie: {cookie}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).await.expect("the response is text");
    response
}

/// Logs in, and returns a ticket.
async fn ticket(site: &Arc<Site>) -> String {
    let login = get(site, "/login?ada", "").await;
    let (_, cookie) = login.split_once("session=").expect("the server sets a cookie");
    let (secret, attributes) = cookie.split_once(';').expect("the cookie has attributes");
    assert!(attributes.contains("HttpOnly; SameSite=Strict"), "{attributes}");
    let response = get(site, "/ticket", &format!("theme=dark; session={secret}")).await;
    response.rsplit("\r\n").next().unwrap_or_default().to_owned()
}

async fn connect(site: &Arc<Site>, ticket: &str, origin: &str) -> Result<WebSocket<DuplexStream>, ConnectError> {
    let connector = Connector::new(format!("ws://example.org/feed?{ticket}"))?.origin(origin)?;
    connector.handshake(open(site).0).await
}

fn status(result: Result<WebSocket<DuplexStream>, ConnectError>) -> u16 {
    match result.expect_err("the server rejects the request") {
        ConnectError::Answer(HandshakeError::Rejected(response)) => response.status().as_u16(),
        error => panic!("{error}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_ticket_opens_one_connection() {
    let site = site();
    let ticket = ticket(&site).await;
    let mut connection = connect(&site, &ticket, ORIGIN).await.expect("the ticket is valid");
    let welcome = connection.next().await.transpose().expect("the connection is open");
    assert_eq!(welcome, Some(Message::text("welcome, ada")));
    assert_eq!(status(connect(&site, &ticket, ORIGIN).await), 403);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_that_is_late_or_was_guessed_opens_nothing() {
    let site = site();
    let ticket = ticket(&site).await;
    advance(TICKET).await;
    assert_eq!(status(connect(&site, &ticket, ORIGIN).await), 403);
    assert_eq!(status(connect(&site, "00000000000000000000000000000000", ORIGIN).await), 403);
}

#[tokio::test(start_paused = true)]
async fn a_page_of_another_origin_opens_nothing_and_does_not_use_up_the_ticket() {
    let site = site();
    let ticket = ticket(&site).await;
    assert_eq!(status(connect(&site, &ticket, "https://evil.example").await), 403);
    assert!(connect(&site, &ticket, ORIGIN).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_a_ticket_without_a_session() {
    let response = get(&site(), "/ticket", "session=00000000000000000000000000000000").await;
    assert!(response.starts_with("HTTP/1.1 401 "), "{response}");
}

/// Without this limit, the bound on the number of sessions would not bound their memory.
#[tokio::test(start_paused = true)]
async fn a_name_above_the_limit_opens_no_session() {
    for (length, status) in [(MAX_NAME, "200"), (MAX_NAME + 1, "400")] {
        let response = get(&site(), &format!("/login?{}", "a".repeat(length)), "").await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{length} bytes: {response}");
        assert_eq!(response.contains("session="), status == "200", "{length} bytes: {response}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_expires_ends_its_connection() {
    let (site, start) = (site(), Instant::now());
    let ticket = ticket(&site).await;
    let mut connection = connect(&site, &ticket, ORIGIN).await.expect("the ticket is valid");
    assert!(connection.next().await.is_some());
    // Nothing else is waiting for the clock, so it jumps to the end of the session.
    assert!(connection.next().await.is_none());
    assert_eq!((connection.close_info().code, start.elapsed()), (SESSION_EXPIRED, SESSION));
}
