//! One connection of the load generator.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::net::TcpStream;

use super::{Histogram, Script};

/// Where to connect to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    /// The path to ask for in the handshake; `None` for a server that knows no WebSocket.
    pub(crate) path: Option<&'static str>,
}

/// The RFC's own example of a key, and the answer to it (1.3).
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    /// How much of the burst was written, and of its replies received.
    written: usize,
    received: usize,
    /// Replies that have come to their end.
    outbound: usize,
    began: Instant,
    pub(super) bursts: u64,
}

impl Connection {
    pub(super) fn open(target: &Target) -> io::Result<Self> {
        let mut stream = std::net::TcpStream::connect(target.address)?;
        stream.set_nodelay(true)?;
        if let Some(path) = target.path {
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            shake_hands(&mut stream, target.address, path)?;
        }
        stream.set_nonblocking(true)?;
        let stream = TcpStream::from_std(stream);
        Ok(Self { stream, written: 0, received: 0, outbound: 0, began: Instant::now(), bursts: 0 })
    }

    pub(super) const fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Begins the next burst.
    pub(super) fn begin(&mut self, script: &Script, now: Instant) -> io::Result<()> {
        (self.written, self.received, self.outbound, self.began) = (0, 0, 0, now);
        self.write(script)
    }

    /// Writes what is left of the burst, as far as the socket takes it.
    pub(super) fn write(&mut self, script: &Script) -> io::Result<()> {
        while self.written < script.request.len() {
            match self.stream.write(&script.request[self.written..]) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads and compares all that is there; gives the time if that ended the burst.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        script: &Script,
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
            self.compare(&buffer[..count], &script.reply)?;
            while let Some(&end) = script.ends.get(self.outbound)
                && end <= self.received
            {
                latency.add(now - self.began);
                self.outbound += 1;
            }
            if self.received == script.reply.len() {
                self.bursts += 1;
                return Ok(Some(now));
            }
            if count < buffer.len() {
                // The socket is empty, and will tell when it is not.
                return Ok(None);
            }
        }
    }

    /// Compares bytes that arrived with those that had to come next.
    pub(super) fn compare(&mut self, bytes: &[u8], expected: &[u8]) -> io::Result<()> {
        if !expected[self.received..].starts_with(bytes) {
            let at = self.received;
            return Err(io::Error::other(format!("a wrong reply, within {} bytes after {at}", bytes.len())));
        }
        self.received += bytes.len();
        Ok(())
    }

    /// Begins to wait for bytes that nobody asked for; and how much of them has come.
    pub(super) const fn expect(&mut self) {
        self.received = 0;
    }

    pub(super) const fn received(&self) -> usize {
        self.received
    }
}

/// The opening handshake (RFC 6455, 4.1). No server here speaks first, so what follows the head is nothing.
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
        Err(io::Error::other(format!("the server refused: {head}")))
    }
}
