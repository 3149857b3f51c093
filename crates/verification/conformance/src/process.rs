//! Child processes with a log and a time limit.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

/// The maximum time that a program may take to start listening, or to exit after SIGTERM.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The interval at which this module checks whether a program has exited. These checks are
/// necessary, because there is no portable way to wait for a process with a time limit.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A running program whose output is written to a file. Dropping this value kills the program.
#[derive(Debug)]
pub struct ChildProgram {
    child: Child,
    name: String,
    output: Receiver<String>,
}

impl ChildProgram {
    /// Starts a program.
    ///
    /// # Errors
    /// Fails if the program cannot be started, or if the log cannot be created.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let problem = |error| format!("cannot start {name}: {error}");
        let mut log_file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let errors = log_file.try_clone().map_err(problem)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(problem)?;
        let (lines, output) = channel();
        if let Some(stdout) = child.stdout.take() {
            // The thread runs until the program's output ends. The receiver of the lines may be
            // dropped before the output ends, so ignore the error if a line cannot be sent.
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let _ = writeln!(log_file, "{line}");
                    let _ = lines.send(line);
                }
            });
        }
        Ok(Self { child, name, output })
    }

    /// Waits until the program has printed the line with its address. Returns the address as a
    /// `ws://` URL with a host and a port but no path.
    ///
    /// # Errors
    /// Fails if the program does not print its address in time.
    pub fn address(&self) -> Result<String, String> {
        let end = Instant::now() + TIMEOUT;
        while let Ok(line) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if let Some(address) = line.trim().strip_prefix("listening on ") {
                return Ok(address.trim_end_matches('/').to_owned());
            }
        }
        Err(format!("{} does not print its address", self.name))
    }

    /// Waits until the program exits.
    ///
    /// # Errors
    /// Fails if the program is still running at `end`.
    pub fn wait_until(&mut self, end: Instant) -> Result<ExitStatus, String> {
        loop {
            if let Some(status) = self.child.try_wait().map_err(|error| format!("{}: {error}", self.name))? {
                return Ok(status);
            }
            if Instant::now() >= end {
                return Err(format!("{} took too long", self.name));
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Sends SIGTERM to the program, and waits at most `TIMEOUT` for it to exit.
    pub fn terminate(&mut self) {
        // Ignore errors, because the program may have exited already.
        let _ = Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        let _ = self.wait_until(Instant::now() + TIMEOUT);
    }
}

impl Drop for ChildProgram {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
