//! The connections of the load generator, and the exchange of bursts on them.

use std::{
    io,
    ops::Range,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token};

use super::{
    burst::Burst,
    connection::{LoadConnection, LoadTarget},
    histogram::Histogram,
};

/// The maximum time for which a server may send nothing before it counts as stuck.
pub(super) const STUCK_AFTER: Duration = Duration::from_secs(10);

/// The size of the read buffer in bytes.
const READ_BUFFER: usize = 256 << 10;

/// Open connections to one server.
#[derive(Debug)]
pub(crate) struct LoadGenerator {
    pub(super) poll: Poll,
    pub(super) events: Events,
    pub(super) connections: Vec<LoadConnection>,
    pub(super) buffer: Vec<u8>,
}

/// The statistics of an exchange.
#[derive(Debug)]
pub(crate) struct ExchangeStats {
    /// The number of messages that the server sent back.
    pub(crate) messages: u64,
    pub(crate) elapsed: Duration,
    pub(crate) latency: Histogram,
    /// The number of complete bursts on the connection that exchanged the fewest.
    pub(crate) fewest_bursts: u64,
    /// The number of complete bursts on the connection that exchanged the most.
    pub(crate) most_bursts: u64,
}

impl LoadGenerator {
    /// Opens `count` connections, one after another.
    pub(crate) fn connect(target: &LoadTarget, count: usize) -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut connections = Vec::with_capacity(count);
        for index in 0..count {
            let mut connection = LoadConnection::open(target)?;
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(connection.stream(), Token(index), both)?;
            connections.push(connection);
        }
        Ok(Self { poll, events: Events::with_capacity(1024), connections, buffer: vec![0; READ_BUFFER] })
    }

    /// Exchanges bursts on all connections for `length`. Each connection sends at least one burst
    /// and waits for all its replies.
    pub(crate) fn exchange(&mut self, burst: &Burst, length: Duration) -> io::Result<ExchangeStats> {
        self.exchange_on(0..self.connections.len(), burst, length)
    }

    /// Exchanges bursts on some of the connections for `length`. Each of these connections sends at
    /// least one burst and waits for all its replies.
    pub(crate) fn exchange_on(
        &mut self,
        which: Range<usize>,
        burst: &Burst,
        length: Duration,
    ) -> io::Result<ExchangeStats> {
        let began = Instant::now();
        let deadline = began + length;
        let mut latency = Histogram::default();
        let mut running = which.len();
        for connection in &mut self.connections[which.clone()] {
            connection.bursts = 0;
            connection.begin(burst, Instant::now())?;
        }
        while running > 0 {
            self.poll.poll(&mut self.events, Some(STUCK_AFTER))?;
            if self.events.is_empty() {
                return Err(stuck(running));
            }
            for event in &self.events {
                let index = event.token().0;
                if !which.contains(&index) {
                    // This connection is not part of the exchange, but every socket is reported as
                    // writable once, so ignore the event.
                    continue;
                }
                let connection = &mut self.connections[index];
                if event.is_writable() {
                    connection.write(burst)?;
                }
                if !event.is_readable() {
                    continue;
                }
                let ended = connection.read(&mut self.buffer, burst, &mut latency)?;
                let Some(now) = ended else { continue };
                if now < deadline {
                    connection.begin(burst, now)?;
                } else {
                    running -= 1;
                }
            }
        }
        let elapsed = began.elapsed();
        let bursts = || self.connections[which.clone()].iter().map(|connection| connection.bursts);
        let messages = bursts().sum::<u64>() * burst.messages();
        let (fewest_bursts, most_bursts) = (bursts().min().unwrap_or(0), bursts().max().unwrap_or(0));
        Ok(ExchangeStats { messages, elapsed, latency, fewest_bursts, most_bursts })
    }
}

/// Returns the error for a server that still owes a reply to `waiting` connections.
pub(super) fn stuck(waiting: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::TimedOut,
        format!("nothing arrived for {STUCK_AFTER:?}; {waiting} connections are waiting"),
    )
}
