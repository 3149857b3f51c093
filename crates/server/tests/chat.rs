//! `/chat`: each text goes to everyone else.

mod common;

use common::{
    Server,
    client::{BINARY, Client, FIN, Heard, PING, close, frame, text},
    http::{Request, exchange},
};

const PROTOCOL: &str = "Sec-WebSocket-Protocol";

#[test]
fn the_subprotocol_has_to_be_offered() {
    let server = Server::start(&[]);
    let plain = Request::upgrade(&server, "/chat");
    // Names of subprotocols differ in upper and lower case.
    for request in [plain.clone(), plain.clone().and(PROTOCOL, "superchat, soap"), plain.and(PROTOCOL, "Chat")] {
        let response = exchange(&server, &request.bytes());
        assert_eq!(response.status, 400);
        assert_eq!(response.header(PROTOCOL), None);
        assert!(response.body.contains("'chat'"), "{}", response.body);
    }
    server.logs(&["refused on /chat with 400", "'chat'"]);
}

#[test]
fn the_subprotocol_is_selected_wherever_it_stands() {
    let server = Server::start(&[]);
    let plain = Request::upgrade(&server, "/chat");
    let requests = [
        plain.clone().and(PROTOCOL, "chat"),
        plain.clone().and(PROTOCOL, "superchat, chat"),
        plain.and(PROTOCOL, "superchat,soap").and(PROTOCOL, "chat"),
    ];
    for request in requests {
        let client = Client::ask(&server, &request.bytes());
        assert_eq!(client.response.header(PROTOCOL), Some("chat"));
    }
}

#[test]
fn a_text_goes_to_all_others_and_not_back() {
    let server = Server::start(&[]);
    let [mut anna, mut ben, mut carla] = room(&server);
    let _elsewhere = Client::connect(&server, "/echo");
    anna.say("hello");
    assert_eq!(ben.hear_text(), "hello");
    assert_eq!(carla.hear_text(), "hello");
    // Had Anna's text gone back to her, it would come before this.
    ben.say("grüß dich, 🦀");
    assert_eq!(anna.hear_text(), "grüß dich, 🦀");
    assert_eq!(carla.hear_text(), "grüß dich, 🦀");
    // Who has left hears nothing, and the others go on.
    ben.close(1000);
    carla.say("");
    assert_eq!(anna.hear_text(), "");
    anna.close(1000);
    // To be alone is no error.
    carla.say("anybody here?");
    carla.close(1001);
}

#[test]
fn texts_keep_their_order() {
    let server = Server::start(&[]);
    let [mut anna, mut ben, mut carla] = room(&server);
    for round in 0..20 {
        let texts: Vec<String> = (0..10).map(|number| format!("{round}/{number}")).collect();
        anna.send(&texts.iter().flat_map(|one| text(one)).collect::<Vec<u8>>());
        for listener in [&mut ben, &mut carla] {
            let heard: Vec<String> = texts.iter().map(|_| listener.hear_text()).collect();
            assert_eq!(heard, texts);
        }
    }
}

/// Who reads as fast as the network brings it is not slow, even if much is said at once.
#[test]
fn a_burst_reaches_everyone_who_reads() {
    let server = Server::start(&[]);
    let [mut anna, mut ben, mut carla] = room(&server);
    let texts: Vec<String> = (0..1000).map(|number| format!("number {number}")).collect();
    anna.send(&texts.iter().flat_map(|one| text(one)).collect::<Vec<u8>>());
    for listener in [&mut ben, &mut carla] {
        for expected in &texts {
            assert_eq!(listener.hear(), Heard::Text(expected.clone()));
        }
    }
    ben.say("done?");
    assert_eq!(anna.hear(), Heard::Text("done?".to_owned()));
}

#[test]
fn binary_is_answered_with_1003_and_the_others_go_on() {
    let server = Server::start(&[]);
    let [mut anna, mut ben, mut carla] = room(&server);
    anna.send(&frame(FIN | BINARY, b"01"));
    assert_eq!(anna.hear(), Heard::Close(Some(1003), "a chat takes text only".to_owned()));
    anna.send(&close(1003, ""));
    assert_eq!(anna.hear(), Heard::End);
    anna.end();
    server.logs(&[&anna.own().to_string(), "1003", "a chat takes text only"]);
    ben.say("still here");
    assert_eq!(carla.hear_text(), "still here");
}

/// A chat with holes is worse than none.
#[test]
fn who_is_too_slow_is_closed_with_1008_and_delays_nobody() {
    let server = Server::start(&["--interval", "50ms"]);
    let [mut anna, mut ben, mut slow] = room(&server);
    let mut watcher = Client::connect(&server, "/");
    let before = watcher.hear_push().rss_bytes;
    // First more than the sockets hold, then more than any backlog. Ben hears each before the next is said, so nothing
    // here is a burst.
    let long = "x".repeat(60_000);
    let all = 3000;
    for number in 0..all {
        let text = if number < 150 { format!("{number} {long}") } else { format!("{number} ") };
        anna.say(&text);
        assert_eq!(ben.hear_text(), text);
    }
    let sequence = watcher.hear_push().sequence;
    let after = watcher.hear_push_with(|push| push.sequence > sequence + 1).rss_bytes;
    assert!(after < before + (16 << 20), "from {before} to {after} bytes");
    // Slow wakes up: all that was said up to some moment without a hole, then the Close.
    let mut heard = 0;
    loop {
        match slow.hear() {
            Heard::Text(text) => assert!(text.starts_with(&format!("{heard} ")), "{heard} is missing"),
            Heard::Close(code, reason) => {
                assert_eq!((code, &reason[..]), (Some(1008), "too slow for this chat"));
                break;
            }
            other => panic!("{other:?} instead of a Close"),
        }
        heard += 1;
    }
    assert!(heard < all, "it has heard everything");
    ben.say("he is gone");
    assert_eq!(anna.hear_text(), "he is gone");
}

/// The backlog is counted in texts. However large a text may be, what is kept for somebody who does not read is not.
#[test]
fn large_texts_do_not_pile_up_for_the_slow() {
    let server = Server::start(&["--interval", "10ms"]);
    let [mut anna, mut ben, slow] = room(&server);
    let mut watcher = Client::connect(&server, "/");
    let before = watcher.hear_push().rss_bytes;
    let large = text(&"x".repeat(1 << 20));
    for _ in 0..60 {
        anna.send(&large);
        anna.send(&frame(FIN | PING, b""));
        match anna.hear() {
            Heard::Pong(_) => assert_eq!(ben.hear_text().len(), 1 << 20),
            // So large a text may well be refused.
            other => {
                assert!(matches!(other, Heard::Close(Some(1009), _)), "{other:?}");
                break;
            }
        }
    }
    let sequence = watcher.hear_push().sequence;
    let after = watcher.hear_push_with(|push| push.sequence > sequence + 100).rss_bytes;
    assert!(after < before + (32 << 20), "from {before} to {after} bytes");
    drop(slow);
}

/// Nor is the number of texts: one without a single byte takes its place in the backlog too.
#[test]
fn empty_texts_do_not_pile_up_for_the_slow() {
    let server = Server::start(&["--interval", "10ms"]);
    let [mut anna, mut ben, slow] = room(&server);
    // First the sockets of the slow one are filled, at a pace that Ben can keep.
    let large = "x".repeat(60_000);
    for _ in 0..75 {
        anna.say(&large);
        assert_eq!(ben.hear_text().len(), large.len());
    }
    drop(ben);
    let mut watcher = Client::connect(&server, "/");
    let before = watcher.hear_push().rss_bytes;
    anna.send(&text("").repeat(400_000));
    anna.ping();
    let sequence = watcher.hear_push().sequence;
    let after = watcher.hear_push_with(|push| push.sequence > sequence + 100).rss_bytes;
    assert!(after < before + (16 << 20), "from {before} to {after} bytes");
    drop(slow);
}

/// Three members who have all joined. The 101 goes out a moment before the server's task is in the room; the answer to a
/// Ping comes from inside.
fn room(server: &Server) -> [Client; 3] {
    [(); 3].map(|()| {
        let mut member = Client::connect(server, "/chat");
        member.ping();
        member
    })
}
