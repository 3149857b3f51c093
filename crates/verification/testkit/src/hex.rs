//! Converts between bytes and hexadecimal digits.

/// Converts hexadecimal digits to bytes. White space is ignored, so tests can use it to separate
/// fields.
///
/// ```
/// assert_eq!(testkit::hex::hex("81 05 48656c6c6f"), b"\x81\x05Hello");
/// ```
#[track_caller]
#[must_use]
pub fn hex(text: &str) -> Vec<u8> {
    let digits: String = text.split_whitespace().collect();
    assert!(digits.is_ascii() && digits.len().is_multiple_of(2), "half a byte in {text:?}");
    (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap_or_else(|_| panic!("not hexadecimal: {text:?}")))
        .collect()
}

/// Formats bytes as hexadecimal digits for test failure messages. Shows at most the first 48 bytes.
#[must_use]
pub fn to_hex(bytes: &[u8]) -> String {
    let shown: Vec<String> = bytes.iter().take(48).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > 48 { format!(" ... ({} bytes)", bytes.len()) } else { String::new() };
    shown.join(" ") + &more
}

#[cfg(test)]
mod tests {
    use super::{hex, to_hex};

    #[test]
    fn white_space_between_fields_does_not_count() {
        assert_eq!(hex(" 82 7e0100\n ff "), [0x82, 0x7E, 0x01, 0x00, 0xFF]);
        assert_eq!(hex(""), b"");
    }

    #[test]
    #[should_panic(expected = "half a byte")]
    fn an_odd_number_of_digits_fails_the_test() {
        let _ = hex("81 0");
    }

    #[test]
    fn long_byte_strings_are_shortened() {
        assert_eq!(to_hex(&[0x81, 0x05]), "81 05");
        assert!(to_hex(&[0; 49]).ends_with(" 00 ... (49 bytes)"));
    }
}
