//! Warns before this server's certificate expires, and after it has expired.
//!
//! ```text
//!   not before                          warn from here           not after
//!   ├───────────────────────────────────────┼───────────────────────┼──────────────
//!              one look a day                 a warning a day          an error a day
//! ```
//!
//! The server keeps running with an expired certificate, because a client may be configured to
//! accept it.

use std::{
    convert::Infallible,
    ops::RangeInclusive,
    time::{Duration, SystemTime},
};

use tokio::time::sleep;

/// The maximum time between two checks of the clock, and between two warnings. One warning a day is
/// enough to be noticed but does not fill the log. A task that slept for longer than a day could
/// notice too late that the clock had been changed or that the computer had been suspended.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The time before expiry at which the warnings begin. Programs such as certbot renew a certificate
/// 30 days before it expires. If a certificate has still not been renewed two weeks before it
/// expires, something must have failed.
const WARN_BEFORE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The divisor for short-lived certificates: the warnings begin when a quarter of the validity
/// period remains. By then, the renewal should have happened: certificates that are valid for six
/// days are renewed when a third remains.
const WARN_PART: u32 = 4;

/// A reason to warn about a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Remark {
    /// It expires after this time.
    Soon(Duration),
    /// It has expired.
    Expired,
}

/// Calls `remark` when expiry is near, when the certificate has expired, and once a day in between
/// and afterwards. The first call comes at once if expiry is already near. `now` returns the
/// current time.
pub(super) async fn watch(
    validity: Option<RangeInclusive<SystemTime>>,
    now: impl Fn() -> SystemTime,
    mut remark: impl FnMut(Remark),
) -> Infallible {
    let Some(validity) = validity else { return std::future::pending().await };
    let whole = validity.end().duration_since(*validity.start()).unwrap_or_default();
    let warn_before = WARN_BEFORE.min(whole / WARN_PART);
    loop {
        let left = validity.end().duration_since(now()).unwrap_or_default();
        let next = if left.is_zero() {
            remark(Remark::Expired);
            DAY
        } else if left <= warn_before {
            remark(Remark::Soon(left));
            left
        } else {
            left - warn_before
        };
        sleep(next.min(DAY)).await;
    }
}

/// Logs warnings about the expiry of a certificate. `origin` says which certificate it is, and
/// `advice` says what to do.
pub(super) async fn log(validity: Option<RangeInclusive<SystemTime>>, origin: &str, advice: &str) -> Infallible {
    let remark = |remark| match remark {
        Remark::Soon(left) => tracing::warn!("{origin} expires in {}: {advice}", rounded(left)),
        Remark::Expired => tracing::error!("{origin} has expired, so clients reject it: {advice}"),
    };
    watch(validity, SystemTime::now, remark).await
}

/// Returns a duration in days, or in hours if it is shorter than two days.
fn rounded(left: Duration) -> String {
    match left.as_secs() / (60 * 60) {
        0 => "less than an hour".to_owned(),
        hours @ 1..48 => format!("{hours} hour{}", if hours == 1 { "" } else { "s" }),
        hours => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    /// Watches a certificate that is valid for `valid` days, during `watched` days of virtual time.
    /// Returns the remarks, each with the hour at which it was made.
    async fn remarks(valid: u64, watched: u32) -> Vec<(u64, Remark)> {
        let (began, start) = (Instant::now(), SystemTime::now());
        let mut made = Vec::new();
        let validity = start..=start + Duration::from_secs(valid * 24 * 60 * 60);
        let remark = |remark| made.push((began.elapsed().as_secs() / 3600, remark));
        let watching = watch(Some(validity), || start + began.elapsed(), remark);
        assert!(timeout(DAY * watched, watching).await.is_err());
        made
    }

    fn soon(days: u64) -> Remark {
        Remark::Soon(Duration::from_secs(days * 24 * 60 * 60))
    }

    #[tokio::test(start_paused = true)]
    async fn the_warnings_begin_two_weeks_before_the_end() {
        assert_eq!(remarks(90, 77).await, [(76 * 24, soon(14)), (77 * 24, soon(13))]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_lived_certificate_has_a_quarter_of_its_time_left() {
        // The first error comes exactly when the certificate expires.
        let remarks = remarks(4, 6).await;
        assert_eq!(remarks, [(72, soon(1)), (96, Remark::Expired), (120, Remark::Expired), (144, Remark::Expired)]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_warning_is_on_time_within_a_day_too() {
        let left = Duration::from_secs(30 * 60 * 60);
        assert_eq!(remarks(5, 4).await, [(90, Remark::Soon(left))]);
    }

    #[test]
    fn the_time_that_is_left_is_rounded_down() {
        let rounded = |hours: u64| rounded(Duration::from_secs(hours * 60 * 60));
        assert_eq!([0, 1, 47, 49].map(rounded), ["less than an hour", "1 hour", "47 hours", "2 days"]);
    }
}
