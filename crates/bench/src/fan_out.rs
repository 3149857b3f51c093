//! Fan-out: what it costs to say one thing to many.

use std::{
    io,
    time::{Duration, Instant},
};

use bench::frames::Kind;
use serde::Serialize;

use crate::{
    contestants::Contestant,
    load::{Fleet, Script},
    options::Run,
    process::Server,
    report::Section,
    stats::median,
    table::{Table, number},
};

/// The size of what is pushed: a small JSON text.
const SIZE: usize = 125;

/// Pushes in one round, and the time after which a round ends without all of them.
const PUSHES: usize = 500;

#[derive(Debug, Serialize)]
struct Line {
    name: &'static str,
    listeners: usize,
    /// One value for each round.
    push_us: Vec<f64>,
    server_cpu_us_per_listener: Vec<f64>,
    error: Option<String>,
}

pub(crate) fn run(contestants: &[Contestant], run: &Run) -> Section {
    let sizes: &[usize] = if run.quick { &[1, 100, 1000] } else { &[1, 100, 1000, 10_000] };
    let (rounds, length) = if run.quick { (2, Duration::from_millis(300)) } else { (3, Duration::from_millis(1500)) };
    let rounds = run.rounds.unwrap_or(rounds);
    let contestants: Vec<_> = contestants.iter().filter(|one| one.fans_out).collect();
    let script = Script::new(Kind::Ascii, SIZE, 1, true);
    let mut lines = Vec::new();
    for &listeners in sizes {
        eprintln!("fan-out: {listeners} listeners");
        let mut running: Vec<_> = contestants
            .iter()
            .map(|one| {
                let (push_us, server_cpu_us_per_listener) = (Vec::new(), Vec::new());
                let line = Line { name: one.name, listeners, push_us, server_cpu_us_per_listener, error: None };
                (Server::start(one, true, run.cores), line)
            })
            .collect();
        for _ in 0..rounds {
            for (server, line) in running.iter_mut().filter(|(_, line)| line.error.is_none()) {
                let outcome = match server {
                    Ok(server) => measure(server, listeners, &script, length).map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                match outcome {
                    Ok((push, cpu)) => {
                        line.push_us.push(push);
                        line.server_cpu_us_per_listener.push(cpu);
                    }
                    Err(error) => {
                        eprintln!("  {}: {error}", line.name);
                        line.error = Some(error);
                    }
                }
            }
        }
        lines.extend(running.into_iter().map(|(_, line)| line));
    }
    section(&contestants, sizes, &lines)
}

/// One round: the time from a push until the last listener has it, and the server's processor time for each listener, both
/// in microseconds.
fn measure(server: &Server, listeners: usize, script: &Script, length: Duration) -> io::Result<(f64, f64)> {
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
    let cpu = (server.settle()? - before).as_secs_f64() * 1e6 / (times.len() * listeners) as f64;
    drop(fleet);
    server.settle()?;
    Ok((median(times), cpu))
}

fn section(contestants: &[&Contestant], sizes: &[usize], lines: &[Line]) -> Section {
    let mut section = Section::new("Fan-out", &lines);
    section.say(&format!(
        "One client says {SIZE} bytes of text; the server passes them on to all others. The time of a push lasts until the \
         last of them has received it. In microseconds, medians; below, the server's processor time for each listener."
    ));
    type Figure = fn(&Line) -> &[f64];
    let figures: [(&str, Figure); 2] = [
        ("time of a push, us", |line| &line.push_us),
        ("server us per listener", |line| &line.server_cpu_us_per_listener),
    ];
    for (title, figure) in figures {
        let columns = sizes.iter().map(|size| format!("{size} listeners"));
        let mut table = Table::new([title.to_owned()].into_iter().chain(columns));
        for contestant in contestants {
            let of = |&size: &usize| lines.iter().find(|line| line.name == contestant.name && line.listeners == size);
            let value = |size| of(size).map_or(f64::NAN, |line| median(figure(line).iter().copied()));
            table.row(contestant.name, sizes.iter().map(|size| number(value(size))));
        }
        section.table(&table);
    }
    section
}
