//! The code of the pages about the library, and its checks on a small made-up repository.

use std::{fs, path::Path};

use docs_check::examples::{check, update};

#[test]
fn the_code_of_the_pages_is_compiled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let problems = check(&root).expect("the pages can be read");
    let report: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    assert!(problems.is_empty(), "{} problems in the pages:{report}\n", problems.len());
}

/// Writes a repository with one example and this page. Returns its problems before and after an
/// update, and the page.
fn problems(name: &str, page: &str) -> (Vec<String>, Vec<String>, String) {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples").join(name);
    let _ = fs::remove_dir_all(&root);
    for (path, text) in [
        ("examples/a.rs", "//! A.\n\n/// One.\nasync fn one() {\n    two();\n}\n"),
        ("crates/websocket/src/lib.rs", "#[doc = include_str!(\"../../../docs/src/run/tested.md\")]\n"),
        ("docs/src/run/tested.md", "```rust\nlet compiled = 1;\n```\n"),
        ("docs/src/run/page.md", page),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    let texts = |problems: Vec<_>| problems.iter().map(ToString::to_string).collect();
    let before = texts(check(&root).expect("the pages can be read"));
    let after = texts(update(&root).expect("the pages can be written"));
    let page = fs::read_to_string(root.join("docs/src/run/page.md")).expect("the page can be read");
    fs::remove_dir_all(&root).expect("the folder can be removed");
    (before, after, page)
}

#[test]
fn a_block_is_the_item_of_its_example() {
    let page = "# A\n\n<!-- example: examples/a.rs fn one -->\n```rust,ignore\nold\n```\n";
    let (before, after, page) = problems("item", page);
    assert_eq!(
        before,
        ["docs/src/run/page.md:3: the block `examples/a.rs fn one` is out of date: run `cargo run -p docs-check`"]
    );
    assert_eq!(after, [""; 0]);
    assert!(page.ends_with("```rust,ignore\n/// One.\nasync fn one() {\n    two();\n}\n```\n"), "{page}");
}

#[test]
fn an_item_that_the_example_has_lost_is_a_problem() {
    let (_, after, _) = problems("lost", "<!-- example: examples/a.rs fn three -->\n```rust,ignore\n```\n");
    assert_eq!(after, ["docs/src/run/page.md:1: 0 items begin with `fn three`, but it should be one"]);
}

#[test]
fn code_that_nobody_compiles_is_a_problem() {
    let (before, ..) = problems("ignored", "```rust,ignore\nlet x: u8 = \"\";\n```\n");
    assert_eq!(
        before,
        ["docs/src/run/page.md:1: this code is not compiled: remove `ignore`, or take the code from an example"]
    );
    let (before, ..) = problems("untested", "```rust\nlet x: u8 = \"\";\n```\n");
    assert_eq!(
        before,
        ["docs/src/run/page.md:1: this code is not compiled: include the page in `crates/websocket/src/lib.rs`"]
    );
}
