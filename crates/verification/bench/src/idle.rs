//! Idle memory: what a connection holds while it does nothing, before and after it has been busy once.

use std::{io, thread::sleep, time::Duration};

use bench::frames::FrameKind;
use serde::Serialize;

use crate::{
    contestants::Contestant,
    load::{Fleet, Script},
    options::Run,
    process::Server,
    report::Section,
    table::Table,
};

/// What each connection echoes once.
const SIZE: usize = 64 << 10;

/// Connections that do so at the same time. All at once would fill the kernel's memory with what is under way.
const AT_ONCE: usize = 50;

/// How long idleness lasts before it is measured: an allocator or a collector may give back what it does not need.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    /// Resident bytes: of the process before anybody has connected, then for each connection.
    process: u64,
    fresh: f64,
    after_echo: f64,
    error: Option<String>,
}

pub(crate) fn run(contestants: &[Contestant], run: &Run) -> Section {
    let connections = if run.quick { 1000 } else { 10_000 };
    let mut lines = Vec::new();
    for contestant in contestants {
        eprintln!("idle: {}", contestant.name);
        let (framed, name) = (contestant.path.is_some(), contestant.name);
        let server = Server::start(contestant, false, run.cores);
        lines.push(server.and_then(|server| measure(&server, name, framed, connections)).unwrap_or_else(|error| {
            eprintln!("  {name}: {error}");
            Line { name, process: 0, fresh: f64::NAN, after_echo: f64::NAN, error: Some(error.to_string()) }
        }));
    }
    let mut section = Section::new("Idle memory", &lines);
    section.say(&format!(
        "Resident memory of the server process for each of {connections} idle connections, in \
         bytes, above what the process used before the first of them. \"Fresh\" is before any \
         message. \"After 64 KiB\" is after each connection has echoed one message of 64 KiB and is \
         idle again. The kernel's memory for sockets is not included."
    ));
    let mut table = Table::new(["", "fresh", "after 64 KiB", "the process alone, KiB"]);
    for line in &lines {
        let bytes = |value: f64| if value.is_finite() { format!("{value:.0}") } else { "-".to_owned() };
        table.row(line.name, [bytes(line.fresh), bytes(line.after_echo), (line.process >> 10).to_string()]);
    }
    section.table(&table);
    section
}

fn measure(server: &Server, name: &'static str, framed: bool, connections: usize) -> io::Result<Line> {
    // One connection first: what a server makes once, for all of them, is not a connection's.
    let script = Script::new(FrameKind::Binary, SIZE, 1, framed);
    Fleet::connect(server.target(), 1)?.exchange(&script, Duration::ZERO)?;
    let resident = || {
        sleep(PAUSE);
        server.settle()?;
        server.resident()
    };
    let process = resident()?;
    let per_connection = |resident: u64| (resident as f64 - process as f64) / connections as f64;
    let mut fleet = Fleet::connect(server.target(), connections)?;
    let fresh = per_connection(resident()?);
    for start in (0..connections).step_by(AT_ONCE) {
        let end = connections.min(start + AT_ONCE);
        fleet.exchange_on(start..end, &script, Duration::ZERO)?;
    }
    let after_echo = per_connection(resident()?);
    Ok(Line { name, process, fresh, after_echo, error: None })
}
