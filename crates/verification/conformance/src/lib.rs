//! The Autobahn testsuite against our server and our client, and against those of others.
//!
//! The suite is 517 conversations. In each it plays one side, mostly rightly and sometimes wrongly on purpose, and
//! judges what the other side does. `cargo run --release -p conformance` installs it, lets it judge our server and our
//! client, and compares its verdicts with those in `baselines/`. What it covers and what it does not is told in
//! `docs/src/conformance.md`.
//!
//! ```text
//!   role    the suite is             it judges
//!   server  a client that connects   `/echo` of crates/server
//!   client  a server that waits      the agent: a client that echoes, one connection for each case
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `args` | the command line |
//! | `suite` | installs the suite and runs it |
//! | `implementation` | who is judged: ours, tungstenite, `ws` |
//! | `agent` | the client that is judged |
//! | `process` | programs that are started and have to end |
//! | `case` | a case's number, and which cases to run |
//! | `verdict` | what the suite says about a case |
//! | `baseline` | what it said before |
//! | `table` | verdicts by groups of cases |
//!
//! Beside them: `suite/`, what it takes to install the suite, and `ws/`, two small programs on the npm package `ws`.

pub mod agent;
pub mod baseline;
pub mod case;
pub mod implementation;
pub mod process;
pub mod suite;
pub mod table;
pub mod verdict;

use std::fmt;

/// Which side of a connection is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Role {
    /// The server; the suite connects to it.
    Server,
    /// The client; it connects to the suite.
    Client,
}

impl Role {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Server, Self::Client];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}
