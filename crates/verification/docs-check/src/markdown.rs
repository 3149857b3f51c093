//! What a page says: its headings, its links, its images, its fences.
//!
//! This is not a Markdown parser. It knows the few forms that our pages use, and it knows code: whatever stands in a
//! fence, between backticks or in an HTML comment is *blanked* first, byte for byte, so that a link in an example is not
//! taken for a link, while every offset still points into the original text.

use std::collections::HashMap;

/// One page, taken apart.
#[derive(Debug, Default)]
pub struct Page {
    /// The anchors of the page's headings, in order, as GitHub and mdBook name them, or as they name themselves.
    pub anchors: Vec<String>,
    /// Links and images.
    pub links: Vec<Link>,
    /// Faults of the page itself, such as a fence that never ends.
    pub faults: Vec<Fault>,
}

/// A link or an image.
#[derive(Debug, PartialEq, Eq)]
pub struct Link {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// What stands between the square brackets, as written.
    pub text: String,
    /// What stands between the round ones.
    pub target: String,
    /// Whether it is an image.
    pub image: bool,
}

/// Something that is wrong with a page whatever its links lead to.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what to do about it.
    pub advice: String,
}

/// Beginnings of paths that mean something on one machine only.
const LOCAL_PATHS: [&str; 6] = ["/home/", "/root/", "/Users/", "/mnt/", "/tmp/", "C:\\"];

/// Takes a page apart.
#[must_use]
pub fn parse(text: &str) -> Page {
    let mut page = Page::default();
    let blanked = blank_code(text, &mut page.faults);
    find_local_paths(text, &mut page.faults);
    page.anchors = anchors(text, &blanked);
    page.links = links(text, &blanked, &mut page.faults);
    page
}

/// Replaces code and HTML comments by NUL bytes, keeping line ends and the length.
fn blank_code(text: &str, faults: &mut Vec<Fault>) -> String {
    let mut out = blank_fences(text, faults);
    while let Some(from) = out.find("<!--") {
        let to = out[from..].find("-->").map_or(out.len(), |n| from + n + 3);
        blank(&mut out, from, to);
    }
    blank_spans(&mut out);
    out
}

/// Blanks fenced code, the fence lines included.
fn blank_fences(text: &str, faults: &mut Vec<Fault>) -> String {
    let mut out = String::with_capacity(text.len());
    // The fence that is open: its character, how many of them, the line it began on.
    let mut open: Option<(char, usize, usize)> = None;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        // A fence may stand in a quotation or a list.
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
        let advice = "this code fence never ends: close it with the same characters on a line of their own";
        faults.push(Fault { line, advice: advice.to_owned() });
    }
    out
}

/// Blanks `inline code`. A run of backticks is closed by the next run of the same length in the same paragraph.
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

/// What a character is blanked with, and how often, so that the length in bytes stays.
fn blanked_char(c: char) -> (char, usize) {
    if c == '\n' { ('\n', 1) } else { ('\0', c.len_utf8()) }
}

fn find_local_paths(text: &str, faults: &mut Vec<Fault>) {
    for (index, line) in text.lines().enumerate() {
        for path in LOCAL_PATHS {
            // After a letter or a slash it is the middle of something else, an URL for example.
            let found = line.match_indices(path).any(|(at, _)| {
                line[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || "\"'`(=:>".contains(c))
            });
            if found {
                let advice =
                    format!("`{path}` is a place on one machine only: write a path relative to the repository");
                faults.push(Fault { line: index + 1, advice });
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

/// The anchor that a heading gives itself, as in `## Section 4.1 {#section-4-1}`.
fn own_id(heading: &str) -> Option<&str> {
    let (_, id) = heading.trim_end().strip_suffix('}')?.rsplit_once(" {#")?;
    (!id.contains(char::is_whitespace)).then_some(id)
}

/// A heading as it is shown: of a link, the text.
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

/// The anchor of a heading by GitHub's rule: small letters; letters, digits, `-` and `_` stay, a space becomes `-`,
/// all else goes.
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

fn links(text: &str, blanked: &str, faults: &mut Vec<Fault>) -> Vec<Link> {
    let mut links = Vec::new();
    let line_of = |at: usize| text[..at].matches('\n').count() + 1;
    // [text](target) and ![text](target): found by their middle.
    for (middle, _) in blanked.match_indices("](") {
        let Some(from) = opening_bracket(&blanked[..middle]) else {
            continue;
        };
        let line = line_of(from);
        let Some(length) = blanked[middle..].find(')') else {
            faults.push(Fault { line, advice: "this link has no closing `)`".to_owned() });
            continue;
        };
        // A title after the target is not part of it: (target "title")
        let target = text[middle + 2..middle + length].split_whitespace().next().unwrap_or_default();
        links.push(Link {
            line,
            text: text[from + 1..middle].to_owned(),
            target: target.trim_matches(['<', '>']).to_owned(),
            image: blanked[..from].ends_with('!'),
        });
    }
    // [name]: target
    let definitions = blanked.lines().enumerate().filter_map(|(index, line)| {
        let (name, target) = line.strip_prefix('[')?.split_once("]: ")?;
        Some(Link { line: index + 1, text: name.to_owned(), target: target.trim().to_owned(), image: false })
    });
    links.extend(definitions);
    // <img src="target"> and <a href="target">
    for (attribute, image) in [(" src=\"", true), (" href=\"", false)] {
        for (at, _) in blanked.match_indices(attribute) {
            let from = at + attribute.len();
            let Some(length) = text[from..].find('"') else {
                continue;
            };
            let target = text[from..from + length].to_owned();
            links.push(Link { line: line_of(at), text: String::new(), target, image });
        }
    }
    links
}

/// The `[` that belongs to a `]` which follows `before`; brackets in between come in pairs.
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
        Link { line, text: text.to_owned(), target: target.to_owned(), image: false }
    }

    #[test]
    fn links_and_images_are_found_with_their_lines() {
        let page = parse("A [b](c.md).\n\n![d](e.png \"title\") and\n[two\nlines](f.md#g)\n[h]: i.md\n");
        let image = Link { image: true, ..link(3, "d", "e.png") };
        let expected = vec![link(1, "b", "c.md"), image, link(4, "two\nlines", "f.md#g"), link(6, "h", "i.md")];
        assert_eq!(page.links, expected);
        assert_eq!(page.faults, []);
    }

    #[test]
    fn html_images_and_anchors_count_too() {
        let page = parse("<a href=\"a.md\"><img src=\"b.png\" alt=\"\"></a>\n");
        let targets: Vec<_> = page.links.iter().map(|l| (l.target.as_str(), l.image)).collect();
        assert_eq!(targets, [("b.png", true), ("a.md", false)]);
    }

    #[test]
    fn code_holds_no_links() {
        let page = parse("`[a](b)` ``[`c`](d)`` <!-- [e](f) -->\n\n```text\n[g](h)\n```\n\n> ```\n> [i](j)\n> ```\n");
        assert_eq!(page.links, []);
        assert_eq!(page.faults, []);
    }

    #[test]
    fn the_text_of_a_link_keeps_its_code() {
        assert_eq!(parse("see [`a::b`](c.rs)").links, [link(1, "`a::b`", "c.rs")]);
    }

    #[test]
    fn a_link_may_hold_an_image() {
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
    fn a_heading_that_comes_twice_is_numbered() {
        let page = parse("# A\n## Try it\n## Try it\n### [Linked](x.md) one\n#no heading\n```\n# comment\n```\n");
        assert_eq!(page.anchors, ["a", "try-it", "try-it-1", "linked-one"]);
    }

    #[test]
    fn a_heading_may_name_its_own_anchor() {
        let page =
            parse("# A {#b}\n## [Section 4.1](https://example.com/#section-4.1): one {#section-4-1}\n## C {d}\n");
        assert_eq!(page.anchors, ["b", "section-4-1", "c-d"]);
    }

    #[test]
    fn a_fence_that_never_ends_is_a_fault() {
        let page = parse("text\n```rust\nfn main() {}\n");
        assert_eq!(page.faults.len(), 1);
        assert_eq!(page.faults[0].line, 2);
    }

    #[test]
    fn a_longer_fence_may_hold_a_shorter_one() {
        assert_eq!(parse("````\n```\n[a](b)\n```\n````\n[c](d)").links, [link(6, "c", "d")]);
    }

    #[test]
    fn local_paths_are_faults_and_urls_are_not() {
        let page = parse("ok https://example.com/home/x\n\n```sh\ncd /home/me\n```\n`~/x` and \"/tmp/a\"\n");
        let lines: Vec<_> = page.faults.iter().map(|f| f.line).collect();
        assert_eq!(lines, [4, 6]);
    }

    #[test]
    fn letters_beyond_ascii_keep_the_offsets_right() {
        let page = parse("`é` ü [ä](ö.md)\n\n```\n漢字 [a](b)\n```\n[z](y)");
        assert_eq!(page.links, [link(1, "ä", "ö.md"), link(6, "z", "y")]);
    }
}
