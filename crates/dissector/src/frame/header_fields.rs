//! The fields of a frame's header.

use std::borrow::Cow;

use protocol::frame::{
    LengthForm, Opcode, ReservedBits,
    layout::{FIN, LENGTH, MASK, OPCODE, RESERVED},
};

use crate::{
    field::{Field, FieldValue},
    glossary,
};

/// Creates the fields for the first byte, if it has arrived: FIN, the reserved bits and the opcode.
/// `in_use` contains the reserved bits to which the extensions in use assign a meaning.
pub(super) fn first_byte_fields(header: &[u8], in_use: ReservedBits) -> Vec<Field> {
    let Some(&byte) = header.first() else { return Vec::new() };
    let opcode = Opcode::from_bits(byte);
    // Test this bit rather than `opcode`: the bit is set in every control opcode, including the
    // reserved ones, for which `opcode` is `None`.
    let is_control = byte & 0x08 != 0;
    let fin = byte & FIN != 0;
    let fin_meaning = match (fin, opcode) {
        (true, Some(Opcode::Text | Opcode::Binary)) => "the whole message is in this frame",
        (true, Some(Opcode::Continuation)) => "the last frame of its message",
        (true, _) => "as in every control frame",
        (false, _) if is_control => "a control frame must not be fragmented",
        (false, _) => "more frames of this message follow",
    };
    let opcode_meaning = match opcode {
        Some(Opcode::Continuation) => "continues the message that has begun",
        Some(Opcode::Text) => "begins a message that is UTF-8 text",
        Some(Opcode::Binary) => "begins a message of bytes",
        Some(Opcode::Close) => "begins or completes the closing handshake",
        Some(Opcode::Ping) => "asks for a Pong",
        Some(Opcode::Pong) => "answers a Ping, or is a sign of life",
        None if is_control => "reserved for control frames that are not defined yet",
        None => "reserved for data frames that are not defined yet",
    };
    let opcode_value = FieldValue::Number { value: u64::from(byte & OPCODE), name: Some(opcode_name(opcode)) };
    vec![
        Field::new(&glossary::FIN, 0..1, FieldValue::Flag(fin)).with_mask(FIN).with_meaning(fin_meaning),
        reserved_bits_field(byte, in_use),
        Field::new(&glossary::OPCODE, 0..1, opcode_value).with_mask(OPCODE).with_meaning(opcode_meaning),
    ]
}

/// Returns Wireshark's name for an opcode.
fn opcode_name(opcode: Option<Opcode>) -> Cow<'static, str> {
    Cow::Borrowed(match opcode {
        Some(Opcode::Continuation) => "Continuation",
        Some(Opcode::Text) => "Text",
        Some(Opcode::Binary) => "Binary",
        Some(Opcode::Close) => "Connection Close",
        Some(Opcode::Ping) => "Ping",
        Some(Opcode::Pong) => "Pong",
        None => "Unknown",
    })
}

/// Creates the field for the three reserved bits. It contains an inner field for each bit that is
/// set or in use.
fn reserved_bits_field(byte: u8, in_use: ReservedBits) -> Field {
    let reserved = ReservedBits::from_first_byte(byte).bits();
    let is_set = |bit: ReservedBits| reserved & bit.bits() != 0;
    let flag = |term, bit: ReservedBits| Field::new(term, 0..1, FieldValue::Flag(is_set(bit))).with_mask(bit.bits());
    let mut inner = Vec::new();
    if !in_use.is_empty() {
        let begins_message = matches!(Opcode::from_bits(byte), Some(Opcode::Text | Opcode::Binary));
        inner.push(flag(&glossary::PMC, ReservedBits::RSV1).with_meaning(
            match (is_set(ReservedBits::RSV1), begins_message) {
                (true, true) => "RSV1: this message is compressed",
                (true, false) => "RSV1: allowed only in the first frame of a message",
                (false, true) => "RSV1: this message is not compressed",
                (false, false) => "RSV1: only the first frame of a message says whether it is compressed",
            },
        ));
    } else if is_set(ReservedBits::RSV1) {
        let meaning = "would mark a compressed message if compression had been agreed on";
        inner.push(flag(&glossary::RSV1, ReservedBits::RSV1).with_meaning(meaning));
    }
    for (term, bit) in [(&glossary::RSV2, ReservedBits::RSV2), (&glossary::RSV3, ReservedBits::RSV3)] {
        if is_set(bit) {
            inner.push(flag(term, bit).with_meaning("no extension gives it a meaning"));
        }
    }
    let meaning =
        if reserved == 0 { "no extension changes this frame" } else { "an extension changes this frame, or should" };
    Field::new(&glossary::RSV, 0..1, FieldValue::Bits(reserved >> RESERVED.trailing_zeros()))
        .with_mask(RESERVED)
        .with_meaning(meaning)
        .with_fields(inner)
}

/// Creates the fields for the second byte, if it has arrived: MASK and the seven bits of the
/// length.
pub(super) fn second_byte_fields(header: &[u8]) -> Vec<Field> {
    let Some(&byte) = header.get(1) else { return Vec::new() };
    let is_masked = byte & MASK != 0;
    let seven_bits = byte & LENGTH;
    let mask_meaning = if is_masked {
        "the payload is masked, as in every frame from a client; the key comes directly before it"
    } else {
        "the payload is not masked, as in every frame from a server"
    };
    // For 126 and 127, Wireshark shows these names to make clear that the number is not the length
    // itself.
    let (name, length_meaning) = match LengthForm::announced_by(byte) {
        LengthForm::Seven if seven_bits == 1 => (None, "one byte"),
        LengthForm::Seven => (None, "bytes; the length itself, because it fits into seven bits"),
        LengthForm::Sixteen => (Some("Extended Payload Length (16 bits)"), "the length is in the next two bytes"),
        LengthForm::SixtyFour => (Some("Extended Payload Length (64 bits)"), "the length is in the next eight bytes"),
    };
    let length = FieldValue::Number { value: u64::from(seven_bits), name: name.map(Cow::Borrowed) };
    vec![
        Field::new(&glossary::MASK, 1..2, FieldValue::Flag(is_masked)).with_mask(MASK).with_meaning(mask_meaning),
        Field::new(&glossary::LENGTH, 1..2, length).with_mask(LENGTH).with_meaning(length_meaning),
    ]
}

/// Creates the fields for the extended length and the masking key, as far as they have arrived.
pub(super) fn extended_header_fields(header: &[u8]) -> Vec<Field> {
    let mut fields = Vec::new();
    let (Some(&second), Some(rest)) = (header.get(1), header.get(2..)) else { return fields };
    let form = LengthForm::announced_by(second);
    let (extended, key) = rest.split_at(form.extended_bytes().min(rest.len()));
    let key_start = 2 + extended.len() as u64;
    if !extended.is_empty() {
        let term = if form == LengthForm::Sixteen { &glossary::LENGTH_16 } else { &glossary::LENGTH_64 };
        let field = |value| Field::new(term, 2..key_start, value);
        fields.push(if extended.len() == form.extended_bytes() {
            let length = extended.iter().fold(0, |length, &byte| length << 8 | u64::from(byte));
            field(FieldValue::number(length)).with_meaning("bytes; the highest byte comes first")
        } else {
            field(FieldValue::bytes(extended, 0)).with_meaning("the rest of it has not arrived yet")
        });
    }
    if second & MASK != 0 && !key.is_empty() {
        let key = &key[..key.len().min(4)];
        let range = key_start..key_start + key.len() as u64;
        let field = Field::new(&glossary::MASKING_KEY, range, FieldValue::bytes(key, 0));
        fields.push(field.with_meaning(if key.len() == 4 {
            "byte i of the payload is combined with byte i mod 4 of the key"
        } else {
            "the rest of it has not arrived yet"
        }));
    }
    fields
}
