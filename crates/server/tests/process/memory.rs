//! The memory that one client can make the server hold. Each test states its bound.

use std::thread;

use crate::support::{
    Server,
    client::Client,
    eventually,
    frames::{BINARY, FIN, close, frame, text},
    http::Request,
    memory::MIB,
};

/// The memory, in bytes, that a server needs for a few connections beyond what a test measures:
/// blocks of 320 KiB for reading and writing, and the memory that the allocator keeps.
const SLACK: u64 = 4 * MIB;

/// A control character takes one byte in a message and six when it is escaped.
fn control_characters(bytes: usize) -> Vec<u8> {
    text(&"\u{1f}".repeat(bytes))
}

/// The message itself takes 16 MiB. Its buffer grows in steps, and each step copies the message, so
/// the bound is twice its size.
#[test]
fn a_large_text_is_held_once_and_never_escaped_whole() {
    let server = Server::start(&["--interval", "10ms", "--ping-interval", "10m", "--max-message", "16M"]);
    let mut client = Client::connect(&server, "/");
    client.receive_push();
    let large = control_characters(16 << 20);
    let before = server.reset_peak();
    client.send(&large);
    client.receive_push_with(|push| push.messages_received == 1);
    let peak = server.peak_bytes();
    assert!(peak < before + 2 * 16 * MIB + SLACK, "from {before} to {peak} bytes");
}

/// The queue for each output holds 1 MiB.
#[test]
fn an_output_that_is_not_read_holds_one_mebibyte() {
    let server = Server::start_with_blocked_output(&["--interval", "10ms", "--ping-interval", "10m"]);
    let mut client = Client::connect(&server, "/");
    client.receive_push();
    let before = server.allocated_bytes();
    let large = control_characters(1 << 20);
    for _ in 0..20 {
        client.send(&large);
    }
    client.receive_push_with(|push| push.messages_received == 20);
    // Many short lines must not take more memory than a few long ones.
    client.send(&text(&"\u{1}".repeat(500)).repeat(5_000));
    client.receive_push_with(|push| push.messages_received == 5_020);
    client.close(1000);
    server_settles_below(&server, before + 2 * MIB + SLACK);
}

/// The log and the trace go to standard error. The trace of each frame is longer than the frame.
#[test]
fn a_log_that_is_not_read_holds_one_mebibyte() {
    let server = Server::start_with_blocked_output(&["--interval", "10m", "--trace"]);
    let mut client = Client::connect(&server, "/echo");
    client.echo("hello");
    let before = server.allocated_bytes();
    let frames = frame(FIN | BINARY, &[0; 400]).repeat(1_000);
    for _ in 0..3 {
        client.send(&frames);
        client.receive_many(1_000);
    }
    client.close(1000);
    server_settles_below(&server, before + 2 * MIB + SLACK);
}

/// Waits until the allocated memory is below `bound`, because a thread may still be freeing memory.
#[track_caller]
fn server_settles_below(server: &Server, bound: u64) {
    eventually(&format!("{} bytes are below {bound}", server.allocated_bytes()), || server.allocated_bytes() < bound);
}

/// All members of the chat share the texts that are queued. The queued texts take at most 1 MiB,
/// including the overhead of each text.
#[test]
fn a_burst_in_the_chat_is_held_once_for_all_members() {
    let server = Server::start(&["--threads", "1"]);
    let mut members: Vec<Client> = (0..30).map(|_| Client::connect(&server, "/chat")).collect();
    members.iter_mut().for_each(Client::ping);
    let before = server.reset_peak();
    let burst = text("").repeat(8_000);
    members[0].send(&burst);
    for member in &mut members[1..] {
        member.receive_many(8_000);
    }
    let peak = server.peak_bytes();
    assert!(peak < before + 4 * MIB + SLACK, "from {before} to {peak} bytes");
}

/// For each talker, the server keeps at most 128 KiB of texts that it cannot deliver yet, and then
/// stops reading from that talker.
#[test]
fn talkers_that_wait_hold_little() {
    let server = Server::start(&["--threads", "1", "--write-timeout", "1s", "--ping-interval", "1m"]);
    let mut deaf = Client::connect(&server, "/chat");
    deaf.ping();
    let mut talkers: Vec<Client> = (0..10).map(|_| Client::connect(&server, "/chat")).collect();
    talkers.iter_mut().for_each(Client::ping);
    let before = server.reset_peak();
    let texts = text(&"x".repeat(60_000)).repeat(20);
    thread::scope(|scope| {
        for talker in &mut talkers {
            let texts = &texts;
            scope.spawn(move || {
                talker.send(texts);
                talker.receive_many(20 * 9);
            });
        }
    });
    let peak = server.peak_bytes();
    // 1 MiB for the room. In addition, each of the 10 talkers needs 128 KiB, a batch of 128 KiB
    // that is being written, and a block for each direction.
    assert!(peak < before + MIB + 10 * MIB + SLACK, "from {before} to {peak} bytes");
    server.wait_for_log(&[&deaf.address().to_string(), "1008", "too slow for this chat"]);
}

/// A peer that finds a message too long sends a Close and stops reading. If the server kept the
/// echo of 40 MiB, it would hold that memory until a Pong was overdue.
#[test]
fn an_echo_is_not_kept_for_a_peer_that_has_sent_a_close() {
    let server = Server::start(&["--ping-interval", "10m", "--close-timeout", "300ms", "--max-message", "40M"]);
    let mut client = Client::connect(&server, "/echo");
    client.ping();
    let before = server.allocated_bytes();
    client.send(&frame(FIN | BINARY, &vec![7; 40 << 20]));
    client.send(&close(1009, "too big for me"));
    server.wait_for_log(&[&client.address().to_string(), "closed: 1009 (message too big)", "too big for me"]);
    server_settles_below(&server, before + SLACK);
}

/// In the records for a page, each cookie is a field with an explanation. For each connection, the
/// records that are queued for a page take at most 256 KiB.
#[test]
fn heads_with_many_cookies_do_not_accumulate_for_pages_that_do_not_read_them() {
    let server = Server::start(&["--interval", "10m"]);
    let before = server.allocated_bytes();
    let tapped = || {
        let mut viewer = Client::connect(&server, "/wire");
        let message: serde_json::Value = serde_json::from_str(&viewer.receive_text()).expect("JSON");
        let path = format!("/?wire={}", message["token"].as_str().expect("a token"));
        let request = Request::upgrade(&server, &path).and("Cookie", &"a;".repeat(7_800));
        [viewer, Client::connect_with(&server, &request.bytes())]
    };
    let connections: Vec<[Client; 2]> = (0..60).map(|_| tapped()).collect();
    server_settles_below(&server, before + 60 * MIB / 4 + SLACK);
    drop(connections);
}
