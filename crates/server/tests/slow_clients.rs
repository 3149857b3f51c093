//! A client that does not read: it delays nobody, it costs no memory, and it does not stay for ever.

mod common;

use std::{
    thread,
    time::{Duration, Instant},
};

use common::{
    Server,
    client::{BINARY, Client, FIN, Heard, close, frame, text},
    push::Push,
};

/// More than the buffers of a TCP connection take between two sockets of this machine: 4 MiB for the sender and some more
/// for the receiver, by Linux's defaults.
const MORE_THAN_SOCKETS_HOLD: usize = 16 << 20;

/// Memory that the server may need besides what it has when the test begins: buffers for a handful of connections. Well
/// below what it would be told to keep.
const SLACK: u64 = 10 << 20;

/// A server whose pushes are large: the last text is repeated in each, and of such characters the JSON form is six times
/// as long.
fn start_with_large_pushes(args: &[&str]) -> (Server, Client) {
    let server = Server::start(&[&["--interval", "2ms"], args].concat());
    let mut reader = Client::connect(&server, "/");
    reader.say(&"\u{1}".repeat(4 << 10));
    reader.hear_text_with(r#""last_text":"\u0001"#);
    (server, reader)
}

/// Reads pushes until their bytes would have filled any socket; gives the sequence number and the memory at the end.
/// There must be no gap longer than a moment.
fn read_until_others_are_stuck(reader: &mut Client) -> (u64, u64) {
    let mut bytes = 0;
    let mut longest = Duration::ZERO;
    loop {
        let before = Instant::now();
        let text = reader.hear_text();
        longest = longest.max(before.elapsed());
        bytes += text.len();
        if bytes > MORE_THAN_SOCKETS_HOLD {
            assert!(longest < Duration::from_secs(2), "a push came {longest:?} late");
            let push = Push::parse(&text);
            return (push.sequence, push.rss_bytes);
        }
    }
}

#[test]
fn who_does_not_read_delays_nobody_costs_no_memory_and_then_gets_the_newest() {
    // If the server waited for the slow ones, it would wait for longer than the test.
    let (server, mut reader) = start_with_large_pushes(&["--write-timeout", "10m"]);
    let mut slow = [(); 3].map(|()| Client::connect(&server, "/"));
    let before = Push::parse(&reader.hear_text_with(r#""clients":4,"#));
    let (sequence, rss_bytes) = read_until_others_are_stuck(&mut reader);
    assert!(rss_bytes < before.rss_bytes + SLACK, "from {} to {rss_bytes} bytes", before.rss_bytes);
    // Nothing was said to the slow ones either that would let them go.
    assert_eq!(reader.hear_push().clients, 4);
    // They wake up: first comes what the sockets held; then the newest push, and not all those before it.
    for slow in &mut slow {
        let (mut last, mut newest) = (0, 0);
        while newest <= sequence {
            (last, newest) = (newest, Push::sequence_of(&slow.hear_text()));
        }
        assert!(last + 100 < sequence, "after {last} came {newest}, when {sequence} was long past");
        // From here on it is a client like any other.
        slow.say("awake");
        slow.hear_text_with(r#""last_text":"awake""#);
    }
}

#[test]
fn who_stays_stuck_is_dropped_with_1008() {
    let (server, mut reader) = start_with_large_pushes(&["--write-timeout", "300ms"]);
    let mut slow = Client::connect(&server, "/");
    let own = slow.own().to_string();
    reader.hear_text_with(r#""clients":2,"#);
    reader.hear_text_with(r#""clients":1,"#);
    // It wakes up within the time that it has to answer the Close, and is told.
    let heard = slow.hear_until_not_text();
    assert_eq!(heard, Heard::Close(Some(1008), "pushes are not being read".to_owned()));
    slow.send(&close(1008, ""));
    assert_eq!(slow.hear(), Heard::End);
    drop(slow);
    server.logs(&[&own, "closed: 1008", "pushes are not being read"]);
    reader.hear_push();
}

#[test]
fn who_never_wakes_up_is_dropped_all_the_same() {
    let (server, mut reader) = start_with_large_pushes(&["--write-timeout", "200ms", "--close-timeout", "200ms"]);
    let slow = Client::connect(&server, "/");
    server.logs(&[&slow.own().to_string(), "closed: 1006", "1008", "pushes are not being read"]);
    reader.hear_push();
}

/// Also one who sends all the time does not get around reading.
#[test]
fn who_sends_and_does_not_read_is_dropped_too() {
    let (server, mut reader) = start_with_large_pushes(&["--write-timeout", "300ms", "--close-timeout", "300ms"]);
    let before = reader.hear_push().rss_bytes;
    let mut talker = Client::connect(&server, "/");
    let own = talker.own().to_string();
    reader.hear_text_with(r#""clients":2,"#);
    thread::scope(|scope| {
        let talking = scope.spawn(|| talker.send_until_refused(&frame(FIN | BINARY, b"x").repeat(100_000)));
        let after = Push::parse(&reader.hear_text_with(r#""clients":1,"#)).rss_bytes;
        assert!(after < before + SLACK, "from {before} to {after} bytes");
        while !talking.is_finished() {
            reader.hear_text();
        }
        assert!(talking.join().unwrap(), "it is dropped, and could send for ever");
    });
    server.logs(&[&own, "1008", "pushes are not being read"]);
}

/// An echo that is not read stops the server from reading more, and then the client from sending more.
#[test]
fn an_echo_that_is_not_read_stops_the_sender_and_nobody_else() {
    let server = Server::start(&["--interval", "10ms"]);
    let mut watcher = Client::connect(&server, "/");
    let mut other = Client::connect(&server, "/echo");
    let before = watcher.hear_push().rss_bytes;
    for payload in [300, 60_000] {
        let message = text(&"x".repeat(payload));
        let mut client = Client::connect(&server, "/echo");
        let enough = 64 << 20;
        let sent =
            client.send_until_stuck(&message.repeat(1_000_000 / message.len()), Duration::from_millis(500), enough);
        assert!(sent < enough, "the server took {sent} bytes");
        other.echo("not my problem");
        let sequence = watcher.hear_push().sequence;
        // Pushes wait in the sockets of a watcher that reads late: the newest of them is wanted.
        let after = watcher.hear_push_with(|push| push.sequence > sequence + 100).rss_bytes;
        assert!(after < before + SLACK, "from {before} to {after} bytes after {sent} in messages of {payload}");
        // It reads at last, and nothing is missing.
        let echo = Heard::Text("x".repeat(payload));
        for _ in 0..sent / message.len() {
            assert_eq!(client.hear(), echo);
        }
    }
}

/// Nor does it hold its place for ever: a Ping that is not read is not answered.
#[test]
fn who_never_reads_an_echo_is_dropped() {
    let server = Server::start(&["--ping-interval", "200ms", "--close-timeout", "200ms"]);
    let mut client = Client::connect(&server, "/echo");
    let message = text(&"x".repeat(60_000)).repeat(10);
    assert!(client.send_until_refused(&message));
    server.logs(&[&client.own().to_string(), "a Ping was not answered in time (RFC 6455, section 5.5.2)"]);
}
