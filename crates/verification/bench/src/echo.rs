//! The report's section on echo servers: the cost of a message under many different loads.

use std::time::Duration;

use bench::frames::PayloadKind;
use serde::Serialize;

use crate::{
    contestants::{Contestant, OURS},
    load_spec::LoadSpec,
    measure::EchoSample,
    options::RunOptions,
    report::ReportSection,
    rounds::{self, LoadResults},
    stats::geometric_mean,
    table::{MarkdownTable, number},
};

/// A group of similar loads. The summary has one column for each group.
#[derive(Debug, Serialize)]
struct LoadGroup {
    name: &'static str,
    loads: Vec<LoadSpec>,
}

fn groups(quick: bool) -> Vec<LoadGroup> {
    use PayloadKind::{Ascii, Binary, Mixed};
    let specs = |in_flight, loads: &[(PayloadKind, usize, usize)]| -> Vec<LoadSpec> {
        let spec = |&(kind, size, connections)| LoadSpec { kind, size, connections, in_flight };
        loads.iter().map(spec).collect()
    };
    let small: &[_] = if quick {
        &[(Binary, 125, 50), (Ascii, 1024, 50)]
    } else {
        &[(Binary, 16, 50), (Binary, 125, 200), (Ascii, 125, 50), (Ascii, 1024, 200)]
    };
    let middle: &[_] = if quick { &[(Binary, 16 << 10, 10)] } else { &[(Binary, 16 << 10, 10), (Ascii, 16 << 10, 50)] };
    let large: &[_] = if quick { &[(Binary, 1 << 20, 4)] } else { &[(Binary, 1 << 20, 1), (Binary, 1 << 20, 8)] };
    let mixed: &[_] = if quick { &[(Mixed, 1024, 50)] } else { &[(Mixed, 1024, 50), (Mixed, 1024, 200)] };
    vec![
        LoadGroup { name: "up to 1 KiB, 1 in flight", loads: specs(1, small) },
        LoadGroup { name: "up to 1 KiB, 16 in flight", loads: specs(16, small) },
        LoadGroup { name: "16 KiB, 1", loads: specs(1, middle) },
        LoadGroup { name: "16 KiB, 16", loads: specs(16, middle) },
        LoadGroup { name: "1 MiB, 1", loads: specs(1, large) },
        LoadGroup { name: "1 KiB mixed UTF-8, 16", loads: specs(16, mixed) },
    ]
}

/// Returns the number of rounds, and the length of each.
const fn pace(quick: bool) -> (u32, Duration) {
    if quick { (3, Duration::from_millis(200)) } else { (5, Duration::from_millis(400)) }
}

pub(crate) fn run(contestants: &[Contestant], options: &RunOptions) -> ReportSection {
    let groups = if options.load.is_empty() {
        groups(options.quick)
    } else {
        vec![LoadGroup { name: "as requested", loads: options.load.clone() }]
    };
    let (rounds, length) = pace(options.quick);
    let rounds = options.rounds.unwrap_or(rounds);
    let mut results: Vec<Vec<LoadResults>> = Vec::new();
    for group in &groups {
        eprintln!("echo: {}", group.name);
        let loads = group.loads.iter();
        results.push(loads.map(|&load| rounds::run(contestants, load, rounds, length, options.cores)).collect());
    }
    let mut section = ReportSection::new("Echo", &results);
    section.paragraph(&format!(
        "Each server receives messages and sends them back, in {rounds} rounds of {length:?} after \
         a warm-up of a quarter of that time. The figures are medians over the rounds. \"16 in \
         flight\" means that each connection sends 16 messages in one write, and sends the next 16 \
         when all replies have arrived. The load generator compares every byte of every reply."
    ));
    section.paragraph(
        "**Server processor time per message, divided by that of the raw TCP echo in the same \
         round**, as geometric means over the loads of each group. A WebSocket server that costs \
         nothing would have 1.00. The last line shows the range of our own figures from round to \
         round. Smaller differences mean nothing.",
    );
    section.table(&summary(contestants, &groups, &results, rounds as usize));
    section.paragraph(
        "The following tables show each load by itself. The column to compare is \"to raw\", the \
         median of the ratios of all rounds. It may differ from the ratio of the two medians in \
         the column before it, because those medians may come from different rounds.",
    );
    for load in results.iter().flatten() {
        section.paragraph(&format!("{}:", load.load.name()));
        section.table(&detail(load));
    }
    section
}

const fn cpu(sample: &EchoSample) -> f64 {
    sample.server_cpu_us_per_message
}

fn summary(
    contestants: &[Contestant],
    groups: &[LoadGroup],
    results: &[Vec<LoadResults>],
    rounds: usize,
) -> MarkdownTable {
    let names = groups.iter().map(|group| group.name);
    let mut table = MarkdownTable::new([""].into_iter().chain(names).chain(["all loads"]));
    for contestant in contestants {
        let mean = |results: &mut dyn Iterator<Item = &LoadResults>| {
            number(geometric_mean(results.map(|load| load.to_raw(contestant.name, cpu))))
        };
        let columns = results.iter().map(|group| mean(&mut group.iter()));
        let all = mean(&mut results.iter().flatten());
        table.row(format!("{} {}", contestant.name, contestant.version), columns.chain([all]));
    }
    let spread = |results: &[&LoadResults]| {
        let mean = |round| geometric_mean(results.iter().map(|load| load.to_raw_in(round, OURS, cpu)));
        let (low, high) =
            (0..rounds).map(mean).fold((f64::MAX, f64::MIN), |(low, high), value| (value.min(low), value.max(high)));
        format!("{}-{}", number(low), number(high))
    };
    let columns = results.iter().map(|group| spread(&group.iter().collect::<Vec<_>>()));
    let all = spread(&results.iter().flatten().collect::<Vec<_>>());
    table.row("(ours, round by round)", columns.chain([all]));
    table
}

/// Creates the table of all figures for one load.
pub(crate) fn detail(load: &LoadResults) -> MarkdownTable {
    let columns =
        ["", "messages/s", "MB/s", "p50 us", "p99 us", "p99.9 us", "server us/message", "to raw", "server MiB"];
    let mut table = MarkdownTable::new(columns);
    for result in &load.results {
        if result.error.is_some() {
            table.row(format!("{} (failed)", result.name), [""; 8]);
            continue;
        }
        table.row(
            result.name,
            [
                number(result.median(|sample| sample.messages_per_second)),
                number(result.median(|sample| sample.megabytes_per_second)),
                number(result.median(|sample| sample.latency_p50_us)),
                number(result.median(|sample| sample.latency_p99_us)),
                number(result.median(|sample| sample.latency_p999_us)),
                number(result.median(cpu)),
                number(load.to_raw(result.name, cpu)),
                number(result.median(|sample| sample.server_resident_bytes as f64) / 1_048_576.0),
            ],
        );
    }
    table
}
