//! Data from one client must not hold up a Pong that another client waits for, even if the server
//! has only one thread.

use std::{thread, time::Duration};

use crate::support::{
    Server,
    client::Client,
    frames::{BINARY, FIN, frame, text},
};

/// The longest time that the server may spend on other work while a Pong is due. It is measured in
/// processor time, which does not depend on how busy the machine is.
const LONGEST: Duration = Duration::from_millis(150);

/// Sends `bytes` on a connection to `path`, while another connection sends Pings. Returns the
/// longest processor time of a round trip.
#[track_caller]
fn longest_round_trip(path: &str, bytes: &[u8]) -> Duration {
    let server = Server::start(&["--threads", "1", "--max-message", "16M"]);
    let mut other = Client::connect(&server, "/echo");
    let mut client = Client::connect(&server, path);
    client.ping();
    thread::scope(|scope| {
        let sending = scope.spawn(|| {
            client.send(bytes);
            client.ping();
        });
        let mut longest = Duration::ZERO;
        while !sending.is_finished() {
            let before = server.processor_time();
            other.ping();
            longest = longest.max(server.processor_time() - before);
        }
        longest
    })
}

#[test]
fn a_large_text_on_the_stats_holds_up_no_pong() {
    let longest = longest_round_trip("/", &text(&"\u{1f}".repeat(16 << 20)));
    assert!(longest < LONGEST, "a Pong took {longest:?}");
}

#[test]
fn a_flood_of_texts_on_the_stats_holds_up_no_pong() {
    let longest = longest_round_trip("/", &text("").repeat(200_000));
    assert!(longest < LONGEST, "a Pong took {longest:?}");
}

#[test]
fn a_flood_of_binary_on_the_stats_holds_up_no_pong() {
    let longest = longest_round_trip("/", &frame(FIN | BINARY, b"").repeat(200_000));
    assert!(longest < LONGEST, "a Pong took {longest:?}");
}

#[test]
fn a_flood_of_texts_in_the_chat_holds_up_no_pong() {
    let longest = longest_round_trip("/chat", &text("").repeat(200_000));
    assert!(longest < LONGEST, "a Pong took {longest:?}");
}
