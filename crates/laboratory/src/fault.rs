//! Defines a fault as data: one rule, and a way to break it.

use std::fmt;

use protocol::Role;

use crate::{frame_builder::FrameBuilder, head_editor::HeadEditor, stages::Stages};

/// The page that restates the RFC, rule by rule.
const RULES_PAGE: &str = "docs/src/rfc6455.md";

/// One rule of RFC 6455, a way to break it, and the reaction that the RFC requires.
#[derive(Debug)]
pub struct Fault {
    /// The name in kebab-case, such as `unmasked-frame`. Scripts and URLs contain the name, so it
    /// never changes. No two faults of the same role have the same name, but most names exist for
    /// both roles.
    pub name: &'static str,
    /// The side that can break the rule.
    pub side: FaultySide,
    /// The section of RFC 6455 that contains the rule, such as `5.5.1`.
    pub section: &'static str,
    /// One sentence that describes what is wrong with the bytes that are sent.
    pub description: &'static str,
    /// One sentence that says why the rule exists.
    pub reason: &'static str,
    /// How strongly the RFC requires the [expected reaction](Self::expected).
    pub level: RequirementLevel,
    /// The reaction that the RFC expects from the receiver.
    pub expected: Expectation,
    /// The stages in which the [judge](crate::grade) sends the fault.
    pub stages: Stages,
    /// The code that makes the mistake.
    pub(crate) injection: Injection,
}

/// The side that can break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultySide {
    /// Only a client can break the rule.
    Client,
    /// Only a server can break the rule.
    Server,
    /// Either side can break the rule. The bytes that the two sides send differ only in their
    /// masking.
    Either,
}

/// How strongly the RFC requires a reaction from the receiver, in the words of RFC 2119.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequirementLevel {
    /// The RFC states a requirement for the receiver.
    Must,
    /// The RFC states a requirement only for the sender. Section 10.7 recommends that a receiver
    /// close the connection with a suitable code when it does not understand what it receives.
    Should,
    /// The RFC leaves the reaction open. The rule is a limit that each receiver chooses, or it
    /// concerns a number to which a later specification may give a meaning.
    May,
}

/// The reaction that the RFC expects from the receiver of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expectation {
    /// Fail the connection (section 7.1.7): send a Close with one of these codes, and close the TCP
    /// connection.
    FailConnection(&'static [u16]),
    /// Answer the Close and close the TCP connection. Ignore everything that was sent after the
    /// Close (sections 1.4 and 5.5.1).
    AnswerClose,
    /// Do not open the connection, and answer with an HTTP status that rejects the request (section
    /// 4.2).
    RejectRequest(RejectionStatus),
    /// Do not open the WebSocket connection, and close the TCP connection. A client has no way to
    /// tell the server why (section 4.1).
    AbortHandshake,
}

impl Expectation {
    /// The reaction to most faults: a Close with 1002.
    pub(crate) const PROTOCOL_ERROR: Self = Self::FailConnection(&[1002]);
}

/// The HTTP statuses that are suitable for rejecting a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionStatus {
    /// Any status except 101. If one of the two header fields that request the upgrade is missing
    /// or wrong, the request is ordinary HTTP, and an ordinary response is correct.
    AnyExcept101,
    /// A 4xx status, or 501 (unsupported method) or 505 (unsupported version).
    Error,
    /// A status that [`Error`](Self::Error) allows, in a response whose `Sec-WebSocket-Version`
    /// header field lists 13.
    ErrorListingVersion,
}

/// The code that makes the mistake.
#[derive(Debug)]
pub(crate) enum Injection {
    /// Changes a valid request or response.
    Head(fn(&mut HeadEditor)),
    /// Builds frames.
    Frames(fn(&mut FrameBuilder<'_>)),
}

impl Fault {
    /// Returns this fault with `stages` as the stages in which the judge sends it.
    pub(crate) const fn in_stages(self, stages: Stages) -> Self {
        Self { stages, ..self }
    }

    /// Returns `true` if an endpoint with this role can break the rule.
    #[must_use]
    pub fn can_be_sent_by(&self, role: Role) -> bool {
        match self.side {
            FaultySide::Either => true,
            FaultySide::Client => role == Role::Client,
            FaultySide::Server => role == Role::Server,
        }
    }

    /// Returns `true` if the fault is in the opening handshake. All other faults need an open
    /// connection.
    #[must_use]
    pub fn is_in_handshake(&self) -> bool {
        matches!(self.injection, Injection::Head(_))
    }

    /// Returns the link to the rule, relative to the root of the repository:
    /// `docs/src/rfc6455.md#section-5-5-1`.
    #[must_use]
    pub fn rule_link(&self) -> String {
        format!("{RULES_PAGE}#section-{}", self.section.replace('.', "-"))
    }
}

/// Writes `MUST`, `SHOULD` or `MAY`.
impl fmt::Display for RequirementLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        })
    }
}

/// Writes a short description for a table, such as `Close 1002`.
impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailConnection(codes) => {
                let codes: Vec<String> = codes.iter().map(u16::to_string).collect();
                f.pad(&format!("Close {}", codes.join(" or ")))
            }
            Self::AnswerClose => f.pad("Close 1000 only"),
            Self::RejectRequest(RejectionStatus::AnyExcept101) => f.pad("HTTP, but not 101"),
            Self::RejectRequest(RejectionStatus::Error) => f.pad("HTTP 4xx"),
            Self::RejectRequest(RejectionStatus::ErrorListingVersion) => f.pad("HTTP 4xx, lists 13"),
            Self::AbortHandshake => f.pad("TCP closed"),
        }
    }
}
