//! The full screen: everything that was said can be read, on a small terminal too.

use std::time::Duration;

use tokio::{io::AsyncWriteExt, task::JoinHandle, time::interval};
use websocket::Message;

use crate::{
    support::ScriptedServer,
    terminal::{TestTerminal, open_raw},
};

const F1: &str = "\x1bOP";
const F2: &str = "\x1bOQ";
const PAGE_UP: &str = "\x1b[5~";
const PAGE_DOWN: &str = "\x1b[6~";
const SHIFT_TAB: &str = "\x1b[Z";

#[tokio::test]
async fn chat_messages_with_the_same_keys_are_all_shown() {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&[&server.url()]);
    let mut connection = server.accept().await;
    terminal.shows(&[" OPEN "]).await;
    terminal.resize(120, 40);
    let lines = ["hi", "how are you?", "fine", "and you?", "bye"];
    for text in lines {
        connection.send(format!(r#"{{"from":"ann","text":"{text}"}}"#)).await.unwrap();
    }
    let shown = lines.map(|text| format!(r#"< from "ann"  text "{text}""#));
    terminal.shows(&shown.each_ref().map(String::as_str)).await;
    assert!(!terminal.contents().contains("times)"), "{}", terminal.contents());
}

#[tokio::test]
async fn a_long_message_can_be_read_from_its_beginning() {
    let (mut terminal, mut tcp) = open_raw().await;
    let message: String = (0..60).map(|n| format!("word-{n:02} ")).collect();
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    tcp.write_all(&[&[0x81, 126][..], &length, message.as_bytes()].concat()).await.unwrap();
    terminal.shows(&["word-59"]).await;
    assert!(!terminal.contents().contains("< word-00"), "{}", terminal.contents());
    for _ in 0..3 {
        terminal.press(PAGE_UP).await;
    }
    terminal.shows(&["< word-00 word-01", "(newer below; Esc)"]).await;
    terminal.press("\x1b").await;
    terminal.shows(&["word-59"]).await;
    assert!(!terminal.contents().contains("newer below"), "{}", terminal.contents());
}

#[tokio::test]
async fn the_help_is_scrolled_to_its_last_line_on_a_small_terminal() {
    let (mut terminal, _tcp) = open_raw().await;
    terminal.resize(60, 20);
    terminal.press(F1).await;
    terminal.shows(&["help 1-18 of ", "send this text"]).await;
    for _ in 0..3 {
        terminal.press(PAGE_DOWN).await;
    }
    terminal.shows(&["Ctrl-C, Ctrl-D", "leave at once"]).await;
    terminal.press("\x1b").await;
    terminal.shows(&["connected: Enter sends"]).await;
}

#[tokio::test]
async fn a_long_header_is_read_in_the_zoomed_pane() {
    let server = ScriptedServer::start().await;
    let value = (0..60).map(|n| format!("part-{n:02}")).collect::<Vec<_>>().join(";");
    let mut terminal = TestTerminal::start(&["-H", &format!("X-Long: {value}"), &server.url()]);
    let _tcp = server.accept_raw().await;
    terminal.shows(&[" OPEN "]).await;
    // Select the request, go to its fields, and select the last header field.
    terminal.press("\x10").await;
    terminal.shows(&["0: GET / HTTP/1.1"]).await;
    terminal.press(SHIFT_TAB).await;
    terminal.press("\x1b[F\x1b[A").await;
    terminal.shows(&["> X-Long: part-00"]).await;
    assert!(!terminal.contents().contains("part-20"), "{}", terminal.contents());
    terminal.press(F2).await;
    terminal.shows(&["> X-Long: part-00", "part-59", "F2 unzoom"]).await;
    terminal.press(F2).await;
    terminal.shows(&[" wire ", "F2 zoom"]).await;
}

/// Sends a message every 20 milliseconds until the client has closed the connection.
fn push_forever(mut connection: websocket::WebSocket<tokio::net::TcpStream>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut pause = interval(Duration::from_millis(20));
        for n in 0.. {
            pause.tick().await;
            if connection.send(Message::text(format!(r#"{{"push":{n}}}"#))).await.is_err() {
                return;
            }
        }
    })
}

#[tokio::test]
async fn the_frame_that_the_user_sent_stays_while_the_server_pushes() {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&[&server.url()]);
    let connection = server.accept().await;
    terminal.shows(&[" OPEN "]).await;
    let pushing = push_forever(connection);
    terminal.shows(&["< push ", " times)"]).await;
    terminal.enter("mine").await;
    terminal.shows(&[": Text, 4 bytes: mine ─"]).await;
    // Many more messages arrive.
    let number = |screen: &vt100::Screen| {
        let contents = screen.contents();
        contents.rsplit_once("< push ")?.1.split(' ').next()?.parse::<u64>().ok()
    };
    let before = number(terminal.screen()).unwrap_or_default();
    assert!(terminal.until(|screen| number(screen).is_some_and(|n| n > before + 20)).await, "{}", terminal.contents());
    let contents = terminal.contents();
    assert!(contents.contains(": Text, 4 bytes: mine ─"), "{contents}");
    // Esc returns to the newest frame.
    terminal.press("\x1b").await;
    let newest = terminal.until(|screen| !screen.contents().contains(": Text, 4 bytes: mine ─")).await;
    assert!(newest, "{}", terminal.contents());
    pushing.abort();
}

#[tokio::test]
async fn after_break_the_broken_frame_stays_selected() {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&[&server.url()]);
    let mut connection = server.accept().await;
    let failing = tokio::spawn(async move { connection.next().await.is_some_and(|result| result.is_err()) });
    terminal.shows(&[" OPEN "]).await;
    terminal.enter("/break unmasked-frame").await;
    terminal.shows(&[" CLOSED ", "2: Text, 5 bytes: Hello ─", "> 0... .... = Mask: False", "UnmaskedFrame"]).await;
    assert!(failing.await.unwrap(), "the server noticed the violation");
}
