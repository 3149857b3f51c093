//! `cargo run --release -p conformance`

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
    Role, agent,
    baseline::Baseline,
    case::{self, Case},
    suite::Suite,
    table::table,
    verdict::Outcomes,
};

use crate::args::{Args, Command, Run};

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match args.command {
        Some(Command::Install { folder }) => Suite::installed(&folder).map(|_| true),
        Some(Command::Agent { url, of }) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())
            .and_then(|runtime| runtime.block_on(agent::run(of, &url)))
            .map(|()| true),
        None => run(&args.run),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all is as it was.
fn run(args: &Run) -> Result<bool, String> {
    let reports = match &args.reports {
        Some(folder) => folder.clone(),
        None => target()?.join("conformance"),
    };
    let suite = Suite::installed(args.suite.as_ref().unwrap_or(&reports.join("suite")))?;
    let mut cases = case::choose(suite.cases(), &args.cases)?;
    if args.quick {
        cases.retain(|case| !case.is_long());
    }
    args.of.prepare()?;

    let begun = Instant::now();
    let reports = reports.join(args.of.name());
    let outcomes = judge(args, &suite, &cases, &reports)?;
    let runs: Vec<(String, &Outcomes)> = outcomes.iter().map(|(role, outcomes)| (role.to_string(), outcomes)).collect();
    println!("{}, judged by the Autobahn testsuite {}\n", args.of.version()?, suite.version());
    println!("{}", table(&runs));
    println!("{} seconds; every case as a web page: {}/*/index.html", begun.elapsed().as_secs(), reports.display());

    if args.update { update(args, &suite, outcomes).map(|()| true) } else { compare(args, &suite, &outcomes) }
}

/// Both sides at once: the suite is one thread, and takes most of the time for itself.
fn judge(
    args: &Run,
    suite: &Suite,
    cases: &[Case],
    reports: &std::path::Path,
) -> Result<BTreeMap<Role, Outcomes>, String> {
    let roles = args.role.map_or(Role::ALL.to_vec(), |role| vec![role]);
    thread::scope(|scope| {
        let judge = |role: Role| {
            let reports = reports.join(role.to_string());
            scope.spawn(move || suite.judge(args.of, role, cases, &reports, args.time_limit))
        };
        let running: Vec<_> = roles.into_iter().map(|role| (role, judge(role))).collect();
        let ended = running.into_iter().map(|(role, thread)| match thread.join() {
            Ok(outcomes) => Ok((role, outcomes?)),
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.collect()
    })
}

fn update(args: &Run, suite: &Suite, outcomes: BTreeMap<Role, Outcomes>) -> Result<(), String> {
    let mut date = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    date.truncate("2026-01-31".len());
    let name = args.of.name();
    let command = format!("cargo run --release -p conformance -- --of {name} --update");
    let baseline = Baseline { of: args.of.version()?, date, suite: suite.version().to_owned(), command, outcomes };
    let file = args.of.baseline();
    fs::write(&file, baseline.to_text()).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("written to {}", file.display());
    Ok(())
}

fn compare(args: &Run, suite: &Suite, outcomes: &BTreeMap<Role, Outcomes>) -> Result<bool, String> {
    let file = args.of.baseline();
    let problem = |error: String| format!("{}: {error}; --update writes a new one", file.display());
    let text = fs::read_to_string(&file).map_err(|error| problem(error.to_string()))?;
    let baseline = Baseline::parse(&text).map_err(problem)?;
    if baseline.suite != suite.version() {
        println!("the baseline is by version {} of the suite", baseline.suite);
    }
    let changes: Vec<String> = outcomes.iter().flat_map(|(role, outcomes)| baseline.changes(*role, outcomes)).collect();
    if changes.is_empty() {
        println!("as in the baseline of {}", baseline.date);
    } else {
        println!("not as in the baseline of {}, {} of them:", baseline.date, changes.len());
        for change in &changes {
            println!("  {change}");
        }
        println!("if that is as it should be, write a new baseline: {}", baseline.command);
    }
    Ok(changes.is_empty())
}

/// Cargo's folder for all that is built.
fn target() -> Result<PathBuf, String> {
    let this = env::current_exe().map_err(|error| format!("where is this program? {error}"))?;
    // This is target/debug/conformance or target/release/conformance.
    this.ancestors().nth(2).map(Into::into).ok_or_else(|| "--reports is needed".to_owned())
}
