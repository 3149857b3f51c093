//! Parses and formats durations as people write them.

use std::{ops::RangeInclusive, time::Duration};

/// Parses a duration such as `250ms`, `1s` or `2m`, which must be within `range`.
///
/// # Errors
/// Returns a sentence that explains what is wrong with `text`.
pub fn parse_duration(text: &str, range: &RangeInclusive<Duration>) -> Result<Duration, String> {
    let duration =
        humantime::parse_duration(text).map_err(|error| format!("{error} (write it like 250ms, 1s or 2m)"))?;
    if duration < *range.start() {
        Err(format!("must be at least {}", format_limit(*range.start())))
    } else if duration > *range.end() {
        Err(format!("must be at most {}", format_limit(*range.end())))
    } else {
        Ok(duration)
    }
}

/// A time limit that can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit(pub Option<Duration>);

/// Parses `none`, or a duration in the form that [`parse_duration`] accepts.
///
/// # Errors
/// Returns a sentence that explains what is wrong with `text`.
pub fn parse_time_limit(text: &str, range: &RangeInclusive<Duration>) -> Result<TimeLimit, String> {
    match text {
        "none" => Ok(TimeLimit(None)),
        _ => parse_duration(text, range).map(|limit| TimeLimit(Some(limit))),
    }
}

/// Returns a duration in a human-readable form, such as `1m 30s`. [`parse_duration`] accepts this
/// form.
#[must_use]
pub fn format_duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}

/// Formats the lower or upper limit of a range of durations. A limit of 31 days or more is written
/// in days, because `humantime` uses months and years of average length, and would write 365 days
/// as `11months 30days 3h ...`.
fn format_limit(limit: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match limit.as_secs() / DAY {
        days @ 31.. => format!("{days}days"),
        _ => format_duration(limit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_needs_a_unit_and_must_be_within_the_range() {
        let parse = |text| parse_duration(text, &(Duration::from_millis(1)..=Duration::from_secs(86_400)));
        assert_eq!(parse("1ms"), Ok(Duration::from_millis(1)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse("1day"), Ok(Duration::from_secs(86_400)));
        assert_eq!(parse("0s"), Err("must be at least 1ms".to_owned()));
        assert_eq!(parse("25h"), Err("must be at most 1day".to_owned()));
        for text in ["", "5", "-1s", "fast"] {
            let error = parse(text).expect_err(text);
            assert!(error.ends_with("(write it like 250ms, 1s or 2m)"), "{error}");
        }
    }

    #[test]
    fn a_time_limit_can_be_switched_off() {
        let parse = |text| parse_time_limit(text, &(Duration::from_millis(1)..=Duration::from_secs(60)));
        assert_eq!(parse("none"), Ok(TimeLimit(None)));
        assert_eq!(parse("1s"), Ok(TimeLimit(Some(Duration::from_secs(1)))));
        assert_eq!(parse("0s"), Err("must be at least 1ms".to_owned()));
    }

    #[test]
    fn a_long_limit_is_told_in_days() {
        let year = Duration::from_secs(365 * 86_400);
        assert_eq!(parse_duration("2years", &(Duration::ZERO..=year)), Err("must be at most 365days".to_owned()));
    }

    #[test]
    fn a_formatted_duration_can_be_parsed_again() {
        let duration = Duration::from_millis(90_500);
        assert_eq!(format_duration(duration), "1m 30s 500ms");
        assert_eq!(parse_duration("1m 30s 500ms", &(duration..=duration)), Ok(duration));
    }
}
