//! The report's section on idle memory: how much memory an idle connection uses before and after
//! its first message.

use std::{io, thread::sleep, time::Duration};

use bench::frames::PayloadKind;
use serde::Serialize;

use crate::{
    contestants::Contestant,
    load::{Burst, LoadGenerator},
    options::RunOptions,
    process::ServerProcess,
    report::ReportSection,
    table::MarkdownTable,
};

/// The size, in bytes, of the single message that each connection exchanges.
const SIZE: usize = 64 << 10;

/// The maximum number of connections that echo at the same time. If all connections echoed at once,
/// the messages in transit would fill the kernel's memory.
const AT_ONCE: usize = 50;

/// How long the server is idle before each measurement. During this time, an allocator or a garbage
/// collector can release memory.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Serialize)]
struct IdleResult {
    name: &'static str,
    /// The resident memory of the process before the first connection, in bytes.
    process: u64,
    /// The resident memory per new connection, in bytes.
    fresh: f64,
    /// The resident memory per connection after one echo, in bytes.
    after_echo: f64,
    error: Option<String>,
}

pub(crate) fn run(contestants: &[Contestant], options: &RunOptions) -> ReportSection {
    let connections = if options.quick { 1000 } else { 10_000 };
    let mut results = Vec::new();
    for contestant in contestants {
        eprintln!("idle: {}", contestant.name);
        let (framed, name) = (contestant.path.is_some(), contestant.name);
        let server = ServerProcess::start(contestant, false, options.cores);
        results.push(server.and_then(|server| measure(&server, name, framed, connections)).unwrap_or_else(|error| {
            eprintln!("  {name}: {error}");
            IdleResult { name, process: 0, fresh: f64::NAN, after_echo: f64::NAN, error: Some(error.to_string()) }
        }));
    }
    let mut section = ReportSection::new("Idle memory", &results);
    section.paragraph(&format!(
        "Resident memory of the server process for each of {connections} idle connections, in \
         bytes, in addition to the memory of the process before these connections. \"Fresh\" is \
         measured before any message. \"After 64 KiB\" is measured after each connection has \
         echoed one message of 64 KiB and is idle again. The kernel's memory for sockets is not \
         included."
    ));
    let mut table = MarkdownTable::new(["", "fresh", "after 64 KiB", "the process alone, KiB"]);
    for result in &results {
        let bytes = |value: f64| if value.is_finite() { format!("{value:.0}") } else { "-".to_owned() };
        table.row(result.name, [bytes(result.fresh), bytes(result.after_echo), (result.process >> 10).to_string()]);
    }
    section.table(&table);
    section
}

fn measure(server: &ServerProcess, name: &'static str, framed: bool, connections: usize) -> io::Result<IdleResult> {
    // Exchange a message on one connection first, so that the server allocates the memory that all
    // connections share. Otherwise this memory would be attributed to the measured connections.
    let burst = Burst::new(PayloadKind::Binary, SIZE, 1, framed);
    LoadGenerator::connect(server.target(), 1)?.exchange(&burst, Duration::ZERO)?;
    let resident = || {
        sleep(PAUSE);
        server.settle()?;
        server.resident()
    };
    let process = resident()?;
    let per_connection = |resident: u64| (resident as f64 - process as f64) / connections as f64;
    let mut generator = LoadGenerator::connect(server.target(), connections)?;
    let fresh = per_connection(resident()?);
    for start in (0..connections).step_by(AT_ONCE) {
        let end = connections.min(start + AT_ONCE);
        generator.exchange_on(start..end, &burst, Duration::ZERO)?;
    }
    let after_echo = per_connection(resident()?);
    Ok(IdleResult { name, process, fresh, after_echo, error: None })
}
