//! Formats field values and bits as text, in Wireshark's notation.

use std::fmt::Write;

use crate::{
    field::{Field, FieldValue},
    glossary,
    printable::printable,
};

/// The maximum number of bytes of a value to show on one line, as in Wireshark.
const BYTES_SHOWN: usize = 80;

/// The maximum number of characters of a text value to show: two or three lines on a terminal. The
/// field itself is not shortened.
const CHARACTERS_SHOWN: usize = 200;

/// Formats the bits of a byte in groups of four, with a dot for each bit that is not in `mask`:
/// `.000 0101`.
#[must_use]
pub fn bit_pattern(byte: u8, mask: u8) -> String {
    let mut pattern = String::with_capacity(9);
    for bit in (0..8).rev() {
        pattern.push(match (mask >> bit & 1, byte >> bit & 1) {
            (0, _) => '.',
            (_, bit) => char::from(b'0' + bit),
        });
        if bit == 4 {
            pattern.push(' ');
        }
    }
    pattern
}

/// Returns the bits of a field that is smaller than one byte, at their positions in the byte,
/// together with the field's mask.
pub(super) fn own_bits(field: &Field) -> Option<(u8, u8)> {
    let mask = field.mask?;
    let value = match field.value {
        FieldValue::Flag(true) => mask,
        FieldValue::Bits(bits) => bits << mask.trailing_zeros(),
        FieldValue::Number { value, .. } => u8::try_from(value).unwrap_or(0) << mask.trailing_zeros(),
        _ => 0,
    };
    Some((value & mask, mask))
}

/// Formats a field's value on one line, as Wireshark does. Returns an empty string for a group.
#[must_use]
pub fn value_text(field: &Field) -> String {
    value_up_to(field, CHARACTERS_SHOWN, BYTES_SHOWN)
}

/// Formats a field's value, showing at most `characters` characters of a text or `bytes_shown`
/// bytes of other data.
pub(super) fn value_up_to(field: &Field, characters: usize, bytes_shown: usize) -> String {
    match &field.value {
        FieldValue::Group => String::new(),
        FieldValue::Flag(true) => "True".to_owned(),
        FieldValue::Flag(false) => "False".to_owned(),
        FieldValue::Bits(bits) => format!("{bits:#x}"),
        FieldValue::Number { value, name: None } => value.to_string(),
        // If the seven length bits announce an extended length, their value has a name. Wireshark
        // writes such a value before its name, because the value itself is not a length.
        FieldValue::Number { value, name: Some(name) } if field.term == &glossary::LENGTH => format!("{value} {name}"),
        FieldValue::Number { value, name: Some(name) } => format!("{name} ({value})"),
        FieldValue::Text { text, left_out } => {
            let mut rest = text.chars();
            let shown: String = rest.by_ref().take(characters).collect();
            printable(&shown).into_owned() + &more(left_out + rest.as_str().len() as u64)
        }
        FieldValue::Bytes { bytes, left_out } => {
            let shown = &bytes[..bytes.len().min(bytes_shown)];
            let mut line = String::with_capacity(shown.len() * 2);
            for byte in shown {
                let _ = write!(line, "{byte:02x}");
            }
            line + &more(left_out + (bytes.len() - shown.len()) as u64)
        }
    }
}

fn more(left_out: u64) -> String {
    if left_out == 0 { String::new() } else { format!("… ({left_out} bytes more)") }
}
