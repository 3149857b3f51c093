//! A program that a test runs, types into, and reads.

#![allow(dead_code)] // Each test file is a program of its own and uses a part of this.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

/// Long enough for a loaded machine, short enough to notice that something will never come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program. It is ended when this is dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Line>,
    /// All lines so far.
    seen: Vec<Line>,
}

/// A line that the program printed.
#[derive(Debug)]
struct Line {
    is_error: bool,
    text: String,
    /// A test has waited for this line already.
    taken: bool,
}

impl Process {
    pub(crate) fn start(name: &str, command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start ({command:?}): {error}"));
        let (sender, lines) = channel();
        read_lines(child.stdout.take().expect("piped"), false, sender.clone());
        read_lines(child.stderr.take().expect("piped"), true, sender);
        Self { name: name.to_owned(), stdin: child.stdin.take(), child, lines, seen: Vec::new() }
    }

    /// Waits for a line that contains `part`, and gives it. A line is given once; others keep waiting for their turn, for
    /// standard output and standard error come in no particular order.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(line) = self.seen.iter_mut().find(|line| !line.taken && line.text.contains(part)) {
                line.taken = true;
                return line.text.clone();
            }
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.seen.push(line),
                Err(why) => {
                    let end = if why == RecvTimeoutError::Timeout { "in time" } else { "before it ended" };
                    panic!("{} did not print {part:?} {end}; it printed {:#?}", self.name, self.seen);
                }
            }
        }
    }

    /// Waits for the end, and gives all lines of standard output in order.
    #[track_caller]
    pub(crate) fn whole_output(&mut self) -> Vec<String> {
        self.exit_code();
        self.seen.extend(self.lines.iter());
        self.seen.iter().filter(|line| !line.is_error).map(|line| line.text.clone()).collect()
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("input has not ended");
        writeln!(stdin, "{line}").unwrap_or_else(|error| panic!("{} takes no input: {error}", self.name));
    }

    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Sends SIGTERM, to this process and no other.
    pub(crate) fn terminate(&mut self) {
        let sent = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(sent.is_ok_and(|status| status.success()), "{} cannot be told to end", self.name);
    }

    /// Waits for the end.
    #[track_caller]
    pub(crate) fn exit_code(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status.code().unwrap_or_else(|| panic!("{} was ended by a signal", self.name));
            }
            // There is no portable way to wait for a child with a time-out.
            thread::sleep(Duration::from_millis(5));
        }
        panic!("{} does not end; it printed {:#?}", self.name, self.seen);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(stream: impl Read + Send + 'static, is_error: bool, lines: Sender<Line>) {
    thread::spawn(move || {
        for text in BufReader::new(stream).lines().map_while(Result::ok) {
            if lines.send(Line { is_error, text, taken: false }).is_err() {
                return;
            }
        }
    });
}
