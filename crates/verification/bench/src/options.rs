//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{cores::CoreAssignment, load_spec::LoadSpec};

/// Measures WebSocket libraries side by side, on this machine, over its loopback interface.
///
/// The servers run on one core and the load generator on another. The results are tables in
/// Markdown.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
pub(crate) struct BenchArgs {
    #[command(subcommand)]
    pub(crate) command: BenchCommand,

    #[command(flatten)]
    pub(crate) options: RunOptions,
}

/// The part of the report to measure.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum BenchCommand {
    /// All measurements below (about 25 minutes, or 6 with --quick)
    All,
    /// Echo servers: processor time, throughput and latency
    Echo,
    /// Fan-out of one message to many connections
    Fanout,
    /// Memory of idle connections
    Idle,
    /// Growth of the cost with message size, read size, fragment size and number of connections
    Growth,
    /// Fairness among many busy connections
    Fairness,
    /// The libraries without a socket: runs `cargo bench -p bench`
    Codec,
    /// Attacks on the program `server`: how much memory it uses, and how other clients are affected
    /// (about 10 minutes). Fails if a bound is exceeded or another client loses a message. --only
    /// selects attacks by part of their names
    Attack {
        /// Memory allocator to build the server with
        #[arg(long, value_enum, default_value_t)]
        allocator: Allocator,
    },
    /// Runs one of the servers (used by the other commands)
    #[command(hide = true)]
    Serve {
        /// Name of the server
        name: String,
        /// Forward each message to all other clients
        #[arg(long)]
        fan_out: bool,
    },
}

/// A memory allocator for the program `server`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Allocator {
    /// The server's `jemalloc` feature, whose allocator returns memory to the system after an
    /// attack
    #[default]
    Jemalloc,
    /// The system's allocator, which is the server's default. With the allocator of glibc, the
    /// command fails, because that allocator keeps a lot of memory after an attack
    System,
}

/// The options of all measurements.
#[derive(Debug, Clone, Args)]
pub(crate) struct RunOptions {
    /// Measure quickly: fewer loads, and fewer and shorter rounds
    #[arg(long, global = true)]
    pub(crate) quick: bool,

    /// Write the tables to this file instead of standard output
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,

    /// Write all individual measurements to this file as JSON
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,

    /// Measure only these servers and the raw TCP echo
    #[arg(long, global = true, value_name = "NAME,NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,

    /// Load for `echo`, such as 1024x50x16:mixed (size, connections, in flight), instead of the
    /// default loads
    #[arg(long, global = true, value_name = "LOAD", value_parser = LoadSpec::parse)]
    pub(crate) load: Vec<LoadSpec>,

    /// Number of rounds, instead of each measurement's default
    #[arg(long, global = true, value_name = "COUNT")]
    pub(crate) rounds: Option<u32>,

    #[command(flatten)]
    pub(crate) cores: CoreAssignment,
}
