//! `--probe`: breaks every rule that a client can break, one after the other, and prints how the
//! server reacts.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use dissector::{printable, printable_json};
use laboratory::{Evaluation, Fault, Probe, RequirementLevel, Role, Verdict, faults};
use serde_json::json;
use websocket::ConnectError;

use crate::{args::ClientArgs, connect_error::explain, opening, report::report};

/// Probes the server that the command line names.
///
/// The exit status is 0 if the probe was completed and the server violated no MUST of the RFC, and
/// 1 otherwise.
pub(crate) async fn run(args: &ClientArgs) -> ExitCode {
    match probe(args).await {
        Ok(tally) => {
            report(&tally);
            if tally.musts_broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(ProbeError::NotConnected(sentence)) => {
            report(sentence);
            ExitCode::FAILURE
        }
        // With `client --probe | head`, the pipe breaks once `head` has read all the lines it
        // wants. That is normal, so print no error message.
        Err(ProbeError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(ProbeError::Output(error)) => {
            report(format_args!("cannot write to standard output: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// The reason why a probe ends early.
enum ProbeError {
    /// No connection could be opened. Contains the sentence that explains why.
    NotConnected(String),
    /// The table cannot be written.
    Output(io::Error),
}

impl From<io::Error> for ProbeError {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Prints every rule that a client can break, one per line.
pub(crate) fn list() -> ExitCode {
    let mut lines = faults::sent_by(Role::Client)
        .map(|fault| format!("{:26}  {:6}  {}", fault.name, fault.section, fault.description));
    match lines.try_for_each(|line| print(&line)) {
        Ok(()) => ExitCode::SUCCESS,
        // With `client --probe-list | head`, the pipe breaks once `head` has read all the lines it
        // wants. That is normal, so print no error message.
        Err(_) => ExitCode::FAILURE,
    }
}

async fn probe(args: &ClientArgs) -> Result<Tally, ProbeError> {
    let request = opening::request(args).map_err(ProbeError::NotConnected)?;
    let transport = opening::transport_options(args).map_err(ProbeError::NotConnected)?;
    let uri = request.uri().clone();
    let probe = Probe::new(request)
        .transport(transport)
        .connect_timeout(args.connect_timeout)
        .reaction_timeout(args.probe_patience);
    let explain = |error: &ConnectError| explain(error, &uri, args.connect_timeout);

    let mut tally = Tally::default();
    if !args.json {
        let [rule, section, level, expected, seen, verdict] = ["RULE", "RFC", "DEMAND", "EXPECTED", "SEEN", "VERDICT"];
        print(&format!("{rule:26}  {section:6}  {level:6}  {expected:19}  {seen:29}  {verdict}"))?;
    }
    for fault in selected_faults(args) {
        let evaluation = match probe.run(fault).await {
            Ok(evaluation) => evaluation,
            Err(error) => {
                let reason = explain(&error);
                // The server accepted the connection for the previous fault but not the one for
                // this fault, so the previous fault may have crashed it. Name the previous fault in
                // the error.
                return Err(ProbeError::NotConnected(match tally.last {
                    None => reason,
                    Some(last) => format!("cannot connect any more after '{last}': {reason}"),
                }));
            }
        };
        print(&if args.json { json_line(&evaluation) } else { table_row(&evaluation) })?;
        tally.count(&evaluation);
    }
    Ok(tally)
}

/// Returns the faults to send: all of them, or only those that the command line names.
fn selected_faults(args: &ClientArgs) -> impl Iterator<Item = &'static Fault> {
    faults::sent_by(Role::Client)
        .filter(|fault| args.probe_only.is_empty() || args.probe_only.iter().any(|name| name == fault.name))
}

/// Formats an evaluation as a row of the table. The row may quote the server, so characters that
/// could control the terminal are escaped.
fn table_row(evaluation: &Evaluation) -> String {
    let Fault { name, section, level, expected, .. } = evaluation.fault();
    let (seen, verdict) = (evaluation.observations(), evaluation.verdict());
    let mark = if evaluation.violates_must() { ", against a MUST" } else { "" };
    let row = format!("{name:26}  {section:6}  {level:6}  {expected:19}  {seen:29}  {verdict}{mark}");
    printable(&row).into_owned()
}

/// Formats an evaluation as a line of JSON for programs, together with the close code and the
/// reason that the server sent. Characters that could control a terminal are escaped.
fn json_line(evaluation: &Evaluation) -> String {
    let Fault { name, section, level, expected, description, reason, .. } = evaluation.fault();
    let seen = evaluation.observations();
    let line = json!({
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
    .to_string();
    printable_json(&line).into_owned()
}

/// Prints a line and flushes it, so that the user can watch the probe's progress.
fn print(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// The number of faults with each verdict.
#[derive(Debug, Default)]
struct Tally {
    total: usize,
    as_required: usize,
    musts_broken: usize,
    tolerated: usize,
    /// The name of the last rule that was broken.
    last: Option<&'static str>,
}

impl Tally {
    fn count(&mut self, evaluation: &Evaluation) {
        self.total += 1;
        self.last = Some(evaluation.fault().name);
        if evaluation.verdict() == Verdict::AsExpected {
            self.as_required += 1;
        } else if evaluation.violates_must() {
            self.musts_broken += 1;
        } else if evaluation.fault().level != RequirementLevel::Must
            && matches!(evaluation.verdict(), Verdict::Tolerated | Verdict::NoAnswer)
        {
            self.tolerated += 1;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { total, as_required, musts_broken, tolerated, .. } = self;
        let otherwise = total - as_required - musts_broken - tolerated;
        let rules = if *total == 1 { "rule" } else { "rules" };
        write!(
            f,
            "{total} {rules} broken: {as_required} answered as the RFC requires, {otherwise} rejected in another way, \
             {tolerated} tolerated where the RFC allows it, {musts_broken} where it does not"
        )
    }
}
