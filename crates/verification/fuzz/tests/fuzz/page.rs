//! The chapter on fuzzing, compared with the lists in the source.

use std::{fs, path::Path};

use fuzz::{TARGETS, disagreements::DISAGREEMENTS};

#[test]
fn the_page_lists_targets_and_disagreements() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/src/fuzzing.md");
    let page = fs::read_to_string(page).expect("the page can be read");
    for (name, _) in TARGETS {
        assert!(page.contains(&format!("`{name}`")), "the page does not mention the target {name}");
        assert!(page.contains(&format!("\n| {name} | ")), "the page does not show the results of {name}");
    }
    let mut table = String::from("| what | example | explanation |\n|---|---|---|\n");
    for disagreement in &DISAGREEMENTS {
        let (_, example) = disagreement.example;
        table.push_str(&format!("| {} | `{example}` | {} |\n", disagreement.name, disagreement.explanation));
    }
    assert!(without_comments(&page).contains(&table), "the page should have this table:\n\n{table}");
}

/// Removes the marks before bytes, which the book reads.
fn without_comments(page: &str) -> String {
    let mut pieces = page.split("<!-- ");
    let first = pieces.next().unwrap_or_default();
    let rest = pieces.map(|piece| piece.split_once("-->").map_or(piece, |(_, after)| after));
    std::iter::once(first).chain(rest).collect()
}
