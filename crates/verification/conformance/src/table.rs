//! Verdicts by groups of cases, as a table in Markdown, which also reads well in a terminal.

use std::collections::BTreeMap;

use crate::{
    case::Case,
    verdict::{Outcome, Outcomes, Verdict},
};

/// What the suite's groups of cases are about. There is no 8 and no 11.
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

/// A line for each group, one for all of them, and one for how connections were closed; a column for each run.
pub fn table(runs: &[(String, &Outcomes)]) -> String {
    let mut rows = vec![vec!["group".to_owned(), "cases".to_owned()]];
    rows[0].extend(runs.iter().map(|(name, _)| name.clone()));
    let mut row = |title: String, chosen: &dyn Fn(&Case) -> bool, verdict: fn(&Outcome) -> Verdict| {
        let counts = runs.iter().map(|(_, outcomes)| {
            let chosen = outcomes.iter().filter(|(case, _)| chosen(case));
            count(chosen.map(|(_, outcome)| verdict(outcome)))
        });
        let counts: Vec<BTreeMap<Verdict, usize>> = counts.collect();
        let cases = counts.iter().map(|counts| counts.values().sum::<usize>()).max().unwrap_or(0);
        if cases > 0 {
            let mut cells = vec![title, cases.to_string()];
            cells.extend(counts.iter().map(words));
            rows.push(cells);
        }
    };
    for (group, title) in GROUPS {
        row(format!("{group}: {title}"), &|case| case.group() == group, |outcome| outcome.behaviour);
    }
    row("all".to_owned(), &|_| true, |outcome| outcome.behaviour);
    row("all: how the connections were closed".to_owned(), &|_| true, |outcome| outcome.close);
    aligned(&rows)
}

fn count(verdicts: impl Iterator<Item = Verdict>) -> BTreeMap<Verdict, usize> {
    let mut counts = BTreeMap::new();
    for verdict in verdicts {
        *counts.entry(verdict).or_default() += 1;
    }
    counts
}

fn words(counts: &BTreeMap<Verdict, usize>) -> String {
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
