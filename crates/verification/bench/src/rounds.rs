//! Rounds: A B C A B C ..., so that whatever disturbs the machine for a while disturbs all of them.

use std::{io, time::Duration};

use serde::Serialize;

use crate::{
    contestants::{Contestant, RAW},
    measure::{Cell, Sample, measure},
    options::Cores,
    process::Server,
    stats::median,
};

/// One contestant's samples, one for each round; or what went wrong.
#[derive(Debug, Serialize)]
pub(crate) struct Line<T> {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<T>,
    pub(crate) error: Option<String>,
}

impl<T> Line<T> {
    /// The median of a figure over the rounds.
    pub(crate) fn median(&self, figure: impl Fn(&T) -> f64) -> f64 {
        median(self.samples.iter().map(figure))
    }

    /// The median over the rounds of a figure divided by the same round's of another contestant.
    pub(crate) fn ratio(&self, other: &Self, figure: impl Fn(&T) -> f64) -> f64 {
        median(self.samples.iter().zip(&other.samples).map(|(mine, other)| figure(mine) / figure(other)))
    }
}

/// Lets the contestants take turns, for so many rounds. Each has a process of its own, which serves in all rounds.
pub(crate) fn take_turns<T>(
    contestants: &[Contestant],
    fan_out: bool,
    rounds: u32,
    cores: Cores,
    measure: impl Fn(&Contestant, &Server) -> io::Result<T>,
) -> Vec<Line<T>> {
    let start = |one: &Contestant| {
        let line = Line { name: one.name, samples: Vec::new(), error: None };
        (Server::start(one, fan_out, cores), line)
    };
    let mut running: Vec<_> = contestants.iter().map(start).collect();
    for _ in 0..rounds {
        for (contestant, (server, line)) in contestants.iter().zip(&mut running) {
            if line.error.is_some() {
                continue;
            }
            let sample = match server {
                Ok(server) => measure(contestant, server).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match sample {
                Ok(sample) => line.samples.push(sample),
                Err(error) => {
                    eprintln!("  {}: {error}", line.name);
                    line.error = Some(error);
                }
            }
        }
    }
    running.into_iter().map(|(_, line)| line).collect()
}

/// All contestants under one load.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) cell: Cell,
    pub(crate) lines: Vec<Line<Sample>>,
}

impl Outcome {
    pub(crate) fn line(&self, name: &str) -> Option<&Line<Sample>> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// A figure's ratio to the raw TCP echo's; NaN if it was not measured.
    pub(crate) fn to_raw(&self, name: &str, figure: impl Fn(&Sample) -> f64) -> f64 {
        match (self.line(name), self.line(RAW)) {
            (Some(line), Some(raw)) => line.ratio(raw, figure),
            _ => f64::NAN,
        }
    }

    /// The same ratio in one of the rounds.
    pub(crate) fn to_raw_in(&self, round: usize, name: &str, figure: impl Fn(&Sample) -> f64) -> f64 {
        let sample = |name| self.line(name).and_then(|line| line.samples.get(round)).map_or(f64::NAN, &figure);
        sample(name) / sample(RAW)
    }
}

/// Measures all contestants under one load.
pub(crate) fn run(contestants: &[Contestant], cell: Cell, rounds: u32, length: Duration, cores: Cores) -> Outcome {
    let (framed, raw) = (cell.script(true), cell.script(false));
    let measure = |contestant: &Contestant, server: &Server| {
        let script = if contestant.path.is_some() { &framed } else { &raw };
        measure(server, &cell, script, length)
    };
    Outcome { cell, lines: take_turns(contestants, false, rounds, cores, measure) }
}
