//! Runs a program, writes to its standard input, and reads its output.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

/// The time limit for each expected event. It is long enough for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(20);

/// A running program. It is killed when this value is dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<OutputLine>,
    /// All lines that have been received so far.
    received: Vec<OutputLine>,
}

/// A line that the program printed.
#[derive(Debug)]
struct OutputLine {
    is_error: bool,
    text: String,
    /// Whether a test has already waited for this line.
    is_taken: bool,
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
        Self { name: name.to_owned(), stdin: child.stdin.take(), child, lines, received: Vec::new() }
    }

    /// Waits for a line that contains `part`, and returns it. Each line is returned only once.
    ///
    /// Lines without `part` stay available, because the order of standard output and standard error
    /// is arbitrary.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, part: &str) -> String {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(line) = self.received.iter_mut().find(|line| !line.is_taken && line.text.contains(part)) {
                line.is_taken = true;
                return line.text.clone();
            }
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => self.received.push(line),
                Err(error) => {
                    let end = if error == RecvTimeoutError::Timeout { "in time" } else { "before it ended" };
                    panic!("{} did not print {part:?} {end}; it printed {:#?}", self.name, self.received);
                }
            }
        }
    }

    /// Waits until the program exits. Returns all lines of its standard output in order.
    #[track_caller]
    pub(crate) fn whole_output(&mut self) -> Vec<String> {
        self.exit_code();
        self.received.extend(self.lines.iter());
        self.received.iter().filter(|line| !line.is_error).map(|line| line.text.clone()).collect()
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("input has not ended");
        writeln!(stdin, "{line}").unwrap_or_else(|error| panic!("{} does not accept input: {error}", self.name));
    }

    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }

    /// Sends SIGTERM to the program.
    pub(crate) fn terminate(&mut self) {
        let sent = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(sent.is_ok_and(|status| status.success()), "{} cannot be terminated", self.name);
    }

    /// Waits until the program exits. Returns the exit code.
    #[track_caller]
    pub(crate) fn exit_code(&mut self) -> i32 {
        let deadline = Instant::now() + TIMEOUT;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status.code().unwrap_or_else(|| panic!("{} was killed by a signal", self.name));
            }
            // There is no portable way to wait for a child process with a time-out.
            thread::sleep(Duration::from_millis(5));
        }
        panic!("{} does not exit; it printed {:#?}", self.name, self.received);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_lines(stream: impl Read + Send + 'static, is_error: bool, lines: Sender<OutputLine>) {
    thread::spawn(move || {
        for text in BufReader::new(stream).lines().map_while(Result::ok) {
            if lines.send(OutputLine { is_error, text, is_taken: false }).is_err() {
                return;
            }
        }
    });
}
