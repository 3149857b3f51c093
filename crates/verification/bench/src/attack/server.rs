//! The process of the server under attack, and its memory.

use std::{
    fs, io,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
};

use crate::contestants;

/// A running server. Dropping this value ends the process.
#[derive(Debug)]
pub(super) struct AttackedServer {
    child: Child,
    address: SocketAddr,
    /// The server's standard output, which nobody reads after the first line. The server has to cope
    /// with an output that blocks.
    _stdout: BufReader<ChildStdout>,
}

impl AttackedServer {
    pub(super) fn start(options: &[&str]) -> io::Result<Self> {
        let program = contestants::server()
            .ok_or_else(|| io::Error::other("build the server first: `cargo build --release -p server`"))?;
        let mut command = Command::new(program);
        command.args(["--listen", "127.0.0.1:0"]).args(options);
        command.env("RUST_LOG", "off").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let address = line.trim().strip_prefix("listening on ws://").map(|rest| rest.trim_end_matches('/'));
        let Some(address) = address.and_then(|address| address.parse().ok()) else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(io::Error::other(format!("the server printed {line:?} instead of its address")));
        };
        Ok(Self { child, address, _stdout: stdout })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the resident memory in bytes.
    pub(super) fn resident(&self) -> io::Result<u64> {
        self.status("VmRSS:")
    }

    /// Returns the highest resident memory so far, in bytes.
    pub(super) fn peak(&self) -> io::Result<u64> {
        self.status("VmHWM:")
    }

    fn status(&self, field: &str) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kilobytes = status.lines().find_map(|line| line.strip_prefix(field));
        let kilobytes = kilobytes.and_then(|rest| rest.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
        Ok(kilobytes.ok_or(io::ErrorKind::InvalidData)? * 1024)
    }
}

impl Drop for AttackedServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
