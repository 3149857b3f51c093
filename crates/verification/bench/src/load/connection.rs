//! One connection of the load generator.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::net::TcpStream;

use super::{burst::Burst, histogram::Histogram};

/// The address of a server under load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoadTarget {
    pub(crate) address: SocketAddr,
    /// The path that the handshake requests, or `None` for a server that does not speak WebSocket.
    pub(crate) path: Option<&'static str>,
}

/// The RFC's example key, and the accept value for it (section 1.3).
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

#[derive(Debug)]
pub(super) struct LoadConnection {
    stream: TcpStream,
    /// The number of bytes written so far from the current burst.
    written: usize,
    /// The number of bytes received so far in reply to the current burst.
    received: usize,
    /// The number of complete replies to the current burst so far.
    replies: usize,
    began: Instant,
    pub(super) bursts: u64,
}

impl LoadConnection {
    pub(super) fn open(target: &LoadTarget) -> io::Result<Self> {
        let mut stream = std::net::TcpStream::connect(target.address)?;
        stream.set_nodelay(true)?;
        if let Some(path) = target.path {
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            shake_hands(&mut stream, target.address, path)?;
        }
        stream.set_nonblocking(true)?;
        let stream = TcpStream::from_std(stream);
        Ok(Self { stream, written: 0, received: 0, replies: 0, began: Instant::now(), bursts: 0 })
    }

    pub(super) const fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Starts the next burst.
    pub(super) fn begin(&mut self, burst: &Burst, now: Instant) -> io::Result<()> {
        (self.written, self.received, self.replies, self.began) = (0, 0, 0, now);
        self.write(burst)
    }

    /// Writes as much of the rest of the burst as the socket accepts.
    pub(super) fn write(&mut self, burst: &Burst) -> io::Result<()> {
        while self.written < burst.request.len() {
            match self.stream.write(&burst.request[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads all available bytes, and compares them with the expected replies. Returns the time of
    /// the last read if the burst is complete, or `None` otherwise.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        burst: &Burst,
        latency: &mut Histogram,
    ) -> io::Result<Option<Instant>> {
        loop {
            let count = match self.stream.read(buffer) {
                Ok(0) => return Err(io::Error::other("the server closed the connection")),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(error) => return Err(error),
            };
            let now = Instant::now();
            self.compare(&buffer[..count], &burst.reply)?;
            while let Some(&end) = burst.ends.get(self.replies)
                && end <= self.received
            {
                latency.add(now - self.began);
                self.replies += 1;
            }
            if self.received == burst.reply.len() {
                self.bursts += 1;
                return Ok(Some(now));
            }
            if count < buffer.len() {
                // A read that does not fill the buffer has drained the socket, so another read
                // would be a wasted system call. The poll will report the socket when it is
                // readable again.
                return Ok(None);
            }
        }
    }

    /// Compares bytes that arrived with the next bytes of `expected`, and counts them as received.
    pub(super) fn compare(&mut self, bytes: &[u8], expected: &[u8]) -> io::Result<()> {
        if !expected[self.received..].starts_with(bytes) {
            let at = self.received;
            return Err(io::Error::other(format!("a wrong reply within the {} bytes after offset {at}", bytes.len())));
        }
        self.received += bytes.len();
        Ok(())
    }

    /// Prepares to receive a message that the server forwards from another connection.
    pub(super) const fn expect_reply(&mut self) {
        self.received = 0;
    }

    /// Returns how many bytes of the reply have arrived.
    pub(super) const fn received(&self) -> usize {
        self.received
    }
}

/// Performs the opening handshake (RFC 6455, section 4.1). None of the measured servers sends a
/// frame before it receives one, so no bytes follow the response.
fn shake_hands(stream: &mut std::net::TcpStream, address: SocketAddr, path: &str) -> io::Result<()> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let mut head = Vec::new();
    let mut buffer = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer)? {
            0 => return Err(io::Error::other("the server closed the connection in the handshake")),
            count => head.extend_from_slice(&buffer[..count]),
        }
    }
    let head = String::from_utf8_lossy(&head);
    if head.starts_with("HTTP/1.1 101 ") && head.contains(ACCEPT) {
        Ok(())
    } else {
        Err(io::Error::other(format!("the server rejected the handshake: {head}")))
    }
}
