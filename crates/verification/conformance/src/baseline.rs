//! The verdicts of an earlier run, stored in a file in `baselines/`. The file has one line for each
//! case, so that `git diff` shows what changed.
//!
//! ```text
//!   # suite: 25.10.1                                            the head describes the run
//!   case    server  server close  client      client close      separated by tabs
//!   1.1.1   OK      OK            OK          OK
//!   6.4.3   OK      OK            NON-STRICT  OK
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::{
    case_id::CaseId,
    tested_role::TestedRole,
    verdict::{CaseResult, CaseResults, CaseVerdict},
};

const COLUMNS: &str = "case\tserver\tserver close\tclient\tclient close";

/// The results of a complete run in both roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// The implementation that was tested, and its version.
    pub of: String,
    /// The date of the run, such as `2026-01-31`.
    pub date: String,
    /// The suite's version.
    pub suite: String,
    /// The command that creates this baseline.
    pub command: String,
    /// The results for each role.
    pub results: BTreeMap<TestedRole, CaseResults>,
}

impl Baseline {
    /// Parses the text of a baseline file.
    ///
    /// # Errors
    /// Fails if the text is invalid. The error names the invalid line and the reason.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut head = BTreeMap::new();
        let mut results = BTreeMap::from(TestedRole::ALL.map(|role| (role, CaseResults::new())));
        for (number, line) in text.lines().enumerate() {
            let problem = |what: String| format!("line {}: {what}", number + 1);
            if let Some(line) = line.strip_prefix("# ") {
                let (key, value) = line.split_once(": ").ok_or_else(|| problem("it is not 'key: value'".to_owned()))?;
                head.insert(key, value.to_owned());
            } else if line != COLUMNS {
                let (case, [server, client]) = row(line).map_err(problem)?;
                for (role, result) in [(TestedRole::Server, server), (TestedRole::Client, client)] {
                    if results.entry(role).or_default().insert(case.clone(), result).is_some() {
                        return Err(problem(format!("{case} occurs twice")));
                    }
                }
            }
        }
        let mut take = |key: &str| head.remove(key).ok_or_else(|| format!("the head has no line '# {key}: ...'"));
        Ok(Self { of: take("of")?, date: take("date")?, suite: take("suite")?, command: take("command")?, results })
    }

    /// Returns the text of the baseline file.
    pub fn to_text(&self) -> String {
        let Self { of, date, suite, command, results } = self;
        let mut text = format!("# of: {of}\n# suite: {suite}\n# date: {date}\n# command: {command}\n{COLUMNS}\n");
        let cases: BTreeSet<&CaseId> = results.values().flat_map(CaseResults::keys).collect();
        for case in cases {
            text.push_str(&case.to_string());
            for role in TestedRole::ALL {
                let result = results.get(&role).and_then(|results| results.get(case)).unwrap_or(&CaseResult::MISSING);
                // Writing to a `String` cannot fail, so ignore the result.
                let _ = write!(text, "\t{}\t{}", result.behavior, result.close);
            }
            text.push('\n');
        }
        text
    }

    /// Returns the differences between these results and those of a new run, one line for each
    /// case. Cases that were not run are ignored.
    pub fn changes(&self, role: TestedRole, now: &CaseResults) -> Vec<String> {
        let before = &self.results[&role];
        let change = |(case, now): (&CaseId, &CaseResult)| match before.get(case) {
            Some(before) if before == now => None,
            Some(before) => Some(format!("{role} {case}: was {before}; is {now}")),
            None => Some(format!("{role} {case}: is not in the baseline; is {now}")),
        };
        now.iter().filter_map(change).collect()
    }
}

fn row(line: &str) -> Result<(CaseId, [CaseResult; 2]), String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [case, verdicts @ ..] = &fields[..] else { return Err("it is empty".to_owned()) };
    let verdicts: Vec<CaseVerdict> = verdicts.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
    let [server, server_close, client, client_close] = verdicts[..] else {
        return Err(format!("it has {} fields instead of 5", fields.len()));
    };
    let results = [(server, server_close), (client, client_close)];
    Ok((case.parse()?, results.map(|(behavior, close)| CaseResult { behavior, close })))
}
