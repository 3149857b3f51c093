//! Defines a check: one thing that a program must do, as data.

use super::{script::Script, symptom::Symptom};
use crate::{fault::Fault, stages::Stages};

/// One thing that a program must do, and the conversation that finds out whether it does.
#[derive(Debug)]
pub struct Check {
    /// The name in kebab-case, such as `two-frames-in-one-write`. It never changes.
    pub name: &'static str,
    /// The subject of the check, as a phrase such as `A text of 5 bytes`.
    pub title: &'static str,
    /// The stages in which the check is made.
    pub stages: Stages,
    /// The way in which the check is made.
    pub(crate) exercise: Exercise,
    /// The likely mistakes that lead to a failure.
    pub(crate) hints: &'static [Hint],
}

/// The way in which a check is made.
#[derive(Debug)]
pub(crate) enum Exercise {
    /// A conversation on a new connection. The handshake comes first.
    Conversation(fn(&mut Script<'_>)),
    /// A conversation whose first bytes are sent in the same write as the handshake.
    JoinedConversation(fn(&mut Script<'_>)),
    /// A conversation that begins before the handshake. Only the judge of servers holds one.
    Opening(fn(&mut Script<'_>)),
    /// Two requests at the same time. Each is cut inside its key, and the halves are sent
    /// alternately. Only the judge of servers sends them.
    InterleavedRequests,
    /// As [`Opening`](Self::Opening), but the conversation waits for a deadline of the peer. All
    /// such conversations run at the same time.
    SlowOpening(fn(&mut Script<'_>)),
    /// As [`SlowOpening`](Self::SlowOpening), but on an open connection.
    SlowConversation(fn(&mut Script<'_>)),
    /// The faults of earlier stages after which the program must fail the connection, now with the
    /// right close code.
    FaultsOfEarlierStages,
    /// A whole conversation, repeated in one write, byte by byte, and with a cut after each byte.
    EveryCut(fn(&mut Script<'_>)),
    /// This many connections at once, each in the middle of the first write of this conversation.
    ManyAtOnce(usize, fn(&mut Script<'_>)),
    /// A client that does not read its echoes, which have this many mebibytes in total, while
    /// others hold this conversation.
    NeverReads(usize, fn(&mut Script<'_>)),
    /// A request of the client, which must be valid.
    ValidRequest,
    /// A request of the client, whose key must differ from those of all earlier requests.
    FreshNonce,
}

/// A likely mistake that leads to a failure.
#[derive(Debug)]
pub(crate) struct Hint {
    /// The symptoms of the mistake. An empty list means any symptom.
    pub(crate) symptoms: &'static [Symptom],
    /// Advice on the mistake.
    pub(crate) advice: &'static str,
}

/// Creates a hint for these symptoms.
pub(crate) const fn hint(symptoms: &'static [Symptom], advice: &'static str) -> Hint {
    Hint { symptoms, advice }
}

/// A check of the judge's own, or a fault of the laboratory.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CheckRef {
    Check(&'static Check),
    Fault(&'static Fault),
}

impl CheckRef {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Check(check) => check.name,
            Self::Fault(fault) => fault.name,
        }
    }

    /// Returns the subject of the check, without a full stop.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Check(check) => check.title,
            Self::Fault(fault) => fault.description.trim_end_matches('.'),
        }
    }

    /// Returns what to do about a failure with this symptom.
    pub(crate) fn advice(self, symptom: Symptom) -> Option<&'static str> {
        match self {
            Self::Check(check) => check
                .hints
                .iter()
                .find(|hint| hint.symptoms.is_empty() || hint.symptoms.contains(&symptom))
                .map(|hint| hint.advice),
            Self::Fault(fault) => Some(fault.reason),
        }
    }

    /// Returns whether the check waits for a deadline of the peer.
    pub(crate) const fn is_slow(self) -> bool {
        matches!(self, Self::Check(Check { exercise: Exercise::SlowOpening(_) | Exercise::SlowConversation(_), .. }))
    }
}
