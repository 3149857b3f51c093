//! Cuts a byte stream into pieces, one per read.

/// Cuts `bytes` into pieces of the given sizes. The sizes are used in order, and the sequence
/// repeats as often as necessary.
///
/// ```
/// let pieces = testkit::cuts::cut_into(b"abcdefg", &[1, 3]);
/// assert_eq!(pieces, [&b"a"[..], b"bcd", b"e", b"fg"]);
/// ```
#[must_use]
pub fn cut_into<'a>(mut bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut sizes = sizes.iter().cycle();
    while !bytes.is_empty() {
        let size = *sizes.next().expect("at least one size");
        assert!(size > 0, "a piece of 0 bytes makes no progress");
        let (piece, rest) = bytes.split_at(size.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}
