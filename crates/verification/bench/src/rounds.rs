//! Measures all servers in turn: A, B, C, then A, B, C again. In this way, a temporary disturbance
//! on the machine affects all servers alike.

use std::{io, time::Duration};

use serde::Serialize;

use crate::{
    contestants::{Contestant, RAW},
    cores::CoreAssignment,
    load_spec::LoadSpec,
    measure::{EchoSample, measure},
    process::ServerProcess,
    stats::median,
};

/// One server's samples, one per round, and the error that ended its measurement, if there was one.
#[derive(Debug, Serialize)]
pub(crate) struct ContestantResult<T> {
    pub(crate) name: &'static str,
    pub(crate) samples: Vec<T>,
    pub(crate) error: Option<String>,
}

impl<T> ContestantResult<T> {
    /// Returns the median of a figure over the rounds.
    pub(crate) fn median(&self, figure: impl Fn(&T) -> f64) -> f64 {
        median(self.samples.iter().map(figure))
    }

    /// Divides this server's figure by that of `other` in each round, and returns the median of
    /// these ratios.
    pub(crate) fn ratio(&self, other: &Self, figure: impl Fn(&T) -> f64) -> f64 {
        median(self.samples.iter().zip(&other.samples).map(|(mine, other)| figure(mine) / figure(other)))
    }
}

/// Measures the servers in turn. Each server runs in its own process, which keeps running through
/// all rounds.
pub(crate) fn take_turns<T>(
    contestants: &[Contestant],
    fan_out: bool,
    rounds: u32,
    cores: CoreAssignment,
    measure: impl Fn(&Contestant, &ServerProcess) -> io::Result<T>,
) -> Vec<ContestantResult<T>> {
    let start = |one: &Contestant| {
        let result = ContestantResult { name: one.name, samples: Vec::new(), error: None };
        (ServerProcess::start(one, fan_out, cores), result)
    };
    let mut running: Vec<_> = contestants.iter().map(start).collect();
    for _ in 0..rounds {
        for (contestant, (server, result)) in contestants.iter().zip(&mut running) {
            if result.error.is_some() {
                continue;
            }
            let sample = match server {
                Ok(server) => measure(contestant, server).map_err(|error| error.to_string()),
                Err(error) => Err(error.to_string()),
            };
            match sample {
                Ok(sample) => result.samples.push(sample),
                Err(error) => {
                    eprintln!("  {}: {error}", result.name);
                    result.error = Some(error);
                }
            }
        }
    }
    running.into_iter().map(|(_, result)| result).collect()
}

/// The results of all servers under one load.
#[derive(Debug, Serialize)]
pub(crate) struct LoadResults {
    pub(crate) load: LoadSpec,
    pub(crate) results: Vec<ContestantResult<EchoSample>>,
}

impl LoadResults {
    pub(crate) fn result(&self, name: &str) -> Option<&ContestantResult<EchoSample>> {
        self.results.iter().find(|result| result.name == name)
    }

    /// Divides a server's figure by that of the raw TCP echo in each round, and returns the median
    /// of these ratios. Returns NaN if one of the two servers was not measured.
    pub(crate) fn to_raw(&self, name: &str, figure: impl Fn(&EchoSample) -> f64) -> f64 {
        match (self.result(name), self.result(RAW)) {
            (Some(result), Some(raw)) => result.ratio(raw, figure),
            _ => f64::NAN,
        }
    }

    /// Returns the ratio of a server's figure to the figure of the raw TCP echo in a single round.
    /// Returns NaN if one of the two servers was not measured.
    pub(crate) fn to_raw_in(&self, round: usize, name: &str, figure: impl Fn(&EchoSample) -> f64) -> f64 {
        let sample = |name| self.result(name).and_then(|result| result.samples.get(round)).map_or(f64::NAN, &figure);
        sample(name) / sample(RAW)
    }
}

/// Measures all servers under one load.
pub(crate) fn run(
    contestants: &[Contestant],
    load: LoadSpec,
    rounds: u32,
    length: Duration,
    cores: CoreAssignment,
) -> LoadResults {
    let (framed, raw) = (load.burst(true), load.burst(false));
    let measure = |contestant: &Contestant, server: &ServerProcess| {
        let burst = if contestant.path.is_some() { &framed } else { &raw };
        measure(server, &load, burst, length)
    };
    LoadResults { load, results: take_turns(contestants, false, rounds, cores, measure) }
}
