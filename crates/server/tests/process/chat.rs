//! `/chat`: each text is sent to all other members.

use std::{
    io::Write,
    thread,
    time::{Duration, Instant},
};

use crate::support::{
    Server,
    client::{Client, ReceivedItem},
    frames::{BINARY, CONTINUATION, FIN, TEXT, close, frame, text},
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
    // If Anna's text had been sent back to her, it would have arrived before this one.
    ben.send_text("grüß dich, 🦀");
    assert_eq!(anna.receive_text(), "grüß dich, 🦀");
    assert_eq!(carla.receive_text(), "grüß dich, 🦀");
    // A member who leaves receives nothing more, and the others carry on.
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

/// A member who reads as fast as the network delivers does not count as slow, even if many texts
/// arrive at once.
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

/// Nine thousand empty texts are only 54 kB, so they may arrive in one read.
#[test]
fn a_talker_closes_nobody_who_reads() {
    for threads in ["1", "2"] {
        let server = Server::start(&["--threads", threads]);
        let [mut anna, mut ben, mut carla] = room(&server);
        anna.send(&text("").repeat(9_000));
        for listener in [&mut ben, &mut carla] {
            for number in 0..9_000 {
                assert_eq!(listener.receive(), ReceivedItem::Text(String::new()), "text {number}");
            }
        }
        // All members can still reach each other.
        for speaker in [&mut ben, &mut carla, &mut anna] {
            speaker.send_text("still here");
        }
        for listener in [&mut anna, &mut ben, &mut carla] {
            assert_eq!([(); 2].map(|()| listener.receive_text()), ["still here", "still here"]);
        }
    }
}

/// Three members talk and read at the same time, so each of them is both a talker and a listener
/// for the others.
#[test]
fn talkers_who_also_read_lose_nothing() {
    let server = Server::start(&[]);
    let mut members = room(&server);
    let texts = text(&"x".repeat(5_000)).repeat(400);
    thread::scope(|scope| {
        for member in &mut members {
            let mut writer = member.stream.try_clone().expect("a socket can be shared");
            let texts = &texts;
            scope.spawn(move || writer.write_all(texts).expect("the server reads"));
            scope.spawn(move || member.receive_many(2 * 400));
        }
    });
}

/// A member on a slow line reads about 2 MB per second. The talker could send faster, but has to
/// wait.
#[test]
fn a_member_that_reads_slowly_is_not_closed() {
    let server = Server::start(&["--write-timeout", "3s"]);
    let [mut anna, mut ben, mut slow] = room(&server);
    let long = "x".repeat(60_000);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..200 {
                anna.send_text(&long);
            }
        });
        scope.spawn(|| ben.receive_many(200));
        for _ in 0..200 {
            assert_eq!(slow.receive_text().len(), long.len());
            thread::sleep(Duration::from_millis(20));
        }
    });
    slow.send_text("at last");
    assert_eq!((anna.receive_text(), ben.receive_text()), ("at last".to_owned(), "at last".to_owned()));
}

/// A chat with missing texts is worse than no chat, so the server closes the connection of such a
/// member. The other members wait for it only once, for as long as `--write-timeout` allows.
#[test]
fn a_member_that_does_not_read_is_closed_with_1008_and_the_others_go_on() {
    // These limits are so long that neither a missing Pong nor the closing deadline ends the
    // connection.
    let limits = ["--write-timeout", "1s", "--ping-interval", "10m", "--close-timeout", "10m"];
    let server = Server::start(&[&["--interval", "50ms"], &limits[..]].concat());
    let [mut anna, mut ben, mut slow] = room(&server);
    let mut observer = Client::connect(&server, "/");
    let before = observer.receive_push().rss_bytes;
    // First send more bytes than the sockets can hold, and then more texts than any backlog can
    // hold.
    let long = "x".repeat(60_000);
    let all = 3000;
    let mut longest = Duration::ZERO;
    for number in 0..all {
        let text = if number < 150 { format!("{number} {long}") } else { format!("{number} ") };
        let sent = Instant::now();
        anna.send_text(&text);
        assert_eq!(ben.receive_text(), text);
        longest = longest.max(sent.elapsed());
    }
    assert!(longest < Duration::from_secs(10), "a text took {longest:?}");
    let sequence = observer.receive_push().sequence;
    let after = observer.receive_push_with(|push| push.sequence > sequence + 1).rss_bytes;
    assert!(after < before + (16 << 20), "from {before} to {after} bytes");
    // The slow member reads at last. It receives every text up to some point, with none missing,
    // and then the Close.
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

/// The limit is checked as soon as the frame header has arrived, so the server never collects a
/// payload that it will not deliver.
#[test]
fn a_header_that_announces_more_than_64_kib_is_answered_with_1009_at_once() {
    let server = Server::start(&[]);
    let too_long = frame(FIN | TEXT, &[b'x'; (64 << 10) + 1]);
    let longest = [b'x'; 64 << 10];
    // A message in two fragments exceeds the limit as soon as the header of the second fragment
    // arrives.
    let in_two = [frame(TEXT, &longest), frame(FIN | CONTINUATION, b"x")].concat();
    let binary = frame(FIN | BINARY, &[0; 70_000]);
    for (bytes, header) in [(&too_long, 14), (&binary, 14), (&in_two, in_two.len() - 1)] {
        let [mut anna, mut ben, _] = room(&server);
        anna.send(&bytes[..header]);
        assert_eq!(anna.receive_close(), Some(1009));
        // A text of 64 KiB is not too long.
        let mut carla = Client::connect(&server, "/chat");
        carla.send(&frame(FIN | TEXT, &longest));
        assert_eq!(ben.receive_text().len(), longest.len());
    }
}

/// The texts for a member who does not read must not fill the memory, whether they are large or
/// empty.
#[test]
fn texts_do_not_accumulate_for_a_slow_member() {
    let server = Server::start(&["--interval", "10ms", "--write-timeout", "1s"]);
    let mut observer = Client::connect(&server, "/");
    let before = observer.receive_push().rss_bytes;
    for texts in [text(&"x".repeat(60_000)).repeat(300), text("").repeat(400_000)] {
        let [mut anna, ben, slow] = room(&server);
        drop(ben);
        anna.send(&texts);
        anna.ping();
        let sequence = observer.receive_push().sequence;
        let after = observer.receive_push_with(|push| push.sequence > sequence + 100).rss_bytes;
        assert!(after < before + (8 << 20), "from {before} to {after} bytes");
        drop(slow);
    }
}

/// Returns three members who have all joined. The server sends the 101 a moment before the member
/// joins the room, but it answers a Ping only after the member has joined.
fn room(server: &Server) -> [Client; 3] {
    [(); 3].map(|()| {
        let mut member = Client::connect(server, "/chat");
        member.ping();
        member
    })
}
