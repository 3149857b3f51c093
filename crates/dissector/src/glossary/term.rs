//! The types of a glossary entry.

use std::fmt;

/// A glossary entry: the description of a field, independent of its value.
#[derive(Debug, PartialEq, Eq)]
pub struct Term {
    /// The field's name in Wireshark, as you type it into the filter bar; `None` if Wireshark has no
    /// such field.
    pub name: Option<&'static str>,
    /// The field's label, as in Wireshark's tree.
    pub label: &'static str,
    /// The part of a record that the field belongs to. Each part has a colour.
    pub part: RecordPart,
    /// The reason that the field exists: the problem that a protocol without it would have.
    pub why: &'static str,
    /// The section that specifies the field.
    pub reference: Reference,
}

/// A section of an RFC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The number of the RFC.
    pub rfc: u16,
    /// The section, such as `5.2`.
    pub section: &'static str,
}

/// The parts of a record that are told apart by colour, in every rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecordPart {
    /// FIN.
    Fin,
    /// RSV1, RSV2 and RSV3.
    Reserved,
    /// The opcode.
    Opcode,
    /// The MASK bit and the masking key.
    Mask,
    /// The payload length in all its forms.
    Length,
    /// The payload of a frame, or the body of an HTTP message.
    Payload,
    /// The first line of an HTTP head.
    StartLine,
    /// A header that takes part in the opening handshake.
    Handshake,
    /// Any other header.
    Header,
}

impl Reference {
    /// Creates a reference to a section of RFC 6455, The WebSocket Protocol.
    #[must_use]
    pub const fn rfc6455(section: &'static str) -> Self {
        Self { rfc: 6455, section }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RFC {}, section {}", self.rfc, self.section)
    }
}
