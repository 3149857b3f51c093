//! The program's options, and the path that each client uses.

use std::time::Duration;

use rand::{RngExt, rngs::StdRng};

/// A path of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// `/`
    Stats,
    /// `/echo`
    Echo,
    /// `/chat`
    Chat,
}

impl Service {
    /// Returns the path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Stats => "/",
            Self::Echo => "/echo",
            Self::Chat => "/chat",
        }
    }
}

/// How the program is started and used.
#[derive(Debug, Clone)]
pub struct ProgramPlan {
    /// The services of the clients.
    pub services: Vec<Service>,
    /// The time between two pushes.
    pub push_interval: Duration,
    /// How long the program may take to write a push or a batch of texts.
    pub write_timeout: Duration,
    /// Whether the program compresses.
    pub deflate: bool,
    /// Whether the program stops before its clients at the end of the run. Otherwise, all clients
    /// lose power before the program stops.
    pub stops_first: bool,
}

impl ProgramPlan {
    /// Draws a plan. Only the first `breakable` clients can be the targets of faults. The two
    /// clients after them are members of the chat.
    pub fn new(random: &mut StdRng, breakable: usize) -> Self {
        let draws = [Service::Chat, Service::Chat, Service::Echo, Service::Stats];
        let mut services: Vec<_> = (0..breakable).map(|_| draws[random.random_range(0..draws.len())]).collect();
        services.extend([Service::Chat; 2]);
        Self {
            services,
            push_interval: Duration::from_millis([100, 1_000, 5_000][random.random_range(0..3)]),
            write_timeout: Duration::from_secs(random.random_range(1..=10)),
            deflate: random.random_bool(0.3),
            stops_first: random.random_bool(0.5),
        }
    }

    /// Returns the service that a client uses. The two observers are numbered after the clients.
    #[must_use]
    pub fn service(&self, client: usize) -> Service {
        let observers = [Service::Echo, Service::Stats];
        self.services.iter().chain(&observers).nth(client).copied().unwrap_or(Service::Stats)
    }
}
