//! Decides whether a peer reacted as the RFC expects.

use std::fmt;

use crate::{
    fault::{Expectation, RejectionStatus},
    observations::Observations,
    reaction::{ObservedClose, ObservedResponse},
};

/// The way in which the peer handled a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The peer reacted as the RFC expects.
    AsExpected,
    /// The peer rejected the fault, but sent an unsuitable code or status.
    OtherCode,
    /// The peer closed the TCP connection without giving a reason. Section 7.1.7 recommends a
    /// Close, but does not require it.
    NoReason,
    /// The peer sent a Close, but did not close the TCP connection in time.
    LeftOpen,
    /// The peer continued as if nothing were wrong.
    Tolerated,
    /// The peer did nothing within the time limit.
    NoAnswer,
}

impl Verdict {
    /// Compares the observations with the expectation. `close_sent` is the code of the Close that
    /// the fault itself contains: `None` if there is no Close, `Some(None)` for a Close without a
    /// code.
    pub(crate) fn new(expected: Expectation, close_sent: Option<Option<u16>>, observed: &Observations) -> Self {
        match expected {
            Expectation::FailConnection(codes) => Self::after_frames(observed, codes, close_sent),
            Expectation::AnswerClose => Self::after_close(observed),
            Expectation::RejectRequest(status) => Self::after_request(observed, status),
            Expectation::AbortHandshake => Self::after_response(observed),
        }
    }

    /// Returns the verdict on a peer that should fail the connection with one of `codes`.
    fn after_frames(observed: &Observations, codes: &[u16], close_sent: Option<Option<u16>>) -> Self {
        match &observed.close {
            Some(ObservedClose { code: Some(code), .. }) if codes.contains(code) => {
                Self::if_tcp_ended(observed, Self::AsExpected)
            }
            // The peer answered an invalid Close as if it were valid: with the same code, with 1000
            // (normal closure), or with no code. It has therefore tolerated the fault.
            Some(ObservedClose { code, .. })
                if close_sent.is_some_and(|sent| *code == sent || matches!(code, None | Some(1000))) =>
            {
                Self::Tolerated
            }
            Some(_) => Self::if_tcp_ended(observed, Self::OtherCode),
            None => Self::without_close(observed),
        }
    }

    /// Returns the verdict on a peer that should answer a valid Close and then ignore everything
    /// that follows this Close.
    fn after_close(observed: &Observations) -> Self {
        match &observed.close {
            _ if observed.pong || observed.echo || observed.continued_after_close => Self::Tolerated,
            Some(ObservedClose { code: None | Some(1000), .. }) => Self::if_tcp_ended(observed, Self::AsExpected),
            Some(_) => Self::if_tcp_ended(observed, Self::OtherCode),
            None => Self::without_close(observed),
        }
    }

    /// Returns the verdict on a peer that should reject the opening handshake with an HTTP
    /// response.
    fn after_request(observed: &Observations, suitable: RejectionStatus) -> Self {
        let Some(ObservedResponse { status, lists_version_13 }) = observed.response else {
            return if observed.garbage.is_some() { Self::OtherCode } else { Self::without_close(observed) };
        };
        let is_error = matches!(status, 400..=499 | 501 | 505);
        match (suitable, status) {
            (_, 101) => Self::Tolerated,
            (RejectionStatus::AnyExcept101, _) => Self::AsExpected,
            (RejectionStatus::Error, _) if is_error => Self::AsExpected,
            (RejectionStatus::ErrorListingVersion, _) if is_error && lists_version_13 => Self::AsExpected,
            _ => Self::OtherCode,
        }
    }

    /// Returns the verdict on a peer that should close the TCP connection without a Close frame,
    /// because the WebSocket connection was never open.
    fn after_response(observed: &Observations) -> Self {
        match (&observed.close, observed.tcp_end) {
            (Some(_), _) => Self::OtherCode,
            (None, Some(_)) if !observed.pong => Self::AsExpected,
            (None, _) => Self::without_close(observed),
        }
    }

    fn without_close(observed: &Observations) -> Self {
        if observed.tcp_end.is_some() {
            Self::NoReason
        } else if observed.pong || observed.echo {
            Self::Tolerated
        } else {
            Self::NoAnswer
        }
    }

    fn if_tcp_ended(observed: &Observations, verdict: Self) -> Self {
        if observed.tcp_end.is_some() { verdict } else { Self::LeftOpen }
    }
}

/// Writes a few words for a table, such as `as expected`.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AsExpected => "as expected",
            Self::OtherCode => "other code",
            Self::NoReason => "no reason given",
            Self::LeftOpen => "TCP left open",
            Self::Tolerated => "tolerated",
            Self::NoAnswer => "no answer",
        })
    }
}
