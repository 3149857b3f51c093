//! The chapters about the steps, and their checks on a small made-up repository.

use std::path::Path;

use docs_check::build_chapters::{check, update};

use crate::made_up::{Outcome, checked_and_updated};

#[test]
fn chapters_agree_with_the_steps_and_with_the_engine() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let problems = check(&root).expect("the chapters can be read");
    let report: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    assert!(problems.is_empty(), "{} problems in the chapters:{report}\n", problems.len());
}

const QUESTION: &str = "```text\n89 80 00000000\n```\n";
const TWO_ANSWERS: &str = "<!-- answers -->\n```text\n```\n<!-- bytes: text \"a\" -->\n```text\n```\n";

/// Writes a repository with two steps and these chapters. Returns its problems before and after an
/// update, and the second chapter.
fn problems(name: &str, first: &str, second: &str) -> Outcome {
    let files = [
        ("example/steps/README.md", "# Steps\n"),
        ("example/steps/01-a/Cargo.toml", "[package]\nname = \"step01\"\n\n[dependencies]\n"),
        ("example/steps/01-a/src/main.rs", "fn main() {\n    one();\n}\n"),
        ("example/steps/02-b/Cargo.toml", "[package]\nname = \"step02\"\n\n[dependencies]\n"),
        ("example/steps/02-b/src/main.rs", "fn main() {\n    two();\n}\n"),
        ("example/steps/02-b/src/new.rs", "/// New.\nfn two() {}\n"),
        ("docs/src/build/01-a.md", first),
        ("docs/src/build/02-b.md", second),
    ];
    checked_and_updated(&format!("build-chapters/{name}"), &files, "docs/src/build/02-b.md", check, update)
}

fn first() -> String {
    format!("# One\n{QUESTION}{TWO_ANSWERS}")
}

#[test]
fn an_update_fills_every_block() {
    let marks = "<!-- diff: src/main.rs -->\n```diff\nold\n```\n<!-- source: src/new.rs fn two -->\n```rust\n```\n";
    let (before, after, chapter) = problems("update", &first(), &format!("# Two\n{marks}{QUESTION}{TWO_ANSWERS}"));
    assert_eq!(before.len(), 6, "{before:?}");
    assert_eq!(before[2], "docs/src/build/02-b.md:2: the block `diff` is out of date: run `cargo run -p docs-check`");
    assert_eq!(after, [""; 0]);
    let diff = "```diff\n--- 01-a/src/main.rs\n+++ 02-b/src/main.rs\n@@ -1,3 +1,3 @@\n fn main() {\n-    one();\n+    two();\n }\n```\n";
    assert!(chapter.contains(diff), "{chapter}");
    assert!(chapter.contains("```rust\n/// New.\nfn two() {}\n```\n"), "{chapter}");
    assert!(chapter.contains("```text\n8a 00   Pong, 0 bytes\n```\n"), "{chapter}");
}

#[test]
fn a_difference_that_is_not_shown_is_a_problem() {
    let marks = "<!-- diff: src/main.rs -->\n```diff\n```\n";
    let (_, after, _) = problems("not-shown", &first(), &format!("# Two\n{marks}{QUESTION}{TWO_ANSWERS}"));
    assert_eq!(
        after,
        ["docs/src/build/02-b.md:0: the chapter does not show hunk 1 of `src/new.rs` (`<!-- diff: src/new.rs 1 -->`)"]
    );
}

#[test]
fn a_chapter_without_exercises_is_a_problem() {
    let marks = "<!-- diff: src/main.rs 1 -->\n```diff\n```\n<!-- diff: src/new.rs -->\n```diff\n```\n";
    let (_, after, chapter) = problems("no-exercises", &first(), &format!("# Two\n{marks}"));
    assert_eq!(after, ["docs/src/build/02-b.md:0: a chapter needs at least 2 exercises"]);
    assert!(
        chapter.contains("--- /dev/null\n+++ 02-b/src/new.rs\n@@ -0,0 +1,2 @@\n+/// New.\n+fn two() {}\n"),
        "{chapter}"
    );
}

#[test]
fn a_mark_that_cannot_be_computed_is_a_problem() {
    let marks = "<!-- diff: src/main.rs 2 -->\n```diff\n```\n<!-- diff: src/gone.rs -->\n```diff\n```\n\
                 <!-- source: src/new.rs fn three -->\n```rust\n```\n<!-- fields: to-server -->\n```text\n```\n\
                 <!-- bytes: poem -->\n```text\n```\n";
    let (_, after, _) = problems("not-computed", &first(), &format!("# Two\n{marks}"));
    assert_eq!(
        after,
        [
            "docs/src/build/02-b.md:2: `2` is not a hunk of `src/main.rs`, whose hunks are 1 to 1",
            "docs/src/build/02-b.md:5: `src/gone.rs` is the same as in the step before",
            "docs/src/build/02-b.md:8: 0 items begin with `fn three`, but it should be one",
            "docs/src/build/02-b.md:11: the question contains no bytes",
            "docs/src/build/02-b.md:14: `poem` is unknown",
            "docs/src/build/02-b.md:0: the chapter does not show hunk 1 of `src/main.rs` (`<!-- diff: src/main.rs 1 -->`)",
        ]
    );
}
