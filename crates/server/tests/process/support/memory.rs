//! The server process's memory and processor time, as Linux reports them.

use std::{fs, time::Duration};

use super::server::Server;

/// One MiB: 1,048,576 bytes.
pub(crate) const MIB: u64 = 1 << 20;

impl Server {
    /// Returns the resident memory that the server has allocated, in bytes. It excludes the
    /// program's code.
    #[track_caller]
    pub(crate) fn allocated_bytes(&self) -> u64 {
        self.status("RssAnon")
    }

    /// Returns the peak resident memory since the last [`reset_peak`](Self::reset_peak), in bytes.
    #[track_caller]
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.status("VmHWM")
    }

    /// Sets the peak to the current resident memory, and returns it in bytes.
    #[track_caller]
    pub(crate) fn reset_peak(&self) -> u64 {
        // The value 5 resets the peak: see proc(5).
        fs::write(format!("/proc/{}/clear_refs", self.id()), "5").expect("the server belongs to the same user");
        self.peak_bytes()
    }

    /// Returns the processor time that the server's first thread has used so far. With `--threads
    /// 1`, this thread serves all connections.
    #[track_caller]
    pub(crate) fn processor_time(&self) -> Duration {
        let times = fs::read_to_string(format!("/proc/{}/schedstat", self.id())).expect("the server runs");
        let running = times.split_whitespace().next().and_then(|time| time.parse().ok());
        Duration::from_nanos(running.expect("a number of nanoseconds"))
    }

    /// Returns the size given in the line `name` of `/proc/PID/status`, in bytes.
    #[track_caller]
    fn status(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).expect("the server runs");
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":")).expect("such a line");
        line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).expect("a number of KiB") << 10
    }
}
