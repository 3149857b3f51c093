//! Memory as the system counts it, on Linux. A test that looks at it has to be alone in its program: two at a time would
//! count each other's.

pub(crate) const KIB: usize = 1 << 10;

/// A line of `/proc/self/status`, in bytes.
fn status(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":")).expect("such a line");
    line.split_whitespace().next().and_then(|number| number.parse::<usize>().ok()).expect("a number") * KIB
}

/// Memory in use.
pub(crate) fn resident() -> usize {
    status("VmRSS")
}

/// The most that ever was.
pub(crate) fn peak() -> usize {
    status("VmHWM")
}
