//! The full screen: the conversation, the wire and the connection.

use std::time::Duration;

use tokio::{io::AsyncWriteExt, time::Instant};
use websocket::protocol::{CloseCode, handshake::UpgradeOptions};

use crate::{
    support::{ScriptedServer, bounded, next_text, texts},
    terminal::{TestTerminal, open_raw, row},
};

#[tokio::test]
async fn typed_lines_are_sent_and_messages_are_shown() {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&["-s", "chat", &server.url()]);
    let mut connection = server.accept_request(|_| UpgradeOptions::default().subprotocol("chat")).await;
    terminal.shows(&[" OPEN ", "chat", "GET / HTTP/1.1", "101 Switching"]).await;
    terminal.enter("Grüße, 世界 🎉").await;
    assert_eq!(next_text(&mut connection).await, "Grüße, 世界 🎉");
    terminal.shows(&["> Grüße, 世界 🎉", " >  2 Text, 20 bytes", "msg > 1 < 0"]).await;
    connection.send("an answer").await.unwrap();
    terminal.shows(&["< an answer", " <  3 Text, 9 bytes", "msg > 1 < 1"]).await;
    for n in 1..=3 {
        connection.send(format!(r#"{{"load":{n},"name":"x"}}"#)).await.unwrap();
    }
    terminal.shows(&["numbers in the messages", "load 3 ▁▅█", "load 3  name \"x\"  (3 times)"]).await;
}

#[tokio::test]
async fn the_round_trip_time_of_a_ping_is_shown() {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&[&server.url()]);
    let mut connection = server.accept().await;
    let reading = tokio::spawn(async move { texts(&mut connection).await });
    terminal.shows(&[" OPEN ", "RTT -"]).await;
    terminal.enter("/ping").await;
    assert!(terminal.until(|screen| screen.contents().contains(" ms │")).await, "{}", terminal.contents());
    terminal.press("\x03").await;
    terminal.exited().await;
    assert_eq!(reading.await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn frames_and_their_fields_are_selected() {
    let (mut terminal, mut tcp) = open_raw().await;
    tcp.write_all(b"\x81\x05Hello\x8a\x00").await.unwrap();
    terminal.shows(&[" <  3 Pong, 0 bytes"]).await;
    // Ctrl-P selects the previous frame. Three Tabs move the focus to the fields, where the opcode
    // is selected. The field two lines below it is the payload length.
    terminal.press("\x10").await;
    terminal.shows(&["81 05 48 65 6c 6c 6f", "2: Text, 5 bytes: Hello", "(newer below; Esc)"]).await;
    terminal.press("\t\t\t\x1b[B\x1b[B").await;
    terminal.shows(&["> .000 0101 = Payload length: 5"]).await;
    // A click on the first line of the wire selects the request.
    terminal.press("\x1b[<0;5;9M").await;
    let selected = terminal.until(|screen| screen.contents().contains("0: GET / HTTP/1.1")).await;
    assert!(selected, "{}", terminal.contents());
    terminal.press("\x1b").await;
    assert!(terminal.until(|screen| !screen.contents().contains("newer below")).await, "{}", terminal.contents());
}

#[tokio::test]
async fn a_paste_of_several_lines_is_one_message() {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&[&server.url()]);
    let mut connection = server.accept().await;
    terminal.shows(&[" OPEN "]).await;
    terminal.press("\x1b[200~one\rtwo\x03\x1b[201~").await;
    terminal.shows(&["> one⏎two"]).await;
    terminal.press("\r").await;
    assert_eq!(next_text(&mut connection).await, "one\ntwo\x03");
    // The history restores the message.
    terminal.press("\x1b[A").await;
    assert!(terminal.until(|screen| row(screen, 22).starts_with("> one⏎two")).await, "{}", terminal.contents());
}

#[tokio::test]
async fn a_flood_does_not_delay_the_keyboard() {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&[&server.url()]);
    let connection = server.accept().await;
    terminal.shows(&[" OPEN "]).await;
    let (mut reader, mut writer) = connection.into_split();
    // Send a hundred messages every ten milliseconds until the client has closed the connection.
    let flood = tokio::spawn(async move {
        let mut pause = tokio::time::interval(Duration::from_millis(10));
        let mut sent = 0_u64;
        loop {
            pause.tick().await;
            for _ in 0..100 {
                if writer.feed(format!(r#"{{"flood":{sent}}}"#)).await.is_err() {
                    return sent;
                }
                sent += 1;
            }
            if writer.flush().await.is_err() {
                return sent;
            }
        }
    });
    let received = tokio::spawn(async move {
        let mut received = Vec::new();
        while let Some(Ok(message)) = reader.next().await {
            received.push(message.as_text().unwrap_or_default().to_owned());
        }
        received
    });
    let shown = |text: &str| {
        let digits = text.split("flood ").nth(1)?.split(|character: char| !character.is_ascii_digit()).next()?;
        digits.parse::<u64>().ok()
    };
    // More messages have arrived than the client keeps.
    let much = |screen: &vt100::Screen| shown(&screen.contents()).is_some_and(|count| count > 3000);
    assert!(terminal.until(much).await, "{}", terminal.contents());
    for word in ["one", "two", "three"] {
        let started = Instant::now();
        terminal.press(word).await;
        assert!(terminal.until(|screen| row(screen, 22).contains(word)).await, "{}", terminal.contents());
        // People notice a tenth of this delay, but the limit allows for busy machines.
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
        terminal.press("\r").await;
        assert!(terminal.until(|screen| !row(screen, 22).contains(word)).await, "{}", terminal.contents());
    }
    let memory = resident(terminal.id());
    assert!(memory.is_none_or(|kib| kib < 200 << 10), "{memory:?} KiB");
    terminal.press("\x03").await;
    let status = terminal.exited().await;
    assert_eq!(status.code(), Some(0), "{}", terminal.contents());
    terminal.assert_restored();
    assert_eq!(bounded(received).await.unwrap(), ["one", "two", "three"]);
    assert!(bounded(flood).await.unwrap() > 3000);
}

/// Returns the resident memory in KiB, on systems that report it.
fn resident(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

#[tokio::test]
async fn after_the_server_dies_the_user_can_reconnect() {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&[&server.url()]);
    let tcp = server.accept_raw().await;
    terminal.shows(&[" OPEN "]).await;
    drop(tcp);
    terminal.shows(&[" CLOSED ", "1006 (abnormal closure), by the server", "/reconnect"]).await;
    terminal.enter("too late").await;
    terminal.shows(&["not sent: the connection is CLOSED; /reconnect opens a new one"]).await;
    terminal.enter("/reconnect").await;
    let mut connection = server.accept().await;
    terminal.shows(&[" OPEN "]).await;
    terminal.enter("here again").await;
    assert_eq!(next_text(&mut connection).await, "here again");
    // Reconnecting also works while the connection is open.
    terminal.enter("/reconnect").await;
    let (old, _new) = tokio::join!(texts(&mut connection), server.accept());
    assert_eq!(old, [""; 0]);
    assert_eq!(connection.close_info().code, CloseCode::NORMAL);
}
