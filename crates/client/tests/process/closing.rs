//! The end of a connection: the sentence that the client prints, and its exit status.

use tokio::{io::AsyncWriteExt, join};
use websocket::protocol::{CloseCode, CloseFrame};

use crate::support::{CLOSED_BY_US, ClientProcess, ScriptedServer, bounded, drain, next_text, texts};

/// A server's frames, for the tests that send them at unusual times.
const CLOSE_1000: [u8; 4] = [0x88, 2, 0x03, 0xE8];
const CLOSE_1001: [u8; 4] = [0x88, 2, 0x03, 0xE9];
const CLOSE_WITHOUT_CODE: [u8; 2] = [0x88, 0];

#[tokio::test]
async fn the_servers_code_is_reported_and_determines_the_status() {
    for (code, status, name) in [
        (1000, 0, "1000 (normal closure)"),
        (1001, 0, "1001 (going away)"),
        (1002, 1, "1002 (protocol error)"),
        (1008, 1, "1008 (policy violation)"),
        (1011, 1, "1011 (internal error)"),
        (1013, 1, "1013 (try again later)"),
        (3000, 1, "3000 (registered by a library)"),
        (4321, 1, "4321 (private)"),
    ] {
        let server = ScriptedServer::start().await;
        let client = ClientProcess::start([server.url()]);
        let mut connection = server.accept().await;
        let close_info = bounded(connection.close(CloseCode(code), "")).await.unwrap();
        assert!(close_info.was_clean);
        client.exited().await.expect_all(status, "", &format!("closed: {name}, by the server\n"));
    }
}

#[tokio::test]
async fn the_servers_reason_is_reported_without_its_control_characters() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    bounded(connection.close(CloseCode::GOING_AWAY, "back at \x1b[1mnoon\n")).await.unwrap();
    client.exited().await.expect(0, "closed: 1001 (going away) \"back at \\u{1b}[1mnoon\\n\", by the server\n");
}

#[tokio::test]
async fn a_close_without_a_code_is_1005_and_clean() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([server.url()]);
    let mut tcp = server.accept_raw().await;
    tcp.write_all(&CLOSE_WITHOUT_CODE).await.unwrap();
    let (_, ended) = join!(
        async {
            let answer = read_empty_frame(&mut tcp).await;
            assert_eq!(answer[..2], [0x88, 0x80]);
            drop(tcp);
        },
        client.exited()
    );
    ended.expect(0, "closed: 1005 (no status code), by the server\n");
}

/// Reads the client's answer to a Close without a code: two header bytes and a masking key.
async fn read_empty_frame(tcp: &mut tokio::net::TcpStream) -> [u8; 6] {
    let mut frame = [0; 6];
    bounded(tokio::io::AsyncReadExt::read_exact(tcp, &mut frame)).await.unwrap();
    frame
}

#[tokio::test]
async fn messages_before_the_close_are_printed() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    for number in 0..1000 {
        connection.send(format!("{number}")).await.unwrap();
    }
    bounded(connection.close(CloseCode::GOING_AWAY, "")).await.unwrap();
    let all: String = (0..1000).map(|number| format!("{number}\n")).collect();
    client.exited().await.expect_all(0, &all, "closed: 1001 (going away), by the server\n");
}

#[tokio::test]
async fn our_close_is_1000_without_a_reason() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::fed([server.url()], b"bye\n").await;
    let mut connection = server.accept().await;
    assert_eq!(texts(&mut connection).await, ["bye"]);
    let close_info = connection.close_info();
    assert!(close_info.was_clean);
    assert_eq!((close_info.code, close_info.reason.as_str()), (CloseCode::NORMAL, ""));
    assert_eq!(close_info.sent, Some(CloseFrame::NORMAL));
    client.exited().await.expect(0, CLOSED_BY_US);
}

#[tokio::test]
async fn a_violation_after_our_close_does_not_change_our_code() {
    let server = ScriptedServer::start().await;
    // The input is empty, so the client sends its Close at once.
    let client = ClientProcess::fed([server.url()], b"").await;
    let mut tcp = server.accept_raw().await;
    let mut close = [0; 8];
    bounded(tokio::io::AsyncReadExt::read_exact(&mut tcp, &mut close)).await.unwrap();
    let key = [close[2], close[3], close[4], close[5]];
    assert_eq!((close[0], close[1]), (0x88, 0x82));
    assert_eq!(u16::from_be_bytes([close[6] ^ key[0], close[7] ^ key[1]]), 1000);
    // A masked text message, which a server must not send.
    tcp.write_all(&[0x81, 0x81, 0, 0, 0, 0, b'x']).await.unwrap();
    client.exited().await.expect(
        1,
        "closed: 1000 (normal closure), by us; then the server broke a rule: a server's frames must not be masked (RFC \
         6455, section 5.1)\n",
    );
}

#[tokio::test]
async fn a_server_that_dies_is_1006() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    connection.send("last words").await.unwrap();
    drop(connection);
    client.exited().await.expect_all(
        1,
        "last words\n",
        "closed: 1006 (abnormal closure), by the server: the connection ended without a Close frame; the server \
         crashed or was killed, or a proxy in between closed the connection; the server's log may say more\n",
    );
}

#[tokio::test]
async fn a_connection_that_is_reset_is_1006() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    client.write(b"one\ntwo\n").await;
    assert_eq!(next_text(&mut connection).await, "one");
    // With zero linger, the kernel closes the socket with a reset.
    connection.get_ref().set_zero_linger().unwrap();
    drop(connection);
    client.exited().await.expect_all(
        1,
        "",
        "closed: 1006 (abnormal closure), by the server: the connection ended without a Close frame; the server \
         crashed or was killed, or a proxy in between closed the connection; the server's log may say more\n",
    );
}

#[tokio::test]
async fn a_server_that_ends_tcp_without_answering_our_close_is_1006() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut tcp = server.accept_raw().await;
    client.end_input();
    bounded(tokio::io::AsyncReadExt::read_exact(&mut tcp, &mut [0; 8])).await.unwrap();
    drop(tcp);
    client.exited().await.expect(
        1,
        "closed: 1006 (abnormal closure), by us: the server ended the connection without answering our Close; it may \
         have crashed, and its log may say more\n",
    );
}

#[tokio::test]
async fn a_server_that_never_answers_our_close_times_out() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::fed(["--close-timeout", "200ms", &server.url()], b"hello\n").await;
    let mut tcp = server.accept_raw().await;
    let (_, ended) = join!(bounded(drain(&mut tcp)), client.exited());
    ended.expect(
        1,
        "closed: 1006 (abnormal closure), by us: the server did not answer our Close within 200ms; it may hang or be \
         busy (--close-timeout sets the limit)\n",
    );
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_reads_nothing_times_out_too() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start(["--close-timeout", "200ms", &server.url()]);
    let mut tcp = server.accept_raw().await;
    client.opened(&mut tcp).await;
    let line = [&[b'x'; 65535][..], b"\n"].concat();
    // Write more than the buffers along the way can hold, so that the client's Close cannot get
    // through.
    let limit = std::time::Duration::from_millis(300);
    while tokio::time::timeout(limit, client.input().write(&line)).await.is_ok() {}
    client.signal("TERM").await;
    let ended = client.exited().await;
    drop(tcp);
    ended.expect(
        1,
        "closed: 1006 (abnormal closure), by us: the server did not answer our Close within 200ms; it may hang or be \
         busy (--close-timeout sets the limit)\n",
    );
}

#[tokio::test]
async fn a_server_that_answers_and_leaves_tcp_open_has_closed_cleanly() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::fed(["--close-timeout", "200ms", &server.url()], b"").await;
    let mut tcp = server.accept_raw().await;
    tcp.write_all(&CLOSE_1000).await.unwrap();
    let (_, ended) = join!(bounded(drain(&mut tcp)), client.exited());
    // The two Close frames may cross, so either side may appear to have sent its Close first.
    assert!(ended.errors.starts_with("closed: 1000 (normal closure), by "), "{}", ended.errors);
    assert_eq!(ended.status, Some(0));
}

#[tokio::test]
async fn a_close_before_a_reset_counts() {
    // The server's kernel has unread input, so it sends a reset after the Close.
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut tcp = server.accept_raw().await;
    client.write(b"nobody will read this\n").await;
    bounded(tcp.readable()).await.unwrap();
    tcp.write_all(&CLOSE_1001).await.unwrap();
    drop(tcp);
    client.exited().await.expect(0, "closed: 1001 (going away), by the server\n");
}

#[tokio::test]
async fn a_server_that_breaks_a_rule_receives_a_close() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start([server.url()]);
    let mut tcp = server.accept_raw().await;
    // A valid message, then a masked frame, which only clients may send.
    tcp.write_all(&[0x81, 2, b'o', b'k', 0x81, 0x80, 0, 0, 0, 0]).await.unwrap();
    let reading = async {
        let answer = bounded(drain(&mut tcp)).await;
        // The client waits until the server has closed its direction of the TCP connection too.
        drop(tcp);
        answer
    };
    let (answer, ended) = join!(reading, client.exited());
    assert_eq!(answer[0], 0x88);
    ended.expect_all(
        1,
        "ok\n",
        "closed: 1002 (protocol error), by us: the server broke a rule: a server's frames must not be masked (RFC \
         6455, section 5.1)\n",
    );
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_1009() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start(["--max-message", "10", &server.url()]);
    let mut connection = server.accept().await;
    connection.send("0123456789").await.unwrap();
    connection.send("0123456789a").await.unwrap();
    while bounded(connection.next()).await.is_some() {}
    assert_eq!(connection.close_info().code, CloseCode::MESSAGE_TOO_BIG);
    client.exited().await.expect_all(
        1,
        "0123456789\n",
        "closed: 1009 (message too big), by us: the server broke a rule: a frame of 11 bytes is larger than the limit \
         of 10 (RFC 6455, section 10.4); --max-message sets the limit\n",
    );
}

#[tokio::test]
async fn a_message_that_trickles_in_is_1008() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start(["--message-timeout", "300ms", &server.url()]);
    let mut tcp = server.accept_raw().await;
    tcp.write_all(&[0x81, 5, b'h', b'e']).await.unwrap();
    let reading = async {
        let answer = bounded(drain(&mut tcp)).await;
        drop(tcp);
        answer
    };
    let (answer, ended) = join!(reading, client.exited());
    assert_eq!(answer[0], 0x88);
    let line = &ended.errors;
    let (beginning, end) =
        ("closed: 1008 (policy violation), by us: the server broke a rule: ", "--message-timeout sets the limit\n");
    assert!(line.starts_with(beginning) && line.ends_with(end), "{line}");
    assert!(line.contains("a message arrives too slowly: 2 bytes of it in 0."), "{line}");
}

#[tokio::test]
async fn a_server_that_leaves_our_pings_unanswered_times_out() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::start(["--ping-interval", "100ms", "--close-timeout", "100ms", &server.url()]);
    let tcp = server.accept_raw().await;
    let ended = client.exited().await;
    drop(tcp);
    ended.expect(
        1,
        "closed: 1006 (abnormal closure), by us: the server did not answer a Ping; it may hang, or the network may \
         be down\n",
    );
}
