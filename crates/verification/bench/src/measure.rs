//! One server under one load.

use std::{io, time::Duration};

use bench::frames::FrameKind;
use serde::Serialize;

use crate::{
    load::{Fleet, Script},
    process::Server,
    table,
};

/// A load: what each of so many connections sends at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Cell {
    pub(crate) kind: FrameKind,
    pub(crate) size: usize,
    pub(crate) connections: usize,
    pub(crate) in_flight: usize,
}

impl Cell {
    pub(crate) fn name(&self) -> String {
        let Self { kind, size, connections, in_flight } = *self;
        let plural = if connections == 1 { "" } else { "s" };
        format!("{} {}, {connections} connection{plural}, {in_flight} in flight", table::size(size), kind.name())
    }

    /// From the form of the command line, such as `1024x50x16:mixed`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (numbers, kind) = text.split_once(':').unwrap_or((text, "binary"));
        let numbers: Vec<usize> = numbers.split('x').filter_map(|number| number.parse().ok()).collect();
        let kind = FrameKind::ALL.into_iter().find(|one| one.name() == kind);
        match (&numbers[..], kind) {
            (&[size, connections, in_flight], Some(kind)) if connections > 0 && in_flight > 0 => {
                Ok(Self { kind, size, connections, in_flight })
            }
            _ => Err("write it like 1024x50x16 or 1024x50x16:mixed".to_owned()),
        }
    }

    pub(crate) fn script(&self, framed: bool) -> Script {
        Script::new(self.kind, self.size, self.in_flight, framed)
    }
}

/// What came of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sample {
    pub(crate) messages: u64,
    pub(crate) messages_per_second: f64,
    /// Of payload, in one direction.
    pub(crate) megabytes_per_second: f64,
    pub(crate) latency_p50_us: f64,
    pub(crate) latency_p99_us: f64,
    pub(crate) latency_p999_us: f64,
    pub(crate) server_cpu_us_per_message: f64,
    pub(crate) server_resident_bytes: u64,
    /// Bursts of the connection that had the fewest, over bursts of the one that had the most.
    pub(crate) least_served: f64,
}

/// The part of a measurement's time that goes before it and is not counted, so that buffers have grown and code is in the
/// cache.
const WARM_UP: u32 = 4;

/// Puts a running server under a load for `length`.
pub(crate) fn measure(server: &Server, cell: &Cell, script: &Script, length: Duration) -> io::Result<Sample> {
    let mut fleet = Fleet::connect(server.target(), cell.connections)?;
    fleet.exchange(script, length / WARM_UP)?;
    let before = server.settle()?;
    let outcome = fleet.exchange(script, length)?;
    let used = server.settle()? - before;
    let resident = server.resident()?;
    drop(fleet);
    // The server tidies up after so many connections; the next one on its core shall not pay for it.
    server.settle()?;
    let messages = outcome.messages as f64;
    let per_second = messages / outcome.took.as_secs_f64();
    let percentile = |thousandths| outcome.latency.percentile(thousandths).as_secs_f64() * 1e6;
    Ok(Sample {
        messages: outcome.messages,
        messages_per_second: per_second,
        megabytes_per_second: per_second * cell.size as f64 / 1e6,
        latency_p50_us: percentile(500),
        latency_p99_us: percentile(990),
        latency_p999_us: percentile(999),
        server_cpu_us_per_message: used.as_secs_f64() * 1e6 / messages,
        server_resident_bytes: resident,
        least_served: outcome.bursts.0 as f64 / outcome.bursts.1 as f64,
    })
}
