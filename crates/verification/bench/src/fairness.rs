//! The report's section on fairness: many connections that together send more than the server can
//! process at once.

use std::time::Duration;

use bench::frames::PayloadKind;

use crate::{
    contestants::Contestant,
    load_spec::LoadSpec,
    measure::EchoSample,
    options::RunOptions,
    report::ReportSection,
    rounds,
    table::{MarkdownTable, number},
};

const LOAD: LoadSpec = LoadSpec { kind: PayloadKind::Binary, size: 16 << 10, connections: 500, in_flight: 16 };

pub(crate) fn run(contestants: &[Contestant], options: &RunOptions) -> ReportSection {
    eprintln!("fairness");
    let (rounds, length) = if options.quick { (1, Duration::from_secs(1)) } else { (3, Duration::from_secs(2)) };
    let rounds = options.rounds.unwrap_or(rounds);
    let results = rounds::run(contestants, LOAD, rounds, length, options.cores);
    let mut section = ReportSection::new("Fairness", &results);
    section.paragraph(&format!(
        "{}. A server that serves one connection for as long as that connection has more to send \
         makes the others wait. The latencies of the other connections show this delay, and so \
         does the column \"least served\": the number of bursts on the least served connection, \
         divided by that on the best served one. The figures are medians over {rounds} rounds of \
         {length:?}; \"p99 to raw\" is the median of the ratios of all rounds.",
        LOAD.name()
    ));
    let columns = ["", "p50 ms", "p99 ms", "p99.9 ms", "p99 to raw", "least served", "MB/s", "server us/message"];
    let mut table = MarkdownTable::new(columns);
    for result in &results.results {
        let p99 = |sample: &EchoSample| sample.latency_p99_us;
        table.row(
            result.name,
            [
                number(result.median(|sample| sample.latency_p50_us) / 1e3),
                number(result.median(p99) / 1e3),
                number(result.median(|sample| sample.latency_p999_us) / 1e3),
                number(results.to_raw(result.name, p99)),
                number(result.median(|sample| sample.least_served)),
                number(result.median(|sample| sample.megabytes_per_second)),
                number(result.median(|sample| sample.server_cpu_us_per_message)),
            ],
        );
    }
    section.table(&table);
    section
}
