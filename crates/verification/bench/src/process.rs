//! A server in its own process, and how much processor time and memory it uses.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::{
    contestants::{self, Contestant},
    cores::CoreAssignment,
    load::LoadTarget,
};

/// A running server. Dropping this value ends the process.
#[derive(Debug)]
pub(crate) struct ServerProcess {
    child: Child,
    target: LoadTarget,
    /// The server's standard output. This field keeps the pipe open, because a server that prints
    /// to a closed pipe would fail.
    _stdout: BufReader<ChildStdout>,
}

impl ServerProcess {
    /// Starts a contestant on the servers' core.
    pub(crate) fn start(contestant: &Contestant, fan_out: bool, cores: CoreAssignment) -> io::Result<Self> {
        let mut command = if fan_out { contestant.fan_out() } else { contestant.echo() };
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        // A child process inherits the core of the thread that starts it, so move this thread to
        // the servers' core while it starts the server.
        cores.move_to_server_core()?;
        let child = command.spawn();
        cores.move_to_load_core()?;
        let child = child.map_err(|error| io::Error::other(format!("cannot start {command:?}: {error}")))?;
        Self::wait_for_address(child, contestant.path)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", contestant.name)))
    }

    /// Starts the program `server` with these options, on any core and with its log turned off.
    /// Nothing reads its standard output after the first line, so the server must cope with writes
    /// that block.
    pub(crate) fn start_program(options: &[&str]) -> io::Result<Self> {
        let program = contestants::server()
            .ok_or_else(|| io::Error::other("build the server first: `cargo build --release -p server`"))?;
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0"]).args(options);
        command.env("RUST_LOG", "off").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        Self::wait_for_address(command.spawn()?, None)
    }

    /// Waits until a server has printed the address on which it listens.
    fn wait_for_address(mut child: Child, path: Option<&'static str>) -> io::Result<Self> {
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let address =
            line.trim().strip_prefix("listening on ws://").and_then(|rest| rest.trim_end_matches('/').parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(io::Error::other(format!("the server printed {line:?} instead of its address")));
        };
        Ok(Self { child, target: LoadTarget { address, path }, _stdout: stdout })
    }

    /// Returns the server's address.
    pub(crate) const fn target(&self) -> &LoadTarget {
        &self.target
    }

    /// Returns the total processor time of all the server's threads, with nanosecond resolution.
    ///
    /// The kernel counts the time of a running thread only up to the last timer tick. Call
    /// [`settle`](Self::settle) first, so that no thread is running.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let schedule = fs::read_to_string(thread?.path().join("schedstat"))?;
            let on_processor = schedule.split_whitespace().next().and_then(|time| time.parse::<u64>().ok());
            nanoseconds += on_processor
                .ok_or_else(|| io::Error::other("the kernel does not count processor time in schedstat"))?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Returns the resident memory in bytes.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        self.memory("VmRSS:")
    }

    /// Returns the highest resident memory so far, in bytes.
    pub(crate) fn peak(&self) -> io::Result<u64> {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix(field));
        let kilobytes = kilobytes.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        Ok(kilobytes.ok_or(io::ErrorKind::InvalidData)? * 1024)
    }

    /// Waits for the server to become idle, for at most about a second. Returns the server's
    /// processor time.
    pub(crate) fn settle(&self) -> io::Result<Duration> {
        let mut last = self.cpu()?;
        for _ in 0..500 {
            sleep(Duration::from_millis(2));
            let now = self.cpu()?;
            if now == last {
                break;
            }
            last = now;
        }
        Ok(last)
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
