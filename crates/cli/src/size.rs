//! Parses sizes in bytes as people write them.

/// Parses `65536`, `64K` or `64KiB`. Suffixes are powers of 1024, as everywhere in this workspace.
///
/// # Errors
/// Returns a sentence that explains what is wrong with `text`.
pub fn parse_size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let factor = match &text[digits.len()..] {
        "" => 1,
        "K" | "k" | "KiB" => 1 << 10,
        "M" | "m" | "MiB" => 1 << 20,
        "G" | "g" | "GiB" => 1 << 30,
        _ => return Err("write a number of bytes, or a number followed by K, M or G".to_owned()),
    };
    let number: usize = digits.parse().map_err(|_| "the number is missing, or it is too large".to_owned())?;
    match number.checked_mul(factor) {
        Some(0) => Err("the size must be at least 1".to_owned()),
        Some(size) => Ok(size),
        None => Err("the size is larger than any computer's memory".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_suffixes() {
        assert_eq!(parse_size("1"), Ok(1));
        assert_eq!(parse_size("64K"), Ok(65536));
        assert_eq!(parse_size("64KiB"), Ok(65536));
        assert_eq!(parse_size("64M"), Ok(64 << 20));
        for (wrong, expected) in [
            ("", "the number is missing, or it is too large"),
            ("K", "the number is missing, or it is too large"),
            ("99999999999999999999", "the number is missing, or it is too large"),
            ("-1", "the number is missing, or it is too large"),
            ("1.5M", "the number is missing, or it is too large"),
            ("64 K", "write a number of bytes, or a number followed by K, M or G"),
            ("64KB", "write a number of bytes, or a number followed by K, M or G"),
            ("0", "the size must be at least 1"),
            ("99999999999G", "the size is larger than any computer's memory"),
        ] {
            assert_eq!(parse_size(wrong), Err(expected.to_owned()), "{wrong}");
        }
    }
}
