//! `/`: what is pushed, and what is printed of what clients say.

mod common;

use common::{
    Server,
    client::{BINARY, Client, FIN, Heard, close, frame, text},
    push::Push,
};

/// How much of the last text a push repeats.
const LAST_TEXT_MAX: usize = 4 << 10;

#[test]
fn pushes_come_on_the_interval_and_count_up() {
    let server = Server::start(&["--interval", "100ms"]);
    let mut client = Client::connect(&server, "/");
    let first = client.hear_push();
    let mut last = first.clone();
    for _ in 0..6 {
        let push = client.hear_push();
        assert_eq!(push.sequence, last.sequence + 1);
        assert!(push.uptime_seconds > last.uptime_seconds);
        last = push;
    }
    // Push number n comes n intervals after the start or, on a busy machine, later.
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
fn the_interval_is_one_second_unless_told_otherwise() {
    let server = Server::start(&[]);
    let mut client = Client::connect(&server, "/");
    let push = client.hear_push();
    assert_eq!(push.sequence, 1);
    assert!((0.99..3.0).contains(&push.uptime_seconds), "{} s", push.uptime_seconds);
}

#[test]
fn all_clients_get_the_same_push() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut clients = [(); 3].map(|()| Client::connect(&server, "/"));
    // Clients came one after the other, so each has its own first push. From the latest of them on they are compared.
    let from = clients.iter_mut().map(|client| client.hear_push().sequence).max().unwrap();
    let heard = clients.each_mut().map(|client| {
        let first = client.hear_push_with(|push| push.sequence > from);
        let texts = (0..5).map(|_| client.hear_text()).collect::<Vec<_>>();
        (first, texts)
    });
    assert_eq!(heard[0], heard[1]);
    assert_eq!(heard[0], heard[2]);
}

#[test]
fn clients_are_counted_when_they_come_and_when_they_go() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut watcher = Client::connect(&server, "/");
    let [leaves, vanishes, ends] = [(); 3].map(|()| Client::connect(&server, "/"));
    let _elsewhere = [Client::connect(&server, "/echo"), Client::connect(&server, "/chat")];
    watcher.hear_push_with(|push| push.clients == 4);
    leaves.close(1000);
    watcher.hear_push_with(|push| push.clients == 3);
    drop(vanishes);
    watcher.hear_push_with(|push| push.clients == 2);
    let mut ends = ends;
    ends.end();
    watcher.hear_push_with(|push| push.clients == 1);
}

#[test]
fn what_a_client_says_is_printed_with_its_address_counted_and_repeated() {
    let server = Server::start(&["--interval", "20ms"]);
    let [mut one, mut other] = [(); 2].map(|()| Client::connect(&server, "/"));
    one.say("hello");
    server.says(&format!("{} says: hello", one.own()));
    other.hear_push_with(|push| push.messages_received == 1 && push.last_text.as_deref() == Some("hello"));
    other.say("grüß dich, 🦀");
    server.says(&format!("{} says: grüß dich, 🦀", other.own()));
    one.hear_push_with(|push| push.messages_received == 2 && push.last_text.as_deref() == Some("grüß dich, 🦀"));
    // Nothing said is something said.
    one.say("");
    one.hear_push_with(|push| push.messages_received == 3 && push.last_text.as_deref() == Some(""));
    assert!(server.said().contains(&format!("{} says: ", one.own())));
}

#[test]
fn texts_that_come_together_are_printed_in_their_order() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut client = Client::connect(&server, "/");
    let frames: Vec<u8> = (0..1000).flat_map(|number| text(&format!("number {number}"))).collect();
    client.send(&frames);
    server.says(" says: number 999");
    let printed: Vec<_> = server.said().into_iter().filter(|line| line.contains("says")).collect();
    let expected: Vec<_> = (0..1000).map(|number| format!("{} says: number {number}", client.own())).collect();
    assert_eq!(printed, expected);
    client.hear_push_with(|push| push.messages_received == 1000);
}

#[test]
fn control_characters_cannot_command_a_terminal_or_forge_a_line() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut client = Client::connect(&server, "/");
    let nasty = "\u{1b}[31mred\u{7}\r\n127.0.0.1:1 says: me\t\u{0}\u{7f}\u{9b}2J é";
    client.say(nasty);
    let line = server.says("red");
    let shown = r"\u{1b}[31mred\u{7}\r\n127.0.0.1:1 says: me\t\u{0}\u{7f}\u{9b}2J é";
    assert_eq!(line, format!("{} says: {shown}", client.own()));
    // In JSON it is a string like any other.
    client.hear_push_with(|push| push.last_text.as_deref() == Some(nasty));
}

#[test]
fn binary_is_logged_and_otherwise_ignored() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut client = Client::connect(&server, "/");
    client.send(&frame(FIN | BINARY, b"never shown"));
    client.say("text");
    client.hear_push_with(|push| push.messages_received == 1 && push.last_text.as_deref() == Some("text"));
    server.logs(&[&client.own().to_string(), "11 bytes", "binary"]);
    assert!(server.said().iter().chain(&server.logged()).all(|line| !line.contains("never shown")));
}

#[test]
fn of_a_huge_text_only_the_beginning_is_repeated() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut client = Client::connect(&server, "/");
    // The limit falls inside a character: a cut there would not be UTF-8.
    let huge = format!("x{}", "é".repeat(100_000));
    client.say(&huge);
    let push = client.hear_push_with(|push| push.messages_received == 1);
    let repeated = push.last_text.unwrap();
    let beginning = repeated.strip_suffix('…').expect("it shows that something is missing");
    assert_eq!(beginning.len(), LAST_TEXT_MAX - 1);
    assert!(huge.starts_with(beginning));
    // What is as long as the limit is whole.
    let fits = "y".repeat(LAST_TEXT_MAX);
    client.say(&fits);
    client.hear_push_with(|push| push.last_text.as_ref() == Some(&fits));
}

#[test]
fn it_is_told_who_comes_and_how_they_go() {
    let server = Server::start(&["--interval", "20ms"]);
    let ways: [(&[u8], &str); 4] = [
        (&close(1000, ""), "closed: 1000 (normal closure)"),
        (&close(4321, "so\u{1b}long"), "closed: 4321 (private) \"so\\u{1b}long\""),
        (&frame(FIN | 0x8, b""), "closed: 1005 (no status code)"),
        // Not a byte more: TCP ends.
        (b"", "closed: 1006 (abnormal closure)"),
    ];
    for (last, told) in ways {
        let mut client = Client::connect(&server, "/");
        let own = client.own().to_string();
        server.logs(&[&own, "connected to /"]);
        client.send(last);
        client.end();
        while !matches!(client.hear(), Heard::End | Heard::Reset) {}
        server.logs(&[&own, told]);
    }
}

/// The time between the two Closes and the end of TCP is the client's. A push in that time has nowhere to go.
#[test]
fn a_push_while_a_client_closes_is_no_error() {
    let server = Server::start(&["--interval", "20ms"]);
    let mut watcher = Client::connect(&server, "/");
    let mut client = Client::connect(&server, "/");
    client.send(&close(1000, ""));
    assert_eq!(client.hear_close(), Some(1000));
    // The server has ended its direction, and waits for ours.
    assert_eq!(client.hear(), Heard::End);
    let now = watcher.hear_push().sequence;
    watcher.hear_push_with(|push| push.sequence > now + 5);
    client.end();
    let line = server.logs(&[&client.own().to_string(), "closed"]);
    assert!(line.contains("1000 (normal closure)") && line.contains("INFO"), "{line}");
    assert!(line.ends_with("closed by the peer"), "{line}");
}
