//! Finds the comments that cite a rule.
//!
//! ```text
//! //= docs/src/rfc6455.md#section-5-1     the page, and the section
//! //= type=test                           in a test
//! //# The rule's sentence, on one line    the sentence
//! //# or on several.
//! ```
//!
//! `.ci/duvet` checks the same comments, and keeps the result in `.duvet/snapshot.txt`. A test of
//! this crate compares what this module finds with the snapshot.

/// A comment that cites a rule.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Citation {
    /// The number of the comment's first line. The first line of a file is 1.
    pub(super) first: usize,
    /// The number of the comment's last line.
    pub(super) last: usize,
    /// The path of the page, relative to the root of the repository.
    pub(super) page: String,
    /// The anchor of the section on the page.
    pub(super) section: String,
    /// Whether a test cites the rule.
    pub(super) is_test: bool,
    /// The sentence, with single spaces.
    pub(super) sentence: String,
}

/// Returns the citations in a source file.
pub(super) fn of(text: &str) -> Vec<Citation> {
    let mut citations: Vec<Citation> = Vec::new();
    // Whether the previous line belongs to the last citation.
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        let (number, line) = (index + 1, line.trim_start());
        if let Some(quote) = line.strip_prefix("//#").filter(|_| open) {
            let citation = citations.last_mut().expect("it is open");
            if !citation.sentence.is_empty() {
                citation.sentence.push(' ');
            }
            citation.sentence.push_str(quote.trim());
            citation.last = number;
        } else if let Some(meta) = line.strip_prefix("//=").map(str::trim) {
            if let Some((page, section)) = meta.split_once('#').filter(|(page, _)| page.ends_with(".md")) {
                let (page, section) = (page.to_owned(), section.to_owned());
                citations.push(Citation { first: number, last: number, page, section, ..Citation::default() });
                open = true;
            } else if open && let Some(citation) = citations.last_mut() {
                citation.is_test |= meta == "type=test";
                citation.last = number;
            }
        } else {
            open = false;
        }
    }
    citations
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_citation_ends_with_the_next_one_or_with_other_text() {
        // The test writes `@` in place of the slashes, because duvet would otherwise treat these
        // lines as citations.
        let lines = [
            "@= docs/src/a.md#section-1",
            "@# One",
            "@# rule.",
            "    @= docs/src/a.md#section-2",
            "    @= type=test",
            "    @# Two.",
            "fn two() {}",
            "@# not a citation",
        ];
        let text = lines.join("\n").replace('@', "//");
        let found = of(&text);
        let cited: Vec<_> = found.iter().map(|c| (c.first, c.last, &*c.section, c.is_test, &*c.sentence)).collect();
        assert_eq!(cited, [(1, 3, "section-1", false, "One rule."), (4, 6, "section-2", true, "Two.")]);
    }
}
