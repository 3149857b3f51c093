//! The machine: what it is, and which of its cores does what.

use std::{fs, io, process::Command};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CpuSet, sched_setaffinity},
};

/// Keeps this thread, and whatever it starts from now on, on one core.
pub(crate) fn stay_on(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores)
        .map_err(|error| io::Error::other(format!("cannot keep to core {core} (is there one?): {error}")))
}

/// Lets this thread, and whatever it starts from now on, use every core.
pub(crate) fn roam() -> io::Result<()> {
    let mut cores = CpuSet::new();
    (0..CpuSet::MAX_CPU).for_each(|core| cores.set(core));
    Ok(sched_setaffinity(None, &cores)?)
}

/// Allows this process, and whatever it starts, as many open files as the system lets it ask for. Each connection is one.
pub(crate) fn allow_many_files() -> io::Result<u64> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(maximum.unwrap_or(u64::MAX))
}

/// What a table of results has to say about where it comes from, one fact a line.
pub(crate) fn description() -> Vec<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&cpu, "model name").unwrap_or("unknown");
    // Not what this thread may use: it keeps to one.
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let features = if cfg!(target_feature = "avx2") { "with AVX2 or more" } else { "for any x86-64 or similar" };
    vec![
        format!("{model}, {cores} cores, {} of memory", field(&memory, "MemTotal").unwrap_or("?")),
        format!("Linux {}, {}, Node {}", kernel.trim(), version("rustc"), version("node")),
        format!("built {features}, in release mode, with link-time optimization"),
    ]
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim())
}

fn version(program: &str) -> String {
    let output = Command::new(program).arg("--version").output();
    output.map_or_else(|_| "none".to_owned(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A reading of how much time the hypervisor has given to others while something here wanted to run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Steal {
    stolen: u64,
    total: u64,
}

impl Steal {
    pub(crate) fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let numbers = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
        let times: Vec<u64> = numbers.take(8).map(|time| time.parse().unwrap_or(0)).collect();
        Self { stolen: times.get(7).copied().unwrap_or(0), total: times.iter().sum() }
    }

    /// The part that went to others since an earlier reading, in percent of all cores' time.
    pub(crate) fn percent_since(self, before: Self) -> f64 {
        let total = (self.total - before.total).max(1);
        (self.stolen - before.stolen) as f64 * 100.0 / total as f64
    }
}

/// Processes that want to run, on average over the last minute.
pub(crate) fn load_average() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("?").to_owned()
}
