//! README.md and the book against the repository, and the checker against small repositories made for it.

use std::fs;
use std::path::{Path, PathBuf};

use docs_check::pages::check;

#[test]
fn readme_and_book_agree_with_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let problems = check(&root).expect("the pages can be read");
    let report: String = problems.iter().map(|p| format!("\n  {p}")).collect();
    assert!(problems.is_empty(), "{} to mend in the documentation:{report}\n", problems.len());
}

#[test]
fn the_rust_version_asked_for_is_the_workspaces_own() {
    let version = concat!(env!("CARGO_PKG_RUST_VERSION"), " or newer");
    for page in ["README.md", "docs/src/introduction.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").join(page);
        let text = fs::read_to_string(path).expect("the page can be read");
        assert!(text.contains(version), "{page} should say `{version}`, as `rust-version` in Cargo.toml does");
    }
}

/// A repository of a few files in a directory of its own, gone when the test is over.
struct Repository {
    root: PathBuf,
}

impl Repository {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&root);
        let basics = [
            ("README.md", "# Front\n"),
            ("docs/src/SUMMARY.md", "# Summary\n\n- [One](one.md)\n"),
            ("docs/src/one.md", "# One\n"),
        ];
        for (path, text) in basics.iter().chain(files) {
            let path = root.join(path);
            fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        }
        Self { root }
    }

    fn problems(&self) -> Vec<String> {
        check(&self.root).expect("the pages can be read").iter().map(ToString::to_string).collect()
    }
}

impl Drop for Repository {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

#[test]
fn a_sound_repository_has_no_problems() {
    let page = "# One\n\n## Second part\n\n[here](#second-part) [front](../../README.md#front) [web](https://example.com)\n\n\
                ![figure](../../img/a.svg) [`Frame::parse`](../../src/frame.rs) [`frame.rs`](../../src/frame.rs)\n\
                [the file](../../src/frame.rs) [`start`](../../server.js)\n";
    let repository = Repository::new(
        "sound",
        &[
            ("docs/src/one.md", page),
            ("img/a.svg", "<svg/>"),
            ("src/frame.rs", "impl Frame { pub fn parse() {} }"),
            ("server.js", "function start() {}"),
        ],
    );
    assert_eq!(repository.problems(), [""; 0]);
}

#[test]
fn a_missing_file_is_named_with_its_line() {
    let repository = Repository::new("missing-file", &[("README.md", "# Front\n\nsee [two](docs/src/two.md)\n")]);
    assert_eq!(repository.problems(), ["README.md:3: `docs/src/two.md` does not exist: there is no `docs/src/two.md`"]);
}

#[test]
fn the_report_that_duvet_makes_may_be_missing_and_no_other_page_of_that_kind() {
    let page =
        "# One\n\n[report](duvet-report.html)\n[another](other-report.html)\n[elsewhere](../duvet-report.html)\n";
    let repository = Repository::new("generated", &[("docs/src/one.md", page)]);
    assert_eq!(
        repository.problems(),
        [
            "docs/src/one.md:4: `other-report.html` does not exist: there is no `docs/src/other-report.html`",
            "docs/src/one.md:5: `../duvet-report.html` does not exist: there is no `docs/duvet-report.html`",
        ]
    );
}

#[test]
fn a_missing_image_is_a_problem() {
    let repository = Repository::new("missing-image", &[("docs/src/one.md", "# One\n\n![a](../../img/none.png)\n")]);
    assert_eq!(repository.problems().len(), 1);
}

#[test]
fn a_reworded_heading_breaks_its_links() {
    let repository = Repository::new(
        "fragment",
        &[("docs/src/one.md", "# One\n\n## Who closes first\n"), ("README.md", "[a](docs/src/one.md#who-closes)\n")],
    );
    assert_eq!(
        repository.problems(),
        ["README.md:1: `#who-closes` is no heading of `docs/src/one.md`: perhaps `#who-closes-first`"]
    );
}

#[test]
fn a_renamed_function_breaks_its_references() {
    let repository = Repository::new(
        "renamed",
        &[
            ("src/a.rs", "impl Frame { fn decode() { parse() } } // fn gone()"),
            ("README.md", "[`Frame::parse`](src/a.rs)\n[`gone`](src/a.rs)\n[`Header::decode`](src/a.rs)\n"),
        ],
    );
    assert_eq!(
        repository.problems(),
        [
            "README.md:1: `parse` is not defined in `src/a.rs`, which mentions it but does not define it: correct the text or the target",
            "README.md:2: `gone` is not defined in `src/a.rs`, which has no such name: correct the text or the target",
            "README.md:3: `src/a.rs` defines `decode` but never mentions `Header`: correct the text or the target",
        ]
    );
}

#[test]
fn a_line_number_is_no_source_reference() {
    let repository = Repository::new("line-number", &[("src/a.rs", ""), ("README.md", "[x](src/a.rs#L10)\n")]);
    assert_eq!(repository.problems().len(), 1);
}

#[test]
fn a_text_that_names_another_file_than_its_target_is_a_problem() {
    let repository = Repository::new(
        "other-file",
        &[("src/a.rs", ""), ("README.md", "[`src/a.rs`](src/a.rs)\n[`b.rs`](src/a.rs)\n")],
    );
    assert_eq!(repository.problems(), ["README.md:2: the text says `b.rs`, the link leads to `src/a.rs`"]);
}

#[test]
fn a_chapter_outside_the_summary_is_a_problem() {
    let repository = Repository::new("unlisted", &[("docs/src/lost.md", "# Lost\n")]);
    assert_eq!(
        repository.problems(),
        ["docs/src/lost.md:0: this chapter is not in SUMMARY.md: readers of the book will not find it"]
    );
}

#[test]
fn a_summary_lists_a_chapter_once_and_only_what_exists() {
    let summary = "# Summary\n\n- [One](one.md)\n- [Again](one.md)\n- [Two](two.md)\n";
    let repository = Repository::new("summary", &[("docs/src/SUMMARY.md", summary)]);
    assert_eq!(
        repository.problems(),
        [
            "docs/src/SUMMARY.md:4: `docs/src/one.md` stands here twice",
            "docs/src/SUMMARY.md:5: `two.md` does not exist: there is no `docs/src/two.md`",
        ]
    );
}

#[test]
fn links_do_not_leave_the_repository() {
    let repository = Repository::new("outside", &[("README.md", "[a](../x.md) [b](/etc/hosts)\n")]);
    assert_eq!(repository.problems().len(), 2);
}
