//! `/chat`: each text goes to all other members.

use crate::support::{
    Server,
    client::{Client, ReceivedItem},
    frames::{BINARY, FIN, PING, close, frame, text},
    http::{Request, exchange},
};

const PROTOCOL: &str = "Sec-WebSocket-Protocol";

#[test]
fn the_subprotocol_has_to_be_offered() {
    let server = Server::start(&[]);
    let plain = Request::upgrade(&server, "/chat");
    // Names of subprotocols are case-sensitive.
    for request in [plain.clone(), plain.clone().and(PROTOCOL, "superchat, soap"), plain.and(PROTOCOL, "Chat")] {
        let response = exchange(&server, &request.bytes());
        assert_eq!(response.status, 400);
        assert_eq!(response.header(PROTOCOL), None);
        assert!(response.body.contains("'chat'"), "{}", response.body);
    }
    server.wait_for_log(&["rejected on /chat with 400", "'chat'"]);
}

#[test]
fn the_subprotocol_is_selected_wherever_it_appears() {
    let server = Server::start(&[]);
    let plain = Request::upgrade(&server, "/chat");
    let requests = [
        plain.clone().and(PROTOCOL, "chat"),
        plain.clone().and(PROTOCOL, "superchat, chat"),
        plain.and(PROTOCOL, "superchat,soap").and(PROTOCOL, "chat"),
    ];
    for request in requests {
        let client = Client::connect_with(&server, &request.bytes());
        assert_eq!(client.response.header(PROTOCOL), Some("chat"));
    }
}

#[test]
fn a_text_goes_to_all_others_and_not_back() {
    let server = Server::start(&[]);
    let [mut anna, mut ben, mut carla] = room(&server);
    let _elsewhere = Client::connect(&server, "/echo");
    anna.send_text("hello");
    assert_eq!(ben.receive_text(), "hello");
    assert_eq!(carla.receive_text(), "hello");
    // If Anna's text had been sent back to her, it would arrive before this one.
    ben.send_text("grüß dich, 🦀");
    assert_eq!(anna.receive_text(), "grüß dich, 🦀");
    assert_eq!(carla.receive_text(), "grüß dich, 🦀");
    // A member who leaves receives nothing more, and the others continue.
    ben.close(1000);
    carla.send_text("");
    assert_eq!(anna.receive_text(), "");
    anna.close(1000);
    // Being alone is not an error.
    carla.send_text("anybody here?");
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
            let received: Vec<String> = texts.iter().map(|_| listener.receive_text()).collect();
            assert_eq!(received, texts);
        }
    }
}

/// A member who reads as fast as the network delivers is not slow, even if many texts come at once.
#[test]
fn a_burst_reaches_everyone_who_reads() {
    let server = Server::start(&[]);
    let [mut anna, mut ben, mut carla] = room(&server);
    let texts: Vec<String> = (0..1000).map(|number| format!("number {number}")).collect();
    anna.send(&texts.iter().flat_map(|one| text(one)).collect::<Vec<u8>>());
    for listener in [&mut ben, &mut carla] {
        for expected in &texts {
            assert_eq!(listener.receive(), ReceivedItem::Text(expected.clone()));
        }
    }
    ben.send_text("done?");
    assert_eq!(anna.receive(), ReceivedItem::Text("done?".to_owned()));
}

#[test]
fn binary_is_answered_with_1003_and_the_others_go_on() {
    let server = Server::start(&[]);
    let [mut anna, mut ben, mut carla] = room(&server);
    anna.send(&frame(FIN | BINARY, b"01"));
    assert_eq!(anna.receive(), ReceivedItem::Close(Some(1003), "the chat accepts text only".to_owned()));
    anna.send(&close(1003, ""));
    assert_eq!(anna.receive(), ReceivedItem::End);
    anna.end();
    server.wait_for_log(&[&anna.address().to_string(), "1003", "the chat accepts text only"]);
    ben.send_text("still here");
    assert_eq!(carla.receive_text(), "still here");
}

/// A chat with missing texts is worse than none.
#[test]
fn a_member_that_is_too_slow_is_closed_with_1008_and_delays_nobody() {
    let server = Server::start(&["--interval", "50ms"]);
    let [mut anna, mut ben, mut slow] = room(&server);
    let mut observer = Client::connect(&server, "/");
    let before = observer.receive_push().rss_bytes;
    // First more than the sockets hold, then more than any backlog. Ben receives each text before
    // Anna sends the next one, so there is no burst.
    let long = "x".repeat(60_000);
    let all = 3000;
    for number in 0..all {
        let text = if number < 150 { format!("{number} {long}") } else { format!("{number} ") };
        anna.send_text(&text);
        assert_eq!(ben.receive_text(), text);
    }
    let sequence = observer.receive_push().sequence;
    let after = observer.receive_push_with(|push| push.sequence > sequence + 1).rss_bytes;
    assert!(after < before + (16 << 20), "from {before} to {after} bytes");
    // At last the slow member reads. It gets every text up to some moment, with none missing, and
    // then the Close.
    let mut received = 0;
    loop {
        match slow.receive() {
            ReceivedItem::Text(text) => assert!(text.starts_with(&format!("{received} ")), "{received} is missing"),
            ReceivedItem::Close(code, reason) => {
                assert_eq!((code, &reason[..]), (Some(1008), "too slow for this chat"));
                break;
            }
            other => panic!("{other:?} instead of a Close"),
        }
        received += 1;
    }
    assert!(received < all, "nothing was discarded");
    ben.send_text("he is gone");
    assert_eq!(anna.receive_text(), "he is gone");
}

/// The backlog is bounded in bytes, so large texts do not fill the memory for a member who does not
/// read.
#[test]
fn large_texts_do_not_accumulate_for_a_slow_member() {
    let server = Server::start(&["--interval", "10ms"]);
    let [mut anna, mut ben, slow] = room(&server);
    let mut observer = Client::connect(&server, "/");
    let before = observer.receive_push().rss_bytes;
    let large = text(&"x".repeat(1 << 20));
    for _ in 0..60 {
        anna.send(&large);
        anna.send(&frame(FIN | PING, b""));
        match anna.receive() {
            ReceivedItem::Pong(_) => assert_eq!(ben.receive_text().len(), 1 << 20),
            // The server may also refuse such a large text.
            other => {
                assert!(matches!(other, ReceivedItem::Close(Some(1009), _)), "{other:?}");
                break;
            }
        }
    }
    let sequence = observer.receive_push().sequence;
    let after = observer.receive_push_with(|push| push.sequence > sequence + 100).rss_bytes;
    assert!(after < before + (32 << 20), "from {before} to {after} bytes");
    drop(slow);
}

/// The number of texts is bounded too: even an empty text takes some bytes of the backlog.
#[test]
fn empty_texts_do_not_accumulate_for_a_slow_member() {
    let server = Server::start(&["--interval", "10ms"]);
    let [mut anna, mut ben, slow] = room(&server);
    // First fill the sockets of the slow member, at a pace that Ben can follow.
    let large = "x".repeat(60_000);
    for _ in 0..75 {
        anna.send_text(&large);
        assert_eq!(ben.receive_text().len(), large.len());
    }
    drop(ben);
    let mut observer = Client::connect(&server, "/");
    let before = observer.receive_push().rss_bytes;
    anna.send(&text("").repeat(400_000));
    anna.ping();
    let sequence = observer.receive_push().sequence;
    let after = observer.receive_push_with(|push| push.sequence > sequence + 100).rss_bytes;
    assert!(after < before + (16 << 20), "from {before} to {after} bytes");
    drop(slow);
}

/// Returns three members who have all joined. The server sends the 101 a moment before the member
/// joins the room, but it answers a Ping only after that.
fn room(server: &Server) -> [Client; 3] {
    [(); 3].map(|()| {
        let mut member = Client::connect(server, "/chat");
        member.ping();
        member
    })
}
