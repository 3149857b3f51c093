//! A client and a server connected in memory, each with a virtual clock.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use protocol::{Config, DeflateOptions, Role};

use crate::{deflate, endpoint::TestEndpoint, observed::Observed, transmitted::Transmitted};

/// One direction of the TCP connection between the two endpoints.
#[derive(Debug, Default)]
struct OneWay {
    bytes: VecDeque<u8>,
    /// Whether the sender has ended this direction.
    ended: bool,
    /// Whether the receiver has read the end of this direction.
    end_read: bool,
    /// Whether the sender cannot write, because the receiver does not read and the kernel's buffers
    /// are full.
    blocked: bool,
}

/// A client and a server connected in memory, with a record of their events and of the bytes that
/// they exchange.
#[derive(Debug)]
pub struct LinkedPair {
    /// The client.
    pub client: TestEndpoint,
    /// The server.
    pub server: TestEndpoint,
    to_client: OneWay,
    to_server: OneWay,
    /// The maximum number of bytes that one read returns.
    pub read_size: usize,
    /// The events that the client has reported so far.
    pub observed_by_client: Vec<Observed>,
    /// The events that the server has reported so far.
    pub observed_by_server: Vec<Observed>,
    /// Each half-close and disconnect so far, with the role of the endpoint that carried it out.
    pub tcp: Vec<(Role, Transmitted)>,
    /// All bytes that the client has sent so far.
    pub sent_by_client: Vec<u8>,
    /// All bytes that the server has sent so far.
    pub sent_by_server: Vec<u8>,
}

/// The TCP operations after a closing handshake: the server half-closes first, and then both
/// endpoints disconnect (section 7.1.1).
pub const SERVER_CLOSES_TCP_FIRST: [(Role, Transmitted); 3] = [
    (Role::Server, Transmitted::HalfClose),
    (Role::Client, Transmitted::Disconnect),
    (Role::Server, Transmitted::Disconnect),
];

impl Default for LinkedPair {
    fn default() -> Self {
        Self::with_configs(Config::default(), Config::default())
    }
}

impl LinkedPair {
    /// Creates a pair with the default configuration.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a pair whose endpoints have these configurations.
    #[must_use]
    pub fn with_configs(client: Config, server: Config) -> Self {
        let now = Instant::now();
        Self {
            client: TestEndpoint::at(now, Role::Client, client),
            server: TestEndpoint::at(now, Role::Server, server),
            to_client: OneWay::default(),
            to_server: OneWay::default(),
            read_size: usize::MAX,
            observed_by_client: Vec::new(),
            observed_by_server: Vec::new(),
            tcp: Vec::new(),
            sent_by_client: Vec::new(),
            sent_by_server: Vec::new(),
        }
    }

    /// Creates a pair that compresses with the parameters negotiated from these options.
    #[track_caller]
    #[must_use]
    pub fn with_deflate(config: &Config, client: &DeflateOptions, server: &DeflateOptions) -> Self {
        let negotiated = deflate::negotiate(client, server);
        let pair = Self::with_configs(config.clone(), config.clone());
        Self {
            client: pair.client.with_deflate(&negotiated.client),
            server: pair.server.with_deflate(&negotiated.server),
            ..pair
        }
    }

    /// Returns the endpoint in this role.
    pub const fn endpoint(&mut self, role: Role) -> &mut TestEndpoint {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    /// Makes `receiver` stop reading if `blocked` is true, or start reading again if it is false.
    /// While `receiver` does not read, the other endpoint cannot write.
    pub const fn set_blocked(&mut self, receiver: Role, blocked: bool) {
        match receiver {
            Role::Client => self.to_client.blocked = blocked,
            Role::Server => self.to_server.blocked = blocked,
        }
    }

    /// Moves bytes in both directions until neither endpoint has anything left to transmit or read.
    #[track_caller]
    pub fn run(&mut self) {
        for _ in 0..100_000 {
            let progress = self.run_once(Role::Client) | self.run_once(Role::Server);
            if !progress {
                return;
            }
        }
        panic!("the two endpoints never come to rest");
    }

    /// Advances both clocks by `duration`, and runs the pair at every deadline in between.
    #[track_caller]
    pub fn advance(&mut self, duration: Duration) {
        let until = self.client.now + duration;
        loop {
            let endpoints = [&self.client, &self.server].into_iter();
            let next = endpoints.filter_map(|endpoint| endpoint.connection.poll_timeout()).min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.set_now(next);
            self.run();
        }
        self.set_now(until);
        self.run();
    }

    fn set_now(&mut self, now: Instant) {
        let duration = now.saturating_duration_since(self.client.now);
        self.observed_by_client.extend(self.client.advance(duration));
        self.observed_by_server.extend(self.server.advance(duration));
    }

    /// Lets `sender` transmit, and then lets the other endpoint read once. Returns `true` if at
    /// least one of them made progress.
    fn run_once(&mut self, sender: Role) -> bool {
        let (from, to, link, way_back, observed, sent) = match sender {
            Role::Client => (
                &mut self.client,
                &mut self.server,
                &mut self.to_server,
                &mut self.to_client,
                &mut self.observed_by_server,
                &mut self.sent_by_client,
            ),
            Role::Server => (
                &mut self.server,
                &mut self.client,
                &mut self.to_client,
                &mut self.to_server,
                &mut self.observed_by_client,
                &mut self.sent_by_server,
            ),
        };
        let list = if link.blocked { from.transmit_while_blocked() } else { from.transmit() };
        let mut progress = !list.is_empty();
        for transmitted in list {
            match &transmitted {
                Transmitted::Bytes(bytes) => {
                    assert!(!link.ended, "bytes after the end of the stream");
                    sent.extend(bytes);
                    link.bytes.extend(bytes);
                    continue;
                }
                Transmitted::HalfClose => link.ended = true,
                Transmitted::Disconnect => {
                    link.ended = true;
                    // An endpoint that has disconnected reads nothing more, so discard the bytes
                    // that are on their way to it.
                    way_back.bytes.clear();
                    way_back.end_read = true;
                }
            }
            self.tcp.push((sender, transmitted));
        }
        if !link.blocked && !link.bytes.is_empty() {
            let size = self.read_size.min(link.bytes.len());
            let read: Vec<u8> = link.bytes.drain(..size).collect();
            observed.extend(to.receive_bytes(&read));
            progress = true;
        } else if link.bytes.is_empty() && link.ended && !link.end_read {
            link.end_read = true;
            observed.extend(to.receive_eof());
            progress = true;
        }
        progress
    }
}
