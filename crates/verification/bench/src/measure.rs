//! Measures one server under one load.

use std::{io, time::Duration};

use serde::Serialize;

use crate::{
    load::{Burst, LoadGenerator},
    load_spec::LoadSpec,
    process::ServerProcess,
};

/// The result of one measurement.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EchoSample {
    pub(crate) messages: u64,
    pub(crate) messages_per_second: f64,
    /// Megabytes of payload per second, in one direction.
    pub(crate) megabytes_per_second: f64,
    pub(crate) latency_p50_us: f64,
    pub(crate) latency_p99_us: f64,
    pub(crate) latency_p999_us: f64,
    pub(crate) server_cpu_us_per_message: f64,
    pub(crate) server_resident_bytes: u64,
    /// The number of bursts on the least served connection, divided by the number of bursts on the
    /// best served connection.
    pub(crate) least_served: f64,
}

/// The length of the measurement divided by the length of the warm-up. The warm-up lets buffers
/// grow and brings code into the cache.
const WARM_UP_DIVISOR: u32 = 4;

/// Measures a running server under a load for `length`, after a warm-up.
pub(crate) fn measure(
    server: &ServerProcess,
    load: &LoadSpec,
    burst: &Burst,
    length: Duration,
) -> io::Result<EchoSample> {
    let mut generator = LoadGenerator::connect(server.target(), load.connections)?;
    generator.exchange(burst, length / WARM_UP_DIVISOR)?;
    let before = server.settle()?;
    let stats = generator.exchange(burst, length)?;
    let used = server.settle()? - before;
    let resident = server.resident()?;
    drop(generator);
    // Wait until the server has released the connections. Otherwise releasing them would slow down
    // the next server on the same core.
    server.settle()?;
    let messages = stats.messages as f64;
    let per_second = messages / stats.elapsed.as_secs_f64();
    let percentile = |thousandths| stats.latency.percentile(thousandths).as_secs_f64() * 1e6;
    Ok(EchoSample {
        messages: stats.messages,
        messages_per_second: per_second,
        megabytes_per_second: per_second * load.size as f64 / 1e6,
        latency_p50_us: percentile(500),
        latency_p99_us: percentile(990),
        latency_p999_us: percentile(999),
        server_cpu_us_per_message: used.as_secs_f64() * 1e6 / messages,
        server_resident_bytes: resident,
        least_served: stats.fewest_bursts as f64 / stats.most_bursts as f64,
    })
}
