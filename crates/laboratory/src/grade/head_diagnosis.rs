//! Recognises mistakes in the line ends of an HTTP head.
//!
//! The head parser accepts a line that ends with LF alone, as RFC 9112 (section 2.2) allows. But a
//! sender must write CR LF, and other parsers insist on it.

/// The maximum number of characters that a sentence quotes from a line.
const QUOTED: usize = 80;

/// Returns the length of a head, up to and including the empty line at its end. Its lines may end
/// with CR LF or with LF alone.
pub(crate) fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut start = 0;
    for (index, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        if start > 0 && bytes[start..index].iter().all(|byte| *byte == b'\r') {
            return Some(index + 1);
        }
        start = index + 1;
    }
    None
}

/// Returns a sentence about the first line that ends with LF alone, if the head contains one.
pub(crate) fn bare_line_feed(head: &[u8]) -> Option<String> {
    head.split_inclusive(|byte| *byte == b'\n').find(|line| line.ends_with(b"\n") && !line.ends_with(b"\r\n")).map(
        |line| {
            let line = String::from_utf8_lossy(line);
            let line: String = line.chars().filter(|character| !character.is_control()).take(QUOTED).collect();
            if line.is_empty() {
                "the empty line at the end ends with LF alone (0a) instead of CR LF (0d 0a)".to_owned()
            } else {
                format!("the line \"{line}\" ends with LF alone (0a) instead of CR LF (0d 0a)")
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_head_is_an_empty_line() {
        assert_eq!(head_length(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest"), Some(27));
        assert_eq!(head_length(b"GET / HTTP/1.1\nHost: a\n\nrest"), Some(24));
        assert_eq!(head_length(b"GET / HTTP/1.1\nHost: a\n\r\nrest"), Some(25));
        assert_eq!(head_length(b"GET / HTTP/1.1\r\nHost: a\r\n"), None);
        // An empty line before the request line does not end the head.
        assert_eq!(head_length(b"\r\nGET / HTTP/1.1\r\n\r\nrest"), Some(20));
        assert_eq!(head_length(b""), None);
    }

    #[test]
    fn the_first_line_with_lf_alone_is_named() {
        assert_eq!(bare_line_feed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), None);
        let sentence = bare_line_feed(b"GET / HTTP/1.1\r\nHost: a\n\r\n").expect("a mistake");
        assert!(sentence.starts_with("the line \"Host: a\" ends with LF alone"), "{sentence}");
        let sentence = bare_line_feed(b"GET / HTTP/1.1\r\nHost: a\r\n\n").expect("a mistake");
        assert!(sentence.starts_with("the empty line at the end"), "{sentence}");
    }
}
