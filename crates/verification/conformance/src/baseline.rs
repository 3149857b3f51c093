//! What the suite said before, as a file in `baselines/`: a line for each case, to be read by people and by `git diff`.
//!
//! ```text
//!   # suite: 25.10.1                                            the head: how this came about
//!   case    server  server close  client      client close      tabs between them
//!   1.1.1   OK      OK            OK          OK
//!   6.4.3   OK      OK            NON-STRICT  OK
//! ```

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use crate::{
    Role,
    case::Case,
    verdict::{Outcome, Outcomes, Verdict},
};

const COLUMNS: &str = "case\tserver\tserver close\tclient\tclient close";

/// The outcomes of a whole run in both roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// What was judged, with its version.
    pub of: String,
    /// The day of the run, as `2026-01-31`.
    pub date: String,
    /// The suite's version.
    pub suite: String,
    /// What to type to get this file again.
    pub command: String,
    /// Role by role.
    pub outcomes: BTreeMap<Role, Outcomes>,
}

impl Baseline {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// Which line is wrong, and how.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut head = BTreeMap::new();
        let mut outcomes = BTreeMap::from(Role::ALL.map(|role| (role, Outcomes::new())));
        for (number, line) in text.lines().enumerate() {
            let problem = |what: String| format!("line {}: {what}", number + 1);
            if let Some(line) = line.strip_prefix("# ") {
                let (key, value) = line.split_once(": ").ok_or_else(|| problem("no 'key: value'".to_owned()))?;
                head.insert(key, value.to_owned());
            } else if line != COLUMNS {
                let (case, [server, client]) = row(line).map_err(problem)?;
                for (role, outcome) in [(Role::Server, server), (Role::Client, client)] {
                    if outcomes.entry(role).or_default().insert(case.clone(), outcome).is_some() {
                        return Err(problem(format!("{case} once more")));
                    }
                }
            }
        }
        let mut take = |key: &str| head.remove(key).ok_or_else(|| format!("the head has no line '# {key}: ...'"));
        Ok(Self { of: take("of")?, date: take("date")?, suite: take("suite")?, command: take("command")?, outcomes })
    }

    /// The text of a file.
    pub fn to_text(&self) -> String {
        let Self { of, date, suite, command, outcomes } = self;
        let mut text = format!("# of: {of}\n# suite: {suite}\n# date: {date}\n# command: {command}\n{COLUMNS}\n");
        let cases: BTreeSet<&Case> = outcomes.values().flat_map(Outcomes::keys).collect();
        for case in cases {
            text.push_str(&case.to_string());
            for role in Role::ALL {
                let outcome = outcomes.get(&role).and_then(|outcomes| outcomes.get(case)).unwrap_or(&Outcome::MISSING);
                // Writing to a String cannot fail.
                let _ = write!(text, "\t{}\t{}", outcome.behaviour, outcome.close);
            }
            text.push('\n');
        }
        text
    }

    /// What is different now, a line for each case, for better or worse. Cases that were not run are not compared.
    pub fn changes(&self, role: Role, now: &Outcomes) -> Vec<String> {
        let before = &self.outcomes[&role];
        let change = |(case, now): (&Case, &Outcome)| match before.get(case) {
            Some(before) if before == now => None,
            Some(before) => Some(format!("{role} {case}: was {before}; is {now}")),
            None => Some(format!("{role} {case}: is not in the baseline; is {now}")),
        };
        now.iter().filter_map(change).collect()
    }
}

fn row(line: &str) -> Result<(Case, [Outcome; 2]), String> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [case, verdicts @ ..] = &fields[..] else { return Err("is empty".to_owned()) };
    let verdicts: Vec<Verdict> = verdicts.iter().map(|word| word.parse()).collect::<Result<_, _>>()?;
    let [server, server_close, client, client_close] = verdicts[..] else {
        return Err(format!("has {} fields instead of 5", fields.len()));
    };
    let outcomes = [(server, server_close), (client, client_close)];
    Ok((case.parse()?, outcomes.map(|(behaviour, close)| Outcome { behaviour, close })))
}
