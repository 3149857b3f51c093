//! The tables of modules at the top of source files.

use std::{fs, path::Path};

use docs_check::{module_tables::check, workspace::workspace_members};

#[test]
fn tables_name_every_module_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let mut report = String::new();
    for folder in workspace_members(&root).expect("Cargo.toml can be read") {
        for problem in check(&root, &folder).expect("the source can be read") {
            report += &format!("\n  {problem}");
        }
    }
    assert!(report.is_empty(), "these tables do not agree with the modules:{report}\n");
}

/// Returns the problems of a package with these files.
fn problems(name: &str, files: &[(&str, &str)]) -> Vec<String> {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("module-tables").join(name);
    let _ = fs::remove_dir_all(&root);
    for (path, text) in files {
        let path = root.join("a/src").join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }
    let found = check(&root, Path::new("a")).expect("the source can be read");
    fs::remove_dir_all(&root).expect("the folder can be removed");
    found.iter().map(ToString::to_string).collect()
}

const TABLE: &str = "//! A crate.
//!
//! | section | module |
//! |---|---|
//! | 1 | [`b`](self::b), [`mod@c`] |
//! | 2 | `b/inner` |
//! | 3 | here |
//!
//! | other | table |
//! |---|---|
//! | `x` | `y` |
";

#[test]
fn a_complete_table_has_no_problems() {
    let root = format!("{TABLE}\nmod b;\npub mod c;\nmod d {{}}\n#[cfg(test)]\nmod tests {{}}\n");
    let files = [("lib.rs", &root[..]), ("b.rs", "mod inner;"), ("b/inner.rs", ""), ("c.rs", "//! | x | y |\n")];
    assert_eq!(problems("complete", &files), [""; 0]);
}

#[test]
fn a_missing_name_and_a_name_without_a_module_are_problems() {
    let root = format!("{TABLE}\nmod b;\nmod new;\n");
    let files = [("main.rs", &root[..]), ("b.rs", ""), ("new.rs", "")];
    assert_eq!(
        problems("incomplete", &files),
        [
            "a/src/main.rs:5: the table names `c`, but this file has no such module",
            "a/src/main.rs:6: the table names `b/inner`, but this file has no such module",
            "a/src/main.rs:5: the table does not name the module `new`",
        ]
    );
}

#[test]
fn the_members_of_the_workspace_are_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let members = workspace_members(&root).expect("Cargo.toml can be read");
    assert!(members.contains(&Path::new("crates/verification/docs-check").to_owned()), "{members:?}");
    for member in members {
        assert!(root.join(&member).join("Cargo.toml").is_file(), "{}", member.display());
    }
}
