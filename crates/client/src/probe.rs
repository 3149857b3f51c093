//! `--probe`: breaks every rule that a client can break, one after the other, and prints what the server did.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use laboratory::{Evaluation, Fault, Probe, RequirementLevel, Role, Verdict, faults};
use serde_json::json;
use websocket::ConnectError;

use crate::{args::Args, opening, say::say};

/// Probes the server that the command line names.
///
/// The exit status is 0 if the server did nothing that the RFC says it must not, and 1 otherwise.
pub(crate) async fn run(args: &Args) -> ExitCode {
    match probe(args).await {
        Ok(tally) => {
            say(&tally);
            if tally.musts_broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(Stop::Sentence(sentence)) => {
            say(sentence);
            ExitCode::FAILURE
        }
        // `client --probe | head` has got what it wanted.
        Err(Stop::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(Stop::Output(error)) => {
            say(format_args!("cannot write: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Why a probe ends before it is through.
enum Stop {
    /// There is no connection to be had. Says why.
    Sentence(String),
    /// Nobody reads the table.
    Output(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Prints every rule that a client can break, one on a line.
pub(crate) fn list() -> ExitCode {
    let mut lines =
        faults::sent_by(Role::Client).map(|rule| format!("{:26}  {:6}  {}", rule.name, rule.section, rule.description));
    match lines.try_for_each(|line| print(&line)) {
        Ok(()) => ExitCode::SUCCESS,
        // `client --probe-list | head` has got what it wanted.
        Err(_) => ExitCode::FAILURE,
    }
}

async fn probe(args: &Args) -> Result<Tally, Stop> {
    let request = opening::request(args).map_err(Stop::Sentence)?;
    let uri = request.uri().clone();
    let probe = Probe::new(request).connect_timeout(args.connect_timeout).reaction_timeout(args.probe_patience);
    let explain = |error: &ConnectError| opening::explain(error, &uri, args.connect_timeout);

    let mut tally = Tally::default();
    if !args.json {
        let [rule, section, level, expected, seen, verdict] = ["RULE", "RFC", "DEMAND", "EXPECTED", "SEEN", "VERDICT"];
        print(&format!("{rule:26}  {section:6}  {level:6}  {expected:19}  {seen:29}  {verdict}"))?;
    }
    for fault in chosen(args) {
        let evaluation = match probe.run(fault).await {
            Ok(evaluation) => evaluation,
            Err(error) if tally.last.is_empty() => return Err(Stop::Sentence(explain(&error))),
            Err(error) => {
                let last = tally.last;
                return Err(Stop::Sentence(format!(
                    "there is no connection any more after '{last}': {}",
                    explain(&error)
                )));
            }
        };
        print(&if args.json { json_line(&evaluation) } else { row(&evaluation) })?;
        tally.count(&evaluation);
    }
    Ok(tally)
}

/// The rules that are to be broken: all, or those that the command line names.
fn chosen(args: &Args) -> impl Iterator<Item = &'static Fault> {
    faults::sent_by(Role::Client)
        .filter(|rule| args.probe_only.is_empty() || args.probe_only.iter().any(|name| name == rule.name))
}

/// A line of the table.
fn row(evaluation: &Evaluation) -> String {
    let Fault { name, section, level, expected, .. } = evaluation.fault();
    let (seen, verdict) = (evaluation.observations(), evaluation.verdict());
    let mark = if evaluation.violates_must() { ", against a MUST" } else { "" };
    format!("{name:26}  {section:6}  {level:6}  {expected:19}  {seen:29}  {verdict}{mark}")
}

/// The same for programs, with the reason that the server gave.
fn json_line(evaluation: &Evaluation) -> String {
    let Fault { name, section, level, expected, description, reason, .. } = evaluation.fault();
    let seen = evaluation.observations();
    json!({
        "rule": name,
        "section": section,
        "broken": description,
        "why": reason,
        "demand": level.to_string(),
        "expected": expected.to_string(),
        "seen": seen.to_string(),
        "status": seen.response.map(|response| response.status),
        "close": seen.close.as_ref().map(|close| json!({ "code": close.code, "reason": close.reason })),
        "verdict": evaluation.verdict().to_string(),
        "against_a_must": evaluation.violates_must(),
    })
    .to_string()
}

/// Each line at once, for somebody who watches.
fn print(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// How many of what.
#[derive(Debug, Default)]
struct Tally {
    total: usize,
    as_asked: usize,
    musts_broken: usize,
    let_pass: usize,
    /// The name of the last rule that was broken.
    last: &'static str,
}

impl Tally {
    fn count(&mut self, evaluation: &Evaluation) {
        self.total += 1;
        self.last = evaluation.fault().name;
        if evaluation.verdict() == Verdict::AsExpected {
            self.as_asked += 1;
        } else if evaluation.violates_must() {
            self.musts_broken += 1;
        } else if evaluation.fault().level != RequirementLevel::Must
            && matches!(evaluation.verdict(), Verdict::Tolerated | Verdict::NoAnswer)
        {
            self.let_pass += 1;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { total, as_asked, musts_broken, let_pass, .. } = self;
        let otherwise = total - as_asked - musts_broken - let_pass;
        let rules = if *total == 1 { "rule" } else { "rules" };
        write!(
            f,
            "{total} {rules} broken: {as_asked} answered as the RFC asks, {otherwise} refused in another way, {let_pass} let \
             pass where the RFC allows it, {musts_broken} where it does not"
        )
    }
}
