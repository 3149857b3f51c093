//! Defines a check as data: one thing that a program must do.

use super::{script::Script, symptom::Symptom};
use crate::{fault::Fault, stages::Stages};

/// One thing that a program must do, and the conversation that tests whether it does so.
#[derive(Debug)]
pub struct Check {
    /// The name in kebab-case, such as `two-frames-in-one-write`. It never changes.
    pub name: &'static str,
    /// The subject of the check, as a phrase such as `A text of 5 bytes`.
    pub title: &'static str,
    /// The stages that include the check.
    pub stages: Stages,
    /// How the check is carried out.
    pub(crate) exercise: Exercise,
    /// The mistakes that are likely to cause a failure.
    pub(crate) hints: &'static [Hint],
}

/// How a check is carried out.
#[derive(Debug)]
pub(crate) enum Exercise {
    /// A conversation on a new connection. The handshake comes first.
    Conversation(fn(&mut Script<'_>)),
    /// A conversation whose first bytes are sent in the same write as the handshake.
    JoinedConversation(fn(&mut Script<'_>)),
    /// A conversation that begins before the handshake. It is used only for judging servers.
    Opening(fn(&mut Script<'_>)),
    /// Two requests at the same time, on two connections. Each request is cut in the middle of its
    /// key, and the halves are sent alternately. This is used only for judging servers.
    InterleavedRequests,
    /// Like [`Opening`](Self::Opening), except that the conversation is slow, usually because it
    /// waits for one of the peer's deadlines. All such conversations run at the same time.
    SlowOpening(fn(&mut Script<'_>)),
    /// Like [`SlowOpening`](Self::SlowOpening), except that the connection is already open.
    SlowConversation(fn(&mut Script<'_>)),
    /// All the earlier stages' faults that require the program to fail the connection. In this
    /// check, the program must also send the right close code.
    FaultsOfEarlierStages,
    /// A conversation that is held many times. Its first write is sent once in one piece, once byte
    /// by byte, and repeatedly in two pieces, with the cut after each byte in turn.
    EveryCut(fn(&mut Script<'_>)),
    /// This many connections at once, each of which pauses in the middle of this conversation's
    /// first write until all are open.
    ManyAtOnce(usize, fn(&mut Script<'_>)),
    /// A client that leaves this many mebibytes of echoes unread while other clients hold this
    /// conversation.
    NeverReads(usize, fn(&mut Script<'_>)),
    /// A request from the client, which must be valid.
    ValidRequest,
    /// A request from the client, whose key must differ from the keys of all earlier requests.
    FreshNonce,
}

/// A mistake that is likely to cause a failure.
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

/// One of the judge's own checks, or one of the laboratory's faults.
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

    /// Returns advice on a failure with this symptom.
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

    /// Returns `true` if the check is slow, usually because it waits for one of the peer's
    /// deadlines.
    pub(crate) const fn is_slow(self) -> bool {
        matches!(self, Self::Check(Check { exercise: Exercise::SlowOpening(_) | Exercise::SlowConversation(_), .. }))
    }
}
