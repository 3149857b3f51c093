//! A server in its own process, and its use of processor time and memory.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    process::{Child, ChildStdout, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::{contestants::Contestant, cores::CoreAssignment, load::LoadTarget};

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
        // A child process inherits the core of the thread that starts it, so this thread moves to
        // the servers' core for a moment.
        cores.move_to_server_core()?;
        let child = command.spawn();
        cores.move_to_load_core()?;
        let mut child = child.map_err(|error| io::Error::other(format!("cannot start {command:?}: {error}")))?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let address =
            line.trim().strip_prefix("listening on ws://").and_then(|rest| rest.trim_end_matches('/').parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(io::Error::other(format!("{} printed {line:?} instead of its address", contestant.name)));
        };
        Ok(Self { child, target: LoadTarget { address, path: contestant.path }, _stdout: stdout })
    }

    /// Returns the server's address.
    pub(crate) const fn target(&self) -> &LoadTarget {
        &self.target
    }

    /// Returns the processor time of all threads of the server, with a resolution of nanoseconds.
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
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = kilobytes.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        Ok(kilobytes.ok_or(io::ErrorKind::InvalidData)? * 1024)
    }

    /// Waits until the server is idle, for at most about a second. Returns the server's processor
    /// time.
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
