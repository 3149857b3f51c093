//! The command line.

use std::time::Duration;

use clap::Parser;
use cli::{TracingOptions, parse_duration};

/// Where the server listens unless it is told otherwise: where the client looks for it unless it is told otherwise.
pub(crate) const LISTEN: &str = "127.0.0.1:8080";

/// Pushes a message to every client on an interval, prints what they say, echoes and relays.
///
/// `/` pushes, `/echo` sends every message back, `/chat` relays texts, and `/break/RULE` breaks one rule of the RFC
/// towards the client, to see what it does (`/break/` lists the rules).
#[derive(Debug, Clone, Parser)]
#[command(name = "server", version)]
pub(crate) struct Args {
    /// Where to listen; port 0 takes any that is free
    #[arg(long, value_name = "HOST:PORT", default_value = LISTEN)]
    pub(crate) listen: String,

    /// From one push to the next, such as 250ms, 1s or 2m
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = positive)]
    pub(crate) interval: Duration,

    /// A web page's origin that may connect besides our own, such as `https://example.org` (repeatable; '*': any)
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,

    /// Connections at the same time; further ones get 503
    #[arg(long, value_name = "COUNT", default_value_t = 20_000)]
    pub(crate) max_connections: usize,

    /// The largest message taken, in bytes; a larger one is answered with 1009
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20)]
    pub(crate) max_message: usize,

    /// Compress messages of 1 KiB and more, with clients that offer it (permessage-deflate)
    #[arg(long)]
    pub(crate) deflate: bool,

    /// How long a client may take to send its request
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive)]
    pub(crate) handshake_timeout: Duration,

    /// How long a client may take nothing of what is pushed to it before it is dropped with 1008
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive)]
    pub(crate) write_timeout: Duration,

    /// How long a client may take to answer a Close; also the time in which the server ends once it is stopped
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = positive)]
    pub(crate) close_timeout: Duration,

    /// From one Ping to the next, and as long for its answer
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = positive)]
    pub(crate) ping_interval: Duration,

    /// Threads to serve with [default: one for each core]
    #[arg(long, value_name = "COUNT", default_value_t = cores(), hide_default_value = true, value_parser = at_least_one)]
    pub(crate) threads: usize,

    #[command(flatten)]
    pub(crate) tracing: TracingOptions,

    /// Log more; twice: log most (or set `RUST_LOG`)
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Longer times are mistakes, and some of them are so long that no clock can tell when they end.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn positive(text: &str) -> Result<Duration, String> {
    parse_duration(text, &(Duration::from_nanos(1)..=LONGEST))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(format!("{error}")),
    }
}
