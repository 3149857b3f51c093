//! The lines that a process prints.

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Instant,
};

use super::wait::PATIENCE;

/// The lines of a stream. A thread collects them, so that the writer never has to wait.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<(Mutex<Collected>, Condvar)>);

#[derive(Default)]
struct Collected {
    lines: Vec<String>,
    ended: bool,
}

/// How the stream is read.
#[derive(Clone, Copy)]
pub(super) enum Reading {
    All,
    /// The stream is closed after the first line.
    #[cfg_attr(not(unix), expect(dead_code, reason = "the tests that need it stop the server by a signal"))]
    FirstLineThenClose,
    /// The stream stays open after the first line, but nobody reads it.
    #[cfg_attr(not(unix), expect(dead_code, reason = "the tests that need it stop the server by a signal"))]
    FirstLineThenBlock,
}

impl Lines {
    /// Starts to collect the lines.
    pub(super) fn collect(stream: impl Read + Send + 'static, reading: Reading) -> Self {
        let lines = Self::default();
        let Self(shared) = lines.clone();
        thread::spawn(move || {
            let (collected, changed) = &*shared;
            let limit = if matches!(reading, Reading::All) { usize::MAX } else { 1 };
            let mut lines = BufReader::new(stream).lines();
            for line in lines.by_ref().map_while(Result::ok).take(limit) {
                collected.lock().unwrap().lines.push(line);
                changed.notify_all();
            }
            if matches!(reading, Reading::FirstLineThenBlock) {
                // Keeps the stream open for as long as the test runs.
                std::mem::forget(lines);
            }
            collected.lock().unwrap().ended = true;
            changed.notify_all();
        });
        lines
    }

    /// Waits until `find` returns a value for the lines collected so far.
    #[track_caller]
    pub(super) fn wait<T>(&self, what: &str, find: impl Fn(&[String]) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let (collected, changed) = &*self.0;
        let mut state = collected.lock().unwrap();
        loop {
            if let Some(found) = find(&state.lines) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if state.ended || left.is_zero() {
                let why = if state.ended { "and the server has ended" } else { "in time" };
                // Unlock first: the panic drops the server, which prints the lines.
                drop(state);
                panic!("no line has {what}, {why}");
            }
            state = changed.wait_timeout(state, left).unwrap().0;
        }
    }

    /// Waits until the stream ends, and returns all lines.
    #[track_caller]
    pub(super) fn all(&self) -> Vec<String> {
        let (collected, changed) = &*self.0;
        let state = collected.lock().unwrap();
        let (state, waited) = changed.wait_timeout_while(state, PATIENCE, |state| !state.ended).unwrap();
        assert!(!waited.timed_out(), "the stream does not end");
        state.lines.clone()
    }

    /// Returns the lines so far.
    pub(super) fn now(&self) -> Vec<String> {
        self.0.0.lock().unwrap().lines.clone()
    }

    /// Returns the last lines for the report of a failed test. Long lines are truncated.
    pub(super) fn report(&self) -> String {
        let lines = self.now();
        let mut report = String::new();
        for line in lines.iter().skip(lines.len().saturating_sub(60)) {
            let cut = line.floor_char_boundary(300);
            let _ = writeln!(report, "{}{}", &line[..cut], if cut < line.len() { " ..." } else { "" });
        }
        report
    }
}
