//! The load generator: many connections on one thread, frames made in advance, every byte of every reply compared.
//!
//! It uses no WebSocket library and does as little as it can for each message, so that what is measured is the server.
//! Messages go out in *bursts*: as many as shall be in flight, in one write, and the next burst when the last reply of
//! this one has come. That is the same work for every server, however it cuts its replies.

mod connection;
mod histogram;
mod push;
mod script;

use std::{
    io,
    ops::Range,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token};

use self::connection::Connection;
pub(crate) use self::{connection::Target, histogram::Histogram, script::Script};

/// How long nothing may happen before a server counts as stuck.
const STUCK: Duration = Duration::from_secs(10);

/// What one read can bring; as much as the raw echo server reads, and more.
const READ: usize = 256 << 10;

/// Open connections to one server.
#[derive(Debug)]
pub(crate) struct Fleet {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    buffer: Vec<u8>,
}

/// What an exchange came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) messages: u64,
    pub(crate) took: Duration,
    pub(crate) latency: Histogram,
    /// Bursts of the connection that had the fewest, and of the one that had the most.
    pub(crate) bursts: (u64, u64),
}

impl Fleet {
    /// Opens `count` connections, one after the other.
    pub(crate) fn connect(target: &Target, count: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::with_capacity(count);
        for index in 0..count {
            let mut connection = Connection::open(target)?;
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(connection.stream(), Token(index), both)?;
            connections.push(connection);
        }
        Ok(Self { poll, events: Events::with_capacity(1024), connections, buffer: vec![0; READ] })
    }

    /// Exchanges bursts on all connections for `length`; each sends at least one, and waits for its last reply.
    pub(crate) fn exchange(&mut self, script: &Script, length: Duration) -> io::Result<Outcome> {
        self.exchange_on(0..self.connections.len(), script, length)
    }

    /// Exchanges bursts on some of the connections.
    pub(crate) fn exchange_on(
        &mut self,
        which: Range<usize>,
        script: &Script,
        length: Duration,
    ) -> io::Result<Outcome> {
        let began = Instant::now();
        let deadline = began + length;
        let mut latency = Histogram::default();
        let mut running = which.len();
        for connection in &mut self.connections[which.clone()] {
            connection.bursts = 0;
            connection.begin(script, Instant::now())?;
        }
        while running > 0 {
            self.poll.poll(&mut self.events, Some(STUCK))?;
            if self.events.is_empty() {
                return Err(stuck(running));
            }
            for event in &self.events {
                let index = event.token().0;
                if !which.contains(&index) {
                    // A socket tells once that it can be written to, also when nobody has asked.
                    continue;
                }
                let connection = &mut self.connections[index];
                if event.is_writable() {
                    connection.write(script)?;
                }
                if !event.is_readable() {
                    continue;
                }
                let ended = connection.read(&mut self.buffer, script, &mut latency)?;
                let Some(now) = ended else { continue };
                if now < deadline {
                    connection.begin(script, now)?;
                } else {
                    running -= 1;
                }
            }
        }
        let took = began.elapsed();
        let bursts = || self.connections[which.clone()].iter().map(|connection| connection.bursts);
        let messages = bursts().sum::<u64>() * script.messages();
        let fewest_and_most = (bursts().min().unwrap_or(0), bursts().max().unwrap_or(0));
        Ok(Outcome { messages, took, latency, bursts: fewest_and_most })
    }
}

fn stuck(waiting: usize) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("nothing came for {STUCK:?}; {waiting} connections wait"))
}
