//! Fairness: many connections that all have more to say than the server can take at once.

use std::time::Duration;

use bench::frames::FrameKind;

use crate::{
    contestants::Contestant,
    measure::{Cell, Sample},
    options::Run,
    report::Section,
    rounds,
    table::{Table, number},
};

const CELL: Cell = Cell { kind: FrameKind::Binary, size: 16 << 10, connections: 500, in_flight: 16 };

pub(crate) fn run(contestants: &[Contestant], run: &Run) -> Section {
    eprintln!("fairness");
    let (rounds, length) = if run.quick { (1, Duration::from_secs(1)) } else { (3, Duration::from_secs(2)) };
    let rounds = run.rounds.unwrap_or(rounds);
    let outcome = rounds::run(contestants, CELL, rounds, length, run.cores);
    let mut section = Section::new("Fairness", &outcome);
    section.say(&format!(
        "{}. A server that serves one connection for as long as that connection has more to send \
         makes the others wait. Their latencies show it, and so does \"least served\": the number of \
         bursts of the least served connection, divided by that of the best served one. Medians over \
         {rounds} rounds of {length:?}; \"p99 to raw\" is the median of the ratios of all rounds.",
        CELL.name()
    ));
    let columns = ["", "p50 ms", "p99 ms", "p99.9 ms", "p99 to raw", "least served", "MB/s", "server us/message"];
    let mut table = Table::new(columns);
    for line in &outcome.lines {
        let p99 = |sample: &Sample| sample.latency_p99_us;
        table.row(
            line.name,
            [
                number(line.median(|sample| sample.latency_p50_us) / 1e3),
                number(line.median(p99) / 1e3),
                number(line.median(|sample| sample.latency_p999_us) / 1e3),
                number(outcome.to_raw(line.name, p99)),
                number(line.median(|sample| sample.least_served)),
                number(line.median(|sample| sample.megabytes_per_second)),
                number(line.median(|sample| sample.server_cpu_us_per_message)),
            ],
        );
    }
    section.table(&table);
    section
}
