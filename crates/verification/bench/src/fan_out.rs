//! Fan-out: what it costs to say one thing to many.

use std::{
    io,
    time::{Duration, Instant},
};

use bench::frames::FrameKind;
use serde::Serialize;

use crate::{
    contestants::Contestant,
    load::{Fleet, Script},
    options::Run,
    process::Server,
    report::Section,
    rounds::{Line, take_turns},
    stats::median,
    table::{Table, number},
};

/// The size of what is pushed: a small JSON text.
const SIZE: usize = 125;

/// Pushes in one round, and the time after which a round ends without all of them.
const PUSHES: usize = 500;

/// What came of one round.
#[derive(Debug, Serialize)]
struct Sample {
    /// From a push until the last listener has it; the median of the round's pushes.
    push_us: f64,
    server_cpu_us_per_listener: f64,
}

/// All contestants with so many listeners.
#[derive(Debug, Serialize)]
struct Outcome {
    listeners: usize,
    lines: Vec<Line<Sample>>,
}

pub(crate) fn run(contestants: &[Contestant], run: &Run) -> Section {
    let sizes: &[usize] = if run.quick { &[1, 100, 1000] } else { &[1, 100, 1000, 10_000] };
    let (rounds, length) = if run.quick { (2, Duration::from_millis(300)) } else { (3, Duration::from_millis(1500)) };
    let rounds = run.rounds.unwrap_or(rounds);
    let contestants: Vec<_> = contestants.iter().filter(|one| one.fans_out).cloned().collect();
    let script = Script::new(FrameKind::Ascii, SIZE, 1, true);
    let outcome = |&listeners: &usize| {
        eprintln!("fan-out: {listeners} listeners");
        let measure = |_: &Contestant, server: &Server| measure(server, listeners, &script, length);
        Outcome { listeners, lines: take_turns(&contestants, true, rounds, run.cores, measure) }
    };
    section(&sizes.iter().map(outcome).collect::<Vec<_>>())
}

/// One round.
fn measure(server: &Server, listeners: usize, script: &Script, length: Duration) -> io::Result<Sample> {
    // The first connection is the one that speaks.
    let mut fleet = Fleet::connect(server.target(), listeners + 1)?;
    for _ in 0..5 {
        fleet.push(script)?;
    }
    let before = server.settle()?;
    let mut times = Vec::new();
    let began = Instant::now();
    while times.len() < PUSHES && began.elapsed() < length {
        times.push(fleet.push(script)?.as_secs_f64() * 1e6);
    }
    let heard = (times.len() * listeners) as f64;
    let server_cpu_us_per_listener = (server.settle()? - before).as_secs_f64() * 1e6 / heard;
    drop(fleet);
    server.settle()?;
    Ok(Sample { push_us: median(times), server_cpu_us_per_listener })
}

fn section(outcomes: &[Outcome]) -> Section {
    let mut section = Section::new("Fan-out", &outcomes);
    section.say(&format!(
        "One client sends {SIZE} bytes of text, and the server passes them on to all others. The \
         time of a push ends when the last of them has received it. All figures are medians, in \
         microseconds. The second table shows the server's processor time per listener."
    ));
    type Figure = fn(&Sample) -> f64;
    let figures: [(&str, Figure); 2] = [
        ("time of a push, us", |sample| sample.push_us),
        ("server us per listener", |sample| sample.server_cpu_us_per_listener),
    ];
    for (title, figure) in figures {
        let columns = outcomes.iter().map(|outcome| format!("{} listeners", outcome.listeners));
        let mut table = Table::new([title.to_owned()].into_iter().chain(columns));
        let names = outcomes.first().map(|outcome| outcome.lines.iter().map(|line| line.name)).into_iter().flatten();
        for (index, name) in names.enumerate() {
            table.row(name, outcomes.iter().map(|outcome| number(outcome.lines[index].median(figure))));
        }
        section.table(&table);
    }
    section
}
