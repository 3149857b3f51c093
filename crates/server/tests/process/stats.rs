//! `/`: the pushes, and what the server prints and logs when clients send messages.

use crate::support::{
    Server,
    client::{Client, ReceivedItem},
    frames::{BINARY, CLOSE, FIN, close, frame, text},
    push::Push,
};

/// The maximum number of bytes of the last text that a push repeats.
const MAX_LAST_TEXT: usize = 4 << 10;

#[test]
fn pushes_come_on_the_interval_and_count_up() {
    let server = Server::start(&["--interval", "100ms"]);
    let mut client = Client::connect(&server, "/");
    let first = client.receive_push();
    let mut last = first.clone();
    for _ in 0..6 {
        let push = client.receive_push();
        assert_eq!(push.sequence, last.sequence + 1);
        assert!(push.uptime_seconds > last.uptime_seconds);
        last = push;
    }
    // Push number n is sent n intervals after the start, or later on a busy machine.
    for Push { sequence, uptime_seconds, .. } in [&first, &last] {
        let sequence = u32::try_from(*sequence).unwrap();
        assert!(*uptime_seconds > 0.099 * f64::from(sequence), "number {sequence} after {uptime_seconds} s");
    }
    assert_eq!((last.clients, last.messages_received, last.last_text), (1, 0, None));
    if cfg!(target_os = "linux") {
        assert!((1 << 20..1 << 30).contains(&last.rss_bytes), "{} bytes", last.rss_bytes);
    }
}

#[test]
fn the_interval_is_one_second_by_default() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/");
    let push = client.receive_push();
    assert_eq!(push.sequence, 1);
    assert!((0.99..3.0).contains(&push.uptime_seconds), "{} s", push.uptime_seconds);
}

#[test]
fn all_clients_get_the_same_push() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut clients = [(); 3].map(|()| Client::connect(&server, "/"));
    // The clients connected one after the other, so their first pushes differ. Compare the pushes
    // that follow the latest of these first pushes.
    let from = clients.iter_mut().map(|client| client.receive_push().sequence).max().unwrap();
    let received = clients.each_mut().map(|client| {
        let first = client.receive_push_with(|push| push.sequence > from);
        let texts = (0..5).map(|_| client.receive_text()).collect::<Vec<_>>();
        (first, texts)
    });
    assert_eq!(received[0], received[1]);
    assert_eq!(received[0], received[2]);
}

#[test]
fn clients_are_counted_when_they_come_and_when_they_go() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut observer = Client::connect(&server, "/");
    let [leaves, vanishes, ends] = [(); 3].map(|()| Client::connect(&server, "/"));
    let _elsewhere = [Client::connect(&server, "/echo"), Client::connect(&server, "/chat")];
    observer.receive_push_with(|push| push.clients == 4);
    leaves.close(1000);
    observer.receive_push_with(|push| push.clients == 3);
    drop(vanishes);
    observer.receive_push_with(|push| push.clients == 2);
    let mut ends = ends;
    ends.end();
    observer.receive_push_with(|push| push.clients == 1);
}

#[test]
fn a_text_is_printed_with_its_senders_address_counted_and_repeated() {
    let server = Server::start(&["--interval", "20ms"]);
    let [mut one, mut other] = [(); 2].map(|()| Client::connect(&server, "/"));
    one.send_text("hello");
    server.wait_for_output(&format!("{} says: hello", one.address()));
    other.receive_push_with(|push| push.messages_received == 1 && push.last_text.as_deref() == Some("hello"));
    other.send_text("grüß dich, 🦀");
    server.wait_for_output(&format!("{} says: grüß dich, 🦀", other.address()));
    one.receive_push_with(|push| push.messages_received == 2 && push.last_text.as_deref() == Some("grüß dich, 🦀"));
    // An empty text is a text.
    one.send_text("");
    one.receive_push_with(|push| push.messages_received == 3 && push.last_text.as_deref() == Some(""));
    assert!(server.output().contains(&format!("{} says: ", one.address())));
}

#[test]
fn texts_that_arrive_together_are_printed_in_their_order() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut client = Client::connect(&server, "/");
    let frames: Vec<u8> = (0..1000).flat_map(|number| text(&format!("number {number}"))).collect();
    client.send(&frames);
    server.wait_for_output(" says: number 999");
    let printed: Vec<_> = server.output().into_iter().filter(|line| line.contains("says")).collect();
    let expected: Vec<_> = (0..1000).map(|number| format!("{} says: number {number}", client.address())).collect();
    assert_eq!(printed, expected);
    client.receive_push_with(|push| push.messages_received == 1000);
}

#[test]
fn control_characters_cannot_command_a_terminal_or_forge_a_line() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut client = Client::connect(&server, "/");
    let nasty = "\u{1b}[31mred\u{7}\r\n127.0.0.1:1 says: me\t\u{0}\u{7f}\u{9b}2J é";
    client.send_text(nasty);
    let line = server.wait_for_output("red");
    let shown = r"\u{1b}[31mred\u{7}\r\n127.0.0.1:1 says: me\t\u{0}\u{7f}\u{9b}2J é";
    assert_eq!(line, format!("{} says: {shown}", client.address()));
    // In JSON, it is an ordinary string.
    client.receive_push_with(|push| push.last_text.as_deref() == Some(nasty));
}

#[test]
fn binary_is_logged_and_otherwise_ignored() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut client = Client::connect(&server, "/");
    client.send(&frame(FIN | BINARY, b"never shown"));
    client.send_text("text");
    client.receive_push_with(|push| push.messages_received == 1 && push.last_text.as_deref() == Some("text"));
    server.wait_for_log(&[&client.address().to_string(), "11 bytes", "binary"]);
    assert!(server.output().iter().chain(&server.log()).all(|line| !line.contains("never shown")));
}

#[test]
fn only_the_beginning_of_a_huge_text_is_repeated() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut client = Client::connect(&server, "/");
    // The limit falls inside a character, so a text cut at that point would not be valid UTF-8.
    let huge = format!("x{}", "é".repeat(100_000));
    client.send_text(&huge);
    let push = client.receive_push_with(|push| push.messages_received == 1);
    let repeated = push.last_text.unwrap();
    let beginning = repeated.strip_suffix('…').expect("an ellipsis shows that something is missing");
    assert_eq!(beginning.len(), MAX_LAST_TEXT - 1);
    assert!(huge.starts_with(beginning));
    // A text that is exactly as long as the limit is shown in full.
    let fits = "y".repeat(MAX_LAST_TEXT);
    client.send_text(&fits);
    client.receive_push_with(|push| push.last_text.as_ref() == Some(&fits));
}

/// A control character takes six bytes in JSON. The limit counts these bytes, because every client
/// gets them at every interval.
#[test]
fn control_characters_do_not_make_a_push_longer() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut client = Client::connect(&server, "/");
    for character in ["\u{1}", "\"", "\\", "\n", "é", "x"] {
        client.send_text(&character.repeat(MAX_LAST_TEXT));
        let first = serde_json::to_string(character).expect("a string has a JSON form");
        let push = client.receive_text_with(&format!(r#""last_text":"{}"#, first.trim_matches('"')));
        // The other fields take fewer than 200 bytes.
        assert!((MAX_LAST_TEXT - 10..MAX_LAST_TEXT + 200).contains(&push.len()), "{} for {first}", push.len());
    }
}

#[test]
fn only_the_beginning_of_a_long_text_is_printed_and_its_length() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut client = Client::connect(&server, "/");
    // The limit falls inside a character.
    client.send_text(&format!("x{}", "é".repeat(100_000)));
    let line = server.wait_for_output("says: xé");
    assert_eq!(line, format!("{} says: x{}… (200001 bytes in all)", client.address(), "é".repeat(511)));
    // A text that is exactly as long as the limit is shown in full.
    let fits = "y".repeat(1 << 10);
    client.send_text(&fits);
    assert_eq!(server.wait_for_output("says: y"), format!("{} says: {fits}", client.address()));
}

#[test]
fn the_log_says_who_connects_and_how_the_connection_ends() {
    let server = Server::start(&["--interval", "20ms"]);
    let ways: [(&[u8], &str); 4] = [
        (&close(1000, ""), "closed: 1000 (normal closure)"),
        (&close(4321, "so\u{1b}long"), "closed: 4321 (private) \"so\\u{1b}long\""),
        (&frame(FIN | CLOSE, b""), "closed: 1005 (no status code)"),
        // No Close frame: TCP just ends.
        (b"", "closed: 1006 (abnormal closure)"),
    ];
    for (last, logged) in ways {
        let mut client = Client::connect(&server, "/");
        let own = client.address().to_string();
        server.wait_for_log(&[&own, "connected to /"]);
        client.send(last);
        client.end();
        while !matches!(client.receive(), ReceivedItem::End | ReceivedItem::Reset) {}
        server.wait_for_log(&[&own, logged]);
    }
}

/// After both Closes, the client decides when the TCP connection ends. A push that falls due before
/// then cannot be sent.
#[test]
fn a_push_while_a_client_closes_is_not_an_error() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut observer = Client::connect(&server, "/");
    let mut client = Client::connect(&server, "/");
    client.send(&close(1000, ""));
    assert_eq!(client.receive_close(), Some(1000));
    // The server has closed its direction of the TCP connection and waits for ours.
    assert_eq!(client.receive(), ReceivedItem::End);
    let now = observer.receive_push().sequence;
    observer.receive_push_with(|push| push.sequence > now + 5);
    client.end();
    let line = server.wait_for_log(&[&client.address().to_string(), "closed"]);
    assert!(line.contains("1000 (normal closure)") && line.contains("INFO"), "{line}");
    assert!(line.ends_with("closed by the peer"), "{line}");
}
