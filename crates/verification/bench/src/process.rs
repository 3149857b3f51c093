//! A server in a process of its own, and what the system knows about it.

use std::{
    fs,
    io::{self, BufRead, BufReader},
    process::{Child, ChildStdout, Stdio},
    thread::sleep,
    time::Duration,
};

use crate::{contestants::Contestant, load::Target, options::Cores};

/// A running server. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    target: Target,
    /// Kept open, so that a server that prints does not fail.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts a contestant on the servers' core.
    pub(crate) fn start(contestant: &Contestant, fan_out: bool, cores: Cores) -> io::Result<Self> {
        let mut command = if fan_out { contestant.fan_out() } else { contestant.echo() };
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        // A process inherits the core of its parent, with all its threads.
        cores.stay_with_server()?;
        let child = command.spawn();
        cores.stay_with_load()?;
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
            return Err(io::Error::other(format!("{} did not say where it listens: {line:?}", contestant.name)));
        };
        Ok(Self { child, target: Target { address, path: contestant.path }, _stdout: stdout })
    }

    /// Where to connect to.
    pub(crate) const fn target(&self) -> &Target {
        &self.target
    }

    /// The processor time of all its threads, to the nanosecond. A thread that runs at this moment is counted up to its last
    /// tick only, so [`settle`](Self::settle) first.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let schedule = fs::read_to_string(thread?.path().join("schedstat"))?;
            let on_processor = schedule.split_whitespace().next().and_then(|time| time.parse::<u64>().ok());
            nanoseconds += on_processor.ok_or_else(|| io::Error::other("the kernel counts no time in schedstat"))?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Resident memory, in bytes.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = kilobytes.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        Ok(kilobytes.ok_or(io::ErrorKind::InvalidData)? * 1024)
    }

    /// Waits until the server has nothing left to do (or for a second, if it always has), and gives its processor time.
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

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
