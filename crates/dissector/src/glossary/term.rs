//! The types of a glossary entry.

use protocol::RfcSection;

/// A glossary entry, which describes a field independently of its value.
#[derive(Debug, PartialEq, Eq)]
pub struct Term {
    /// The field's name in Wireshark, as used in a display filter; `None` if Wireshark has no such
    /// field.
    pub name: Option<&'static str>,
    /// The field's label. If Wireshark has the field, this is the label in Wireshark's tree.
    pub label: &'static str,
    /// The part of a record that the field belongs to. Each part has a colour.
    pub part: RecordPart,
    /// The reason why the field exists: the problem that a protocol without it would have.
    pub why: &'static str,
    /// The section that specifies the field.
    pub reference: RfcSection,
}

/// A part of a record. Renderings use different colours for parts that occur in the same record.
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
    /// A header of the opening handshake.
    Handshake,
    /// A header field that is not part of the opening handshake.
    Header,
}
