//! Programs that are started here, and have to end here.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

/// How long a program may take to begin to listen, and to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often to look whether a program has ended; there is no portable way to wait with a limit.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A running program whose output goes into a file. It ends when this is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    name: String,
    output: Receiver<String>,
}

impl Program {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started, or the log cannot be written.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self, String> {
        let name = command.get_program().to_string_lossy().into_owned();
        let problem = |error| format!("cannot start {name}: {error}");
        let mut log_file = File::create(log).map_err(|error| format!("{}: {error}", log.display()))?;
        let errors = log_file.try_clone().map_err(problem)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors);
        let mut child = command.spawn().map_err(problem)?;
        let (lines, output) = channel();
        if let Some(stdout) = child.stdout.take() {
            // It ends with the program's output. Nobody need be listening.
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let _ = writeln!(log_file, "{line}");
                    let _ = lines.send(line);
                }
            });
        }
        Ok(Self { child, name, output })
    }

    /// Waits for the line that tells where it listens: `ws://`, host and port, without a path.
    ///
    /// # Errors
    /// When it does not say.
    pub fn address(&self) -> Result<String, String> {
        let end = Instant::now() + PATIENCE;
        while let Ok(line) = self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
            if let Some(address) = line.trim().strip_prefix("listening on ") {
                return Ok(address.trim_end_matches('/').to_owned());
            }
        }
        Err(format!("{} does not say where it listens", self.name))
    }

    /// Waits until it ends by itself.
    ///
    /// # Errors
    /// When it goes on for longer than until `end`.
    pub fn wait_until(&mut self, end: Instant) -> Result<ExitStatus, String> {
        loop {
            if let Some(status) = self.child.try_wait().map_err(|error| format!("{}: {error}", self.name))? {
                return Ok(status);
            }
            if Instant::now() >= end {
                return Err(format!("{} took too long", self.name));
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Asks it to end, with SIGTERM, and waits for that.
    pub fn terminate(&mut self) {
        // Having ended already is as good.
        let _ = Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        let _ = self.wait_until(Instant::now() + PATIENCE);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
