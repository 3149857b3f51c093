//! What goes out and what comes in.

use std::time::Duration;

use http::HeaderMap;
use tokio::{
    io::AsyncWriteExt,
    join,
    time::{sleep, timeout},
};
use websocket::protocol::{CloseCode, Message, handshake::UpgradeOptions};

use crate::support::{Client, Server, bounded, next_text, texts};

const BY_US: &str = "closed: 1000 (normal closure), by us\n";

#[tokio::test]
async fn each_message_is_a_line_of_output() {
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let mut connection = server.accept().await;
    for text in ["one", "", "drei: Grüße, 世界"] {
        connection.send(text).await.unwrap();
        // It is there at once, while the input is idle, and not only when more comes.
        assert_eq!(client.line().await, format!("{text}\n"));
    }
    client.end_input();
    assert_eq!(texts(&mut connection).await, [""; 0]);
    client.ended().await.expect_all(0, "", BY_US);
}

#[tokio::test]
async fn each_line_of_input_is_a_message() {
    let server = Server::start().await;
    let client = Client::fed([server.url()], b"one\n\ntwo\r\n Gr\xc3\xbc\xc3\x9fe \t\nno line end").await;
    let mut connection = server.accept().await;
    assert_eq!(texts(&mut connection).await, ["one", "", "two", " Grüße \t", "no line end"]);
    assert_eq!(connection.close_info().code, CloseCode::NORMAL);
    client.ended().await.expect_all(0, "", BY_US);
}

#[tokio::test]
async fn a_line_is_sent_when_it_is_typed_and_not_later() {
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let mut connection = server.accept().await;
    for text in ["one", "two"] {
        client.write(format!("{text}\n").as_bytes()).await;
        assert_eq!(next_text(&mut connection).await, text);
    }
    // Half a line is none yet.
    client.write(b"half").await;
    assert!(timeout(Duration::from_millis(50), connection.next()).await.is_err());
    client.write(b" and half\n").await;
    assert_eq!(next_text(&mut connection).await, "half and half");
}

#[tokio::test]
async fn in_a_pipe_the_answers_are_waited_for() {
    let server = Server::start().await;
    let client = Client::fed([server.url()], b"hello\n").await;
    let (close_info, ended) = join!(server.echo(), client.ended());
    assert_eq!(close_info.code, CloseCode::NORMAL);
    ended.expect_all(0, "hello\n", BY_US);
}

#[tokio::test]
async fn no_input_at_all_closes_at_once() {
    let server = Server::start().await;
    let client = Client::fed([server.url()], b"").await;
    let (_, ended) = join!(server.echo(), client.ended());
    ended.expect_all(0, "", BY_US);
}

#[tokio::test]
async fn a_hundred_thousand_lines_come_back_complete_and_in_order() {
    let lines: String = (0..100_000).map(|number| format!("this is line {number}\n")).collect();
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let mut input = client.input.take().unwrap();
    let feeding = async {
        input.write_all(lines.as_bytes()).await.unwrap();
        drop(input);
    };
    let ((), _, ended) = bounded(async { join!(feeding, server.echo(), client.ended()) }).await;
    ended.expect(0, BY_US);
    assert!(ended.output == lines.as_bytes(), "{} of {} bytes came back", ended.output.len(), lines.len());
}

#[tokio::test]
async fn answers_that_take_longer_than_the_close_timeout_are_waited_for() {
    let server = Server::start().await;
    let client = Client::fed(["--close-timeout", "1s", &server.url()], b"1\n2\n3\n4\n5\n6\n7\n8\n").await;
    let answering = async {
        let mut connection = server.accept().await;
        while let Some(message) = bounded(connection.next()).await {
            // The server has work to do: twice as long in all as it may be silent.
            sleep(Duration::from_millis(250)).await;
            connection.send(message.unwrap()).await.unwrap();
            connection.flush().await.unwrap();
        }
    };
    let ((), ended) = join!(answering, client.ended());
    ended.expect_all(0, "1\n2\n3\n4\n5\n6\n7\n8\n", BY_US);
}

#[tokio::test]
async fn large_messages_pass_both_ways() {
    let line = "0123456789abcdef".repeat(1 << 16);
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let mut connection = server.accept().await;
    let sending = async {
        client.write(line.as_bytes()).await;
        client.write(b"\n").await;
        client.end_input();
        client.ended().await
    };
    let answering = async {
        let text = next_text(&mut connection).await;
        assert!(text == line);
        connection.send(text).await.unwrap();
        texts(&mut connection).await
    };
    let (ended, _) = join!(sending, answering);
    ended.expect(0, BY_US);
    assert!(ended.output == format!("{line}\n").as_bytes());
}

#[tokio::test]
async fn the_input_is_not_read_faster_than_the_server_takes_it() {
    const FAR_TOO_MUCH: usize = 64 << 20;
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let mut connection = server.accept().await;
    let line = [&[b'x'; 65535][..], b"\n"].concat();
    let mut written = 0;
    // The server reads nothing. Once the buffers on the way are full, there is no place for more.
    while let Ok(count) = timeout(Duration::from_millis(300), client.input().write(&line[written % line.len()..])).await
    {
        written += count.unwrap();
        assert!(written < FAR_TOO_MUCH, "{written} bytes of input lie in memory");
    }
    client.end_input();
    // And nothing was lost when it goes on.
    let received: usize = texts(&mut connection).await.iter().map(|text| text.len() + 1).sum();
    let last_line_has_no_end = usize::from(written % line.len() != 0);
    assert_eq!(received, written + last_line_has_no_end);
    client.ended().await.expect(0, BY_US);
}

#[tokio::test]
async fn messages_arrive_while_the_server_takes_none() {
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let connection = server.accept().await;
    let (mut reader, mut writer) = connection.split();
    let line = [&[b'x'; 65535][..], b"\n"].concat();
    let mut written = 0;
    while let Ok(count) = timeout(Duration::from_millis(300), client.input().write(&line[written % line.len()..])).await
    {
        written += count.unwrap();
    }
    // The client's sending is stuck; its receiving must not be.
    writer.send("are you there?").await.unwrap();
    assert_eq!(client.line().await, "are you there?\n");
    client.end_input();
    while let Some(message) = bounded(reader.next()).await {
        message.unwrap();
    }
    client.ended().await.expect(0, BY_US);
}

#[tokio::test]
async fn in_a_pipe_texts_pass_as_they_are_and_binary_is_described() {
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let mut connection = server.accept().await;
    connection.send("\x1b[31mred\x1b[0m\ttwo\nlines\0").await.unwrap();
    connection.send(vec![1, 2, 3, 4, 255]).await.unwrap();
    connection.send(vec![0; 1000]).await.unwrap();
    client.end_input();
    texts(&mut connection).await;
    let zeros = "00 ".repeat(16);
    client.ended().await.expect_all(
        0,
        &format!("\x1b[31mred\x1b[0m\ttwo\nlines\0\nbinary, 5 bytes: 01 02 03 04 ff\nbinary, 1000 bytes: {zeros}..\n"),
        BY_US,
    );
}

#[tokio::test]
async fn binary_messages_can_be_written_raw() {
    let server = Server::start().await;
    let mut client = Client::start(["--binary", &server.url()]);
    let mut connection = server.accept().await;
    connection.send(vec![0x89, b'P', b'N', b'G']).await.unwrap();
    connection.send(vec![0, 0xff]).await.unwrap();
    client.end_input();
    texts(&mut connection).await;
    assert_eq!(client.ended().await.output, b"\x89PNG\x00\xff");
}

#[tokio::test]
async fn lines_that_cannot_be_sent_are_named_and_the_others_are_sent() {
    let server = Server::start().await;
    let url = server.url();
    let client = Client::fed(["--max-message", "8", &url], b"one\ntw\xff\nmuch too long\nfour\n").await;
    let mut connection = server.accept().await;
    assert_eq!(texts(&mut connection).await, ["one", "four"]);
    client.ended().await.expect_all(
        1,
        "",
        &format!(
            "line 2 of the input was not sent: it is not UTF-8 (byte 3 is 0xFF)\n\
             line 3 of the input was not sent: it is longer than 8 bytes (--max-message sets the limit)\n{BY_US}"
        ),
    );
}

#[tokio::test]
async fn the_request_has_what_was_asked_for() {
    let server = Server::start().await;
    let mut client = Client::start([
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
        .accept_and(|request| {
            headers = request.headers().clone();
            target = request.head().uri().to_string();
            UpgradeOptions { subprotocol: Some("superchat".to_owned()), ..UpgradeOptions::default() }
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
    client.ended().await.expect_all(0, "", BY_US);
}

#[tokio::test]
async fn it_is_said_when_the_server_chose_no_subprotocol() {
    let server = Server::start().await;
    let client = Client::fed(["-s", "chat", &server.url()], b"").await;
    texts(&mut server.accept().await).await;
    client
        .ended()
        .await
        .expect(0, &format!("the server chose none of the subprotocols: going on without one\n{BY_US}"));
}

#[tokio::test]
async fn pings_are_answered_and_shown_if_asked_for() {
    let server = Server::start().await;
    let mut client = Client::start(["-v", &server.url()]);
    let mut connection = server.accept().await;
    connection.ping(b"test").await.unwrap();
    let pong = bounded(connection.next_event()).await.unwrap().unwrap();
    assert_eq!(pong, websocket::Event::Pong((&b"test"[..]).into()));
    connection.pong(b"").await.unwrap();
    connection.start_close(CloseCode::GOING_AWAY, "see\x07you").await.unwrap();
    while bounded(connection.next()).await.is_some() {}
    client.write(b"").await;
    let errors = client.ended().await.errors;
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
async fn pings_are_sent_if_asked_for() {
    let server = Server::start().await;
    let mut client = Client::start(["--ping-interval", "300ms", &server.url()]);
    let mut connection = server.accept().await;
    for _ in 0..2 {
        let event = bounded(connection.next_event()).await.unwrap().unwrap();
        assert!(matches!(event, websocket::Event::Ping(_)), "{event:?}");
    }
    client.end_input();
    texts(&mut connection).await;
    client.ended().await.expect(0, BY_US);
}

#[tokio::test]
async fn empty_messages_pass_both_ways() {
    let server = Server::start().await;
    let mut client = Client::start([server.url()]);
    let mut connection = server.accept().await;
    client.write(b"\n").await;
    assert_eq!(next_text(&mut connection).await, "");
    connection.send(Message::text("")).await.unwrap();
    assert_eq!(client.line().await, "\n");
}
