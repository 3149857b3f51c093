//! Excerpts: the beginnings of texts that may be long.

/// Returns the longest prefix of `text` whose characters take at most `max` bytes in total. `len`
/// returns the number of bytes that a character takes in the place where the excerpt will be used,
/// for example after escaping.
///
/// The running time does not depend on how much text follows the excerpt, because the function
/// stops where the excerpt ends.
pub(super) fn excerpt(text: &str, max: usize, len: impl Fn(char) -> usize) -> &str {
    let mut total = 0;
    let fits = |&(_, character): &(usize, char)| {
        total += len(character);
        total <= max
    };
    let end = text.char_indices().take_while(fits).last().map_or(0, |(start, last)| start + last.len_utf8());
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_fits_is_complete_and_a_longer_one_is_cut_between_characters() {
        assert_eq!(excerpt("", 4, char::len_utf8), "");
        assert_eq!(excerpt("é𝄞", 6, char::len_utf8), "é𝄞");
        assert_eq!(excerpt("é𝄞", 5, char::len_utf8), "é");
        assert_eq!(excerpt("𝄞", 3, char::len_utf8), "");
        assert_eq!(excerpt("abcd", 12, |_| 6), "ab");
    }
}
