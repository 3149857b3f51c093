//! The role of the program that the suite tests.

use std::fmt;

/// The side of a connection that the suite tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum TestedRole {
    /// A server, to which the suite connects.
    Server,
    /// A client, which connects to the suite.
    Client,
}

impl TestedRole {
    /// Both roles.
    pub const ALL: [Self; 2] = [Self::Server, Self::Client];
}

impl fmt::Display for TestedRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}
