//! Values and bits as text, in Wireshark's notation.

use std::fmt::Write;

use crate::{
    field::{Field, Value},
    glossary,
    printable::printable,
};

/// How many bytes of a value are written out in a line of text. Wireshark shows as many.
const BYTES_SHOWN: usize = 80;

/// How many characters of a text: two lines or so of a terminal. The text itself is in the field.
const CHARACTERS_SHOWN: usize = 200;

/// The bits of one byte, in groups of four, with a dot for each that does not belong to `mask`: `.000 0101`.
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

/// The byte of a field with a mask, as far as its value tells: the field's own bits.
pub(super) fn own_bits(field: &Field) -> Option<(u8, u8)> {
    let mask = field.mask?;
    let value = match field.value {
        Value::Flag(true) => mask,
        Value::Bits(bits) => bits << mask.trailing_zeros(),
        Value::Number { value, .. } => u8::try_from(value).unwrap_or(0) << mask.trailing_zeros(),
        _ => 0,
    };
    Some((value & mask, mask))
}

/// A field's value in a line of text, as Wireshark writes it; empty for a group.
#[must_use]
pub fn value_text(field: &Field) -> String {
    match &field.value {
        Value::Group => String::new(),
        Value::Flag(true) => "True".to_owned(),
        Value::Flag(false) => "False".to_owned(),
        Value::Bits(bits) => format!("{bits:#x}"),
        Value::Number { value, name: None } => value.to_string(),
        // The seven bits announce a longer form: there the number comes first, as it is no length.
        Value::Number { value, name: Some(name) } if field.term == &glossary::LENGTH => format!("{value} {name}"),
        Value::Number { value, name: Some(name) } => format!("{name} ({value})"),
        Value::Text { text, left_out } => {
            let mut rest = text.chars();
            let shown: String = rest.by_ref().take(CHARACTERS_SHOWN).collect();
            printable(&shown).into_owned() + &more(left_out + rest.as_str().len() as u64)
        }
        Value::Bytes { bytes, left_out } => {
            let shown = &bytes[..bytes.len().min(BYTES_SHOWN)];
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
