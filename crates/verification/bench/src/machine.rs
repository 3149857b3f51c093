//! Describes the machine, and assigns cores to threads.

use std::{fs, io, process::Command};

use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CpuSet, sched_setaffinity},
};

/// Pins this thread, and the threads and processes that it starts later, to one core.
pub(crate) fn pin_to(core: usize) -> io::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores)
        .map_err(|error| io::Error::other(format!("cannot pin to core {core} (does it exist?): {error}")))
}

/// Lets this thread, and the threads and processes that it starts later, use every core.
pub(crate) fn unpin() -> io::Result<()> {
    let mut cores = CpuSet::new();
    (0..CpuSet::MAX_CPU).for_each(|core| cores.set(core));
    Ok(sched_setaffinity(None, &cores)?)
}

/// Raises the limit on open files to the maximum, because each connection counts as an open file.
/// The limit applies to this process and its children. Returns the new limit.
pub(crate) fn raise_open_file_limit() -> io::Result<u64> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(maximum.unwrap_or(u64::MAX))
}

/// Describes the machine and the build for the head of the report, one fact per line.
pub(crate) fn description() -> Vec<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = field(&cpu, "model name").unwrap_or("unknown");
    // Count the cores of the whole machine. This thread is pinned to one core, so
    // `available_parallelism` would return 1.
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

/// The time that the hypervisor gave to other virtual machines while this virtual machine had work
/// to do, as reported by the kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StealTime {
    stolen: u64,
    total: u64,
}

impl StealTime {
    pub(crate) fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let numbers = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
        let times: Vec<u64> = numbers.take(8).map(|time| time.parse().unwrap_or(0)).collect();
        Self { stolen: times.get(7).copied().unwrap_or(0), total: times.iter().sum() }
    }

    /// Returns the percentage of all cores' time that went to other virtual machines between the
    /// reading `before` and this one.
    pub(crate) fn percent_since(self, before: Self) -> f64 {
        let total = (self.total - before.total).max(1);
        (self.stolen - before.stolen) as f64 * 100.0 / total as f64
    }
}

/// Returns the average number of runnable processes over the last minute.
pub(crate) fn load_average() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split_whitespace().next().unwrap_or("?").to_owned()
}
