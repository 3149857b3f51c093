//! The server's statistics, and the status messages that push them to its clients.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use protocol::{Message, PreparedMessage};
use serde::Serialize;
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

use super::excerpt::excerpt;
use crate::memory;

/// The maximum number of bytes that the last text message may take up in each push. Without a
/// limit, one client could make the server send a very long message to every client, every second.
/// The limit applies to the JSON string, in which a control character takes up to six bytes.
const MAX_LAST_TEXT: usize = 4 << 10;

/// One push. The fields appear in the JSON in this order.
#[derive(Debug, Serialize)]
struct Push<'a> {
    /// The number of the push, counted from 1. A client that is too slow misses pushes, so it sees
    /// gaps in these numbers.
    sequence: u64,
    uptime_seconds: f64,
    /// The number of open connections on `/`.
    clients: usize,
    messages_received: u64,
    last_text: Option<&'a str>,
    /// The resident memory of this process, on systems that report it.
    #[serde(skip_serializing_if = "Option::is_none")]
    rss_bytes: Option<u64>,
}

/// The data from which each push is made, and the newest push.
#[derive(Debug)]
pub(crate) struct Stats {
    started: Instant,
    clients: AtomicUsize,
    messages_received: AtomicU64,
    last_text: Mutex<Option<String>>,
    /// Holds only the newest push. A slow client skips pushes, so nothing accumulates.
    newest: watch::Sender<Option<PreparedMessage>>,
}

impl Stats {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            clients: AtomicUsize::new(0),
            messages_received: AtomicU64::new(0),
            last_text: Mutex::new(None),
            newest: watch::Sender::new(None),
        }
    }

    /// Makes a push once per `period`, forever.
    pub(crate) async fn push_every(&self, period: Duration) {
        let mut ticks = interval(period);
        // If ticks were missed, make one push and then wait a full period. By default, all missed
        // ticks would follow at once, and the clients would get a burst of pushes.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        for sequence in 1.. {
            ticks.tick().await;
            // Encode the push once. All clients are sent the same encoded bytes, so the cost of
            // encoding does not grow with the number of clients.
            let message = Message::text(self.json(sequence, memory::resident_bytes()));
            self.newest.send_replace(Some(PreparedMessage::new(&message)));
        }
    }

    fn json(&self, sequence: u64, rss_bytes: Option<u64>) -> String {
        let last_text = self.last_text.lock().unwrap_or_else(PoisonError::into_inner);
        let push = Push {
            sequence,
            uptime_seconds: (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            clients: self.clients.load(Ordering::Relaxed),
            messages_received: self.messages_received.load(Ordering::Relaxed),
            last_text: last_text.as_deref(),
            rss_bytes,
        };
        serde_json::to_string(&push).expect("numbers and strings always have a JSON form")
    }

    /// Counts a text message, and stores its beginning for the next pushes.
    pub(super) fn record_text(&self, text: &str) {
        self.messages_received.fetch_add(1, Ordering::Relaxed);
        let beginning = excerpt(text, MAX_LAST_TEXT, json_len);
        let kept = if beginning.len() < text.len() { format!("{beginning}…") } else { text.to_owned() };
        *self.last_text.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }

    /// Counts a client as connected until the returned guard is dropped.
    pub(super) fn count_client(&self) -> ClientGuard<'_> {
        self.clients.fetch_add(1, Ordering::Relaxed);
        ClientGuard(&self.clients)
    }

    /// Returns a receiver for the newest push.
    pub(super) fn subscribe(&self) -> watch::Receiver<Option<PreparedMessage>> {
        self.newest.subscribe()
    }
}

/// Counts a client as connected until this guard is dropped.
pub(super) struct ClientGuard<'a>(&'a AtomicUsize);

impl Drop for ClientGuard<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Returns the number of bytes that a character takes in a JSON string, as `serde_json` writes it.
fn json_len(character: char) -> usize {
    match character {
        '"' | '\\' | '\u{8}' | '\t' | '\n' | '\u{c}' | '\r' => 2,
        '\0'..='\u{1f}' => 6,
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[test]
    fn the_length_in_json_is_the_one_that_is_written() {
        for character in ('\0'..='\u{ff}').chain(['\u{2028}', '\u{ffff}', '🦀']) {
            let json = serde_json::to_string(&character).expect("a string has a JSON form");
            assert_eq!(json_len(character) + r#""""#.len(), json.len(), "{character:?} as {json}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_uptime_is_in_seconds_to_the_millisecond() {
        let stats = Stats::new();
        advance(Duration::from_micros(61_234_600)).await;
        assert!(stats.json(1, None).contains(r#""uptime_seconds":61.235,"#), "{}", stats.json(1, None));
    }

    #[test]
    fn the_memory_is_left_out_where_the_system_does_not_report_it() {
        let stats = Stats::new();
        assert!(stats.json(1, Some(4096)).ends_with(r#""last_text":null,"rss_bytes":4096}"#));
        assert!(stats.json(1, None).ends_with(r#""last_text":null}"#));
    }
}
