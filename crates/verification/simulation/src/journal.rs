//! The record of a run: every byte sent and every fault, each with its time.

use std::{
    collections::BTreeMap,
    fmt::Write,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use dissector::{Conversation, Direction, Options, printable, printable_lines};
use tokio::time::Instant;

/// The record of a run. It keeps its entries only if the run will be printed, but it computes the
/// digest in every run.
#[derive(Debug)]
pub struct Journal {
    begin: Instant,
    notes: Mutex<Notes>,
}

#[derive(Debug)]
struct Notes {
    digest: DefaultHasher,
    list: Option<Vec<(Duration, Note)>>,
}

#[derive(Debug)]
enum Note {
    Bytes { connection: usize, direction: Direction, bytes: Vec<u8> },
    Text(String),
}

impl Journal {
    /// Creates an empty journal. If `keep` is true, the journal keeps its entries for printing.
    #[must_use]
    pub fn new(keep: bool) -> Self {
        let notes = Notes { digest: DefaultHasher::new(), list: keep.then(Vec::new) };
        Self { begin: Instant::now(), notes: Mutex::new(notes) }
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the virtual time since the beginning of the run.
    #[must_use]
    pub fn time(&self) -> Duration {
        self.begin.elapsed()
    }

    /// Records bytes that an endpoint has sent.
    pub fn bytes(&self, connection: usize, direction: Direction, bytes: &[u8]) {
        let time = self.time();
        let mut notes = self.lock();
        // The key in a request is random in every run, so add only the number of bytes to the
        // digest, not the bytes.
        (time, connection, direction == Direction::ToServer, bytes.len()).hash(&mut notes.digest);
        if let Some(list) = &mut notes.list {
            list.push((time, Note::Bytes { connection, direction, bytes: bytes.to_vec() }));
        }
    }

    /// Records anything else.
    pub fn note(&self, text: impl FnOnce() -> String) {
        let time = self.time();
        let text = text();
        let mut notes = self.lock();
        (time, &text).hash(&mut notes.digest);
        if let Some(list) = &mut notes.list {
            list.push((time, Note::Text(text)));
        }
    }

    /// Returns a digest of all notes, and of the time, connection, direction and size of each
    /// write.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.lock().digest.finish()
    }

    /// Returns the run as lines of text, in which the dissector describes the frames.
    #[must_use]
    pub fn conversation(&self) -> String {
        let notes = self.lock();
        let mut lines = String::new();
        let mut conversations = BTreeMap::<usize, Conversation>::new();
        for (time, note) in notes.list.iter().flatten() {
            let seconds = time.as_secs_f64();
            match note {
                Note::Text(text) => _ = writeln!(lines, "{seconds:>10.3} s       {}", printable_lines(text)),
                Note::Bytes { connection, direction, bytes } => {
                    let conversation =
                        conversations.entry(*connection).or_insert_with(|| Conversation::new(Options::default()));
                    conversation.push(*direction, bytes, None, &mut |record| {
                        let arrow = match record.direction {
                            Direction::ToServer => "──▶",
                            Direction::ToClient => "◀──",
                        };
                        let summary = printable(&record.summary);
                        _ = writeln!(lines, "{seconds:>10.3} s  #{connection:<3} {arrow} {summary}");
                    });
                }
            }
        }
        lines
    }
}
