//! The memory that all clients together can make the server hold, and how long they can do so.

use std::{fs, time::Duration};

use crate::support::{
    Server,
    client::{Client, ReceivedItem},
    eventually,
    frames::{BINARY, FIN, frame, text},
    memory::MIB,
};

const KIB: u64 = 1 << 10;

/// The memory, in bytes, that each connection may hold outside `--max-memory`: 16 KiB for messages,
/// and 8 KiB of fixed memory. The defaults of the options are computed from the same numbers.
const PER_CONNECTION: u64 = (16 + 8) * KIB;

/// The additional memory that the server may need, in bytes: two blocks of 320 KiB for each of its
/// two threads, and the memory that the allocator keeps.
const SLACK: u64 = 4 * MIB;

/// Part of the line that the server logs when there is no room for a message.
const NO_ROOM: &str = "the memory budget had no room for the peer's message within 10s";

/// Returns the number of files and sockets that the server has open.
fn open_files(server: &Server) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.id())).expect("the server runs").count()
}

/// Connects clients, each of which sends the first half of a 4 MiB message.
fn send_halves(server: &Server, count: usize) -> Vec<Client> {
    let message = frame(FIN | BINARY, &vec![0; 4 << 20]);
    let half = &message[..2 << 20];
    let mut clients: Vec<_> = (0..count).map(|_| Client::connect(server, "/echo")).collect();
    for client in &mut clients {
        client.send_until_blocked(half, Duration::from_millis(50), half.len());
    }
    clients
}

#[cfg(target_os = "linux")]
#[test]
fn many_halves_of_large_messages_stay_within_the_budget_and_hinder_nobody() {
    let limits = ["--max-memory", "8M", "--max-message", "4M"];
    let server = Server::start_with_returned_memory(
        &[&limits[..], &["--close-timeout", "1s", "--ping-interval", "1m", "--threads", "2"]].concat(),
    );
    let mut other = Client::connect(&server, "/echo");
    other.echo("before");
    let files = open_files(&server);
    let bound = server.allocated_bytes() + 8 * MIB + 50 * PER_CONNECTION + SLACK;
    // In the second round, the server must reuse the memory of the first round.
    for _ in 0..2 {
        // Without the budget, the server would hold 100 MiB.
        let mut clients = send_halves(&server, 50);
        for _ in 0..20 {
            other.echo(&"x".repeat(10_000));
            let now = server.allocated_bytes();
            assert!(now < bound, "{} MiB instead of at most {} MiB", now / MIB, bound / MIB);
        }
        // There is no room for the messages of most clients. Each of these clients gets a Close
        // with 1013, which reports no violation.
        let is_ours = |line: &str| clients.iter().position(|client| line.contains(&client.address().to_string()));
        let refused = server.wait_for_log_with(|line| is_ours(line).filter(|_| line.contains(NO_ROOM)));
        let expected = ReceivedItem::Close(Some(1013), "no memory is left for this message".to_owned());
        assert_eq!(clients[refused].receive(), expected);
        drop(clients);
        eventually("the connections are closed", || open_files(&server) == files);
        // The whole budget has room again.
        other.send(&frame(FIN | BINARY, &vec![7; 4 << 20]));
        assert_eq!(other.receive(), ReceivedItem::Binary(vec![7; 4 << 20]));
    }
    let line = server.wait_for_log(&[NO_ROOM]);
    assert!(line.contains("WARN") && !line.contains("failed by this end"), "{line}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_idle_connection_needs_no_more_memory_than_the_defaults_assume() {
    const COUNT: usize = 400;
    let server = Server::start(&[]);
    Client::connect(&server, "/echo").echo("before");
    let before = server.allocated_bytes();
    let mut clients: Vec<_> = (0..COUNT).map(|_| Client::connect(&server, "/echo")).collect();
    for client in &mut clients {
        client.echo("hello");
        // A message that arrives in two parts starts the message time-out. The memory of that
        // time-out stays allocated afterwards.
        let message = text("in two parts");
        client.send(&message[..8]);
        client.stream.set_nodelay(true).expect("TCP has this option");
        std::thread::sleep(Duration::from_millis(2));
        client.send(&message[8..]);
        assert_eq!(client.receive(), ReceivedItem::Text("in two parts".to_owned()));
    }
    let each = server.allocated_bytes().saturating_sub(before) / COUNT as u64;
    assert!(each <= 8 * KIB, "{each} bytes");
}

#[test]
fn a_message_that_trickles_in_is_closed_with_1008() {
    for path in ["/", "/echo", "/chat"] {
        let server = Server::start(&["--message-timeout", "300ms", "--interval", "1h"]);
        let mut client = Client::connect(&server, path);
        client.send(&text("hello")[..8]);
        let close = client.receive();
        let ReceivedItem::Close(Some(1008), reason) = &close else { panic!("{path}: {close:?}") };
        assert!(reason.contains("a message arrives too slowly: 2 bytes of it in 0."), "{path}: {reason}");
        server.wait_for_log(&[&client.address().to_string(), "a message arrives too slowly"]);
    }
}

#[test]
fn the_time_for_a_message_can_be_switched_off() {
    let server = Server::start(&["--message-timeout", "none"]);
    Client::connect(&server, "/echo").echo("hello");
}
