//! Redirects of the opening handshake.

use std::time::Duration;

use http::StatusCode;
use protocol::{UriError, handshake::HandshakeError};
use testkit::{
    http_head::response_for,
    raw_peer::{listen, read_head},
    tasks::{with_paused_timeout, with_timeout},
};
use tokio::{
    io::{AsyncWriteExt, duplex},
    net::TcpListener,
    sync::mpsc,
    time::Instant,
};
use websocket::{ConnectError, Connector, RedirectError, RedirectErrorReason};

/// Answers one request after another: first with a redirect to each target in turn, and then with a
/// valid response. Returns the requests.
async fn redirect(listener: &TcpListener, targets: &[&str]) -> Vec<String> {
    let mut requests = Vec::new();
    for target in targets {
        // The body never ends, so the client must not wait for it.
        requests.push(answer(listener, |_| format!("HTTP/1.1 307 \r\nLocation: {target}\r\n\r\n")).await);
    }
    requests.push(answer(listener, response_for).await);
    requests
}

async fn answer(listener: &TcpListener, response: impl FnOnce(&str) -> String) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let request = read_head(&mut stream).await;
    stream.write_all(response(&request).as_bytes()).await.unwrap();
    // The connection stays open until the test ends.
    std::mem::forget(stream);
    request
}

/// Returns the request line and the `Host` header field of each request.
fn targets(requests: &[String]) -> Vec<&str> {
    requests.iter().map(|request| request.split("\r\n").next().unwrap()).collect()
}

/// Connects to `uri`, whose server sends redirects to these targets, and returns the error.
async fn fail(max: usize, server: (&TcpListener, &str), redirects: &[&str]) -> RedirectError {
    let (listener, uri) = server;
    let connecting = Connector::new(uri).unwrap().follow_redirects(max).connect();
    tokio::select! {
        opened = connecting => match opened {
            Err(ConnectError::Redirect(error)) => error,
            other => panic!("{other:?}"),
        },
        requests = redirect(listener, redirects) => panic!("{requests:?}"),
    }
}

#[tokio::test]
async fn a_redirect_is_an_error_unless_the_program_asks_to_follow_it() {
    with_timeout(async {
        let (listener, uri) = listen().await;
        let (client, _) = tokio::join!(
            Connector::new(&uri).unwrap().connect(),
            answer(&listener, |_| "HTTP/1.1 301 \r\nLocation: /b\r\nContent-Length: 0\r\n\r\n".to_owned())
        );
        let Err(ConnectError::Answer(HandshakeError::Rejected(response))) = client else { panic!("{client:?}") };
        assert_eq!(response.status(), StatusCode::MOVED_PERMANENTLY);
    })
    .await;
}

/// Connects over streams in memory, and sends the next of these responses to each request. The
/// server keeps its streams open. Returns the error, and the virtual time that the client took.
async fn fail_in_memory(max: usize, responses: &[String]) -> (ConnectError, Duration) {
    let (dialed, mut streams) = mpsc::unbounded_channel();
    let connector = Connector::new("ws://example.org/").unwrap().follow_redirects(max).dial(move |_| {
        let (near, far) = duplex(4096);
        dialed.send(far).expect("the server waits for it");
        async { Ok(near) }
    });
    let answering = async {
        let mut open = Vec::new();
        for response in responses {
            let mut stream = streams.recv().await.unwrap();
            read_head(&mut stream).await;
            stream.write_all(response.as_bytes()).await.unwrap();
            open.push(stream);
        }
        open
    };
    let began = Instant::now();
    let (opened, _open) = with_paused_timeout(async { tokio::join!(connector.connect(), answering) }).await;
    (opened.unwrap_err(), began.elapsed())
}

/// The bytes of the chunks would be part of the body if it were not decoded.
#[tokio::test(start_paused = true)]
async fn a_rejection_without_a_redirect_before_it_is_the_error_itself_and_has_its_body() {
    for (max, status) in [(0, 307), (0, 404), (1, 404)] {
        let head = format!("HTTP/1.1 {status} \r\nLocation: /b\r\nTransfer-Encoding: chunked\r\n\r\n");
        let (error, _) = fail_in_memory(max, &[head + "4\r\ngone\r\n0\r\n\r\n"]).await;
        let ConnectError::Answer(HandshakeError::Rejected(response)) = error else { panic!("{max} {error:?}") };
        assert_eq!((response.status().as_u16(), &response.body()[..]), (status, &b"gone"[..]), "{max}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_follows_a_redirect_does_not_wait_for_its_body() {
    let redirect = "HTTP/1.1 307 \r\nLocation: /b\r\nContent-Length: 5\r\n\r\n".to_owned();
    let not_found = "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n".to_owned();
    let (error, took) = fail_in_memory(1, &[redirect, not_found]).await;
    assert!(matches!(error, ConnectError::Redirected { .. }), "{error:?}");
    assert_eq!(took, Duration::ZERO);
}

#[tokio::test]
async fn redirects_are_followed_to_the_end() {
    with_timeout(async {
        let (listener, uri) = listen().await;
        let absolute = format!("{}d#top", uri.replace("ws:", "http:"));
        let connecting = Connector::new(format!("{uri}a/b?c")).unwrap().follow_redirects(3).connect();
        let redirects = ["/b", "c?d", &absolute];
        let (client, requests) = tokio::join!(connecting, redirect(&listener, &redirects));
        client.unwrap();
        assert_eq!(
            targets(&requests),
            ["GET /a/b?c HTTP/1.1", "GET /b HTTP/1.1", "GET /c?d HTTP/1.1", "GET /d HTTP/1.1"]
        );
    })
    .await;
}

#[tokio::test]
async fn each_status_of_a_redirect_is_followed_and_no_other() {
    with_timeout(async {
        for status in [301, 302, 303, 307, 308, 300, 304, 305] {
            let (listener, uri) = listen().await;
            let connecting = Connector::new(&uri).unwrap().follow_redirects(1).connect();
            let response = format!("HTTP/1.1 {status} \r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
            let answering = async {
                answer(&listener, |_| response).await;
                answer(&listener, response_for).await
            };
            tokio::select! {
                opened = connecting => {
                    assert_eq!(opened.is_ok(), ![300, 304, 305].contains(&status), "{status}: {opened:?}");
                }
                // The request for the target was answered, but the client has yet to read the
                // answer.
                _ = async { answering.await; std::future::pending::<()>().await } => {}
            }
        }
    })
    .await;
}

#[tokio::test]
async fn credentials_stay_with_their_origin() {
    with_timeout(async {
        let (listener, uri) = listen().await;
        let (other, other_uri) = listen().await;
        let connecting = Connector::new(&uri)
            .and_then(|connector| connector.header("Authorization", "Bearer secret"))
            .and_then(|connector| connector.header("Cookie", "a=secret"))
            .and_then(|connector| connector.header("X-Name", "a"))
            .unwrap()
            .follow_redirects(3)
            .connect();
        let answering = async {
            let target = format!("HTTP/1.1 302 \r\nLocation: {other_uri}\r\n\r\n");
            let first = answer(&listener, |_| "HTTP/1.1 302 \r\nLocation: /b\r\n\r\n".to_owned()).await;
            let same = answer(&listener, |_| target).await;
            // A redirect back to the first origin does not restore the credentials either.
            let back = format!("HTTP/1.1 302 \r\nLocation: {uri}c\r\n\r\n");
            let there = answer(&other, |_| back).await;
            let returned = answer(&listener, response_for).await;
            [first, same, there, returned]
        };
        let (client, [first, same, there, returned]) = tokio::join!(connecting, answering);
        client.unwrap();
        for request in [&first, &same] {
            assert!(request.contains("\r\nAuthorization: Bearer secret\r\n"), "{request}");
            assert!(request.contains("\r\nCookie: a=secret\r\n"), "{request}");
        }
        for request in [&there, &returned] {
            assert!(!request.contains("secret"), "{request}");
            assert!(request.contains("\r\nX-Name: a\r\n"), "{request}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_loop_names_its_hops() {
    with_timeout(async {
        let (listener, uri) = listen().await;
        let error = fail(10, (&listener, &format!("{uri}a")), &["/b", "/c", "/b"]).await;
        assert_eq!(error.reason, RedirectErrorReason::Loop);
        assert_eq!(error.to_string(), format!("the redirects form a loop: {uri}a -> {uri}b -> {uri}c -> {uri}b"));
        // A redirect to the same URI is a loop too.
        let error = fail(1, (&listener, &uri), &[""]).await;
        assert_eq!(error.to_string(), format!("the redirects form a loop: {uri} -> {uri}"));
    })
    .await;
}

/// The URI whose request failed is not the one that the program named.
#[tokio::test]
async fn an_error_after_a_redirect_names_the_target() {
    with_timeout(async {
        let (listener, uri) = listen().await;
        let answering = async {
            answer(&listener, |_| "HTTP/1.1 302 \r\nLocation: /b\r\n\r\n".to_owned()).await;
            answer(&listener, |_| "HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n".to_owned()).await;
        };
        let (opened, ()) = tokio::join!(Connector::new(&uri).unwrap().follow_redirects(1).connect(), answering);
        let error = opened.unwrap_err();
        let ConnectError::Redirected { uri: target, error: cause } = &error else { panic!("{error:?}") };
        assert_eq!(target.to_string(), format!("{uri}b"));
        assert!(matches!(&**cause, ConnectError::Answer(HandshakeError::Rejected(_))), "{cause:?}");
        assert!(error.to_string().starts_with(&format!("after a redirect to {uri}b: ")), "{error}");
    })
    .await;
}

#[tokio::test]
async fn too_many_redirects_name_their_hops() {
    with_timeout(async {
        let (listener, uri) = listen().await;
        let error = fail(2, (&listener, &format!("{uri}a")), &["/b", "/c", "/d"]).await;
        assert_eq!(error.reason, RedirectErrorReason::TooMany);
        assert_eq!(error.to_string(), format!("there are too many redirects: {uri}a -> {uri}b -> {uri}c -> {uri}d"));
    })
    .await;
}

#[tokio::test]
async fn a_redirect_without_a_websocket_target_is_an_error() {
    with_timeout(async {
        let (listener, uri) = listen().await;
        for (location, error) in [
            ("ftp://example.org/", UriError::Scheme),
            ("https://user:password@example.org/", UriError::UserInfo),
            ("/a b", UriError::Resource),
        ] {
            let failed = fail(5, (&listener, &uri), &[location]).await;
            assert_eq!(failed.reason, RedirectErrorReason::Target { location: location.to_owned(), error });
            assert_eq!(failed.hops, [uri.parse().unwrap()]);
        }
        let failed = fail(5, (&listener, &uri), &["/a\r\nLocation: /b"]).await;
        assert_eq!(failed.reason, RedirectErrorReason::NoTarget);
    })
    .await;
}
