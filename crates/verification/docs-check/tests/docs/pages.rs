//! The pages of this repository, and the page checks on small made-up repositories.

use std::fs;
use std::path::{Path, PathBuf};

use docs_check::pages::check;

#[test]
fn all_pages_agree_with_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let problems = check(&root).expect("the pages can be read");
    let report: String = problems.iter().map(|p| format!("\n  {p}")).collect();
    assert!(problems.is_empty(), "{} problems in the documentation:{report}\n", problems.len());
}

#[test]
fn the_required_rust_version_is_that_of_the_workspace() {
    let version = concat!(env!("CARGO_PKG_RUST_VERSION"), " or newer");
    for page in ["README.md", "docs/src/introduction.md"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").join(page);
        let text = fs::read_to_string(path).expect("the page can be read");
        assert!(text.contains(version), "{page} should say `{version}`, like `rust-version` in Cargo.toml");
    }
}

#[test]
fn the_guide_for_contributors_lists_every_step_of_ci_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let script = fs::read_to_string(root.join(".ci/run")).expect("the script can be read");
    let steps = script.lines().filter_map(|line| line.strip_prefix("step \"")?.split('"').next());
    let guide = fs::read_to_string(root.join("docs/CONTRIBUTING.md")).expect("the page can be read");
    let table = guide.split_once("| step of `.ci/run` |").expect("the page has the table").1;
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let listed = rows.filter_map(|row| row.strip_prefix("| ")?.split(" |").next());
    assert_eq!(listed.collect::<Vec<_>>(), steps.collect::<Vec<_>>());
}

/// A temporary repository with a few files.
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
fn a_missing_image_is_a_problem() {
    let repository = Repository::new("missing-image", &[("docs/src/one.md", "# One\n\n![a](../../img/none.png)\n")]);
    assert_eq!(
        repository.problems(),
        ["docs/src/one.md:3: `../../img/none.png` does not exist: there is no `img/none.png`"]
    );
}

#[test]
fn a_reworded_heading_breaks_its_links() {
    let repository = Repository::new(
        "fragment",
        &[("docs/src/one.md", "# One\n\n## Who closes first\n"), ("README.md", "[a](docs/src/one.md#who-closes)\n")],
    );
    assert_eq!(
        repository.problems(),
        ["README.md:1: `#who-closes` is not a heading of `docs/src/one.md`: perhaps `#who-closes-first`"]
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
            "README.md:2: `gone` is not defined in `src/a.rs`, which does not contain it: correct the text or the target",
            "README.md:3: `src/a.rs` defines `decode` but never mentions `Header`: correct the text or the target",
        ]
    );
}

#[test]
fn a_line_number_is_not_a_source_reference() {
    let repository = Repository::new("line-number", &[("src/a.rs", ""), ("README.md", "[x](src/a.rs#L10)\n")]);
    let advice = "line numbers in a source file change; name the item in the text of the link instead";
    assert_eq!(repository.problems(), [format!("README.md:1: `src/a.rs#L10`: {advice}")]);
}

#[test]
fn a_text_that_names_another_file_than_the_target_is_a_problem() {
    let repository = Repository::new(
        "other-file",
        &[("src/a.rs", ""), ("README.md", "[`src/a.rs`](src/a.rs)\n[`b.rs`](src/a.rs)\n")],
    );
    assert_eq!(repository.problems(), ["README.md:2: the text says `b.rs`, but the target is `src/a.rs`"]);
}

#[test]
fn a_chapter_outside_the_summary_is_a_problem() {
    let repository = Repository::new("unlisted", &[("docs/src/lost.md", "# Lost\n")]);
    assert_eq!(
        repository.problems(),
        ["docs/src/lost.md:0: this chapter is not in SUMMARY.md, so readers of the book will not find it"]
    );
}

#[test]
fn a_summary_lists_each_chapter_once_and_no_missing_one() {
    let summary = "# Summary\n\n- [One](one.md)\n- [Again](one.md)\n- [Two](two.md)\n";
    let repository = Repository::new("summary", &[("docs/src/SUMMARY.md", summary)]);
    assert_eq!(
        repository.problems(),
        [
            "docs/src/SUMMARY.md:4: `docs/src/one.md` is listed twice",
            "docs/src/SUMMARY.md:5: `two.md` does not exist: there is no `docs/src/two.md`",
        ]
    );
}

#[test]
fn links_must_not_leave_the_repository() {
    let repository = Repository::new("outside", &[("README.md", "[a](../x.md) [b](/etc/hosts)\n")]);
    assert_eq!(
        repository.problems(),
        [
            "README.md:1: `../x.md` is outside the repository",
            "README.md:1: `/etc/hosts` begins with `/`: write it relative to the page",
        ]
    );
}

#[test]
fn pages_of_crates_are_checked_as_well() {
    let repository = Repository::new(
        "crate-page",
        &[("crates/a/README.md", "[b](src/b.rs)\n"), ("crates/a/target/README.md", "[generated](c.rs)\n")],
    );
    assert_eq!(
        repository.problems(),
        ["crates/a/README.md:1: `src/b.rs` does not exist: there is no `crates/a/src/b.rs`"]
    );
}

#[test]
fn pages_of_examples_are_checked_as_well() {
    let repository = Repository::new(
        "example-page",
        &[("example/a/README.md", "[b](src/b.rs)\n"), ("example/node_modules/ws/README.md", "[c](c.js)\n")],
    );
    assert_eq!(
        repository.problems(),
        ["example/a/README.md:1: `src/b.rs` does not exist: there is no `example/a/src/b.rs`"]
    );
}

/// A crate with constants, for the tests below.
const CONSTANTS: [(&str, &str); 3] = [
    ("crates/a/Cargo.toml", ""),
    (
        "crates/a/src/limits.rs",
        "pub const QUEUE: usize = 5 * BLOCK;
         const TIMEOUT: Duration = Duration::from_secs(5);
         pub const DEFAULT: Self = Self { max_head: (1 << 14) as usize, list: [1, 2], rate: 10_000 };
         const COMPLICATED: usize = size_of::<u8>();",
    ),
    ("crates/a/src/block.rs", "pub(crate) const BLOCK: usize = 64 << 10;"),
];

fn problems_with_numbers(name: &str, page: &str) -> Vec<String> {
    let page = page.replace("FILE", "../../crates/a/src/limits.rs");
    let mut files = CONSTANTS.to_vec();
    files.push(("docs/src/one.md", &page));
    Repository::new(name, &files).problems()
}

#[test]
fn a_number_with_a_constant_as_its_title_must_equal_it() {
    let page = "# One\n\nAt most [320 KiB](FILE \"QUEUE\"), [5 seconds](FILE \"TIMEOUT\"), \
                [16 KiB](FILE \"Limits::DEFAULT.max_head\"), [10,000 frames](FILE \"DEFAULT.rate\").\n";
    assert_eq!(problems_with_numbers("numbers", page), [""; 0]);

    let page = "# One\n\n[256 KiB](FILE \"QUEUE\")\n[5 ms](FILE \"TIMEOUT\")\n[5](FILE \"TIMEOUT\")\n";
    assert_eq!(
        problems_with_numbers("other-numbers", page),
        [
            "docs/src/one.md:3: the page says `256 KiB`, but `QUEUE` in `crates/a/src/limits.rs` is 327680",
            "docs/src/one.md:4: the page says `5 ms`, but `TIMEOUT` in `crates/a/src/limits.rs` is 5s",
            "docs/src/one.md:5: the page says `5`, but `TIMEOUT` in `crates/a/src/limits.rs` is 5s",
        ]
    );
}

#[test]
fn a_number_whose_constant_cannot_be_evaluated_is_a_problem() {
    let page = "# One\n\n[1](FILE \"GONE\")\n[1](FILE \"COMPLICATED\")\n[the limit](FILE \"QUEUE\")\n[1](FILE \"DEFAULT.gone\")\n";
    assert_eq!(
        problems_with_numbers("no-constants", page),
        [
            "docs/src/one.md:3: `GONE` in `crates/a/src/limits.rs`: the file does not define a constant `GONE`",
            "docs/src/one.md:4: `COMPLICATED` in `crates/a/src/limits.rs`: the constant `size_of` is not defined in this crate",
            "docs/src/one.md:5: `the limit` is not a number, but the title names a constant",
            "docs/src/one.md:6: `DEFAULT.gone` in `crates/a/src/limits.rs`: `DEFAULT` has no field `gone`",
        ]
    );
}
