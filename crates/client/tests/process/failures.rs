//! Connections that never open: one sentence each.

use tokio::{io::AsyncWriteExt, join};

use crate::support::{Client, Server, bounded, drain, read_head};

/// Lets a server answer the request with `response`; gives what the client says, without the address.
async fn said_to(response: &str) -> String {
    let server = Server::start().await;
    let client = Client::start([server.url()]);
    let ((), ended) = join!(server.answer(response), client.ended());
    assert_eq!(ended.status, Some(1));
    assert_eq!(ended.output, b"");
    let line = ended.errors.strip_suffix('\n').expect("a line");
    assert!(!line.contains('\n'), "{line}");
    line.replace(&format!("127.0.0.1:{}", server.port()), "HERE")
}

#[tokio::test]
async fn nothing_listens() {
    let server = Server::start().await;
    let (url, port) = (server.url(), server.port());
    drop(server);
    Client::start([url]).ended().await.expect_all(
        1,
        "",
        &format!("nothing listens at 127.0.0.1:{port}: is the server running? start it with `cargo run -p server`\n"),
    );
}

#[tokio::test]
async fn the_name_does_not_exist() {
    // A label of more than 63 bytes cannot even be asked for, so this needs no name server.
    let host = format!("{}.invalid", "x".repeat(64));
    let ended = Client::start([format!("ws://{host}/")]).ended().await;
    let beginning = format!("the host {host} cannot be found: is its name right, and the network there? (");
    assert!(ended.errors.starts_with(&beginning) && ended.errors.ends_with(")\n"), "{}", ended.errors);
    assert_eq!(ended.errors.lines().count(), 1);
    assert_eq!(ended.status, Some(1));
}

#[tokio::test]
async fn the_server_speaks_plain_http() {
    for (response, said) in [
        (
            "HTTP/1.1 200 OK\r\n\r\n<h1>It works!</h1>\nmore",
            "HERE answered with HTTP 200 OK (\"<h1>It works!</h1>\") and opened no WebSocket: this is an ordinary web \
             page; is the path in the URL right?",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HERE answered with HTTP 200 OK and opened no WebSocket: this is an ordinary web page; is the path in the \
             URL right?",
        ),
        (
            "HTTP/1.1 404 Not Found\r\n\r\n\r\nthere is only /chat here\n",
            "HERE answered with HTTP 404 Not Found (\"there is only /chat here\") and opened no WebSocket: is the \
             path in the URL right?",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\nthere is",
            "HERE answered with HTTP 404 Not Found (\"there is ...\") and opened no WebSocket: is the path in the URL \
             right?",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\n\r\nwrong \x1b[31mOrigin\n",
            "HERE answered with HTTP 403 Forbidden (\"wrong \\u{1b}[31mOrigin\") and opened no WebSocket: it does not \
             let us in: does it need another --origin or --header?",
        ),
        (
            "HTTP/1.1 400 Bad Request\r\n\r\noffer the subprotocol 'chat'\n",
            "HERE answered with HTTP 400 Bad Request (\"offer the subprotocol 'chat'\") and opened no WebSocket: does \
             it need a --subprotocol or a --header?",
        ),
        (
            "HTTP/1.1 301 Moved Permanently\r\nLocation: https://example.org/chat\r\n\r\n",
            "HERE answered with HTTP 301 Moved Permanently and opened no WebSocket: it points to \
             https://example.org/chat; try that, with ws instead of http",
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\n\r\n",
            "HERE answered with HTTP 503 Service Unavailable and opened no WebSocket: something is wrong there; its \
             log may say more",
        ),
    ] {
        assert_eq!(said_to(response).await, said);
    }
}

#[tokio::test]
async fn the_accept_value_is_wrong() {
    let server = Server::start().await;
    let client = Client::start([server.url()]);
    let answering = async {
        let mut tcp = server.accept_tcp().await;
        let request = bounded(read_head(&mut tcp)).await;
        let key = request.split("Sec-WebSocket-Key: ").nth(1).unwrap().split("\r\n").next().unwrap();
        let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        tcp.write_all(response.as_bytes()).await.unwrap();
        bounded(drain(&mut tcp)).await;
        websocket::protocol::handshake::accept_key(key)
    };
    let (right, ended) = join!(answering, client.ended());
    ended.expect_all(
        1,
        "",
        &format!(
            "the answer of 127.0.0.1:{} opens no WebSocket: Sec-WebSocket-Accept is 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' \
             instead of '{right}' (RFC 6455, section 4.1); is it a WebSocket server, and nothing between that changes \
             or repeats answers?\n",
            server.port()
        ),
    );
}

#[tokio::test]
async fn the_answer_is_no_http() {
    let said = said_to("SSH-2.0-OpenSSH_10.0\r\n").await;
    assert!(said.starts_with("the answer of HERE opens no WebSocket: this is not an HTTP/1.1 head: "), "{said}");
}

#[tokio::test]
async fn the_server_hangs_up_without_an_answer() {
    let server = Server::start().await;
    let client = Client::start([server.url()]);
    let mut tcp = server.accept_tcp().await;
    bounded(read_head(&mut tcp)).await;
    drop(tcp);
    client.ended().await.expect(
        1,
        &format!(
            "127.0.0.1:{} ended the connection without an answer: is it a WebSocket server? does it want wss://?\n",
            server.port()
        ),
    );
}

#[tokio::test]
async fn the_server_does_not_answer() {
    let server = Server::start().await;
    let client = Client::start(["--connect-timeout", "200ms", &server.url()]);
    let tcp = server.accept_tcp().await;
    let ended = client.ended().await;
    drop(tcp);
    ended.expect(
        1,
        &format!(
            "127.0.0.1:{} did not answer within 200ms: is it a WebSocket server, and reachable from here? \
             (--connect-timeout sets the limit)\n",
            server.port()
        ),
    );
}

#[tokio::test]
async fn the_server_speaks_no_tls() {
    let server = Server::start().await;
    let client = Client::start([format!("wss://127.0.0.1:{}/", server.port())]);
    let answering = async {
        let mut tcp = server.accept_tcp().await;
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        bounded(drain(&mut tcp)).await;
    };
    let ((), ended) = join!(answering, client.ended());
    let beginning = format!(
        "TLS with 127.0.0.1:{} failed: is its certificate good, or should the URL begin with ws://? (",
        server.port()
    );
    assert!(ended.errors.starts_with(&beginning), "{}", ended.errors);
    assert_eq!((ended.errors.lines().count(), ended.status), (1, Some(1)));
}

#[tokio::test]
async fn the_url_is_wrong() {
    for (url, said) in [
        ("http://127.0.0.1/", "a WebSocket URI begins with ws:// or wss://"),
        ("localhost:8080", "a WebSocket URI begins with ws:// or wss://"),
        ("ws://127.0.0.1:0/", "the port must be a number from 1 to 65535"),
        ("ws://127.0.0.1/#top", "a WebSocket URI has no fragment (write a '#' that is data as %23)"),
    ] {
        let ended = Client::start([url]).ended().await;
        ended.expect_all(1, "", &format!("'{url}' is not a WebSocket URL: {said}\n"));
    }
}

#[tokio::test]
async fn wrong_usage_is_status_2() {
    for arguments in [
        &["--no-such-option"][..],
        &["--close-timeout", "5"],
        &["--max-message", "lots"],
        &["--header", "no colon"],
        &["--header", "Host: example.org"],
        &["--header", "X: a\nb"],
        &["--subprotocol", "two words"],
        &["--subprotocol", "chat", "--subprotocol", "chat"],
        &["ws://127.0.0.1/", "ws://127.0.0.1/"],
    ] {
        let ended = Client::start(arguments).ended().await;
        assert_eq!((ended.status, &ended.output[..]), (Some(2), &b""[..]), "{arguments:?}");
        assert!(ended.errors.starts_with("error: "), "{}", ended.errors);
    }
}
