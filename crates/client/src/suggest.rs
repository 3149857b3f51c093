//! Suggests the closest known name for a misspelt one.

/// Returns the name in `names` that is closest to `written`, if the edit distance is at most a
/// third of the name's length.
pub(crate) fn closest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let close = names.map(|name| (edit_distance(written, name), name)).filter(|(edits, name)| edits * 3 <= name.len());
    close.min_by_key(|(edits, _)| *edits).map(|(_, name)| name)
}

/// Returns how many characters must be inserted, deleted or replaced to turn `from` into `to` (the
/// Levenshtein distance).
fn edit_distance(from: &str, to: &str) -> usize {
    // `row[n]` is the distance from the characters of `from` that have been read so far to the
    // first `n` characters of `to`.
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (read, character) in (1..).zip(from.chars()) {
        let mut diagonal = row[0];
        row[0] = read;
        for (index, other) in (1..).zip(to.chars()) {
            let replaced = diagonal + usize::from(character != other);
            diagonal = row[index];
            row[index] = replaced.min(row[index] + 1).min(row[index - 1] + 1);
        }
    }
    row[row.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_characters() {
        for (from, to, edits) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("ä", "a", 1)]
        {
            assert_eq!(edit_distance(from, to), edits, "{from} {to}");
        }
    }

    #[test]
    fn only_a_close_name_is_suggested() {
        let closest = |written| closest(written, ["unmasked-frame", "masked-frame", "key-missing"].into_iter());
        assert_eq!(closest("unmasked-fame"), Some("unmasked-frame"));
        assert_eq!(closest("maskd-frame"), Some("masked-frame"));
        assert_eq!(closest("keymissing"), Some("key-missing"));
        assert_eq!(closest("nothing"), None);
        assert_eq!(closest(""), None);
    }
}
