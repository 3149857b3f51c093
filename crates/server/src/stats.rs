//! `/`: the documented example. Clients say something; the server tells everyone on an interval how it is doing.

use std::{
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use dissector::printable;
use serde::Serialize;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{MissedTickBehavior, interval, timeout},
};
use websocket::{
    WebSocket,
    protocol::{CloseCode, Message, PreparedMessage, State},
};

use crate::{
    ending::{Ending, Goodbye},
    listen::Shared,
    memory,
    output::print_line,
};

/// How much of the last text is repeated in each push. Without an end, one client could make the server send its longest
/// message to everyone, every second.
const LAST_TEXT_MAX: usize = 4 << 10;

/// One push. The order of the fields is that of the JSON.
#[derive(Debug, Serialize)]
struct Push<'a> {
    /// Counts the pushes from 1. A client that was too slow for one sees a gap.
    sequence: u64,
    uptime_seconds: f64,
    /// Connections open on `/`.
    clients: usize,
    messages_received: u64,
    last_text: Option<&'a str>,
    /// Resident memory of this process.
    rss_bytes: u64,
}

/// What the pushes tell, and the latest of them.
#[derive(Debug)]
pub(crate) struct Stats {
    started: Instant,
    clients: AtomicUsize,
    messages_received: AtomicU64,
    last_text: Mutex<Option<String>>,
    /// Holds one push, the newest. Who was not looking when it changed has missed one, and nothing piles up.
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

    /// Pushes for ever.
    pub(crate) async fn push_every(&self, period: Duration) {
        let mut ticks = interval(period);
        // After a pause, one push is enough to catch up.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        for sequence in 1.. {
            ticks.tick().await;
            // Encoded here once, whatever the number of clients.
            let message = Message::text(self.json(sequence));
            self.newest.send_replace(Some(PreparedMessage::new(&message)));
        }
    }

    fn json(&self, sequence: u64) -> String {
        let last_text = self.last_text.lock().unwrap_or_else(PoisonError::into_inner);
        let push = Push {
            sequence,
            uptime_seconds: (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            clients: self.clients.load(Ordering::Relaxed),
            messages_received: self.messages_received.load(Ordering::Relaxed),
            last_text: last_text.as_deref(),
            rss_bytes: memory::resident_bytes(),
        };
        serde_json::to_string(&push).expect("numbers and strings always have a JSON form")
    }

    fn note(&self, text: &str) {
        self.messages_received.fetch_add(1, Ordering::Relaxed);
        let end = text.floor_char_boundary(LAST_TEXT_MAX);
        let kept = if end < text.len() { format!("{}…", &text[..end]) } else { text.to_owned() };
        *self.last_text.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }
}

/// Counts a client for as long as it lives.
struct Present<'a>(&'a AtomicUsize);

impl<'a> Present<'a> {
    fn new(clients: &'a AtomicUsize) -> Self {
        clients.fetch_add(1, Ordering::Relaxed);
        Self(clients)
    }
}

impl Drop for Present<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(crate) async fn converse<S>(connection: &mut WebSocket<S>, peer: SocketAddr, shared: &Shared) -> Ending
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _present = Present::new(&shared.stats.clients);
    let mut newest = shared.stats.newest.subscribe();
    loop {
        tokio::select! {
            message = connection.next() => match message {
                None => return Ok(None),
                Some(Err(error)) => return Err(error),
                Some(Ok(Message::Text(text))) => {
                    let text = text.as_str();
                    shared.stats.note(text);
                    // A terminal obeys some characters. What a client says must not be a command to it.
                    print_line(&format!("{peer} says: {}", printable(text)));
                }
                Some(Ok(Message::Binary(bytes))) => tracing::info!("{peer} sent {} bytes of binary", bytes.len()),
            },
            changed = newest.changed() => {
                let push = newest.borrow_and_update().clone();
                let (Ok(()), Some(push)) = (changed, push) else { continue };
                // A connection that is closing takes no more pushes; it still has to be read to its end.
                if connection.state() != State::Open {
                    continue;
                }
                // Waits for this client and for no other. Pushes that come meanwhile replace each other.
                match timeout(shared.write_timeout, connection.send_prepared(&push)).await {
                    Ok(sent) => sent?,
                    Err(_) => {
                        let reason = "pushes are not being read";
                        return Ok(Some(Goodbye { code: CloseCode::POLICY_VIOLATION, reason }));
                    }
                }
            }
        }
    }
}
