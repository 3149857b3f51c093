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
pub(crate) struct Line {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<Sample>,
    pub(crate) error: Option<String>,
}

impl Line {
    /// The median of a figure over the rounds.
    pub(crate) fn median(&self, figure: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(figure))
    }

    /// The median over the rounds of a figure divided by the same round's of another contestant.
    pub(crate) fn ratio(&self, other: &Self, figure: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().zip(&other.samples).map(|(mine, other)| figure(mine) / figure(other)))
    }
}

/// All contestants under one load.
#[derive(Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) cell: Cell,
    pub(crate) lines: Vec<Line>,
}

impl Outcome {
    pub(crate) fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// A figure's ratio to the raw TCP echo's; NaN if it was not measured.
    pub(crate) fn to_raw(&self, name: &str, figure: impl Fn(&Sample) -> f64) -> f64 {
        match (self.line(name), self.line(RAW)) {
            (Some(line), Some(raw)) => line.ratio(raw, figure),
            _ => f64::NAN,
        }
    }

    /// How far the raw TCP echo's rounds lie apart, highest over lowest: what the machine adds of its own.
    pub(crate) fn spread(&self) -> f64 {
        let cpu = |sample: &Sample| sample.server_cpu_us_per_message;
        let samples = self.line(RAW).map(|raw| raw.samples.iter().map(cpu)).into_iter().flatten();
        let (low, high) = samples.fold((f64::MAX, 0.0), |(low, high), value| (value.min(low), value.max(high)));
        high / low
    }
}

/// Measures all contestants under one load, in `rounds` rounds. Each gets a fresh process, which serves in all rounds.
pub(crate) fn run(contestants: &[Contestant], cell: Cell, rounds: u32, length: Duration, cores: Cores) -> Outcome {
    let mut running: Vec<(&Contestant, io::Result<Server>, Line)> = contestants
        .iter()
        .map(|one| {
            let line = Line { name: one.name, samples: Vec::new(), error: None };
            (one, Server::start(one, false, cores), line)
        })
        .collect();
    let (framed, raw) = (cell.script(true), cell.script(false));
    for _ in 0..rounds {
        for (contestant, server, line) in running.iter_mut().filter(|(_, _, line)| line.error.is_none()) {
            let script = if contestant.path.is_some() { &framed } else { &raw };
            let sample = match server {
                Ok(server) => measure(server, &cell, script, length).map_err(|error| error.to_string()),
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
    Outcome { cell, lines: running.into_iter().map(|(_, _, line)| line).collect() }
}
