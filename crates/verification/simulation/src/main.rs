//! `cargo run --release -p simulation -- --seeds 10000`

use std::{
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use clap::{Parser, ValueEnum};
use simulation::{
    ledger::Totals,
    run::{Report, run},
    scenario::Subject,
};

/// Runs clients and a server on simulated networks whose faults are drawn from a seed
#[derive(Debug, Parser)]
struct Args {
    /// The server to run: one built on the library `websocket`, or the program `server`
    #[arg(long, value_name = "SERVER", value_enum, default_value_t = Subject::Library)]
    of: Subject,
    /// Number of seeds to run
    #[arg(long, value_name = "N", default_value_t = 300)]
    seeds: u64,
    /// The first seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    first: u64,
    /// Runs only this seed, and prints its conversation
    #[arg(long, value_name = "N", conflicts_with_all = ["seeds", "first"])]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    match args.seed {
        Some(seed) => {
            let report = run(seed, args.of, true);
            print!("{}", report.conversation);
            println!("{report}, digest {:016x}", report.digest);
            if report.failure.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        None => run_seeds(args.of, args.first, args.seeds),
    }
}

/// Runs seeds on all processors, until one fails. Prints the conversation of the lowest seed that
/// failed.
fn run_seeds(subject: Subject, first: u64, count: u64) -> ExitCode {
    let begin = Instant::now();
    let (next, failed) = (AtomicU64::new(first), AtomicBool::new(false));
    let reports = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed - first >= count {
                        return;
                    }
                    let report = run(seed, subject, false);
                    if report.failure.is_some() {
                        println!("{report}");
                        failed.store(true, Ordering::Relaxed);
                    }
                    reports.lock().unwrap_or_else(PoisonError::into_inner).push(report);
                }
            });
        }
    });
    let reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
    print_totals(&reports, begin);
    match reports.iter().filter(|report| report.failure.is_some()).map(|report| report.seed).min() {
        None => ExitCode::SUCCESS,
        Some(seed) => {
            let report = run(seed, subject, true);
            println!(
                "{}{report}\nrun it again: cargo run --release -p simulation -- --of {} --seed {seed}",
                report.conversation,
                subject.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
            );
            ExitCode::FAILURE
        }
    }
}

fn print_totals(reports: &[Report], begin: Instant) {
    let sum = |of: fn(&Totals) -> u64| reports.iter().map(|report| of(&report.totals)).sum::<u64>();
    let hours = reports.iter().map(|report| report.time.as_secs_f64()).sum::<f64>() / 3600.0;
    println!("{} seeds, {hours:.1} virtual hours in {:.1} s", reports.len(), begin.elapsed().as_secs_f64());
    println!("{} faults", sum(|totals| totals.faults));
    println!("{} sessions, {} closed cleanly", sum(|totals| totals.sessions), sum(|totals| totals.clean));
    println!("{} messages, {} acknowledged", sum(|totals| totals.messages), sum(|totals| totals.acknowledged));
    println!("{} dead peers reported", sum(|totals| totals.dead_peers));
    println!("{} texts of the chat and {} pushes arrived", sum(|totals| totals.texts), sum(|totals| totals.pushes));
    let max_queued = reports.iter().map(|report| report.totals.max_queued).max().unwrap_or_default();
    let max_buffered = reports.iter().map(|report| report.totals.max_buffered).max().unwrap_or_default();
    println!("at most {max_queued} bytes queued and {max_buffered} bytes buffered in one connection");
}
