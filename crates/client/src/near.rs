//! What somebody may have meant who wrote a name that there is not.

/// The name that is nearest to what was written, if any is near: at most a third of its characters are wrong.
pub(crate) fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = names.map(|name| (distance(written, name), name)).filter(|(steps, name)| steps * 3 <= name.len());
    near.min_by_key(|(steps, _)| *steps).map(|(_, name)| name)
}

/// How many characters have to be put in, taken out or exchanged to make one text of the other (Levenshtein's distance).
fn distance(from: &str, to: &str) -> usize {
    // A row of the table: the distance of what was read of `from` to each beginning of `to`.
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (read, character) in (1..).zip(from.chars()) {
        let mut diagonal = row[0];
        row[0] = read;
        for (index, other) in (1..).zip(to.chars()) {
            let exchanged = diagonal + usize::from(character != other);
            diagonal = row[index];
            row[index] = exchanged.min(row[index] + 1).min(row[index - 1] + 1);
        }
    }
    row[row.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_characters() {
        for (from, to, steps) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("flaw", "lawn", 2), ("ä", "a", 1)]
        {
            assert_eq!(distance(from, to), steps, "{from} {to}");
        }
    }

    #[test]
    fn the_nearest_is_named_if_it_is_near() {
        let nearest = |written| nearest(written, ["unmasked-frame", "masked-frame", "key-missing"].into_iter());
        assert_eq!(nearest("unmasked-fame"), Some("unmasked-frame"));
        assert_eq!(nearest("maskd-frame"), Some("masked-frame"));
        assert_eq!(nearest("keymissing"), Some("key-missing"));
        assert_eq!(nearest("nothing"), None);
        assert_eq!(nearest(""), None);
    }
}
