//! A client that does not read must not delay others, cost memory, or stay forever.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::support::{
    Server,
    client::{Client, ReceivedItem},
    frames::{BINARY, FIN, close, frame, text},
    push::Push,
};

/// More bytes than the buffers of a TCP connection between two sockets on this machine can hold. By
/// Linux's defaults, they hold 4 MiB for the sender and some more for the receiver.
const MORE_THAN_SOCKETS_HOLD: usize = 16 << 20;

/// The additional memory that the server may need during a test, in bytes: buffers for a handful of
/// connections. This is well below the memory that would accumulate if the server kept everything.
const SLACK: u64 = 10 << 20;

/// Starts a server whose pushes are frequent and as large as possible: each repeats the last text.
fn start_with_large_pushes(args: &[&str]) -> (Server, Client) {
    let server = Server::start(&[&["--interval", "1ms"], args].concat());
    let mut reader = Client::connect(&server, "/");
    reader.send_text(&"x".repeat(4 << 10));
    reader.receive_text_with(r#""last_text":"xxx"#);
    (server, reader)
}

/// Receives pushes until their bytes would have filled any socket. Returns the sequence number and
/// the memory from the last push. No push may arrive more than two seconds after the previous one.
fn read_until_others_are_blocked(reader: &mut Client) -> (u64, u64) {
    let mut bytes = 0;
    let mut longest = Duration::ZERO;
    loop {
        let before = Instant::now();
        let text = reader.receive_text();
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
fn a_slow_client_delays_nobody_costs_no_memory_and_then_gets_the_newest_push() {
    // If the server waited for the slow clients, it would wait for longer than the test runs.
    let (server, mut reader) = start_with_large_pushes(&["--write-timeout", "10m"]);
    let mut slow = [(); 3].map(|()| Client::connect(&server, "/"));
    let before = Push::parse(&reader.receive_text_with(r#""clients":4,"#));
    let (sequence, rss_bytes) = read_until_others_are_blocked(&mut reader);
    assert!(rss_bytes < before.rss_bytes + SLACK, "from {} to {rss_bytes} bytes", before.rss_bytes);
    // The slow clients have not been disconnected either.
    assert_eq!(reader.receive_push().clients, 4);
    // They read at last: first they receive the pushes that the sockets held, and then the newest
    // push, but not all of those in between.
    for slow in &mut slow {
        let (mut last, mut newest) = (0, 0);
        while newest <= sequence {
            (last, newest) = (newest, Push::sequence_of(&slow.receive_text()));
        }
        assert!(last + 100 < sequence, "after {last} came {newest}, although {sequence} was sent long before");
        // From here on, it is a client like any other.
        slow.send_text("awake");
        slow.receive_text_with(r#""last_text":"awake""#);
    }
}

#[test]
fn a_client_that_stays_blocked_is_dropped_with_1008() {
    let (server, mut reader) = start_with_large_pushes(&["--write-timeout", "300ms"]);
    let mut slow = Client::connect(&server, "/");
    let own = slow.address().to_string();
    reader.receive_text_with(r#""clients":2,"#);
    reader.receive_text_with(r#""clients":1,"#);
    // The client reads again while there is still time to answer the Close, so it receives the
    // Close.
    let received = slow.receive_until_not_text();
    assert_eq!(received, ReceivedItem::Close(Some(1008), "pushes are not being read".to_owned()));
    slow.send(&close(1008, ""));
    assert_eq!(slow.receive(), ReceivedItem::End);
    drop(slow);
    server.wait_for_log(&[&own, "closed: 1008", "pushes are not being read"]);
    reader.receive_push();
}

#[test]
fn a_client_that_never_reads_again_is_dropped_as_well() {
    let (server, mut reader) = start_with_large_pushes(&["--write-timeout", "200ms", "--close-timeout", "200ms"]);
    let slow = Client::connect(&server, "/");
    server.wait_for_log(&[&slow.address().to_string(), "closed: 1006", "1008", "pushes are not being read"]);
    reader.receive_push();
}

/// A client that does not read is disconnected even if it never stops sending.
#[test]
fn a_client_that_sends_and_does_not_read_is_dropped_too() {
    let (server, mut reader) = start_with_large_pushes(&["--write-timeout", "300ms", "--close-timeout", "300ms"]);
    let before = reader.receive_push().rss_bytes;
    let mut talker = Client::connect(&server, "/");
    let own = talker.address().to_string();
    reader.receive_text_with(r#""clients":2,"#);
    thread::scope(|scope| {
        let talking = scope.spawn(|| talker.send_until_dropped(&frame(FIN | BINARY, b"x").repeat(100_000)));
        let after = Push::parse(&reader.receive_text_with(r#""clients":1,"#)).rss_bytes;
        assert!(after < before + SLACK, "from {before} to {after} bytes");
        while !talking.is_finished() {
            reader.receive_text();
        }
        assert!(talking.join().unwrap(), "the client could send forever");
    });
    server.wait_for_log(&[&own, "1008", "pushes are not being read"]);
}

/// If a client does not read its echo, the server stops reading, so the client can send no more.
#[test]
fn an_echo_that_is_not_read_stops_the_sender_and_nobody_else() {
    let server = Server::start(&["--interval", "10ms"]);
    let mut observer = Client::connect(&server, "/");
    let mut other = Client::connect(&server, "/echo");
    let before = observer.receive_push().rss_bytes;
    for payload in [300, 60_000] {
        let message = text(&"x".repeat(payload));
        let mut client = Client::connect(&server, "/echo");
        let enough = 64 << 20;
        let sent =
            client.send_until_blocked(&message.repeat(1_000_000 / message.len()), Duration::from_millis(500), enough);
        assert!(sent < enough, "the server took {sent} bytes");
        other.echo("not my problem");
        let sequence = observer.receive_push().sequence;
        // The observer reads late, so old pushes are still waiting in its socket. Skip to a new
        // one.
        let after = observer.receive_push_with(|push| push.sequence > sequence + 100).rss_bytes;
        assert!(after < before + SLACK, "from {before} to {after} bytes after {sent} in messages of {payload}");
        // The client reads at last, and nothing is missing.
        let echo = ReceivedItem::Text("x".repeat(payload));
        for _ in 0..sent / message.len() {
            assert_eq!(client.receive(), echo);
        }
    }
}

/// A client that does not read its echo cannot keep its connection forever, because it cannot
/// answer a Ping that it does not read.
#[test]
fn a_client_that_never_reads_its_echo_is_dropped() {
    let server = Server::start(&["--ping-interval", "200ms", "--close-timeout", "200ms"]);
    let mut client = Client::connect(&server, "/echo");
    let message = text(&"x".repeat(60_000)).repeat(10);
    assert!(client.send_until_dropped(&message));
    server.wait_for_log(&[&client.address().to_string(), "a Ping was not answered in time (a limit of this endpoint)"]);
}
