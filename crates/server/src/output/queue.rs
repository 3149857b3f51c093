//! A queue of lines for a stream that may stop accepting output.
//!
//! ```text
//!   push(line) ──▶ [line][line][line] ──▶ a thread, 64 KiB at a time ──▶ the stream
//! ```
//!
//! The queue is bounded in bytes. A line for which there is no room is dropped as a whole. Once
//! there is room again, a note in its place states how many lines are missing.

use std::{
    collections::VecDeque,
    io::{self, Write},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// The maximum number of bytes in a queue. A busy server writes this much in a few seconds: some
/// ten thousand lines.
const MAX_QUEUED_BYTES: usize = 1 << 20;

/// The maximum number of bytes that the thread takes from the queue at once. It is small, so that
/// the bytes being written take little memory in addition to the queue. An empty queue keeps at
/// most this capacity.
const MAX_PIECE: usize = 64 << 10;

/// The maximum time that the program waits for the stream to accept the queued lines before it
/// exits.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The writing end of a queue, to which lines are added. Adding a line never waits for the stream.
#[derive(Debug, Clone)]
pub(super) struct LineQueue(Arc<Shared>);

/// A guard that, when dropped, waits until the queued lines are written, but for at most
/// [`FLUSH_TIMEOUT`].
#[derive(Debug)]
pub(crate) struct FlushGuard(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    bytes: VecDeque<u8>,
    /// The number of lines that have been dropped since the last note.
    dropped: usize,
    /// Whether the thread is writing bytes that it has taken from the queue.
    is_writing: bool,
    /// Whether no more lines follow.
    is_closed: bool,
}

impl LineQueue {
    /// Starts a thread that writes the lines to `stream`. Errors from the stream are ignored, for
    /// example when the reader of a pipe has exited.
    ///
    /// # Errors
    /// Returns the operating system's error if the thread cannot be started.
    pub(super) fn start(name: &str, stream: impl Write + Send + 'static) -> io::Result<(Self, FlushGuard)> {
        let shared = Arc::<Shared>::default();
        let for_thread = Arc::clone(&shared);
        thread::Builder::new().name(name.to_owned()).spawn(move || for_thread.write_to(stream))?;
        Ok((Self(Arc::clone(&shared)), FlushGuard(shared)))
    }

    /// Adds one or more complete lines, with their line ends. If there is no room for all of them,
    /// drops them all.
    pub(super) fn push(&self, lines: &[u8]) {
        self.0.lock().push(lines);
        self.0.changed.notify_all();
    }
}

/// Each write adds one or more complete lines.
impl Write for LineQueue {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.push(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes the queued bytes to `stream` until the queue is closed and empty.
    fn write_to(&self, mut stream: impl Write) {
        let mut piece = Vec::new();
        loop {
            let idle = |queue: &mut Queue| queue.bytes.is_empty() && !queue.is_closed;
            let mut queue = self.changed.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner);
            if queue.bytes.is_empty() {
                return;
            }
            queue.take_piece(&mut piece);
            queue.is_writing = true;
            drop(queue);
            let _ = stream.write_all(&piece).and_then(|()| stream.flush());
            self.lock().is_writing = false;
            self.changed.notify_all();
        }
    }
}

impl Queue {
    fn push(&mut self, lines: &[u8]) {
        let note = self.note();
        if self.bytes.len() + note.len() + lines.len() > MAX_QUEUED_BYTES {
            self.dropped += lines.iter().filter(|&&byte| byte == b'\n').count();
            return;
        }
        self.dropped = 0;
        self.bytes.extend(note.as_bytes());
        self.bytes.extend(lines);
    }

    /// Moves the first bytes of the queue to `piece`. If this empties the queue, also adds the note
    /// about dropped lines, because there may never be another line that the note could precede.
    fn take_piece(&mut self, piece: &mut Vec<u8>) {
        let count = self.bytes.len().min(MAX_PIECE);
        piece.clear();
        piece.extend(self.bytes.drain(..count));
        if self.bytes.is_empty() {
            // Free the memory that a burst of lines has taken, because another burst may not come
            // for a long time.
            self.bytes.shrink_to(MAX_PIECE);
            piece.extend(self.note().as_bytes());
            self.dropped = 0;
        }
    }

    /// Returns the note about dropped lines, or an empty string if none were dropped.
    fn note(&self) -> String {
        match self.dropped {
            0 => String::new(),
            1 => "(1 line is missing here, because this output was not read)\n".to_owned(),
            count => format!("({count} lines are missing here, because this output was not read)\n"),
        }
    }
}

impl Drop for FlushGuard {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
        let busy = |queue: &mut Queue| queue.is_writing || !queue.bytes.is_empty();
        let _ = self.0.changed.wait_timeout_while(self.0.lock(), FLUSH_TIMEOUT, busy);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A stream that waits for a permit before each write, and passes the written bytes on to the
    /// test.
    struct Gate {
        permits: mpsc::Receiver<()>,
        written: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Once the sender of the permits is gone, every write is accepted.
            let _ = self.permits.recv();
            self.written.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_are_not_read_are_bounded_in_bytes_and_the_gap_is_told() {
        let (permits, gate_permits) = mpsc::channel();
        let (gate_written, written) = mpsc::channel();
        let (queue, guard) = LineQueue::start("test", Gate { permits: gate_permits, written: gate_written })
            .expect("a thread can be started");
        queue.push(b"first\n");
        // Without this wait, the thread could take many of the next lines along with the first.
        while !queue.0.lock().is_writing {
            thread::yield_now();
        }
        let line = [&[b'x'; 999][..], b"\n"].concat();
        let most = MAX_QUEUED_BYTES / line.len();
        for _ in 0..most + 10 {
            queue.push(&line);
        }
        assert!(queue.0.lock().bytes.len() <= MAX_QUEUED_BYTES);
        assert_eq!(queue.0.lock().dropped, 10, "the thread has taken only the first line");
        // The stream accepts everything from now on.
        drop(permits);
        drop(guard);
        let all = String::from_utf8(written.try_iter().flatten().collect()).expect("ASCII");
        assert!(all.starts_with("first\nxxx"), "{}", &all[..20]);
        let missing =
            |line: &str| line.strip_prefix('(').and_then(|rest| rest.split(' ').next()?.parse::<usize>().ok());
        let notes: usize = all.lines().filter_map(missing).sum();
        let kept = all.lines().filter(|line| line.len() == 999).count();
        assert_eq!(notes + kept, most + 10);
        assert!(all.ends_with("because this output was not read)\n"));
    }

    #[test]
    fn a_line_beyond_the_bound_is_dropped_whole_and_told_before_the_next_one() {
        let mut queue = Queue::default();
        queue.push(&[b'x'; MAX_QUEUED_BYTES + 1]);
        queue.push(b"one\ntwo\n");
        queue.push(&[&[b'y'; MAX_QUEUED_BYTES][..], b"\n"].concat());
        queue.push(b"three\n");
        let mut piece = Vec::new();
        queue.take_piece(&mut piece);
        let note = "(1 line is missing here, because this output was not read)";
        assert_eq!(String::from_utf8(piece).expect("ASCII"), format!("one\ntwo\n{note}\nthree\n"));
        assert!(queue.bytes.capacity() <= MAX_PIECE, "an empty queue keeps little memory");
    }
}
