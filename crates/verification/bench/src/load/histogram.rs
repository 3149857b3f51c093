//! A histogram of latencies.

use std::time::Duration;

/// The number of buckets between a power of two and the next one. A recorded value differs from the
/// real one by at most one part in 32.
const STEPS: u32 = 32;
const STEP_BITS: u32 = STEPS.ilog2();

/// Counts how often each latency occurred.
///
/// The larger the values, the wider their buckets. So a few kilobytes are enough for values from
/// nanoseconds to seconds, and adding a value takes only a shift and an increment.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    counts: Vec<u32>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { counts: vec![0; bucket(u64::MAX) + 1], total: 0 }
    }
}

/// Returns the bucket of a value.
///
/// ```text
///   value   0 .. 31   | 32 33 .. 63 | 64 66 .. 126 | 128 132 .. 252 | ...
///   bucket  0 .. 31   | 32 33 .. 63 | 64 65 ..  95 |  96  97 .. 127 | ...
/// ```
fn bucket(nanoseconds: u64) -> usize {
    let doublings = nanoseconds.max(1).ilog2().saturating_sub(STEP_BITS);
    // The six highest bits of the value: a number from 32 to 63. A value below 32 is not shifted,
    // so `step` is the value itself.
    let step = nanoseconds >> doublings;
    usize::try_from(u64::from(doublings * STEPS) + step).unwrap_or(usize::MAX)
}

/// Returns the lowest value of a bucket.
fn value(bucket: usize) -> Duration {
    let steps = STEPS as usize;
    let doublings = (bucket / steps).saturating_sub(1);
    Duration::from_nanos(((bucket - doublings * steps) as u64) << doublings)
}

impl Histogram {
    pub(crate) fn add(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
    }

    /// Returns the latency at a percentile, which is given in thousandths. For 990, this is the
    /// latency that 99 % of the messages did not exceed, rounded down to the lowest value of its
    /// bucket.
    pub(crate) fn percentile(&self, thousandths: u64) -> Duration {
        let wanted = (self.total * thousandths).div_ceil(1000);
        let mut seen = 0;
        for (bucket, &count) in self.counts.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted && count > 0 {
                return value(bucket);
            }
        }
        Duration::ZERO
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_exact_to_one_part_in_32() {
        for nanoseconds in (0..200).chain([1_000, 12_345, 1_000_000_007, u64::MAX]) {
            let least = u64::try_from(value(bucket(nanoseconds)).as_nanos()).unwrap();
            assert!(least <= nanoseconds && nanoseconds - least <= nanoseconds / 32, "{nanoseconds}: {least}");
        }
    }

    #[test]
    fn percentiles_are_counted_from_the_lowest() {
        let mut histogram = Histogram::default();
        (1..=31).for_each(|value| histogram.add(Duration::from_nanos(value)));
        assert_eq!(histogram.percentile(500), Duration::from_nanos(16));
        assert_eq!(histogram.percentile(999), Duration::from_nanos(31));
    }
}
