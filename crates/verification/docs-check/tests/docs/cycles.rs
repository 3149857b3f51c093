//! Import cycles between the files of a crate.

use std::{fs, path::Path};

use docs_check::{cycles::import_cycles, workspace::workspace_members};

#[test]
fn no_import_cycles() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let mut report = String::new();
    for folder in workspace_members(&root).expect("Cargo.toml can be read") {
        for cycle in import_cycles(&root.join(&folder)).expect("the source can be read") {
            report += &format!("\n{}\n{cycle}", folder.display());
        }
    }
    assert!(report.is_empty(), "these files import each other; move what they share into a file of its own:\n{report}");
}

/// Returns the imports that form cycles in a package with these files, one on each line: `from ->
/// to: names`.
fn cycles(name: &str, files: &[(&str, &str)]) -> Vec<String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cycles").join(name);
    let _ = fs::remove_dir_all(&folder);
    for (path, text) in files {
        let path = folder.join("src").join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    let found = import_cycles(&folder).expect("the source can be read");
    fs::remove_dir_all(&folder).expect("the folder can be removed");
    let lines = found.iter().flat_map(|cycle| &cycle.imports).map(|(from, to, names)| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        format!("{} -> {}: {}", from.display(), to.display(), names.join(", "))
    });
    lines.collect()
}

const NONE: [&str; 0] = [];

#[test]
fn two_files_that_import_each_other_are_a_cycle() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::{B, c as d}; pub struct A(B);"),
        ("b.rs", "use super::a::A; pub struct B; pub fn c(a: A) {}"),
    ];
    assert_eq!(cycles("two", &files), ["src/a.rs -> src/b.rs: B, c", "src/b.rs -> src/a.rs: A"]);
}

#[test]
fn a_cycle_of_three_is_reported_without_the_files_that_only_lead_to_it() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod leaf; mod top; pub use top::Top;"),
        ("a.rs", "pub struct A; fn f() { crate::b::f() }"),
        ("b.rs", "pub fn f() { super::c::C::new(); super::leaf::LEAF; }"),
        ("c.rs", "use crate::a; pub struct C(a::A);"),
        ("leaf.rs", "pub const LEAF: u8 = 0;"),
        ("top.rs", "use crate::a::A; pub struct Top(A);"),
    ];
    let expected = ["src/a.rs -> src/b.rs: f", "src/b.rs -> src/c.rs: C", "src/c.rs -> src/a.rs: A"];
    assert_eq!(cycles("three", &files), expected);
}

#[test]
fn a_re_export_leads_to_the_file_that_defines_the_name() {
    let files = [
        ("lib.rs", "mod frame; mod uri; pub use self::frame::Opcode; pub use uri::*;"),
        (
            "frame/mod.rs",
            "mod header; mod opcode; pub use self::{header::Header, opcode::Opcode as Code};\npub use opcode::Opcode;",
        ),
        ("frame/header.rs", "use super::Code; use crate::Uri; pub struct Header(Code, Uri);"),
        ("frame/opcode.rs", "pub enum Opcode { Text }"),
        ("uri.rs", "use crate::Opcode; pub struct Uri(Opcode);"),
    ];
    assert_eq!(cycles("facade", &files), NONE);
}

#[test]
fn a_parent_that_uses_its_child_and_is_used_by_it_is_a_cycle() {
    let files = [
        ("lib.rs", "mod rules;"),
        ("rules/mod.rs", "mod text; pub struct Rule; pub fn all() { text::RULES }"),
        ("rules/text.rs", "use super::Rule; pub const RULES: [Rule; 0] = [];"),
    ];
    let expected = ["src/rules/mod.rs -> src/rules/text.rs: RULES", "src/rules/text.rs -> src/rules/mod.rs: Rule"];
    assert_eq!(cycles("parent", &files), expected);

    // A re-export also counts if the parent's own code uses it.
    let parent = "mod text; pub use text::Text; pub struct Rule; fn f(text: Text) {}";
    let child = "use super::Rule; pub struct Text(Rule);";
    let files = [("lib.rs", "mod rules;"), ("rules.rs", parent), ("rules/text.rs", child)];
    let expected = ["src/rules/text.rs -> src/rules.rs: Rule", "src/rules.rs -> src/rules/text.rs: Text"];
    assert_eq!(cycles("parent-re-export", &files), expected);
}

#[test]
fn glob_imports_count_for_the_names_that_are_used() {
    let a = "use crate::b::*; pub struct A; fn f() { g(); }";
    let unused = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::*; pub struct A;"),
        ("b.rs", "use crate::a::A; pub fn g() -> A {}"),
    ];
    assert_eq!(cycles("glob-unused", &unused), NONE);
    let used = [("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", "use crate::a::A; pub fn g() -> A {}")];
    assert_eq!(cycles("glob-used", &used), ["src/a.rs -> src/b.rs: g", "src/b.rs -> src/a.rs: A"]);
}

#[test]
fn paths_in_the_arguments_of_macros_count() {
    let files = [
        ("main.rs", "mod a; mod b; fn main() { a::run() }"),
        ("a.rs", "use super::b; pub const LIMIT: u8 = 1; pub fn run() { assert!(b::check(1)); }"),
        ("b.rs", "pub fn check(n: u8) -> bool { matches!(n, crate::a::LIMIT) }"),
    ];
    assert_eq!(cycles("macros", &files), ["src/a.rs -> src/b.rs: check", "src/b.rs -> src/a.rs: LIMIT"]);
}

#[test]
fn tests_comments_strings_and_inline_modules_are_no_cycle() {
    let a = r#"
        //! [`B`](crate::b::B)
        pub(in crate::b) struct A;
        mod inner { use super::A; pub struct C(A); }
        const TEXT: &str = "crate::b::B";
        #[cfg(test)] use crate::b::{B};
        #[cfg(test)] mod tests { use crate::b::B; fn f() { if true { B } } }
        #[cfg(test)] #[allow(unused)] fn helper(b: crate::b::B) -> [u8; 2] { [0; 2] }
        fn last(c: inner::C, s: std::fmt::Error) { let b = s.b::<u8>(); }
    "#;
    let files = [("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", "use crate::a::A; pub struct B(A);")];
    assert_eq!(cycles("tests", &files), NONE);
    // The code after the tests is checked.
    let a = &format!("{a} fn f(b: crate::b::B) {{}}");
    let files = [("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", "use crate::a::A; pub struct B(A);")];
    assert_eq!(cycles("after-tests", &files), ["src/a.rs -> src/b.rs: B", "src/b.rs -> src/a.rs: A"]);
}

#[test]
fn a_function_and_a_module_may_share_a_name() {
    let files = [
        ("lib.rs", "mod probe; mod run; pub use probe::probe;"),
        ("probe.rs", "use crate::run::Run; pub fn probe() {} pub const LIMIT: u8 = 1;"),
        ("run.rs", "pub struct Run; fn f() { crate::probe::LIMIT; crate::probe() }"),
    ];
    let expected = ["src/probe.rs -> src/run.rs: Run", "src/run.rs -> src/probe.rs: LIMIT, probe"];
    assert_eq!(cycles("same-name", &files), expected);
}

#[test]
fn modules_that_import_everything_from_each_other_are_read_to_the_end() {
    let files = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "pub use crate::b::*; pub struct A; fn f(x: Missing) {}"),
        ("b.rs", "pub use crate::a::*; pub struct B; fn f(x: Missing) {}"),
    ];
    assert_eq!(cycles("endless", &files), NONE);
}

#[test]
fn a_module_without_a_file_is_an_error() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cycles/no-file");
    fs::create_dir_all(folder.join("src")).expect("a folder can be made");
    fs::write(folder.join("src/lib.rs"), "mod missing;").expect("a file can be written");
    let error = import_cycles(&folder).expect_err("a file is missing");
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    assert!(error.to_string().contains("missing"), "{error}");
}
