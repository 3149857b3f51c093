//! Reads a page: its headings, links, images and code fences.
//!
//! This is not a complete Markdown parser: it supports only the syntax that our pages use. The
//! parser first *blanks* all code (in fences and between backticks) and all HTML comments: it
//! replaces each of their bytes with a NUL byte. Links in examples are therefore not found, and an
//! offset in the blanked text is also valid in the original text.

use std::collections::HashMap;

/// The contents of a page.
#[derive(Debug, Default)]
pub struct Page {
    /// The anchors of the headings, in order. They are generated as on GitHub and in mdBook, unless
    /// a heading sets its anchor explicitly.
    pub anchors: Vec<String>,
    /// The links and images.
    pub links: Vec<Link>,
    /// The mistakes in the page itself, such as a fence that is not closed.
    pub mistakes: Vec<MarkdownMistake>,
}

/// A link or an image.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    /// The line on which the link begins, counted from 1.
    pub line: usize,
    /// The text between the square brackets.
    pub text: String,
    /// The target between the parentheses.
    pub target: String,
    /// The title after the target, if there is one.
    pub title: Option<String>,
    /// Whether this is an image instead of a link.
    pub image: bool,
}

/// A mistake in a page that does not involve other files.
#[derive(Debug, PartialEq, Eq)]
pub struct MarkdownMistake {
    /// The line of the mistake, counted from 1.
    pub line: usize,
    /// A description of the mistake, and how to correct it.
    pub advice: String,
}

/// The beginnings of paths that exist on only one machine.
const LOCAL_PATHS: [&str; 6] = ["/home/", "/root/", "/Users/", "/mnt/", "/tmp/", "C:\\"];

/// Reads a page.
#[must_use]
pub fn parse(text: &str) -> Page {
    let mut page = Page::default();
    let blanked = blank_code(text, &mut page.mistakes);
    find_local_paths(text, &mut page.mistakes);
    page.anchors = anchors(text, &blanked);
    page.links = links(text, &blanked, &mut page.mistakes);
    page
}

/// Replaces HTML comments and all code (fenced or inline) with NUL bytes. Line ends and the length
/// in bytes stay the same.
fn blank_code(text: &str, mistakes: &mut Vec<MarkdownMistake>) -> String {
    let mut out = blank_fences(text, mistakes);
    while let Some(from) = out.find("<!--") {
        let to = out[from..].find("-->").map_or(out.len(), |n| from + n + 3);
        blank(&mut out, from, to);
    }
    blank_spans(&mut out);
    out
}

/// Blanks fenced code, including the lines of the fences.
fn blank_fences(text: &str, mistakes: &mut Vec<MarkdownMistake>) -> String {
    let mut out = String::with_capacity(text.len());
    // The open fence: its character, the number of these characters, and its line.
    let mut open: Option<(char, usize, usize)> = None;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        // A fence may be inside a block quote or a list, so ignore the spaces and the `>` before
        // it.
        let body = line.trim_start_matches([' ', '>']).trim_end();
        let mark = body.chars().next().filter(|c| *c == '`' || *c == '~');
        let run = mark.map_or(0, |m| body.chars().take_while(|c| *c == m).count());
        let in_code = match (open, mark) {
            (None, Some(mark)) if run >= 3 => {
                open = Some((mark, run, index + 1));
                true
            }
            (Some((fence, length, _)), Some(mark)) if mark == fence && run >= length && body.len() == run => {
                open = None;
                true
            }
            _ => open.is_some(),
        };
        if in_code {
            out.extend(line.chars().map(blanked_char).flat_map(|(c, n)| std::iter::repeat_n(c, n)));
        } else {
            out.push_str(line);
        }
    }
    if let Some((_, _, line)) = open {
        let advice = "this code fence has no end: close it with the same characters on a separate line";
        mistakes.push(MarkdownMistake { line, advice: advice.to_owned() });
    }
    out
}

/// Blanks `inline code`. Code that begins with a run of backticks ends at the next run of the same
/// length in the same paragraph.
fn blank_spans(out: &mut String) {
    let mut at = 0;
    while let Some(offset) = out[at..].find('`') {
        let from = at + offset;
        let run = out[from..].bytes().take_while(|b| *b == b'`').count();
        let body = from + run;
        let end = out[body..].find("\n\n").map_or(out.len(), |n| body + n);
        let mut close = None;
        let mut seek = body;
        while let Some(n) = out[seek..end].find('`') {
            let length = out[seek + n..end].bytes().take_while(|b| *b == b'`').count();
            if length == run {
                close = Some(seek + n + length);
                break;
            }
            seek += n + length;
        }
        at = close.unwrap_or(body);
        if let Some(to) = close {
            blank(out, from, to);
        }
    }
}

fn blank(text: &mut String, from: usize, to: usize) {
    let hole: String = text[from..to].chars().map(blanked_char).flat_map(|(c, n)| std::iter::repeat_n(c, n)).collect();
    text.replace_range(from..to, &hole);
}

/// Returns the replacement for a character, and how many times to repeat it so that the length in
/// bytes stays the same.
fn blanked_char(c: char) -> (char, usize) {
    if c == '\n' { ('\n', 1) } else { ('\0', c.len_utf8()) }
}

fn find_local_paths(text: &str, mistakes: &mut Vec<MarkdownMistake>) {
    for (index, line) in text.lines().enumerate() {
        for path in LOCAL_PATHS {
            // Count a match only at the beginning of a path. A match after a letter or a slash
            // belongs to a longer path or to a URL.
            let found = line.match_indices(path).any(|(at, _)| {
                line[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || "\"'`(=:>".contains(c))
            });
            if found {
                let advice = format!("`{path}` exists on one machine only: write a path relative to the repository");
                mistakes.push(MarkdownMistake { line: index + 1, advice });
            }
        }
    }
}

fn anchors(text: &str, blanked: &str) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut anchors = Vec::new();
    for (line, shadow) in text.lines().zip(blanked.lines()) {
        let level = shadow.bytes().take_while(|b| *b == b'#').count();
        if !(1..=6).contains(&level) || !shadow[level..].starts_with(' ') {
            continue;
        }
        if let Some(id) = own_id(line) {
            anchors.push(id.to_owned());
            continue;
        }
        let slug = slug(&heading_text(&line[level..]));
        let count = seen.entry(slug.clone()).or_insert(0);
        anchors.push(if *count == 0 { slug } else { format!("{slug}-{count}") });
        *count += 1;
    }
    anchors
}

/// Returns the anchor that a heading sets explicitly, as in `## Section 4.1 {#section-4-1}`.
fn own_id(heading: &str) -> Option<&str> {
    let (_, id) = heading.trim_end().strip_suffix('}')?.rsplit_once(" {#")?;
    (!id.contains(char::is_whitespace)).then_some(id)
}

/// Returns the visible text of a heading, with each link replaced by its text.
fn heading_text(heading: &str) -> String {
    let mut text = heading.trim().to_owned();
    while let Some(middle) = text.find("](") {
        let (Some(from), Some(to)) = (text[..middle].rfind('['), text[middle..].find(')')) else {
            break;
        };
        let inner = text[from + 1..middle].to_owned();
        text.replace_range(from..=middle + to, &inner);
    }
    text
}

/// Returns the anchor of a heading according to GitHub's rule.
///
/// Letters become lower case. Digits, `-` and `_` stay. A space becomes `-`. Everything else is
/// removed.
#[must_use]
pub fn slug(heading: &str) -> String {
    heading
        .trim()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c if c.is_alphanumeric() => Some(c),
            _ => None,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

fn links(text: &str, blanked: &str, mistakes: &mut Vec<MarkdownMistake>) -> Vec<Link> {
    let mut links = Vec::new();
    let line_of = |at: usize| text[..at].matches('\n').count() + 1;
    // Find [text](target) and ![text](target) by the `](` in the middle.
    for (middle, _) in blanked.match_indices("](") {
        let Some(from) = opening_bracket(&blanked[..middle]) else {
            continue;
        };
        let line = line_of(from);
        let Some(length) = blanked[middle..].find(')') else {
            mistakes.push(MarkdownMistake { line, advice: "this link has no closing `)`".to_owned() });
            continue;
        };
        // A title may follow the target: (target "title").
        let inner = text[middle + 2..middle + length].trim();
        let (target, title) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        links.push(Link {
            line,
            text: text[from + 1..middle].to_owned(),
            target: target.trim_matches(['<', '>']).to_owned(),
            title: quoted_title(title),
            image: blanked[..from].ends_with('!'),
        });
    }
    // Find definitions: [name]: target
    let definitions = blanked.lines().enumerate().filter_map(|(index, line)| {
        let (name, target) = line.strip_prefix('[')?.split_once("]: ")?;
        let target = target.trim().to_owned();
        Some(Link { line: index + 1, text: name.to_owned(), target, title: None, image: false })
    });
    links.extend(definitions);
    // Find <img src="target"> and <a href="target">.
    for (attribute, image) in [(" src=\"", true), (" href=\"", false)] {
        for (at, _) in blanked.match_indices(attribute) {
            let from = at + attribute.len();
            let Some(length) = text[from..].find('"') else {
                continue;
            };
            let target = text[from..from + length].to_owned();
            links.push(Link { line: line_of(at), text: String::new(), target, title: None, image });
        }
    }
    links
}

/// Returns the title of a link without its quotation marks.
fn quoted_title(text: &str) -> Option<String> {
    let title = text.trim();
    title.strip_prefix('"').and_then(|title| title.strip_suffix('"')).map(str::to_owned)
}

/// Returns the position of the `[` that matches a `]` directly after `before`, skipping any pairs
/// of brackets in between.
fn opening_bracket(before: &str) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in before.char_indices().rev() {
        match c {
            ']' => depth += 1,
            '[' if depth == 0 => return Some(at),
            '[' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(line: usize, text: &str, target: &str) -> Link {
        Link { line, text: text.to_owned(), target: target.to_owned(), title: None, image: false }
    }

    #[test]
    fn links_and_images_are_found_with_their_lines() {
        let page = parse("A [b](c.md).\n\n![d](e.png \"title\") and\n[two\nlines](f.md#g)\n[h]: i.md\n");
        let image = Link { image: true, title: Some("title".to_owned()), ..link(3, "d", "e.png") };
        let expected = vec![link(1, "b", "c.md"), image, link(4, "two\nlines", "f.md#g"), link(6, "h", "i.md")];
        assert_eq!(page.links, expected);
        assert_eq!(page.mistakes, []);
    }

    #[test]
    fn html_images_and_anchors_are_links() {
        let page = parse("<a href=\"a.md\"><img src=\"b.png\" alt=\"\"></a>\n");
        let targets: Vec<_> = page.links.iter().map(|l| (l.target.as_str(), l.image)).collect();
        assert_eq!(targets, [("b.png", true), ("a.md", false)]);
    }

    #[test]
    fn code_contains_no_links() {
        let page = parse("`[a](b)` ``[`c`](d)`` <!-- [e](f) -->\n\n```text\n[g](h)\n```\n\n> ```\n> [i](j)\n> ```\n");
        assert_eq!(page.links, []);
        assert_eq!(page.mistakes, []);
    }

    #[test]
    fn the_text_of_a_link_keeps_its_code() {
        assert_eq!(parse("see [`a::b`](c.rs)").links, [link(1, "`a::b`", "c.rs")]);
    }

    #[test]
    fn a_link_may_contain_an_image() {
        let page = parse("[![a](b.png)](c.md)");
        let targets: Vec<_> = page.links.iter().map(|l| (l.target.as_str(), l.image)).collect();
        assert_eq!(targets, [("b.png", true), ("c.md", false)]);
    }

    #[test]
    fn slugs_follow_github() {
        assert_eq!(slug("What is `Sec-WebSocket-Key` for?"), "what-is-sec-websocket-key-for");
        assert_eq!(slug("1006: closed, no reason"), "1006-closed-no-reason");
        assert_eq!(slug("Text & binary"), "text--binary");
        assert_eq!(slug("Der Rückweg"), "der-rückweg");
    }

    #[test]
    fn a_repeated_heading_is_numbered() {
        let page = parse("# A\n## Try it\n## Try it\n### [Linked](x.md) one\n#no heading\n```\n# comment\n```\n");
        assert_eq!(page.anchors, ["a", "try-it", "try-it-1", "linked-one"]);
    }

    #[test]
    fn a_heading_may_set_its_own_anchor() {
        let page =
            parse("# A {#b}\n## [Section 4.1](https://example.com/#section-4.1): one {#section-4-1}\n## C {d}\n");
        assert_eq!(page.anchors, ["b", "section-4-1", "c-d"]);
    }

    #[test]
    fn a_fence_without_an_end_is_a_mistake() {
        let page = parse("text\n```rust\nfn main() {}\n");
        assert_eq!(page.mistakes.len(), 1);
        assert_eq!(page.mistakes[0].line, 2);
    }

    #[test]
    fn a_longer_fence_may_contain_a_shorter_one() {
        assert_eq!(parse("````\n```\n[a](b)\n```\n````\n[c](d)").links, [link(6, "c", "d")]);
    }

    #[test]
    fn local_paths_are_mistakes_and_urls_are_not() {
        let page = parse("ok https://example.com/home/x\n\n```sh\ncd /home/me\n```\n`~/x` and \"/tmp/a\"\n");
        let lines: Vec<_> = page.mistakes.iter().map(|f| f.line).collect();
        assert_eq!(lines, [4, 6]);
    }

    #[test]
    fn offsets_are_correct_after_letters_beyond_ascii() {
        let page = parse("`é` ü [ä](ö.md)\n\n```\n漢字 [a](b)\n```\n[z](y)");
        assert_eq!(page.links, [link(1, "ä", "ö.md"), link(6, "z", "y")]);
    }
}
