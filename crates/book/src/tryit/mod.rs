//! *Try it here*: boxes that send a text to a server on the reader's machine, and show the frames
//! as the server saw them.
//!
//! A **mark**, which is an HTML comment alone on a line, says where a box goes, which text it offers
//! and which rules the server can break:
//!
//! ```text
//! <!-- try: "Hello" masked-frame reserved-bit-1 -->
//! ```
//!
//! A code host does not display the mark. The rules are faults of the [`laboratory`], and an
//! unknown name makes the build fail. The script `tryit.js` fills the boxes. Only when the reader
//! presses a button does the script open a viewer and the connection to be viewed, as the server's
//! `wire` module describes.

mod mark;

use std::fmt::Write;

use mdbook_driver::{
    book::{Book, BookItem},
    errors::Result,
};
use mdbook_preprocessor::{Preprocessor, PreprocessorContext};

use self::mark::Mark;

/// Replaces the marks of all pages with boxes.
#[derive(Debug)]
pub(crate) struct TryIt {
    /// The port of the server on the reader's machine.
    pub(crate) port: u16,
}

impl Preprocessor for TryIt {
    fn name(&self) -> &'static str {
        "try-it"
    }

    fn run(&self, _: &PreprocessorContext, mut book: Book) -> Result<Book> {
        let mut problems = Vec::new();
        book.for_each_mut(|item| {
            let BookItem::Chapter(chapter) = item else { return };
            let Some(path) = chapter.source_path.clone() else { return };
            match with_boxes(&chapter.content, self.port) {
                Ok(content) => chapter.content = content,
                Err((line, advice)) => problems.push(format!("docs/src/{}:{line}: {advice}", path.display())),
            }
        });
        anyhow::ensure!(problems.is_empty(), "{}", problems.join("\n"));
        Ok(book)
    }
}

/// Returns a page with its boxes. If a mark is wrong, returns the number of its line and a
/// description of the mistake.
fn with_boxes(page: &str, port: u16) -> Result<String, (usize, String)> {
    let mut output = String::with_capacity(page.len());
    let mut in_code = false;
    for (index, line) in page.split_inclusive('\n').enumerate() {
        in_code ^= line.trim_start().starts_with("```");
        match mark::words(line) {
            Some(words) if !in_code => {
                let mark = Mark::parse(words).map_err(|advice| (index + 1, advice))?;
                output += &html(&mark, port);
            }
            _ => output += line,
        }
    }
    Ok(output)
}

/// Returns the element that the script fills. The element stays hidden until the script has filled
/// it, because the box does not work without scripts.
fn html(mark: &Mark, port: u16) -> String {
    let mut html =
        format!("<section class=\"tryit\" data-port=\"{port}\" data-text=\"{}\" hidden>", escape(&mark.text));
    for fault in &mark.faults {
        // Writing to a String cannot fail.
        let _ = write!(
            html,
            "<p data-rule=\"{}\" data-section=\"{}\" data-expected=\"{}\">{} {}</p>",
            fault.name,
            fault.section,
            escape(&fault.expected.to_string()),
            escape(fault.description),
            escape(fault.reason),
        );
    }
    html + "</section>\n"
}

/// Escapes text for use in an element's content or in a double-quoted attribute value.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_becomes_a_box_with_its_text_and_rules() {
        let page = with_boxes("One.\n\n<!-- try: \"a < b\" masked-frame -->\n\nTwo.\n", 9000).unwrap();
        let start = "One.\n\n<section class=\"tryit\" data-port=\"9000\" data-text=\"a &lt; b\" hidden>\
                     <p data-rule=\"masked-frame\" data-section=\"5.1\" data-expected=\"";
        assert!(page.starts_with(start), "{page}");
        assert!(page.contains("A server sends a masked frame. "), "{page}");
        assert!(page.ends_with("</p></section>\n\nTwo.\n"), "{page}");
    }

    #[test]
    fn a_mark_in_code_is_text() {
        let page = "```text\n<!-- try: \"Hello\" -->\n```\n";
        assert_eq!(with_boxes(page, 8080).unwrap(), page);
    }

    #[test]
    fn a_wrong_mark_is_reported_with_its_line() {
        let problem = |mark: &str| with_boxes(&format!("# One\n{mark}\n"), 8080).unwrap_err();
        assert_eq!(problem("<!-- try: \"Hello -->"), (2, "the text has no closing quotation mark".to_owned()));
        assert_eq!(
            problem("<!-- try: masked-frame -->"),
            (2, "a box needs a text to send, such as `<!-- try: \"Hello\" -->`".to_owned())
        );
        // A client can break this rule, but a server cannot.
        assert_eq!(
            problem("<!-- try: \"Hello\" unmasked-frame -->"),
            (2, "a server cannot break a rule called `unmasked-frame`; see `crates/laboratory/src/faults`".to_owned())
        );
    }
}
