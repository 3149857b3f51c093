//! The command line.

use std::{io, path::PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::{machine, measure::Cell};

/// Measures WebSocket libraries side by side, on this machine, over its loopback interface.
///
/// Servers run on one core and the load on another. Each part prints its tables in Markdown.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) part: Part,

    #[command(flatten)]
    pub(crate) run: Run,
}

/// What to measure.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum Part {
    /// Everything below, one after the other (about 25 minutes, with --quick about 6)
    All,
    /// Echo servers: processor time, throughput and latency of each message
    Echo,
    /// One message to many connections
    Fanout,
    /// Memory of connections that do nothing
    Idle,
    /// How the cost grows with sizes, fragments, pieces and connections
    Growth,
    /// Whether anybody starves among many busy connections
    Fairness,
    /// The libraries without a socket: runs `cargo bench -p bench`
    Codec,
    /// Serves as one of the contestants; what the other commands start
    #[command(hide = true)]
    Serve {
        /// Whose server
        name: String,
        /// Pass each message on to everyone else
        #[arg(long)]
        fan_out: bool,
    },
}

/// How to measure it.
#[derive(Debug, Clone, Args)]
pub(crate) struct Run {
    /// A first impression: fewer cells, fewer and shorter rounds
    #[arg(long, global = true)]
    pub(crate) quick: bool,

    /// Write the tables to this file, and not to standard output
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Write every single measurement to this file, as JSON
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Measure only these contestants and the raw TCP echo
    #[arg(long, global = true, value_name = "NAME,NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,

    /// Measure `echo` under this load instead of its own, such as 1024x50x16:mixed (size, connections, in flight)
    #[arg(long, global = true, value_name = "LOAD", value_parser = Cell::parse)]
    pub(crate) load: Vec<Cell>,

    /// Rounds, instead of each part's own number
    #[arg(long, global = true, value_name = "COUNT")]
    pub(crate) rounds: Option<u32>,

    #[command(flatten)]
    pub(crate) cores: Cores,
}

/// Which core does what.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Cores {
    /// The core for the servers
    #[arg(long, global = true, value_name = "NUMBER", default_value_t = 0)]
    server_core: usize,

    /// The core for the load
    #[arg(long, global = true, value_name = "NUMBER", default_value_t = 1)]
    load_core: usize,
}

impl Cores {
    /// Moves this thread, and what it starts, to the servers' core.
    pub(crate) fn stay_with_server(self) -> io::Result<()> {
        machine::stay_on(self.server_core)
    }

    /// Moves this thread, and what it starts, to the load's core.
    pub(crate) fn stay_with_load(self) -> io::Result<()> {
        machine::stay_on(self.load_core)
    }
}
