//! The report's section on fan-out: the cost of sending one message to many connections.

use std::{
    io,
    time::{Duration, Instant},
};

use bench::frames::PayloadKind;
use serde::Serialize;

use crate::{
    contestants::Contestant,
    load::{Burst, LoadGenerator},
    options::RunOptions,
    process::ServerProcess,
    report::ReportSection,
    rounds::{ContestantResult, take_turns},
    stats::median,
    table::{MarkdownTable, number},
};

/// The size of the message in bytes, typical of a small JSON message.
const SIZE: usize = 125;

/// The maximum number of pushes in one round.
const PUSHES: usize = 500;

/// The result of one round.
#[derive(Debug, Serialize)]
struct FanOutSample {
    /// The time, in microseconds, from the start of a push until the last listener has received the
    /// message. The value is the median of all pushes in the round.
    push_us: f64,
    server_cpu_us_per_listener: f64,
}

/// The results of all servers with a given number of listeners.
#[derive(Debug, Serialize)]
struct FanOutResults {
    listeners: usize,
    results: Vec<ContestantResult<FanOutSample>>,
}

pub(crate) fn run(contestants: &[Contestant], options: &RunOptions) -> ReportSection {
    let sizes: &[usize] = if options.quick { &[1, 100, 1000] } else { &[1, 100, 1000, 10_000] };
    let (rounds, length) =
        if options.quick { (2, Duration::from_millis(300)) } else { (3, Duration::from_millis(1500)) };
    let rounds = options.rounds.unwrap_or(rounds);
    let contestants: Vec<_> = contestants.iter().filter(|one| one.fans_out).cloned().collect();
    let burst = Burst::new(PayloadKind::Ascii, SIZE, 1, true);
    let results = |&listeners: &usize| {
        eprintln!("fan-out: {listeners} listeners");
        let measure = |_: &Contestant, server: &ServerProcess| measure(server, listeners, &burst, length);
        FanOutResults { listeners, results: take_turns(&contestants, true, rounds, options.cores, measure) }
    };
    section(&sizes.iter().map(results).collect::<Vec<_>>())
}

/// Measures one round of pushes.
fn measure(server: &ServerProcess, listeners: usize, burst: &Burst, length: Duration) -> io::Result<FanOutSample> {
    // Open one connection more than there are listeners, because the first connection sends and all
    // others listen.
    let mut generator = LoadGenerator::connect(server.target(), listeners + 1)?;
    for _ in 0..5 {
        generator.push(burst)?;
    }
    let before = server.settle()?;
    let mut times = Vec::new();
    let began = Instant::now();
    while times.len() < PUSHES && began.elapsed() < length {
        times.push(generator.push(burst)?.as_secs_f64() * 1e6);
    }
    let received = (times.len() * listeners) as f64;
    let server_cpu_us_per_listener = (server.settle()? - before).as_secs_f64() * 1e6 / received;
    drop(generator);
    server.settle()?;
    Ok(FanOutSample { push_us: median(times), server_cpu_us_per_listener })
}

fn section(all: &[FanOutResults]) -> ReportSection {
    let mut section = ReportSection::new("Fan-out", &all);
    section.paragraph(&format!(
        "One client sends a text message of {SIZE} bytes, and the server forwards the message to \
         all other clients. The time of a push ends when the last of these clients has received \
         it. All figures are medians, in microseconds. The second table shows the server's \
         processor time per listener."
    ));
    type Figure = fn(&FanOutSample) -> f64;
    let figures: [(&str, Figure); 2] = [
        ("time of a push, us", |sample| sample.push_us),
        ("server us per listener", |sample| sample.server_cpu_us_per_listener),
    ];
    for (title, figure) in figures {
        let columns = all.iter().map(|results| format!("{} listeners", results.listeners));
        let mut table = MarkdownTable::new([title.to_owned()].into_iter().chain(columns));
        let names = all.first().map(|results| results.results.iter().map(|result| result.name)).into_iter().flatten();
        for (index, name) in names.enumerate() {
            table.row(name, all.iter().map(|results| number(results.results[index].median(figure))));
        }
        section.table(&table);
    }
    section
}
