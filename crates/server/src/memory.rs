//! The memory that this process occupies.

/// Returns the resident memory of this process in bytes. Returns `None` on a system without Linux's
/// `/proc`, because a value of 0 would look like a measurement.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    parse_resident_kib(&status).map(|kib| kib * 1024)
}

/// Returns the resident memory in KiB, which `/proc/self/status` states in a line such as
/// `VmRSS:     4608 kB`.
fn parse_resident_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_found_among_others() {
        assert_eq!(parse_resident_kib("Name:\tserver\nVmRSS:\t    4608 kB\nThreads:\t1\n"), Some(4608));
        assert_eq!(parse_resident_kib("Name:\tserver\n"), None);
    }
}
