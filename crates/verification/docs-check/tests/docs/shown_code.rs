//! The code that the chapters show, and its checks on a small made-up repository.

use std::path::Path;

use docs_check::shown_code::{check, update};

use crate::made_up::{Outcome, checked_and_updated};

#[test]
fn the_code_in_the_chapters_is_the_code_that_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let problems = check(&root).expect("the chapters can be read");
    let report: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    assert!(problems.is_empty(), "{} problems in the chapters:{report}\n", problems.len());
}

/// `\x2f` is a slash. With plain slashes, the citations would count as belonging to this file.
const SOURCE: &str = "\
//! A table.
//!
//! ```text
//! one
//!
//!   two
//! ```

impl Receiver {
    /// Returns the next one.
    /\x2f= docs/src/rules.md#section-1
    /\x2f# A rule.
    pub(super) fn next(&mut self) -> u8 {
        /\x2f= docs/src/rules.md#section-2
        /\x2f# Another rule.
        self.count // all
    }
}
";

/// Writes a repository with this chapter. Returns its problems before and after an update, and the
/// chapter.
fn problems(name: &str, chapter: &str) -> Outcome {
    // A chapter of *Build* has its own marks, and the other module checks them.
    let files =
        [("src/a.rs", SOURCE), ("docs/src/run/a.md", chapter), ("docs/src/build/b.md", "<!-- bytes: text -->\n")];
    checked_and_updated(&format!("shown-code/{name}"), &files, "docs/src/run/a.md", check, update)
}

#[test]
fn code_that_has_changed_is_a_problem_until_it_is_updated() {
    let (before, after, chapter) = problems("changed", "# A\n<!-- code: src/a.rs fn next -->\n```rust\nold\n```\n");
    assert_eq!(
        before,
        ["docs/src/run/a.md:2: the block `src/a.rs fn next` is out of date: run `cargo run -p docs-check`"]
    );
    assert_eq!(after, [""; 0]);
    let code = "/// Returns the next one.\npub(super) fn next(&mut self) -> u8 {\n    self.count // all\n}\n";
    assert!(chapter.ends_with(&format!("```rust\n{code}```\n")), "the item without its citations: {chapter}");
}

#[test]
fn a_figure_and_a_whole_file_can_be_shown() {
    let (_, after, chapter) =
        problems("figure", "<!-- code: src/a.rs figure -->\n```text\n```\n<!-- code: src/a.rs -->\n```rust\n```\n");
    // The figure of the made-up file contains no fence, but the whole file does.
    assert!(chapter.starts_with("<!-- code: src/a.rs figure -->\n```text\none\n\n  two\n```\n"), "{chapter}");
    assert!(chapter.contains("```rust\n//! A table.\n"), "{chapter}");
    assert!(!chapter.contains("//#"), "{chapter}");
    assert_eq!(after, [""; 0]);
}

#[test]
fn a_mark_without_its_code_is_a_problem() {
    let marks = "<!-- code: src/gone.rs -->\n```rust\n```\n<!-- code: src/a.rs fn renamed -->\n```rust\n```\n";
    let (before, after, _) = problems("gone", marks);
    assert!(before[0].starts_with("docs/src/run/a.md:1: `src/gone.rs` cannot be read: "), "{before:?}");
    assert_eq!(before[1], "docs/src/run/a.md:4: `src/a.rs`: 0 items begin with `fn renamed`, but it should be one");
    assert_eq!(after, before);
}
