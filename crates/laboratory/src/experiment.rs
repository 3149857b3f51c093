//! What an experiment is: one broken rule, as data.

use std::fmt;

use protocol::{Role, frame::MaskingKeys};

use crate::{head::Head, judge::Judge, wire::Wire};

/// The page that restates the RFC, rule by rule.
const RULES_PAGE: &str = "docs/src/rfc6455.md";

/// One rule of RFC 6455, and how to break it.
#[derive(Debug)]
pub struct Experiment {
    /// A name in kebab-case, such as `unmasked-frame`. It stays what it is: scripts and URLs have it in them. It is
    /// unique among the experiments of one role; the two roles share most names.
    pub name: &'static str,
    /// Who can break the rule.
    pub by: By,
    /// The section of RFC 6455 that holds the rule, such as `5.5.1`.
    pub section: &'static str,
    /// What is wrong with what is sent, in a sentence.
    pub broken: &'static str,
    /// What the rule is there for, in a sentence.
    pub reason: &'static str,
    /// How strongly the RFC asks for [`asks`](Self::asks).
    pub demand: Demand,
    /// What the RFC asks of whoever receives it.
    pub asks: Asks,
    /// How it is done.
    pub(crate) act: Act,
}

/// Who can break a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Only a client.
    Client,
    /// Only a server.
    Server,
    /// Both alike: the bytes differ in nothing but the mask.
    Either,
}

/// How strongly the RFC asks a receiver to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// It says so of the receiver.
    Must,
    /// It binds the sender alone. Of the receiver, section 10.7 says that it should close, with a fitting code, when it
    /// gets what it does not understand.
    Should,
    /// It leaves it open: a limit that everybody sets for themselves, or a number that may have a meaning one day.
    May,
}

/// What the RFC asks of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// Fail the connection (section 7.1.7): a Close with one of these codes, and the end of TCP.
    Fail(&'static [u16]),
    /// Answer the Close that was sent, end TCP, and take nothing of what came behind the Close (sections 1.4 and 5.5.1).
    AnswerClose,
    /// Open no connection, and answer with an HTTP status that says so (section 4.2).
    Refuse(Refusal),
    /// Open no connection and end TCP: a client has no way to say why (section 4.1).
    DropHandshake,
}

/// Which HTTP statuses refuse a handshake well enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Any but 101: without the two words that ask for an upgrade this is an ordinary request, and an ordinary answer to
    /// it is right.
    AnyStatus,
    /// 4xx, or 501 or 505, which were made for a method and a version that are not understood.
    Error,
    /// An error as above, and the header `Sec-WebSocket-Version` with 13 in it.
    ErrorNamingVersion,
}

/// How a rule is broken.
#[derive(Debug)]
pub(crate) enum Act {
    /// By a change in a right request or response.
    Head(fn(&mut Head)),
    /// By frames.
    Frames(fn(&mut Wire<'_>)),
}

impl Experiment {
    /// Whether `role` can do this.
    #[must_use]
    pub fn is_for(&self, role: Role) -> bool {
        match self.by {
            By::Either => true,
            By::Client => role == Role::Client,
            By::Server => role == Role::Server,
        }
    }

    /// Whether it happens in the opening handshake. If not, it takes a connection that is open.
    #[must_use]
    pub fn is_in_handshake(&self) -> bool {
        matches!(self.act, Act::Head(_))
    }

    /// Where the rule is restated, from the root of the repository: `docs/src/rfc6455.md#section-5-5-1`.
    #[must_use]
    pub fn rule(&self) -> String {
        format!("{RULES_PAGE}#section-{}", self.section.replace('.', "-"))
    }

    /// The bytes to send on an open connection, and the judge of what follows; `None` for an experiment of the opening
    /// handshake.
    ///
    /// Behind the bytes that break the rule there is a Ping, unless the last of them are a Close, after which nothing
    /// may be said. To somebody who has failed the connection it is nothing; whoever answers it has not noticed, or does
    /// not mind.
    #[must_use]
    pub fn on_connection(&'static self, role: Role, keys: &mut dyn MaskingKeys) -> Option<(Vec<u8>, Judge)> {
        let Act::Frames(act) = self.act else { return None };
        let mut wire = Wire::new(role, keys);
        act(&mut wire);
        wire.ask_if_still_there();
        let judge = Judge::new(self, wire.close_sent());
        Some((wire.into_bytes(), judge))
    }

    /// The bytes to send in place of the right request, or the right response, `right`; and the judge of what follows.
    /// `None` for an experiment that takes an open connection.
    ///
    /// A response that might be taken for a yes is followed by a Ping, as [above](Self::on_connection).
    #[must_use]
    pub fn in_handshake(
        &'static self,
        role: Role,
        right: &[u8],
        keys: &mut dyn MaskingKeys,
    ) -> Option<(Vec<u8>, Judge)> {
        let Act::Head(act) = self.act else { return None };
        let mut head = Head::parse(right);
        act(&mut head);
        let mut bytes = head.to_bytes();
        if role == Role::Server && head.opens() {
            let mut wire = Wire::new(role, keys);
            wire.ask_if_still_there();
            bytes.extend(wire.into_bytes());
        }
        Some((bytes, Judge::new(self, None)))
    }
}

/// `MUST`, `SHOULD` or `MAY`.
impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::May => "MAY",
        })
    }
}

/// A few words for a table, such as `Close 1002`.
impl fmt::Display for Asks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fail(codes) => {
                let codes: Vec<String> = codes.iter().map(u16::to_string).collect();
                f.pad(&format!("Close {}", codes.join(" or ")))
            }
            Self::AnswerClose => f.pad("Close 1000, no more"),
            Self::Refuse(Refusal::AnyStatus) => f.pad("HTTP, but not 101"),
            Self::Refuse(Refusal::Error) => f.pad("HTTP 4xx"),
            Self::Refuse(Refusal::ErrorNamingVersion) => f.pad("HTTP 4xx, names 13"),
            Self::DropHandshake => f.pad("TCP ended"),
        }
    }
}
