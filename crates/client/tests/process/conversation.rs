//! Sending lines and printing messages.

use std::time::Duration;

use http::HeaderMap;
use tokio::{
    io::AsyncWriteExt,
    join,
    time::{sleep, timeout},
};
use websocket::protocol::{CloseCode, Message, handshake::UpgradeOptions};

use crate::support::{CLOSED_BY_US, ClientProcess, ScriptedServer, bounded, next_text, texts};

#[tokio::test]
async fn each_message_is_a_line_of_output() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    for text in ["one", "", "drei: Grüße, 世界"] {
        connection.send(text).await.unwrap();
        // The line is printed at once, even while the input is idle.
        assert_eq!(client.line().await, format!("{text}\n"));
    }
    client.end_input();
    assert_eq!(texts(&mut connection).await, [""; 0]);
    client.exited().await.expect_all(0, "", CLOSED_BY_US);
}

#[tokio::test]
async fn each_line_of_input_is_a_message() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::fed([server.url()], b"one\n\ntwo\r\n Gr\xc3\xbc\xc3\x9fe \t\nno line end").await;
    let mut connection = server.accept().await;
    assert_eq!(texts(&mut connection).await, ["one", "", "two", " Grüße \t", "no line end"]);
    assert_eq!(connection.close_info().code, CloseCode::NORMAL);
    client.exited().await.expect_all(0, "", CLOSED_BY_US);
}

#[tokio::test]
async fn a_line_is_sent_as_soon_as_it_is_typed() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    for text in ["one", "two"] {
        client.write(format!("{text}\n").as_bytes()).await;
        assert_eq!(next_text(&mut connection).await, text);
    }
    // An unfinished line is not sent.
    client.write(b"half").await;
    assert!(timeout(Duration::from_millis(50), connection.next()).await.is_err());
    client.write(b" and half\n").await;
    assert_eq!(next_text(&mut connection).await, "half and half");
}

#[tokio::test]
async fn in_a_pipe_the_client_waits_for_the_answers() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::fed([server.url()], b"hello\n").await;
    let (close_info, ended) = join!(server.echo(), client.exited());
    assert_eq!(close_info.code, CloseCode::NORMAL);
    ended.expect_all(0, "hello\n", CLOSED_BY_US);
}

#[tokio::test]
async fn the_address_can_be_written_in_several_ways() {
    let server = ScriptedServer::start().await;
    let port = server.port();
    for address in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}/"),
        format!("http://127.0.0.1:{port}/"),
        port.to_string(),
    ] {
        let client = ClientProcess::fed([&address], b"hello\n").await;
        let (_, ended) = join!(server.echo(), client.exited());
        ended.expect_all(0, "hello\n", CLOSED_BY_US);
    }
}

#[tokio::test]
async fn no_input_at_all_closes_at_once() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::fed([server.url()], b"").await;
    let (_, ended) = join!(server.echo(), client.exited());
    ended.expect_all(0, "", CLOSED_BY_US);
}

#[tokio::test]
async fn a_hundred_thousand_lines_return_complete_and_in_order() {
    let lines: String = (0..100_000).map(|number| format!("this is line {number}\n")).collect();
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut input = client.input.take().unwrap();
    let feeding = async {
        input.write_all(lines.as_bytes()).await.unwrap();
        drop(input);
    };
    let ((), _, ended) = bounded(async { join!(feeding, server.echo(), client.exited()) }).await;
    ended.expect(0, CLOSED_BY_US);
    assert!(ended.output == lines.as_bytes(), "{} of {} bytes came back", ended.output.len(), lines.len());
}

#[tokio::test]
async fn each_answer_restarts_the_close_timeout() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::fed(["--close-timeout", "1s", &server.url()], b"1\n2\n3\n4\n5\n6\n7\n8\n").await;
    let answering = async {
        let mut connection = server.accept().await;
        while let Some(message) = bounded(connection.next()).await {
            // The server works for two seconds in total, but it is never silent for one second.
            sleep(Duration::from_millis(250)).await;
            connection.send(message.unwrap()).await.unwrap();
            connection.flush().await.unwrap();
        }
    };
    let ((), ended) = join!(answering, client.exited());
    ended.expect_all(0, "1\n2\n3\n4\n5\n6\n7\n8\n", CLOSED_BY_US);
}

#[tokio::test]
async fn large_messages_pass_both_ways() {
    let line = "0123456789abcdef".repeat(1 << 16);
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    let sending = async {
        client.write(line.as_bytes()).await;
        client.write(b"\n").await;
        client.end_input();
        client.exited().await
    };
    let answering = async {
        let text = next_text(&mut connection).await;
        assert!(text == line);
        connection.send(text).await.unwrap();
        texts(&mut connection).await
    };
    let (ended, _) = join!(sending, answering);
    ended.expect(0, CLOSED_BY_US);
    assert!(ended.output == format!("{line}\n").as_bytes());
}

#[tokio::test]
async fn the_input_is_read_no_faster_than_the_server_accepts_it() {
    const FAR_TOO_MUCH: usize = 64 << 20;
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    let line = [&[b'x'; 65535][..], b"\n"].concat();
    let mut written = 0;
    // The server reads nothing. Once the buffers along the way are full, the client must stop
    // reading.
    while let Ok(count) = timeout(Duration::from_millis(300), client.input().write(&line[written % line.len()..])).await
    {
        written += count.unwrap();
        assert!(written < FAR_TOO_MUCH, "{written} bytes of input are in memory");
    }
    client.end_input();
    // When the server reads again, nothing has been lost.
    let received: usize = texts(&mut connection).await.iter().map(|text| text.len() + 1).sum();
    let last_line_is_unfinished = usize::from(written % line.len() != 0);
    assert_eq!(received, written + last_line_is_unfinished);
    client.exited().await.expect(0, CLOSED_BY_US);
}

#[tokio::test]
async fn messages_arrive_while_the_server_reads_nothing() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let connection = server.accept().await;
    let (mut reader, mut writer) = connection.into_split();
    let line = [&[b'x'; 65535][..], b"\n"].concat();
    let mut written = 0;
    while let Ok(count) = timeout(Duration::from_millis(300), client.input().write(&line[written % line.len()..])).await
    {
        written += count.unwrap();
    }
    // The client cannot send any more, but it must still receive.
    writer.send("are you there?").await.unwrap();
    assert_eq!(client.line().await, "are you there?\n");
    client.end_input();
    while let Some(message) = bounded(reader.next()).await {
        message.unwrap();
    }
    client.exited().await.expect(0, CLOSED_BY_US);
}

#[tokio::test]
async fn in_a_pipe_texts_are_unchanged_and_binary_is_described() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    connection.send("\x1b[31mred\x1b[0m\ttwo\nlines\0").await.unwrap();
    connection.send(vec![1, 2, 3, 4, 255]).await.unwrap();
    connection.send(vec![0; 1000]).await.unwrap();
    client.end_input();
    texts(&mut connection).await;
    let zeros = "00 ".repeat(16);
    client.exited().await.expect_all(
        0,
        &format!("\x1b[31mred\x1b[0m\ttwo\nlines\0\nbinary, 5 bytes: 01 02 03 04 ff\nbinary, 1000 bytes: {zeros}..\n"),
        CLOSED_BY_US,
    );
}

#[tokio::test]
async fn binary_messages_can_be_written_raw() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start(["--binary", &server.url()]);
    let mut connection = server.accept().await;
    connection.send(vec![0x89, b'P', b'N', b'G']).await.unwrap();
    connection.send(vec![0, 0xff]).await.unwrap();
    client.end_input();
    texts(&mut connection).await;
    assert_eq!(client.exited().await.output, b"\x89PNG\x00\xff");
}

#[tokio::test]
async fn lines_that_cannot_be_sent_are_reported_and_the_others_are_sent() {
    let server = ScriptedServer::start().await;
    let url = server.url();
    let client = ClientProcess::fed(["--max-message", "8", &url], b"one\ntw\xff\nmuch too long\nfour\n").await;
    let mut connection = server.accept().await;
    assert_eq!(texts(&mut connection).await, ["one", "four"]);
    client.exited().await.expect_all(
        1,
        "",
        &format!(
            "line 2 of the input was not sent: it is not UTF-8 (byte 3 is 0xFF)\n\
             line 3 of the input was not sent: it is longer than 8 bytes (--max-message sets the limit)\n{CLOSED_BY_US}"
        ),
    );
}

#[tokio::test]
async fn a_server_that_closes_before_all_lines_are_sent_is_reported() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    let line = [&[b'x'; 65535][..], b"\n"].concat();
    // The server does not read until the client cannot send any more.
    while timeout(Duration::from_millis(300), client.input().write_all(&line)).await.is_ok() {}
    bounded(connection.close(CloseCode::NORMAL, "enough")).await.expect("the client answers");
    client.exited().await.expect_all(
        1,
        "",
        "the connection was closed before all lines of the input were sent\n\
         closed: 1000 (normal closure) \"enough\", by the server\n",
    );
}

#[tokio::test]
async fn the_request_contains_the_options() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([
        "--subprotocol=chat",
        "--subprotocol=superchat",
        "--header=Cookie: a=b",
        "--header",
        "X-Trace:1:2",
        "--origin=https://example.org",
        &format!("ws://127.0.0.1:{}/room?number=7", server.port()),
    ]);
    let mut headers = HeaderMap::new();
    let mut target = String::new();
    let mut connection = server
        .accept_request(|upgrade| {
            headers = upgrade.request().headers().clone();
            target = upgrade.request().head().uri().to_string();
            UpgradeOptions::default().subprotocol("superchat")
        })
        .await;
    assert_eq!(target, "/room?number=7");
    for (name, value) in [
        ("sec-websocket-protocol", "chat, superchat"),
        ("cookie", "a=b"),
        ("x-trace", "1:2"),
        ("origin", "https://example.org"),
    ] {
        assert_eq!(headers.get(name).expect(name), value);
    }
    client.end_input();
    texts(&mut connection).await;
    client.exited().await.expect_all(0, "", CLOSED_BY_US);
}

#[tokio::test]
async fn a_server_that_chooses_no_subprotocol_is_reported() {
    let server = ScriptedServer::start().await;
    let client = ClientProcess::fed(["-s", "chat", &server.url()], b"").await;
    texts(&mut server.accept().await).await;
    client.exited().await.expect(
        0,
        &format!("the server chose none of the offered subprotocols; continuing without one\n{CLOSED_BY_US}"),
    );
}

#[tokio::test]
async fn pings_are_answered_and_reported_with_verbose() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start(["-v", &server.url()]);
    let mut connection = server.accept().await;
    connection.ping(b"test").await.unwrap();
    let pong = bounded(connection.next_event()).await.unwrap().unwrap();
    assert_eq!(pong, websocket::Event::Pong((&b"test"[..]).into()));
    connection.pong(b"").await.unwrap();
    connection.start_close(CloseCode::GOING_AWAY, "see\x07you").await.unwrap();
    while bounded(connection.next()).await.is_some() {}
    client.write(b"").await;
    let errors = client.exited().await.errors;
    for line in [
        "received Ping, 4 bytes: 74 65 73 74; answered\n",
        "received Pong, 0 bytes\n",
        "received Close 1001 (going away) \"see\\u{7}you\"\n",
    ] {
        assert!(errors.contains(line), "{errors}");
    }
    assert!(errors.ends_with("closed: 1001 (going away) \"see\\u{7}you\", by the server\n"), "{errors}");
}

#[tokio::test]
async fn pings_are_sent_at_the_interval() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start(["--ping-interval", "300ms", &server.url()]);
    let mut connection = server.accept().await;
    for _ in 0..2 {
        let event = bounded(connection.next_event()).await.unwrap().unwrap();
        assert!(matches!(event, websocket::Event::Ping(_)), "{event:?}");
    }
    client.end_input();
    texts(&mut connection).await;
    client.exited().await.expect(0, CLOSED_BY_US);
}

#[tokio::test]
async fn empty_messages_pass_both_ways() {
    let server = ScriptedServer::start().await;
    let mut client = ClientProcess::start([server.url()]);
    let mut connection = server.accept().await;
    client.write(b"\n").await;
    assert_eq!(next_text(&mut connection).await, "");
    connection.send(Message::text("")).await.unwrap();
    assert_eq!(client.line().await, "\n");
}
