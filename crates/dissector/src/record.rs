//! Records: the output of a conversation, one record for each unit.

use std::{fmt, ops::Range, time::SystemTime};

use protocol::{HandshakeViolation, RfcSection, Role, Violation};

use crate::{field::Field, glossary};

/// The direction in which bytes travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

impl Direction {
    /// Both directions, the client's bytes first.
    pub const BOTH: [Self; 2] = [Self::ToServer, Self::ToClient];

    /// Returns the endpoint that sends in this direction.
    #[must_use]
    pub const fn sender(self) -> Role {
        match self {
            Self::ToServer => Role::Client,
            Self::ToClient => Role::Server,
        }
    }

    /// Returns the endpoint that receives in this direction.
    #[must_use]
    pub const fn receiver(self) -> Role {
        self.opposite().sender()
    }

    /// Returns the other direction.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }

    /// Returns the direction of the bytes that `role` sends.
    #[must_use]
    pub const fn from_sender(role: Role) -> Self {
        match role {
            Role::Client => Self::ToServer,
            Role::Server => Self::ToClient,
        }
    }
}

/// The kind of unit that a record describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// The head of an HTTP request: its request line and header fields.
    Request,
    /// The head of an HTTP response: its status line and header fields.
    Response,
    /// The body of an HTTP request or response on a connection that has not been upgraded.
    Body,
    /// A frame.
    Frame,
    /// Bytes that cannot be divided into units, because the head before them could not be parsed,
    /// or because the connection changed to a protocol other than WebSocket.
    Unknown,
}

/// The dissection of one unit: a head or a body of the handshake, or a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The number of the record in its conversation. Counting starts at 0 and includes the records
    /// of both directions.
    pub number: u64,
    /// The direction of the unit.
    pub direction: Direction,
    /// The kind of unit.
    pub kind: RecordKind,
    /// The number of bytes that precede the unit in this direction.
    pub offset: u64,
    /// The number of bytes of the unit that have arrived so far. If the record is
    /// [complete](Self::complete), this number is final.
    pub length: u64,
    /// The bytes of the unit as they were on the wire, except that those hidden by
    /// [`Options::hide_credentials`](crate::Options::hide_credentials) are replaced with asterisks.
    /// If the unit is longer than the limits in [`Options`](crate::Options), only its first bytes
    /// are kept.
    pub bytes: Vec<u8>,
    /// Whether the unit is finished: all of it has arrived, or it is a head that exceeded its
    /// limit. If `false`, this record is [partial](crate::Conversation::partial), or the stream
    /// ended within the unit.
    pub complete: bool,
    /// The time at which the first byte of the unit arrived, if the caller supplied it.
    pub started_at: Option<SystemTime>,
    /// The time at which the last byte of the unit arrived, if the caller supplied it.
    pub ended_at: Option<SystemTime>,
    /// A one-line summary, such as `Text, 5 bytes: Hello`.
    pub summary: String,
    /// The outermost fields, in the order of their bytes.
    pub fields: Vec<Field>,
    /// The rules that the unit breaks.
    pub findings: Vec<Finding>,
}

/// A broken rule, and the bytes that break it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The range of the bytes that break the rule, counted from the first byte of the record.
    pub range: Range<u64>,
    /// The broken rule.
    pub rule: BrokenRule,
}

/// A rule that a record breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BrokenRule {
    /// A rule of the opening handshake. A server rejects a request that breaks such a rule, and a
    /// client drops the connection after a response that breaks one.
    Handshake(HandshakeViolation),
    /// A rule for the open connection. A receiver fails the connection if a frame breaks such a
    /// rule.
    Violation(Violation),
    /// The sender sent a frame after its Close frame. This breaks a rule, but the receiver must
    /// ignore the frame rather than fail the connection.
    AfterClose,
    /// The client sent a frame before the server had responded to its handshake.
    BeforeResponse,
}

impl Finding {
    pub(crate) const fn new(range: Range<u64>, rule: BrokenRule) -> Self {
        Self { range, rule }
    }

    pub(crate) const fn handshake(range: Range<u64>, violation: HandshakeViolation) -> Self {
        Self::new(range, BrokenRule::Handshake(violation))
    }

    pub(crate) const fn violation(range: Range<u64>, violation: Violation) -> Self {
        Self::new(range, BrokenRule::Violation(violation))
    }
}

/// Writes the rule's name, followed by the rule as a sentence.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.name(), self.rule)
    }
}

impl BrokenRule {
    /// Returns the one-word name of the rule, such as `MaskedFrame`.
    #[must_use]
    pub fn name(&self) -> String {
        let debug = match self {
            Self::Handshake(violation) => format!("{violation:?}"),
            Self::Violation(violation) => format!("{violation:?}"),
            other => format!("{other:?}"),
        };
        debug.split(|character: char| !character.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned()
    }

    /// Returns the name of the field whose value breaks the rule, such as `websocket.mask`. If
    /// several fields share the bytes of a [`Finding`], this name tells which of them is meant.
    /// Returns `None` if the bytes alone identify the field, or if the rule is not about a single
    /// field.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        let term = match self {
            Self::Handshake(_) | Self::AfterClose | Self::BeforeResponse => return None,
            Self::Violation(violation) => match violation {
                Violation::UnmaskedFrame | Violation::MaskedFrame => &glossary::MASK,
                Violation::ReservedBitsSet(_) => &glossary::RSV,
                Violation::CompressedBitMisplaced(_) => &glossary::PMC,
                Violation::ReservedOpcode(_) | Violation::ContinuationOfNothing | Violation::MessageInsideMessage => {
                    &glossary::OPCODE
                }
                Violation::FragmentedControl(_) => &glossary::FIN,
                Violation::LengthNotShortest(_) | Violation::ControlTooLong(_) => &glossary::LENGTH,
                Violation::LengthTopBitSet(_) => &glossary::LENGTH_64,
                Violation::CloseCodeInvalid(_) => &glossary::CLOSE_CODE,
                _ => return None,
            },
        };
        term.name
    }

    /// Returns the section that contains the rule, or `None` for a limit that the receiver sets and
    /// no RFC requires.
    #[must_use]
    pub const fn section(&self) -> Option<RfcSection> {
        match self {
            Self::Handshake(violation) => violation.section(),
            Self::Violation(violation) => violation.section(),
            Self::AfterClose => Some(RfcSection { rfc: 6455, section: "5.5.1" }),
            Self::BeforeResponse => Some(RfcSection { rfc: 6455, section: "4.1" }),
        }
    }
}

/// Writes the broken rule as one sentence that ends with the section in parentheses.
impl fmt::Display for BrokenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = match self {
            // The messages from `protocol` already end with a section number, so none is appended.
            Self::Handshake(violation) => return violation.fmt(f),
            Self::Violation(violation) => return violation.fmt(f),
            Self::AfterClose => "nothing may follow a Close frame",
            Self::BeforeResponse => "a client must wait for the response to its handshake",
        };
        f.write_str(sentence)?;
        self.section().map_or(Ok(()), |section| write!(f, " ({section})"))
    }
}

impl Record {
    /// Returns all fields of the record with their depths, outer fields before inner ones.
    pub fn walk(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields.iter().flat_map(Field::walk)
    }

    /// Returns the first field with this name. The names are Wireshark's, such as
    /// `websocket.opcode`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.walk().map(|(_, field)| field).find(|field| field.term.name == Some(name))
    }

    /// Returns the innermost field that holds the byte at `position`, counted from the first byte
    /// of the record.
    ///
    /// Derived fields are skipped, because they hold no bytes. If several fields share the byte,
    /// the result is the field that contains the byte's most significant bit.
    #[must_use]
    pub fn field_at(&self, position: u64) -> Option<&Field> {
        let mut found = None;
        let mut fields = &self.fields;
        while let Some(field) = fields.iter().find(|field| !field.derived && field.range.contains(&position)) {
            found = Some(field);
            fields = &field.fields;
        }
        found
    }
}
