//! Explains bytes as parts of characters.
//!
//! ```text
//!   U+0000  to U+007F      0.......
//!   U+0080  to U+07FF      110..... 10......
//!   U+0800  to U+FFFF      1110.... 10...... 10......
//!   U+10000 to U+10FFFF    11110... 10...... 10...... 10......
//! ```

use protocol::RfcSection;

use super::entries::{Entries, Entry};

/// Returns the number of the entry for the byte at `position`.
pub(super) fn entry(bytes: &[u8], position: usize, entries: &mut Entries) -> usize {
    let byte = bytes[position];
    let start = (0..=position).rev().take(4).find(|&at| bytes[at] & 0xC0 != 0x80).unwrap_or(position);
    let length = match bytes[start] {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 1,
    };
    let character = bytes.get(start..start + length).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let meaning = match character.and_then(|text| text.chars().next()) {
        Some(character) => format!("of {character}, U+{:04X}", u32::from(character)),
        None => "not of a character".to_owned(),
    };
    let kind = match byte {
        0x00..=0x7F => "the only byte".to_owned(),
        0x80..=0xBF => format!("continuation byte {}", position - start),
        0xC0..=0xF4 => format!("the first of {length} bytes"),
        0xF5..=0xFF => "a byte that UTF-8 never uses".to_owned(),
    };
    let why = match byte {
        0x80..=0xBF => "Its two highest bits are 10, so that a reader who starts anywhere finds the next first byte.",
        0xC0..=0xFF => "The number of ones before the first zero is the number of bytes.",
        _ => "The highest bit is 0, as in ASCII, so every ASCII text is UTF-8 as well.",
    };
    entries.entry(&Entry {
        part: "payload",
        label: "UTF-8",
        value: &kind,
        meaning: &meaning,
        why,
        reference: Some(RfcSection { rfc: 3629, section: "3" }),
        ..Entry::default()
    })
}
