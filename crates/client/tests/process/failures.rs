//! Connections that never open. The client reports each in one sentence.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    join,
};

use crate::support::{ClientProcess, ScriptedServer, bounded, drain, read_head};

/// Runs a client against a server that sends `response`. Returns the sentence that the client
/// prints, with the server's address replaced by `HERE`.
async fn sentence_about(response: &str) -> String {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([server.url()]);
    let ((), ended) = join!(server.respond(response), client.exited());
    assert_eq!(ended.status, Some(1));
    assert_eq!(ended.output, b"");
    let line = ended.errors.strip_suffix('\n').expect("a line");
    assert!(!line.contains('\n'), "{line}");
    line.replace(&format!("127.0.0.1:{}", server.port()), "HERE")
}

#[tokio::test]
async fn nothing_is_listening() {
    let server = ScriptedServer::start().await;
    let (url, port) = (server.url(), server.port());
    drop(server);
    ClientProcess::start([url]).exited().await.expect_all(
        1,
        "",
        &format!(
            "nothing is listening at 127.0.0.1:{port}: check that the server is running and that this is its port\n"
        ),
    );
}

#[tokio::test]
async fn the_name_does_not_exist() {
    // A label of more than 63 bytes cannot be looked up, so this test needs no name server.
    let host = format!("{}.invalid", "x".repeat(64));
    let ended = ClientProcess::start([format!("ws://{host}/")]).exited().await;
    let beginning = format!("cannot find the host {host}: check its name and your network connection (");
    assert!(ended.errors.starts_with(&beginning) && ended.errors.ends_with(")\n"), "{}", ended.errors);
    assert_eq!(ended.errors.lines().count(), 1);
    assert_eq!(ended.status, Some(1));
}

#[tokio::test]
async fn the_server_sends_an_http_response() {
    for (response, expected) in [
        (
            "HTTP/1.1 200 OK\r\n\r\n<h1>It works!</h1>\nmore",
            "HERE answered with HTTP 200 OK (\"<h1>It works!</h1>\") and did not open a WebSocket: this is an ordinary \
             web page; check the path in the URL",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
            "HERE answered with HTTP 200 OK and did not open a WebSocket: this is an ordinary web page; check the path \
             in the URL",
        ),
        (
            "HTTP/1.1 404 Not Found\r\n\r\n\r\nthere is only /chat here\n",
            "HERE answered with HTTP 404 Not Found (\"there is only /chat here\") and did not open a WebSocket: check \
             the path in the URL",
        ),
        (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 1000\r\n\r\nthere is",
            "HERE answered with HTTP 404 Not Found (\"there is ...\") and did not open a WebSocket: check the path in \
             the URL",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n12\r\nyou are not on the\r\n6\r\n list.\r\n0\r\n\r\n",
            "HERE answered with HTTP 403 Forbidden (\"you are not on the list.\") and did not open a WebSocket: it denies \
             access; try another --origin or --header",
        ),
        (
            "HTTP/1.1 301 Moved Permanently\r\nLocation:\r\n https://example.org/chat\r\nContent-Length: 0\r\n\r\n",
            "HERE answered with HTTP 301 Moved Permanently and did not open a WebSocket: it redirects to \
             https://example.org/chat; try wss://example.org/chat, or follow it with --follow 1",
        ),
        (
            "HTTP/1.1 403 Forbidden\r\n\r\nwrong \x1b[31mOrigin\n",
            "HERE answered with HTTP 403 Forbidden (\"wrong \\u{1b}[31mOrigin\") and did not open a WebSocket: it \
             denies access; try another --origin or --header",
        ),
        (
            "HTTP/1.1 400 Bad Request\r\n\r\noffer the subprotocol 'chat'\n",
            "HERE answered with HTTP 400 Bad Request (\"offer the subprotocol 'chat'\") and did not open a WebSocket: \
             it may require a --subprotocol or a --header",
        ),
        (
            "HTTP/1.1 301 Moved Permanently\r\nLocation: https://example.org/chat\r\n\r\n",
            "HERE answered with HTTP 301 Moved Permanently and did not open a WebSocket: it redirects to \
             https://example.org/chat; try wss://example.org/chat, or follow it with --follow 1",
        ),
        (
            "HTTP/1.1 308 Permanent Redirect\r\nLocation: /chat/\r\n\r\n",
            "HERE answered with HTTP 308 Permanent Redirect and did not open a WebSocket: it redirects to /chat/; try \
             ws://HERE/chat/, or follow it with --follow 1",
        ),
        (
            "HTTP/1.1 307 Temporary Redirect\r\nLocation: ws://example.org/chat\r\n\r\n",
            "HERE answered with HTTP 307 Temporary Redirect and did not open a WebSocket: it redirects to \
             ws://example.org/chat; try ws://example.org/chat, or follow it with --follow 1",
        ),
        (
            "HTTP/1.1 503 Service Unavailable\r\n\r\n",
            "HERE answered with HTTP 503 Service Unavailable and did not open a WebSocket: the server failed; its log \
             may say more",
        ),
    ] {
        assert_eq!(sentence_about(response).await, expected);
    }
}

#[tokio::test]
async fn the_accept_key_is_wrong() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([server.url()]);
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
    let (right, ended) = join!(answering, client.exited());
    ended.expect_all(
        1,
        "",
        &format!(
            "the answer from 127.0.0.1:{} does not open a WebSocket: Sec-WebSocket-Accept is \
             's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' instead of '{right}' (RFC 6455, section 4.1); check that it is a WebSocket \
             server, and that no proxy changes or repeats its answers\n",
            server.port()
        ),
    );
}

#[tokio::test]
async fn the_answer_is_not_http() {
    let sentence = sentence_about("SSH-2.0-OpenSSH_10.0\r\n").await;
    assert!(
        sentence.starts_with("the answer from HERE does not open a WebSocket: this is not an HTTP/1.1 head: "),
        "{sentence}"
    );
}

#[tokio::test]
async fn the_server_closes_the_connection_without_an_answer() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([server.url()]);
    let mut tcp = server.accept_tcp().await;
    bounded(read_head(&mut tcp)).await;
    drop(tcp);
    client.exited().await.expect(
        1,
        &format!(
            "127.0.0.1:{} closed the connection without an answer: check that it is a WebSocket server, and try wss:// \
             if it requires TLS\n",
            server.port()
        ),
    );
}

#[tokio::test]
async fn the_server_does_not_answer() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start(["--connect-timeout", "200ms", &server.url()]);
    let tcp = server.accept_tcp().await;
    let ended = client.exited().await;
    drop(tcp);
    ended.expect(
        1,
        &format!(
            "127.0.0.1:{} did not answer within 200ms: check that it is a WebSocket server and reachable from here \
             (--connect-timeout sets the limit)\n",
            server.port()
        ),
    );
}

#[tokio::test]
async fn the_server_closes_the_connection_during_the_tls_handshake() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([format!("wss://127.0.0.1:{}/", server.port())]);
    let mut tcp = server.accept_tcp().await;
    // Read the whole ClientHello, because otherwise the kernel would reset the connection.
    let mut record_header = [0; 5];
    bounded(tcp.read_exact(&mut record_header)).await.unwrap();
    let length = u16::from_be_bytes([record_header[3], record_header[4]]);
    bounded(tcp.read_exact(&mut vec![0; length.into()])).await.unwrap();
    drop(tcp);
    client.exited().await.expect(
        1,
        &format!(
            "127.0.0.1:{} closed the connection during the TLS handshake: check that this port speaks TLS, or use \
             ws:// if it does not\n",
            server.port()
        ),
    );
}

#[tokio::test]
async fn the_server_does_not_speak_tls() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([format!("wss://127.0.0.1:{}/", server.port())]);
    let answering = async {
        let mut tcp = server.accept_tcp().await;
        tcp.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        bounded(drain(&mut tcp)).await;
    };
    let ((), ended) = join!(answering, client.exited());
    ended.expect(1, &format!("127.0.0.1:{} does not speak TLS: use ws://, or check the port\n", server.port()));
}

#[tokio::test]
async fn the_url_is_wrong() {
    for (url, problem) in [
        ("ftp://127.0.0.1/", "a WebSocket URI begins with ws:// or wss://"),
        ("http://127.0.0.1:0/", "the port must be a number from 1 to 65535"),
        ("ws://127.0.0.1:0/", "the port must be a number from 1 to 65535"),
        ("ws://127.0.0.1/#top", "a WebSocket URI has no fragment (write a '#' that is data as %23)"),
    ] {
        let ended = ClientProcess::start([url]).exited().await;
        ended.expect_all(1, "", &format!("'{url}' is not a WebSocket URL: {problem}\n"));
    }
}

#[tokio::test]
async fn a_host_without_a_scheme_is_a_question() {
    let ended = ClientProcess::start(["example.org/chat"]).exited().await;
    ended.expect_all(
        1,
        "",
        "'example.org/chat' does not say whether to use TLS: did you mean wss://example.org/chat, or \
         ws://example.org/chat without TLS?\n",
    );
}

#[tokio::test]
async fn wrong_usage_is_status_2() {
    for (arguments, problem) in [
        (&["--no-such-option"][..], "unexpected argument '--no-such-option'"),
        (&["--close-timeout", "5"], "time unit needed"),
        (&["--max-message", "lots"], "write a number of bytes, or a number followed by K, M or G"),
        (&["--header", "no colon"], "write a header as 'Name: value'"),
        (&["--header", "Host: example.org"], "the header host"),
        (&["--header", "X: a\nb"], "'X: a\\nb'"),
        (&["--subprotocol", "two words"], "'two words'"),
        (&["--subprotocol", "chat", "--subprotocol", "chat"], "'chat' is offered twice"),
        (&["ws://127.0.0.1/", "ws://127.0.0.1/"], "unexpected argument 'ws://127.0.0.1/'"),
    ] {
        let ended = ClientProcess::start(arguments).exited().await;
        assert_eq!((ended.status, &ended.output[..]), (Some(2), &b""[..]), "{arguments:?}");
        let first_line = ended.errors.lines().next().unwrap_or_default();
        assert!(first_line.starts_with("error: ") && first_line.contains(problem), "{problem}: {}", ended.errors);
    }
}
