//! UTF-8 validation of text as it arrives (sections 5.6 and 8.1).
//!
//! A text *message* must be valid UTF-8. A single fragment need not be valid UTF-8: the sender may
//! split a message anywhere, even inside a character, and a read may end anywhere too.
//!
//! ```text
//!   "€" is E2 82 AC        01 81 .. E2 | 00 81 .. 82 | 80 81 .. AC
//!                          three fragments, none of them valid alone, together a valid message
//! ```
//!
//! The validator therefore keeps up to three bytes of an incomplete character, and continues with
//! them when the next piece arrives. It also fails at the first byte that makes the text invalid,
//! whatever bytes follow. No valid character begins with `F4 90`, for example. A server that
//! reported the error only at the end of the message might read a gigabyte in vain.

use std::fmt;

/// A UTF-8 validator that takes its input in pieces.
///
/// ```
/// use protocol::utf8::Utf8Validator;
///
/// let mut validator = Utf8Validator::new();
/// validator.push(b"\xE2\x82")?;
/// assert!(!validator.is_complete(), "the last byte of a euro sign is missing");
/// validator.push(b"\xAC")?;
/// assert!(validator.is_complete());
/// assert!(validator.push(b"\xFF").is_err());
/// # Ok::<(), protocol::utf8::InvalidUtf8>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Utf8Validator {
    /// The incomplete character at the end of the input: its first 1 to 3 bytes, which are valid so
    /// far. The fourth element is for the byte that completes the character.
    begun: [u8; 4],
    /// The number of bytes of `begun` that are in use.
    len: usize,
}

/// The error for bytes that are not valid UTF-8 and that no further bytes could make valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidUtf8;

impl fmt::Display for InvalidUtf8 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not valid UTF-8")
    }
}

impl std::error::Error for InvalidUtf8 {}

/// Returns whether `bytes` as a whole are valid UTF-8.
#[inline]
pub(crate) fn is_utf8(bytes: &[u8]) -> bool {
    simdutf8::basic::from_utf8(bytes).is_ok()
}

impl Utf8Validator {
    /// Creates a validator that has received no bytes yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { begun: [0; 4], len: 0 }
    }

    /// Validates the next piece of the text.
    ///
    /// # Errors
    /// [`InvalidUtf8`] as soon as no further bytes could make the text valid. Do not use the
    /// validator after that.
    #[inline]
    pub fn push(&mut self, mut piece: &[u8]) -> Result<(), InvalidUtf8> {
        // First complete the character that the last piece left unfinished. The character needs at
        // most three more bytes, so validating it again after each byte is fast enough.
        while self.len > 0 {
            let Some((&byte, rest)) = piece.split_first() else { return Ok(()) };
            piece = rest;
            self.begun[self.len] = byte;
            self.len += 1;
            match std::str::from_utf8(&self.begun[..self.len]) {
                // The character is complete: leave the loop.
                Ok(_) => self.len = 0,
                // Valid so far, but still incomplete.
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return Err(InvalidUtf8),
            }
        }
        // Then validate all complete characters at once, with vector instructions. The piece may
        // end inside a character, which is left for the next piece to complete.
        let (whole, cut) = piece.split_at(piece.len() - begun_at_end(piece));
        if !is_utf8(whole) {
            return Err(InvalidUtf8);
        }
        if cut.is_empty() {
            return Ok(());
        }
        // The incomplete character may already be invalid, so check it now. No character begins
        // with ED A0, for example.
        match std::str::from_utf8(cut) {
            Err(error) if error.error_len().is_some() => return Err(InvalidUtf8),
            _ => {}
        }
        self.begun[..cut.len()].copy_from_slice(cut);
        self.len = cut.len();
        Ok(())
    }

    /// Returns `true` if the pieces so far end with a complete character, as a whole text message
    /// must.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.len == 0
    }
}

/// Returns the number of bytes at the end of `piece` that belong to an incomplete character: 0
/// to 3.
fn begun_at_end(piece: &[u8]) -> usize {
    // Look back for a lead byte. The lead byte of an incomplete character is one of the last three
    // bytes, because a character has at most four bytes.
    for (after, &byte) in piece.iter().rev().take(3).enumerate() {
        let announced = match byte {
            // ASCII: a complete character of one byte.
            0x00..=0x7F => return 0,
            // A continuation byte: look further back.
            0x80..=0xBF => continue,
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xFF => 4,
        };
        // The character is incomplete if its lead byte announces more bytes than `piece` holds from
        // that byte on.
        return if announced > after + 1 { after + 1 } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the first index at which `push` fails when it receives one byte at a time.
    fn fails_at(bytes: &[u8]) -> Option<usize> {
        let mut check = Utf8Validator::new();
        bytes.iter().position(|&byte| check.push(&[byte]).is_err())
    }

    #[test]
    fn a_character_may_be_cut_anywhere() {
        for text in ["κόσμε", "€", "𝄞 and more", "a€b𝄞c", "\u{FEFF}bom", "\0", "\u{10FFFF}\u{D7FF}\u{E000}"]
        {
            let bytes = text.as_bytes();
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let mut check = Utf8Validator::new();
                    for piece in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                        assert_eq!(check.push(piece), Ok(()), "{text} cut at {first} and {second}");
                    }
                    assert!(check.is_complete());
                }
            }
        }
    }

    #[test]
    fn it_fails_at_the_first_byte_that_nothing_can_repair() {
        // (bytes, index of the first impossible byte)
        let cases: [(&[u8], usize); 10] = [
            (b"\x80", 0),             // a continuation byte cannot begin a character
            (b"\xC0\xAF", 0),         // an overlong form: C0 and C1 never occur
            (b"a\xC3\x28", 2),        // the second byte is not a continuation byte
            (b"\xE0\x80\x80", 1),     // overlong in three bytes
            (b"\xED\xA0\x80", 1),     // a surrogate
            (b"\xF0\x80\x80\x80", 1), // overlong in four bytes
            (b"\xF4\x90\x80\x80", 1), // above U+10FFFF
            (b"\xF5", 0),             // F5 to FF never occur
            (b"\xE2\x82\x28", 2),     // the third byte is not a continuation byte
            (b"\xF0\x9D\x84\x28", 3), // the fourth byte is not a continuation byte
        ];
        for (bytes, index) in cases {
            assert_eq!(fails_at(bytes), Some(index), "{bytes:02X?}");
            assert!(Utf8Validator::new().push(bytes).is_err(), "{bytes:02X?} in one piece");
            // If the bytes arrive in two pieces, the validator must fail at the bad byte and not
            // before it.
            let mut check = Utf8Validator::new();
            assert_eq!(check.push(&bytes[..index]), Ok(()), "{bytes:02X?} before the bad byte");
            assert!(check.push(&bytes[index..]).is_err(), "{bytes:02X?} from the bad byte on");
        }
    }

    #[test]
    fn an_unfinished_character_is_noticed_at_the_end() {
        for bytes in [&b"\xC3"[..], b"\xE2\x82", b"\xF0\x9D\x84", b"abc\xE2"] {
            let mut check = Utf8Validator::new();
            assert_eq!(check.push(bytes), Ok(()));
            assert!(!check.is_complete(), "{bytes:02X?}");
        }
    }

    #[test]
    fn every_pair_and_every_lead_with_tails_agrees_with_the_standard_library() {
        let check_all = |bytes: &[u8]| {
            let whole = {
                let mut check = Utf8Validator::new();
                check.push(bytes).is_ok() && check.is_complete()
            };
            let piecewise = {
                let mut check = Utf8Validator::new();
                bytes.iter().all(|&byte| check.push(&[byte]).is_ok()) && check.is_complete()
            };
            let expected = std::str::from_utf8(bytes).is_ok();
            assert_eq!((whole, piecewise), (expected, expected), "{bytes:02X?}");
        };
        for first in 0..=255 {
            for second in 0..=255 {
                check_all(&[first, second]);
                for tail in [0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF] {
                    check_all(&[first, second, tail]);
                    check_all(&[first, second, tail, 0x80]);
                }
            }
        }
    }
}
