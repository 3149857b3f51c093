//! `cargo run --release -p conformance`: see the library's documentation.

mod args;

use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Instant, SystemTime},
};

use clap::Parser;
use conformance::{
    agent, axum_server,
    baseline::Baseline,
    case_id::{self, CaseId},
    suite::Suite,
    table::table,
    tested_role::TestedRole,
    verdict::CaseResults,
};

use crate::args::{ConformanceArgs, ConformanceCommand, RunArgs};

fn main() -> ExitCode {
    let args = ConformanceArgs::parse();
    let result = match args.command {
        Some(ConformanceCommand::Install { folder }) => Suite::installed(&folder).map(|_| true),
        Some(ConformanceCommand::Serve { of }) => block_on(axum_server::run(of)),
        Some(ConformanceCommand::Agent { url, of }) => block_on(agent::run(of, &url)),
        None => run(&args.run),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one of the servers or clients that are part of this program.
fn block_on(program: impl Future<Output = Result<(), String>>) -> Result<bool, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(program).map(|()| true)
}

/// Runs the suite. Returns `true` if the verdicts equal the baseline's, or if they were stored as
/// the new baseline.
fn run(args: &RunArgs) -> Result<bool, String> {
    let reports = match &args.reports {
        Some(folder) => folder.clone(),
        None => target()?.join("conformance"),
    };
    let suite = Suite::installed(args.suite.as_ref().unwrap_or(&reports.join("suite")))?;
    let mut cases = case_id::choose(suite.cases(), &args.cases)?;
    cases.retain(|case| args.of.covers(case));
    if args.quick {
        cases.retain(|case| !case.is_long());
    }
    args.of.prepare()?;

    let begun = Instant::now();
    let reports = reports.join(args.of.name());
    let results = run_in_roles(args, &suite, &cases, &reports)?;
    let runs: Vec<(String, &CaseResults)> = results.iter().map(|(role, results)| (role.to_string(), results)).collect();
    println!("{}, tested by the Autobahn testsuite {}\n", args.of.version()?, suite.version());
    println!("{}", table(&runs));
    println!(
        "{} seconds; for a web page of each case, open {}/*/index.html",
        begun.elapsed().as_secs(),
        reports.display()
    );

    if args.update { update(args, &suite, results).map(|()| true) } else { compare(args, &suite, &results) }
}

/// Runs the suite in the chosen role, or in both roles at the same time. Most of the processor time
/// goes to the suite, and little to the tested program. Each instance of the suite has a single
/// thread, so running two instances at once makes use of two cores.
fn run_in_roles(
    args: &RunArgs,
    suite: &Suite,
    cases: &[CaseId],
    reports: &std::path::Path,
) -> Result<BTreeMap<TestedRole, CaseResults>, String> {
    let roles = args.role.map_or(TestedRole::ALL.to_vec(), |role| vec![role]);
    thread::scope(|scope| {
        let start = |role: TestedRole| {
            let reports = reports.join(role.to_string());
            scope.spawn(move || suite.run(args.of, role, cases, &reports, args.time_limit))
        };
        let running: Vec<_> = roles.into_iter().map(|role| (role, start(role))).collect();
        let ended = running.into_iter().map(|(role, thread)| match thread.join() {
            Ok(results) => Ok((role, results?)),
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.collect()
    })
}

fn update(args: &RunArgs, suite: &Suite, results: BTreeMap<TestedRole, CaseResults>) -> Result<(), String> {
    let mut date = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    date.truncate("2026-01-31".len());
    let name = args.of.name();
    let command = format!("cargo run --release -p conformance -- --of {name} --update");
    let baseline = Baseline { of: args.of.version()?, date, suite: suite.version().to_owned(), command, results };
    let file = args.of.baseline();
    fs::write(&file, baseline.to_text()).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("the new baseline is {}", file.display());
    Ok(())
}

fn compare(args: &RunArgs, suite: &Suite, results: &BTreeMap<TestedRole, CaseResults>) -> Result<bool, String> {
    let file = args.of.baseline();
    let problem = |error: String| format!("{}: {error}; use --update to write a new baseline", file.display());
    let text = fs::read_to_string(&file).map_err(|error| problem(error.to_string()))?;
    let baseline = Baseline::parse(&text).map_err(problem)?;
    if baseline.suite != suite.version() {
        println!("the baseline is from version {} of the suite", baseline.suite);
    }
    let changes: Vec<String> = results.iter().flat_map(|(role, results)| baseline.changes(*role, results)).collect();
    if changes.is_empty() {
        println!("no differences to the baseline of {}", baseline.date);
    } else {
        println!("{} differences to the baseline of {}:", changes.len(), baseline.date);
        for change in &changes {
            println!("  {change}");
        }
        println!("if these differences are intended, write a new baseline: {}", baseline.command);
    }
    Ok(changes.is_empty())
}

/// Returns cargo's target folder.
fn target() -> Result<PathBuf, String> {
    let this = env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    // The path of this program is target/debug/conformance or target/release/conformance, so the
    // target folder is two levels above it.
    this.ancestors().nth(2).map(Into::into).ok_or_else(|| "cannot find the target folder: use --reports".to_owned())
}
