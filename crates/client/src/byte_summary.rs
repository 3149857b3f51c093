//! Summarises binary data in one line of text.

/// The maximum number of bytes that a summary shows.
const BYTES_SHOWN: usize = 16;

/// Returns the length and the first bytes: `5 bytes: 01 02 03 04 05`.
pub(crate) fn byte_summary(bytes: &[u8]) -> String {
    let mut summary = format!("{} {}", bytes.len(), if bytes.len() == 1 { "byte" } else { "bytes" });
    for (index, byte) in bytes.iter().take(BYTES_SHOWN).enumerate() {
        summary.push_str(if index == 0 { ": " } else { " " });
        summary.push_str(&format!("{byte:02x}"));
    }
    if bytes.len() > BYTES_SHOWN {
        summary.push_str(" ..");
    }
    summary
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_shows_the_first_bytes() {
        assert_eq!(byte_summary(&[]), "0 bytes");
        assert_eq!(byte_summary(&[7]), "1 byte: 07");
        assert_eq!(byte_summary(&[0; 16]), "16 bytes: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
        assert_eq!(byte_summary(&[0; 17]), "17 bytes: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ..");
    }
}
