//! What happens in a run. Everything here is drawn from the seed before the run begins.

use std::time::Duration;

use protocol::{Config, DeflateOptions, KeepAlive};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{network::Link, program::ProgramPlan};

/// The server that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Subject {
    /// This crate's own server, built on the library `websocket`.
    Library,
    /// The program `server`.
    Program,
}

/// The interface through which a program uses its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// The whole connection in one task: `next` and `feed`.
    Whole,
    /// The whole connection in one task: `serve`. Only the server uses this style.
    Serve,
    /// The two halves in two tasks.
    Split,
}

/// One client and its host.
#[derive(Debug, Clone)]
pub struct ClientPlan {
    /// The style of the client.
    pub style: Style,
    /// The style in which the server uses its ends of this client's connections.
    pub server_style: Style,
    /// Whether the server sends each whole message back, instead of only its number.
    pub echo: bool,
    /// Whether the client uses a keep-alive, as the server always does.
    pub keep_alive: bool,
    /// Whether the client offers compression.
    pub deflate: bool,
    /// The maximum number of messages sent, or pushes read, on one connection.
    pub max_messages: u64,
    /// The maximum size of a message in bytes. Most messages are at most a hundredth of this size.
    pub max_message: u64,
    /// The maximum pause between two messages, in milliseconds.
    pub max_pause: u64,
    /// How long the client may stop reading after each message, in milliseconds. 0 means that it
    /// never stops.
    pub max_stall: u64,
    /// The link to the server and the link back.
    pub link: Link,
}

/// Something that breaks.
#[allow(missing_docs, reason = "the sentence of each variant explains its fields")]
#[derive(Debug, Clone)]
pub enum Fault {
    /// The link to a client, the link from it, or both carry nothing for `duration`.
    Partition { client: usize, to_server: bool, to_client: bool, duration: Duration },
    /// The links of a client lose segments and become slow for `duration`.
    Degrade { client: usize, link: Link, duration: Duration },
    /// A client's host loses power for `duration`.
    LoseClient { client: usize, duration: Duration },
    /// The server's host loses power for `duration`.
    LoseServer { duration: Duration },
    /// A client's program ends, and is started again after `duration`.
    RestartClient { client: usize, duration: Duration },
    /// The server's program ends, and is started again after `duration`.
    RestartServer { duration: Duration },
    /// A middlebox resets all connections of a client.
    Reset { client: usize },
    /// A middlebox forgets all of a client's connections, which stay half-open.
    Forget { client: usize },
}

/// Everything that is drawn at random before a run.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The seed.
    pub seed: u64,
    /// The virtual time after which the clients lose power or the program stops.
    pub duration: Duration,
    /// The keep-alive of the server, and of the clients that have one.
    pub keep_alive: KeepAlive,
    /// The maximum time for each step of closing a connection.
    pub close_timeout: Duration,
    /// The time for the opening handshake.
    pub handshake_timeout: Duration,
    /// The sizes of a TCP connection's send buffer and receive buffer, in bytes.
    pub buffers: (usize, usize),
    /// The clients.
    pub clients: Vec<ClientPlan>,
    /// The faults, each with its time, in chronological order.
    pub faults: Vec<(Duration, Fault)>,
    /// How the program `server` is started and used, if it is the server in this run.
    pub program: Option<ProgramPlan>,
}

impl Scenario {
    /// Draws a scenario.
    #[must_use]
    pub fn new(seed: u64, subject: Subject) -> Self {
        let random = &mut StdRng::seed_from_u64(seed);
        let seconds = |random: &mut StdRng, from: u64, to: u64| Duration::from_secs(random.random_range(from..=to));
        // About one run in ten simulates an hour.
        let duration = if random.random_bool(0.1) { Duration::from_secs(3600) } else { seconds(random, 60, 600) };
        let clients = (0..random.random_range(1..=4)).map(|_| ClientPlan::new(random)).collect::<Vec<_>>();
        let fault_count = random.random_range(0..=8);
        let mut faults: Vec<_> = (0..fault_count)
            .map(|_| {
                let time = Duration::from_millis(random.random_range(0..duration.as_secs() * 1000));
                (time, Fault::new(random, clients.len()))
            })
            .collect();
        faults.sort_by_key(|(time, _)| *time);
        let buffer = |random: &mut StdRng| 1 << random.random_range(9..=18);
        let mut scenario = Self {
            seed,
            duration,
            keep_alive: KeepAlive { interval: seconds(random, 2, 30), timeout: seconds(random, 2, 30) },
            close_timeout: seconds(random, 1, 10),
            handshake_timeout: seconds(random, 2, 10),
            buffers: (buffer(random), buffer(random)),
            clients,
            faults,
            program: None,
        };
        if subject == Subject::Program {
            scenario.add_program(random);
        }
        scenario
    }

    /// Draws the values that only a run of the program `server` needs. The rest of the scenario is
    /// the same as in a run without the program.
    fn add_program(&mut self, random: &mut StdRng) {
        // The program has one option for both the interval and the time-out.
        self.keep_alive.timeout = self.keep_alive.interval;
        let breakable = self.clients.len();
        // The faults have already been drawn, so none of them targets these clients.
        self.clients.extend([(); 2].map(|()| ClientPlan::new(random)));
        self.program = Some(ProgramPlan::new(random, breakable));
    }

    /// Returns the URI to which a client connects in a session.
    #[must_use]
    pub fn uri(&self, session: u64, client: usize) -> String {
        match &self.program {
            None => format!("ws://server/{session}/{client}"),
            Some(program) => format!("ws://localhost{}", program.service(client).path()),
        }
    }

    /// Returns the configuration of a connection.
    #[must_use]
    pub fn config(&self, keep_alive: bool) -> Config {
        let config = Config::DEFAULT.close_timeout(self.close_timeout);
        if keep_alive { config.keep_alive(self.keep_alive) } else { config }
    }

    /// Returns the compression options, for the clients that use compression.
    #[must_use]
    pub fn deflate() -> DeflateOptions {
        DeflateOptions::default()
    }
}

impl ClientPlan {
    /// Returns the plan that the server uses for the observer.
    #[must_use]
    pub const fn observer() -> Self {
        Self {
            style: Style::Whole,
            server_style: Style::Serve,
            echo: false,
            keep_alive: false,
            deflate: false,
            max_messages: 0,
            max_message: 100,
            max_pause: 0,
            max_stall: 0,
            link: Link::PERFECT,
        }
    }

    fn new(random: &mut StdRng) -> Self {
        let server_style = [Style::Whole, Style::Serve, Style::Split][random.random_range(0..3)];
        let delay = random.random_range(0..=50);
        Self {
            style: [Style::Whole, Style::Split][random.random_range(0..2)],
            server_style,
            echo: random.random_bool(0.5),
            keep_alive: random.random_bool(0.5),
            deflate: random.random_bool(0.3),
            max_messages: [5, 50, 300][random.random_range(0..3)],
            max_message: [100, 4 << 10, 70 << 10, 400 << 10][random.random_range(0..4)],
            max_pause: [0, 10, 1000, 20_000][random.random_range(0..4)],
            max_stall: [0, 0, 0, 200, 5_000, 90_000][random.random_range(0..6)],
            link: Link {
                delay: (delay, delay + random.random_range(0..=50)),
                loss: [0.0, 0.0, 0.05][random.random_range(0..3)],
                segment: 1 << random.random_range(10..=16),
                cuts: true,
                blocked: false,
            },
        }
    }
}

impl Fault {
    fn new(random: &mut StdRng, clients: usize) -> Self {
        let client = random.random_range(0..clients);
        // The shortest faults end before any time-out, and the longest exceed every time-out.
        let duration = Duration::from_millis([500, 5_000, 60_000, 1_200_000][random.random_range(0..4)]);
        let duration = duration.mul_f64(random.random_range(0.1..1.0));
        match random.random_range(0..8) {
            0 => {
                let (to_server, to_client) = [(true, true), (true, false), (false, true)][random.random_range(0..3)];
                Self::Partition { client, to_server, to_client, duration }
            }
            1 => {
                let link = Link { delay: (0, 3_000), loss: 0.3, segment: 1 << 12, cuts: true, blocked: false };
                Self::Degrade { client, link, duration }
            }
            2 => Self::LoseClient { client, duration },
            3 => Self::LoseServer { duration },
            4 => Self::RestartClient { client, duration },
            5 => Self::RestartServer { duration },
            6 => Self::Reset { client },
            _ => Self::Forget { client },
        }
    }
}
