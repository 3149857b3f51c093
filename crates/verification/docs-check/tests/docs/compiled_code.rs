//! The code on the pages of *Run*, and its check on a small made-up repository.

use std::{fs, path::Path};

use docs_check::compiled_code::check;

#[test]
fn the_code_of_the_pages_is_compiled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let problems = check(&root).expect("the pages can be read");
    let report: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    assert!(problems.is_empty(), "{} problems in the pages:{report}\n", problems.len());
}

/// Writes a repository that contains this page and a page that is tested, and returns its problems.
fn problems(name: &str, page: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-code").join(name);
    let _ = fs::remove_dir_all(&root);
    for (path, text) in [
        ("crates/websocket/src/lib.rs", "#[doc = include_str!(\"../../../docs/src/run/tested.md\")]\n"),
        ("docs/src/run/tested.md", "```rust\nlet compiled = 1;\n```\n"),
        ("docs/src/run/page.md", page),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    let problems = check(&root).expect("the pages can be read");
    fs::remove_dir_all(&root).expect("the folder can be removed");
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn code_that_nobody_compiles_is_a_problem() {
    assert_eq!(
        problems("ignored", "# A\n\n```rust,ignore\nlet x: u8 = \"\";\n```\n"),
        ["docs/src/run/page.md:3: this code is not compiled: remove `ignore`, or show the code of an example"]
    );
    assert_eq!(
        problems("untested", "```rust\nlet x: u8 = \"\";\n```\n"),
        ["docs/src/run/page.md:1: this code is not compiled: include the page in `crates/websocket/src/lib.rs`"]
    );
}

#[test]
fn code_of_an_example_and_other_languages_are_no_problem() {
    let page = "<!-- code: a.rs fn a -->\n```rust,ignore\nfn a() {}\n```\n\n```sh\nls\n```\n";
    assert_eq!(problems("shown", page), [""; 0]);
}
