//! Collects a peer's reactions to a fault, and evaluates them.
//!
//! ```text
//!   bytes    ──receive──▶ ┌───────────┐
//!                         │ Evaluator │ ──▶ Observations ──▶ Verdict
//!   Reaction ──record───▶ └───────────┘
//! ```
//!
//! An evaluator never sends anything, and it can be used on a connection that carries other
//! traffic. For example, it ignores a message that a server pushes before its Close, because that
//! message is not a reaction to the fault.

use crate::{
    fault::{Expectation, Fault, RequirementLevel},
    observations::Observations,
    reaction::{ObservedClose, Reaction},
    reaction_parser::ReactionParser,
    verdict::Verdict,
};

/// Collects a peer's reactions to one fault.
#[derive(Debug)]
pub struct Evaluator {
    fault: &'static Fault,
    /// The code of the Close that the fault itself contains: `None` if it contains no Close,
    /// `Some(None)` for a Close without a code.
    close_sent: Option<Option<u16>>,
    parser: ReactionParser,
    observations: Observations,
}

impl Evaluator {
    pub(crate) fn new(fault: &'static Fault, close_sent: Option<Option<u16>>) -> Self {
        let parser = match fault.expected {
            Expectation::RejectRequest(_) => ReactionParser::of_response(),
            Expectation::FailConnection(_) | Expectation::AnswerClose | Expectation::AbortHandshake => {
                ReactionParser::of_frames()
            }
        };
        Self { fault, close_sent, parser, observations: Observations::default() }
    }

    /// Parses bytes from the peer and records the reactions that they contain. The bytes may arrive
    /// in pieces of any size.
    pub fn receive(&mut self, bytes: &[u8]) {
        self.parser.receive(bytes);
        while let Some(reaction) = self.parser.next() {
            self.record(&reaction);
        }
    }

    /// Records a reaction that the caller has parsed.
    pub fn record(&mut self, reaction: &Reaction) {
        self.observations.record(reaction);
    }

    /// Returns `true` if the verdict can no longer change.
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.observations.tcp_end.is_some() || self.observations.response.is_some()
    }

    /// Returns `true` if the peer has continued as if nothing were wrong.
    ///
    /// The peer may still notice the fault. For example, a program may validate a text message only
    /// when it reads the message, and by then it may already have answered the Ping that follows.
    #[must_use]
    pub fn peer_has_continued(&self) -> bool {
        self.observations.pong || self.observations.echo || self.observations.continued_after_close
    }

    /// Returns the peer's Close, if it has sent one.
    #[must_use]
    pub const fn close_received(&self) -> Option<&ObservedClose> {
        self.observations.close.as_ref()
    }

    /// Returns `true` if the fault itself contains a Close. In that case, no other Close may be
    /// sent.
    #[must_use]
    pub const fn has_sent_close(&self) -> bool {
        self.close_sent.is_some()
    }

    /// Evaluates the reactions that have been recorded so far.
    ///
    /// The verdict is final once [`is_final`](Self::is_final) returns `true`, or once the time that
    /// the caller allows has passed.
    #[must_use]
    pub fn evaluate(&self) -> Evaluation {
        let verdict = Verdict::new(self.fault.expected, self.close_sent, &self.observations);
        Evaluation { fault: self.fault, observations: self.observations.clone(), verdict }
    }
}

/// The result of a fault test.
#[derive(Debug, Clone)]
pub struct Evaluation {
    fault: &'static Fault,
    observations: Observations,
    verdict: Verdict,
}

impl Evaluation {
    /// Returns the fault that was sent.
    #[must_use]
    pub const fn fault(&self) -> &'static Fault {
        self.fault
    }

    /// Returns the reactions of the peer.
    #[must_use]
    pub const fn observations(&self) -> &Observations {
        &self.observations
    }

    /// Returns the verdict on the peer's reactions.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Returns `true` if the peer violated a MUST by tolerating or ignoring a fault to which the
    /// RFC requires a reaction.
    #[must_use]
    pub fn violates_must(&self) -> bool {
        self.fault.level == RequirementLevel::Must && matches!(self.verdict, Verdict::Tolerated | Verdict::NoAnswer)
    }
}
