//! The server as a process.

use std::{
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    lines::{Lines, Reading},
    wait::PATIENCE,
};

/// A running server on its own port. The server is killed when this value is dropped.
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    stdout: Lines,
    stderr: Lines,
}

impl Server {
    /// Starts a server and waits until it listens. It listens on 127.0.0.1 unless `--listen` is
    /// among the options.
    #[track_caller]
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_reading(args, Reading::All)
    }

    /// Starts a server whose output and log are closed by their reader as soon as it listens.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn start_with_closed_output(args: &[&str]) -> Self {
        Self::start_reading(args, Reading::FirstLineThenClose)
    }

    /// Starts a server whose output and log are no longer read once it listens.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn start_with_blocked_output(args: &[&str]) -> Self {
        Self::start_reading(args, Reading::FirstLineThenBlock)
    }

    #[track_caller]
    fn start_reading(args: &[&str], reading: Reading) -> Self {
        let listen: &[&str] = if args.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        Self::start_command(command(listen).args(args), reading)
    }

    /// Starts a server whose allocator returns large blocks to the system as soon as they are
    /// freed. Otherwise, glibc's allocator would keep a few MiB, a different amount in each run,
    /// and a test could not tell how much memory the program itself holds.
    #[cfg(target_os = "linux")]
    #[track_caller]
    pub(crate) fn start_with_returned_memory(args: &[&str]) -> Self {
        let mut command = command(&["--listen", "127.0.0.1:0"]);
        // 64 KiB is less than the size of any buffer that a large message needs.
        command.args(args).env("MALLOC_MMAP_THRESHOLD_", "65536").env("MALLOC_TRIM_THRESHOLD_", "65536");
        Self::start_command(&mut command, Reading::All)
    }

    /// Starts a server on a free port, with this value of `RUST_LOG`.
    #[track_caller]
    pub(crate) fn start_with_log_level(level: &str, args: &[&str]) -> Self {
        let mut command = command(&["--listen", "127.0.0.1:0"]);
        Self::start_command(command.args(args).env("RUST_LOG", level), Reading::All)
    }

    /// Starts a server that listens on `address`.
    #[track_caller]
    pub(crate) fn start_at(address: &str) -> Self {
        Self::start_command(&mut command(&["--listen", address]), Reading::All)
    }

    #[track_caller]
    fn start_command(command: &mut Command, reading: Reading) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let stdout = Lines::collect(child.stdout.take().expect("piped"), reading);
        let stderr = Lines::collect(child.stderr.take().expect("piped"), reading);
        let mut server = Self { child, address: ([127, 0, 0, 1], 0).into(), stdout, stderr };
        let first = server.stdout.wait("a first line", |lines| lines.first().cloned());
        if first.starts_with("listening on unix:") {
            // The test knows the path.
            return server;
        }
        let address = first.strip_prefix("listening on ws").and_then(|rest| rest.strip_suffix('/'));
        let address = address.and_then(|rest| rest.trim_start_matches('s').strip_prefix("://"));
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            panic!("the first line contains no address: {first:?}");
        };
        server.address = address;
        // A server that listens on all addresses can be reached at 127.0.0.1.
        if server.address.ip().is_unspecified() {
            server.address.set_ip([127, 0, 0, 1].into());
        }
        server
    }

    /// Returns an address at which the server can be reached.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the id of the server's process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line on standard output that contains `part`.
    #[track_caller]
    pub(crate) fn wait_for_output(&self, part: &str) -> String {
        self.stdout.wait(part, |lines| lines.iter().find(|line| line.contains(part)).cloned())
    }

    /// Waits for a log line that contains all `parts`.
    #[track_caller]
    pub(crate) fn wait_for_log(&self, parts: &[&str]) -> String {
        let has_all = |line: &&String| parts.iter().all(|part| line.contains(part));
        self.stderr.wait(&format!("{parts:?}"), |lines| lines.iter().find(has_all).cloned())
    }

    /// Waits for a log line for which `find` returns a value, and returns that value.
    #[track_caller]
    pub(crate) fn wait_for_log_with<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        self.stderr.wait("a log line", |lines| lines.iter().find_map(|line| find(line)))
    }

    /// Returns all lines that have appeared on standard output so far.
    pub(crate) fn output(&self) -> Vec<String> {
        self.stdout.now()
    }

    /// Returns all log lines so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.stderr.now()
    }

    /// Stops the server, and returns all lines that it printed and logged.
    #[track_caller]
    pub(crate) fn stop(mut self) -> (Vec<String>, Vec<String>) {
        self.signal("TERM");
        self.exit_code();
        (self.stdout.all(), self.stderr.all())
    }

    /// Sends a signal such as `TERM` to this process only.
    #[cfg(unix)]
    #[track_caller]
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal cannot be sent");
    }

    /// Waits until the server ends, and returns its exit code.
    #[cfg(unix)]
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
            eprintln!("--- the server's output\n{}--- its log\n{}---", self.stdout.report(), self.stderr.report());
        }
    }
}

/// Returns a command that runs the server's program with `args`, for a test in which it is expected
/// to fail.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    // A server that a test kills cannot remove its temporary file, so let it use the folder of the
    // tests.
    command.args(args).env_remove("RUST_LOG").env("TMPDIR", env!("CARGO_TARGET_TMPDIR"));
    command
}

/// Waits until `child` ends, and returns its exit code.
#[track_caller]
pub(crate) fn exit_code(child: &mut Child) -> i32 {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("the process is our child") {
            return status.code().unwrap_or_else(|| panic!("ended by a signal: {status}"));
        }
        // There is no portable way to wait for a child process with a time limit.
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    panic!("the server does not end");
}
