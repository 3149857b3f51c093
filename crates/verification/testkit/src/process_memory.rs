//! The memory of the test process, as Linux counts it.
//!
//! A test that reads these numbers needs a process of its own: other tests in the same process
//! would change them.

/// 1,024 bytes.
pub const KIB: usize = 1 << 10;

/// 1,048,576 bytes.
pub const MIB: usize = 1 << 20;

/// Reads a line of `/proc/self/status`, in bytes.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has this file");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":")).expect("such a line");
    line.split_whitespace().next().and_then(|number| number.parse::<usize>().ok()).expect("a number") * KIB
}

/// Returns the resident memory in bytes.
#[must_use]
pub fn resident_bytes() -> usize {
    status("VmRSS")
}

/// Returns the highest resident memory since the process started, in bytes.
#[must_use]
pub fn peak_resident_bytes() -> usize {
    status("VmHWM")
}
