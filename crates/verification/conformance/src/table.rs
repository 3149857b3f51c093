//! Creates a table of the verdicts in each group of cases. The table is Markdown, and is also
//! readable in a terminal.

use std::collections::BTreeMap;

use crate::{
    case_id::CaseId,
    verdict::{CaseResult, CaseResults, CaseVerdict},
};

/// The subject of each group in the suite. Groups 8 and 11 do not exist.
const GROUPS: [(u32, &str); 11] = [
    (1, "framing"),
    (2, "Ping and Pong"),
    (3, "reserved bits"),
    (4, "opcodes"),
    (5, "fragments"),
    (6, "UTF-8"),
    (7, "closing"),
    (9, "sizes and speed"),
    (10, "automatic fragmentation"),
    (12, "permessage-deflate, kinds of data"),
    (13, "permessage-deflate, parameters"),
];

/// Creates a table with a column for each run. It has a row for each group, a row for all groups
/// together, and a row for the verdicts on how the connections were closed.
pub fn table(runs: &[(String, &CaseResults)]) -> String {
    let mut rows = vec![vec!["group".to_owned(), "cases".to_owned()]];
    rows[0].extend(runs.iter().map(|(name, _)| name.clone()));
    let mut row = |title: String, chosen: &dyn Fn(&CaseId) -> bool, verdict: fn(&CaseResult) -> CaseVerdict| {
        let counts = runs.iter().map(|(_, results)| {
            let chosen = results.iter().filter(|(case, _)| chosen(case));
            count(chosen.map(|(_, result)| verdict(result)))
        });
        let counts: Vec<BTreeMap<CaseVerdict, usize>> = counts.collect();
        let cases = counts.iter().map(|counts| counts.values().sum::<usize>()).max().unwrap_or(0);
        if cases > 0 {
            let mut cells = vec![title, cases.to_string()];
            cells.extend(counts.iter().map(words));
            rows.push(cells);
        }
    };
    for (group, title) in GROUPS {
        row(format!("{group}: {title}"), &|case| case.group() == group, |result| result.behavior);
    }
    row("all".to_owned(), &|_| true, |result| result.behavior);
    row("all: how the connections were closed".to_owned(), &|_| true, |result| result.close);
    aligned(&rows)
}

fn count(verdicts: impl Iterator<Item = CaseVerdict>) -> BTreeMap<CaseVerdict, usize> {
    let mut counts = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(verdict).or_default() += 1;
    }
    counts
}

fn words(counts: &BTreeMap<CaseVerdict, usize>) -> String {
    let words: Vec<String> = counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    words.join(", ")
}

fn aligned(rows: &[Vec<String>]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for (number, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
        if number == 0 {
            let lines: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            text.push_str(&format!("| {} |\n", lines.join(" | ")));
        }
    }
    text
}
