//! Echo servers under many loads: what a message costs.

use std::time::Duration;

use bench::frames::FrameKind;
use serde::Serialize;

use crate::{
    contestants::{Contestant, OURS},
    measure::{Cell, Sample},
    options::Run,
    report::Section,
    rounds::{self, Outcome},
    stats::geometric_mean,
    table::{Table, number},
};

/// Loads that belong together: a column of the summary.
#[derive(Debug, Serialize)]
struct Group {
    name: &'static str,
    cells: Vec<Cell>,
}

fn groups(quick: bool) -> Vec<Group> {
    use FrameKind::{Ascii, Binary, Mixed};
    let cells = |in_flight, loads: &[(FrameKind, usize, usize)]| -> Vec<Cell> {
        let cell = |&(kind, size, connections)| Cell { kind, size, connections, in_flight };
        loads.iter().map(cell).collect()
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
        Group { name: "up to 1 KiB, 1 in flight", cells: cells(1, small) },
        Group { name: "up to 1 KiB, 16 in flight", cells: cells(16, small) },
        Group { name: "16 KiB, 1", cells: cells(1, middle) },
        Group { name: "16 KiB, 16", cells: cells(16, middle) },
        Group { name: "1 MiB, 1", cells: cells(1, large) },
        Group { name: "1 KiB mixed UTF-8, 16", cells: cells(16, mixed) },
    ]
}

/// Rounds and their length.
const fn pace(quick: bool) -> (u32, Duration) {
    if quick { (3, Duration::from_millis(200)) } else { (5, Duration::from_millis(400)) }
}

pub(crate) fn run(contestants: &[Contestant], run: &Run) -> Section {
    let groups = if run.load.is_empty() {
        groups(run.quick)
    } else {
        vec![Group { name: "as requested", cells: run.load.clone() }]
    };
    let (rounds, length) = pace(run.quick);
    let rounds = run.rounds.unwrap_or(rounds);
    let mut outcomes: Vec<Vec<Outcome>> = Vec::new();
    for group in &groups {
        eprintln!("echo: {}", group.name);
        let cells = group.cells.iter();
        outcomes.push(cells.map(|&cell| rounds::run(contestants, cell, rounds, length, run.cores)).collect());
    }
    let mut section = Section::new("Echo", &outcomes);
    section.say(&format!(
        "Each server receives messages and sends them back, in {rounds} rounds of {length:?} after \
         a warm-up of a quarter of that time. The figures are medians over the rounds. \"16 in \
         flight\" means that each connection sends 16 messages in one write, and the next 16 when \
         all replies have arrived. Every byte of every reply is compared."
    ));
    section.say(
        "**Server processor time per message, divided by that of the raw TCP echo in the same \
         round**, as geometric means over the loads of each group. 1.00 would be a WebSocket server \
         that costs nothing. The last line shows the range of our own figures from round to round. \
         Differences smaller than this range mean nothing.",
    );
    section.table(&summary(contestants, &groups, &outcomes, rounds as usize));
    section.say(
        "Load by load. \"To raw\" is the median of the ratios of all rounds, and the figure to \
         compare. It may differ from the ratio of the two medians beside it, because those may \
         come from different rounds.",
    );
    for outcome in outcomes.iter().flatten() {
        section.say(&format!("{}:", outcome.cell.name()));
        section.table(&detail(outcome));
    }
    section
}

const fn cpu(sample: &Sample) -> f64 {
    sample.server_cpu_us_per_message
}

fn summary(contestants: &[Contestant], groups: &[Group], outcomes: &[Vec<Outcome>], rounds: usize) -> Table {
    let names = groups.iter().map(|group| group.name);
    let mut table = Table::new([""].into_iter().chain(names).chain(["all loads"]));
    for contestant in contestants {
        let mean = |outcomes: &mut dyn Iterator<Item = &Outcome>| {
            number(geometric_mean(outcomes.map(|outcome| outcome.to_raw(contestant.name, cpu))))
        };
        let columns = outcomes.iter().map(|group| mean(&mut group.iter()));
        let all = mean(&mut outcomes.iter().flatten());
        table.row(format!("{} {}", contestant.name, contestant.version), columns.chain([all]));
    }
    let spread = |outcomes: &[&Outcome]| {
        let mean = |round| geometric_mean(outcomes.iter().map(|outcome| outcome.to_raw_in(round, OURS, cpu)));
        let (low, high) =
            (0..rounds).map(mean).fold((f64::MAX, f64::MIN), |(low, high), value| (value.min(low), value.max(high)));
        format!("{}-{}", number(low), number(high))
    };
    let columns = outcomes.iter().map(|group| spread(&group.iter().collect::<Vec<_>>()));
    let all = spread(&outcomes.iter().flatten().collect::<Vec<_>>());
    table.row("(ours, round by round)", columns.chain([all]));
    table
}

/// Everything about one load.
pub(crate) fn detail(outcome: &Outcome) -> Table {
    let columns =
        ["", "messages/s", "MB/s", "p50 us", "p99 us", "p99.9 us", "server us/message", "to raw", "server MiB"];
    let mut table = Table::new(columns);
    for line in &outcome.lines {
        if line.error.is_some() {
            table.row(format!("{} (failed)", line.name), [""; 8]);
            continue;
        }
        table.row(
            line.name,
            [
                number(line.median(|sample| sample.messages_per_second)),
                number(line.median(|sample| sample.megabytes_per_second)),
                number(line.median(|sample| sample.latency_p50_us)),
                number(line.median(|sample| sample.latency_p99_us)),
                number(line.median(|sample| sample.latency_p999_us)),
                number(line.median(cpu)),
                number(outcome.to_raw(line.name, cpu)),
                number(line.median(|sample| sample.server_resident_bytes as f64) / 1_048_576.0),
            ],
        );
    }
    table
}
