//! The memory of the test process, as reported by Linux.
//!
//! A test that reads these numbers must run in a separate process, because other tests in the same
//! process would change the numbers.

/// One KiB: 1,024 bytes.
pub const KIB: usize = 1 << 10;

/// One MiB: 1,048,576 bytes.
pub const MIB: usize = 1 << 20;

/// Returns the size given on the line `name` of `/proc/self/status`, converted to bytes.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has this file");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":")).expect("such a line");
    line.split_whitespace().next().and_then(|number| number.parse::<usize>().ok()).expect("a number") * KIB
}

/// Returns the resident memory of the test process in bytes.
#[must_use]
pub fn resident_bytes() -> usize {
    status("VmRSS")
}

/// Returns the peak resident memory of the test process since its start, in bytes.
#[must_use]
pub fn peak_resident_bytes() -> usize {
    status("VmHWM")
}
