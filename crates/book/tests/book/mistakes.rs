//! A mistake in a page or a citation fails the build, and is reported with its file and line.

use std::{fs, path::Path};

/// The smallest project that has all the files that a book needs.
const PROJECT: [(&str, &str); 9] = [
    ("crates/book/theme/head.hbs", ""),
    ("crates/protocol/src/handshake/violation.rs", ""),
    ("crates/protocol/src/violation.rs", "pub struct Violation;\n\nimpl Violation {\n    pub fn code(&self) {}\n}\n"),
    ("docs/book.toml", "[book]\ntitle = \"A book\"\nsrc = \"src\"\n"),
    ("docs/src/SUMMARY.md", "# Summary\n\n- [A](a.md)\n"),
    ("docs/src/rfc6455.md", "# RFC 6455\n\n## One {#section-1}\n\n1. A rule MUST be short.\n"),
    ("docs/src/rfc7692.md", "# RFC 7692\n"),
    ("docs/src/rfc8441.md", "# RFC 8441\n"),
    ("docs/src/vocabulary.md", "# Words\n"),
];

/// Builds the project with the given page and with a source file that has the given comments.
/// Returns the error, if the build fails.
fn build(page: &str, comments: &str) -> Result<(), String> {
    let project = tempfile::tempdir().unwrap();
    let source = format!("{comments}\nfn cites() {{}}\n");
    for (path, content) in PROJECT.into_iter().chain([("docs/src/a.md", page), ("crates/cites.rs", &source)]) {
        let path = project.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(Path::new(""))).unwrap();
        fs::write(path, content).unwrap();
    }
    book::build(project.path(), &project.path().join("out"), book::SERVER_PORT).map_err(|error| format!("{error:#}"))
}

#[test]
fn a_correct_page_has_no_mistakes() {
    let page = "[`Violation::code`](../../crates/protocol/src/violation.rs) and [the folder](../../crates/protocol)\n";
    assert_eq!(build(page, ""), Ok(()));
}

#[test]
fn a_link_to_an_item_that_does_not_exist_is_reported_with_page_and_line() {
    let page = "# A\n\nSome text, then\n[`Violation::absent`](../../crates/protocol/src/violation.rs).\n";
    let error = build(page, "").unwrap_err();
    let expected = "docs/src/a.md:4: `crates/protocol/src/violation.rs` does not define `Violation::absent`";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn a_link_to_a_file_that_does_not_exist_is_reported_with_page_and_line() {
    let error = build("# A\n\n[absent](../../crates/absent.rs)\n", "").unwrap_err();
    assert!(error.contains("docs/src/a.md:3: `crates/absent.rs` does not exist"), "{error}");
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let error = build("[a](../../a.rs)\n\n[b](../../../b.rs)\n", "").unwrap_err();
    assert!(error.contains("docs/src/a.md:1: `a.rs`"), "{error}");
    assert!(error.contains("docs/src/a.md:3: `../../../b.rs` is outside the repository"), "{error}");
}

#[test]
fn a_citation_that_differs_from_its_page_is_reported_with_file_and_line() {
    let cite = |sentence: &str| format!("\n{0}= docs/src/rfc6455.md#section-1\n{0}# {sentence}", "//");
    assert_eq!(build("# A\n", &cite("A rule MUST be short.")), Ok(()));
    let error = build("# A\n", &cite("A rule MUST be long.")).unwrap_err();
    assert!(error.contains("crates/cites.rs:2: this sentence is not in docs/src/rfc6455.md#section-1"), "{error}");
}
