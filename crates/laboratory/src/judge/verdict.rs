//! Whether what was seen is what the RFC asks.

use std::fmt;

use super::seen::{CloseSeen, Seen};
use crate::experiment::{Asks, Demand, Experiment, Refusal};

/// What became of an experiment.
#[derive(Debug, Clone)]
pub struct Outcome {
    experiment: &'static Experiment,
    seen: Seen,
    verdict: Verdict,
}

/// How the other side took a broken rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// As the RFC asks.
    AsAsked,
    /// It opened or kept no connection, but said so with another code or status than the fitting one.
    OtherCode,
    /// It ended TCP and did not say why. Section 7.1.7 asks for a Close, and leaves room for exceptions.
    NoReason,
    /// It said the right thing and did not end TCP in the time that was given.
    LeftOpen,
    /// It went on as if nothing had happened.
    Tolerated,
    /// Nothing came in the time that was given.
    NoAnswer,
}

impl Outcome {
    pub(crate) fn new(experiment: &'static Experiment, close_sent: Option<Option<u16>>, seen: Seen) -> Self {
        let verdict = match experiment.asks {
            Asks::Fail(codes) => after_frames(&seen, codes, close_sent),
            Asks::AnswerClose => after_close(&seen),
            Asks::Refuse(rejection) => after_request(&seen, rejection),
            Asks::DropHandshake => after_response(&seen),
        };
        Self { experiment, seen, verdict }
    }

    /// The experiment.
    #[must_use]
    pub const fn experiment(&self) -> &'static Experiment {
        self.experiment
    }

    /// What came back.
    #[must_use]
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// What to think of it.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether the other side did what the RFC says it must not: it went on, or did nothing, where it must not have.
    #[must_use]
    pub fn breaks_a_must(&self) -> bool {
        self.experiment.demand == Demand::Must && matches!(self.verdict, Verdict::Tolerated | Verdict::NoAnswer)
    }
}

/// What is asked is that the connection be failed, with one of `codes`.
fn after_frames(seen: &Seen, codes: &[u16], close_sent: Option<Option<u16>>) -> Verdict {
    match &seen.close {
        Some(CloseSeen { code: Some(code), .. }) if codes.contains(code) => close_and(seen, Verdict::AsAsked),
        // A wrong Close that is answered like a right one: the same code, or the one for a normal end, or none.
        Some(CloseSeen { code, .. })
            if close_sent.is_some_and(|sent| *code == sent || matches!(code, None | Some(1000))) =>
        {
            Verdict::Tolerated
        }
        Some(_) => close_and(seen, Verdict::OtherCode),
        None => without_close(seen),
    }
}

/// What is asked is the answer to a Close that was right, and nothing more.
fn after_close(seen: &Seen) -> Verdict {
    match &seen.close {
        _ if seen.pong || seen.echo || seen.went_on_after_close => Verdict::Tolerated,
        Some(CloseSeen { code: None | Some(1000), .. }) => close_and(seen, Verdict::AsAsked),
        Some(_) => close_and(seen, Verdict::OtherCode),
        None => without_close(seen),
    }
}

/// What is asked is an HTTP response that opens nothing.
fn after_request(seen: &Seen, rejection: Refusal) -> Verdict {
    let Some((status, names_version)) = seen.response else {
        return if seen.garbage.is_some() { Verdict::OtherCode } else { without_close(seen) };
    };
    let is_error = matches!(status, 400..=499 | 501 | 505);
    match (rejection, status) {
        (_, 101) => Verdict::Tolerated,
        (Refusal::AnyStatus, _) => Verdict::AsAsked,
        (Refusal::Error, _) if is_error => Verdict::AsAsked,
        (Refusal::ErrorNamingVersion, _) if is_error && names_version => Verdict::AsAsked,
        _ => Verdict::OtherCode,
    }
}

/// What is asked is the end of TCP, without a frame: there never was a connection for it.
fn after_response(seen: &Seen) -> Verdict {
    match (&seen.close, seen.ended) {
        (Some(_), _) => Verdict::OtherCode,
        (None, Some(_)) if !seen.pong => Verdict::AsAsked,
        (None, _) => without_close(seen),
    }
}

fn without_close(seen: &Seen) -> Verdict {
    if seen.ended.is_some() {
        Verdict::NoReason
    } else if seen.pong || seen.echo {
        Verdict::Tolerated
    } else {
        Verdict::NoAnswer
    }
}

fn close_and(seen: &Seen, ended: Verdict) -> Verdict {
    if seen.ended.is_some() { ended } else { Verdict::LeftOpen }
}

/// A word or two for a table.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AsAsked => "as asked",
            Self::OtherCode => "other code",
            Self::NoReason => "no reason given",
            Self::LeftOpen => "TCP left open",
            Self::Tolerated => "tolerated",
            Self::NoAnswer => "no answer",
        })
    }
}
