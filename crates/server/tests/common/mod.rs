//! What the tests share: a server that runs as a process of its own, and a client that speaks bytes.
//!
//! The client knows the protocol on its own and uses nothing of this workspace: what the engine gets wrong in both
//! directions, a test with the engine at both ends would never see.

#![allow(dead_code)] // Each test file is a program of its own and uses a part of this.

pub(crate) mod client;
pub(crate) mod http;
pub(crate) mod push;

use std::{
    fmt::Write as _,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

/// How long a test waits for what must come. Long enough for a loaded machine; a passing test never waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running server on a port of its own. It is ended when this is dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    stdout: Lines,
    stderr: Lines,
}

impl Server {
    /// Starts a server and waits until it listens.
    #[track_caller]
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_heard(args, Reading::All)
    }

    /// Starts a server whose output and log lose their readers as soon as it listens.
    #[track_caller]
    pub(crate) fn start_unheard(args: &[&str]) -> Self {
        Self::start_heard(args, Reading::FirstLineThenGone)
    }

    /// Starts a server whose output and log are not read any more as soon as it listens, though they could be.
    #[track_caller]
    pub(crate) fn start_stuck(args: &[&str]) -> Self {
        Self::start_heard(args, Reading::FirstLineThenStuck)
    }

    #[track_caller]
    fn start_heard(args: &[&str], reading: Reading) -> Self {
        let mut child = command(&["--listen", "127.0.0.1:0"])
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stdout = Lines::collect(child.stdout.take().expect("piped"), reading);
        let stderr = Lines::collect(child.stderr.take().expect("piped"), reading);
        let mut server = Self { child, address: ([127, 0, 0, 1], 0).into(), stdout, stderr };
        let first = server.stdout.wait("a first line", |lines| lines.first().cloned());
        let address = first.strip_prefix("listening on ws://").and_then(|rest| rest.strip_suffix('/'));
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            panic!("the first line tells no address: {first:?}");
        };
        server.address = address;
        server
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for a line on standard output that contains `part`.
    #[track_caller]
    pub(crate) fn says(&self, part: &str) -> String {
        self.stdout.wait(part, |lines| lines.iter().find(|line| line.contains(part)).cloned())
    }

    /// Waits for a log line that contains all `parts`.
    #[track_caller]
    pub(crate) fn logs(&self, parts: &[&str]) -> String {
        let has_all = |line: &&String| parts.iter().all(|part| line.contains(part));
        self.stderr.wait(&format!("{parts:?}"), |lines| lines.iter().find(has_all).cloned())
    }

    /// All lines so far on standard output.
    pub(crate) fn said(&self) -> Vec<String> {
        self.stdout.now()
    }

    /// All log lines so far.
    pub(crate) fn logged(&self) -> Vec<String> {
        self.stderr.now()
    }

    /// Sends a signal such as `TERM`, to this process and no other.
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(sent.is_ok_and(|status| status.success()), "no signal can be sent");
    }

    /// Waits for the end; gives the exit code.
    #[track_caller]
    pub(crate) fn exit_code(&mut self) -> i32 {
        exit_code(&mut self.child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("--- the server's output\n{}--- its log\n{}---", self.stdout.shown(), self.stderr.shown());
        }
    }
}

/// The server's program with `args`, for a test that wants to see it fail.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.args(args).env_remove("RUST_LOG");
    command
}

/// Waits for the end of `child`, and gives its exit code.
#[track_caller]
pub(crate) fn exit_code(child: &mut Child) -> i32 {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("it is our child") {
            return status.code().unwrap_or_else(|| panic!("ended by a signal: {status}"));
        }
        // There is no portable way to wait for a child with a time-out.
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    panic!("the server does not end");
}

/// Tries until `happens`. For what can only be asked and not waited for.
#[track_caller]
pub(crate) fn eventually(what: &str, mut happens: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !happens() {
        assert!(Instant::now() < deadline, "it does not come about that {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// The lines of a stream, collected by a thread so that the writer never has to wait.
#[derive(Clone, Default)]
struct Lines(Arc<(Mutex<Collected>, Condvar)>);

#[derive(Default)]
struct Collected {
    lines: Vec<String>,
    ended: bool,
}

/// How what the server prints is read.
#[derive(Clone, Copy)]
enum Reading {
    All,
    /// The stream is let go of.
    FirstLineThenGone,
    /// The stream stays open.
    FirstLineThenStuck,
}

impl Lines {
    fn collect(stream: impl Read + Send + 'static, reading: Reading) -> Self {
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
            if matches!(reading, Reading::FirstLineThenStuck) {
                // For as long as the test runs.
                std::mem::forget(lines);
            }
            collected.lock().unwrap().ended = true;
            changed.notify_all();
        });
        lines
    }

    /// Waits until `find` finds something in the lines so far.
    #[track_caller]
    fn wait<T>(&self, what: &str, find: impl Fn(&[String]) -> Option<T>) -> T {
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
                // Unlocked first: the server's `drop` wants to show the lines.
                drop(state);
                panic!("no line has {what}, {why}");
            }
            state = changed.wait_timeout(state, left).unwrap().0;
        }
    }

    fn now(&self) -> Vec<String> {
        self.0.0.lock().unwrap().lines.clone()
    }

    /// For the report of a failed test; long lines and long lists are cut.
    fn shown(&self) -> String {
        let lines = self.now();
        let mut shown = String::new();
        for line in lines.iter().skip(lines.len().saturating_sub(60)) {
            let cut = line.floor_char_boundary(300);
            let _ = writeln!(shown, "{}{}", &line[..cut], if cut < line.len() { " ..." } else { "" });
        }
        shown
    }
}
