//! Formats payloads, sizes and times for the judge's sentences.

use std::time::Duration;

/// The maximum number of characters that a sentence quotes from a close reason or a response body.
const QUOTED: usize = 80;

/// The maximum number of bytes that a sentence quotes from a payload: enough to recognise the
/// payload.
pub(crate) const SHOWN: usize = 24;

/// Returns a payload as text in quotation marks, or as bytes in hexadecimal.
pub(crate) fn quote(payload: &[u8]) -> String {
    let more = if payload.len() > SHOWN { "..." } else { "" };
    match str::from_utf8(payload) {
        Ok(text) if !text.chars().any(char::is_control) => {
            let fits = |(index, character): &(usize, char)| index + character.len_utf8() <= SHOWN;
            let shown: String = text.char_indices().take_while(fits).map(|(_, character)| character).collect();
            format!("\"{shown}{more}\"")
        }
        _ => {
            let shown: Vec<_> = payload.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
            shown.join(" ") + more
        }
    }
}

/// Returns the beginning of a text from the peer, without control characters.
pub(crate) fn shorten(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(QUOTED).collect()
}

pub(crate) fn mebibytes(bytes: usize) -> String {
    match bytes >> 20 {
        0 => format!("{} KiB", bytes >> 10),
        mebibytes => format!("{mebibytes} MiB"),
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 { format!("{} s", time.as_secs()) } else { format!("{} ms", time.as_millis()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_cut_after_24_bytes_and_between_characters() {
        assert_eq!(quote("x".repeat(24).as_bytes()), format!("\"{}\"", "x".repeat(24)));
        assert_eq!(quote("x".repeat(25).as_bytes()), format!("\"{}...\"", "x".repeat(24)));
        // Each euro sign takes three bytes, so with the x in front, the eighth would end at
        // byte 25.
        assert_eq!(quote("€€€€€€€€€".as_bytes()), "\"€€€€€€€€...\"");
        assert_eq!(quote("x€€€€€€€€".as_bytes()), "\"x€€€€€€€...\"");
        assert_eq!(quote(&[0xff; 25]), format!("{}...", ["ff"; 24].join(" ")));
    }
}
