//! Records: what comes out of a conversation, one for each unit that went through.

use std::{fmt, ops::Range, time::SystemTime};

use protocol::{Role, Violation};

use crate::{field::Field, glossary::Reference};

/// Which way bytes went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

impl Direction {
    /// Both, the client's first.
    pub const BOTH: [Self; 2] = [Self::ToServer, Self::ToClient];

    /// Who sent the bytes.
    #[must_use]
    pub const fn sender(self) -> Role {
        match self {
            Self::ToServer => Role::Client,
            Self::ToClient => Role::Server,
        }
    }

    /// Who gets the bytes.
    #[must_use]
    pub const fn receiver(self) -> Role {
        self.opposite().sender()
    }

    /// The other one.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }

    /// The direction of what `role` sends.
    #[must_use]
    pub const fn from_sender(role: Role) -> Self {
        match role {
            Role::Client => Self::ToServer,
            Role::Server => Self::ToClient,
        }
    }
}

/// What kind of unit a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecordKind {
    /// The head of an HTTP request.
    Request,
    /// The head of an HTTP response.
    Response,
    /// The body of a request or a response: there was no upgrade, or not yet.
    Body,
    /// A frame.
    Frame,
    /// Bytes behind something that could not be read: nothing says any more where a unit begins.
    Unknown,
}

/// One unit of what went through: a head of the handshake, or a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Counts the conversation's records, both directions together, from 0.
    pub number: u64,
    /// Which way it went.
    pub direction: Direction,
    /// What it is.
    pub kind: RecordKind,
    /// How many bytes went this way before its first one.
    pub offset: u64,
    /// How many bytes of it went through. The whole of it if it is [complete](Self::complete).
    pub length: u64,
    /// Its bytes as they were on the wire: all of them, or the first if it is longer than [`Options`](crate::Options) allows.
    pub bytes: Vec<u8>,
    /// Whether all of it went through. If not, this is a [partial](crate::Conversation::partial) record, or the
    /// stream ended within it.
    pub complete: bool,
    /// When its first byte passed, if the time was given.
    pub begun: Option<SystemTime>,
    /// When its last byte passed, if the time was given.
    pub ended: Option<SystemTime>,
    /// It in one line: `Text, 5 bytes: Hello`.
    pub summary: String,
    /// What it is made of, in the order in which it stands.
    pub fields: Vec<Field>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// Something that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The bytes that show it, counted from the record's first one.
    pub range: Range<u64>,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A rule that has a [`Violation`]: a receiver fails the connection.
    Violation(Violation),
    /// Something after a Close frame in the same direction. The receiver is told to ignore it, so to it this is no
    /// violation; the sender broke the rule all the same.
    AfterClose,
    /// A client's bytes on their way before the server had agreed.
    BeforeAnswer,
}

impl Fault {
    /// The rule's name in a word, such as `MaskedFrame`.
    #[must_use]
    pub fn name(&self) -> String {
        let debug = match self {
            Self::Violation(violation) => format!("{violation:?}"),
            other => format!("{other:?}"),
        };
        debug.split(|character: char| !character.is_ascii_alphanumeric()).next().unwrap_or_default().to_owned()
    }

    /// Where the rule stands.
    #[must_use]
    pub const fn reference(&self) -> Reference {
        match self {
            Self::Violation(violation) => Reference { rfc: violation.rfc(), section: violation.section() },
            Self::AfterClose => Reference::rfc6455("5.5.1"),
            Self::BeforeAnswer => Reference::rfc6455("4.1"),
        }
    }
}

/// One sentence, with the section at its end.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(violation) => return violation.fmt(f),
            Self::AfterClose => f.write_str("nothing may follow a Close frame")?,
            Self::BeforeAnswer => f.write_str("a client has to wait for the answer to its handshake")?,
        }
        write!(f, " ({})", self.reference())
    }
}

impl Record {
    /// All fields, outermost first, each with its depth.
    pub fn walk(&self) -> impl Iterator<Item = (usize, &Field)> {
        self.fields.iter().flat_map(Field::walk)
    }

    /// The first field with this name, which is one of Wireshark's, such as `websocket.opcode`.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.walk().map(|(_, field)| field).find(|field| field.term.name == Some(name))
    }

    /// The innermost field that the byte at `position` belongs to, counted from the record's first byte. Derived fields
    /// have no bytes; of a byte that several fields share, the one with its highest bit.
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
