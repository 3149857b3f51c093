//! `cargo run --release -p exploration`: explores up to each of the `DEEP_BOUNDS`, and prints a
//! table.
//!
//! `search` explores up to one bound.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::Instant,
};

use clap::{Parser, Subcommand};
use exploration::{
    conversation,
    search::search,
    world::{Bound, DEEP_BOUNDS, Setup},
};

/// Tries every interleaving of the steps of a client and a server, up to a bound.
#[derive(Debug, Parser)]
struct ExplorationArgs {
    #[command(subcommand)]
    command: Option<ExplorationCommand>,
}

#[derive(Debug, Subcommand)]
enum ExplorationCommand {
    /// Explores up to this bound
    Search {
        /// Maximum number of causes in one interleaving
        #[arg(long, value_name = "NUMBER")]
        causes: u8,

        /// Cut the wire only between frames
        #[arg(long)]
        whole_frames: bool,

        /// Give both sides a keep-alive
        #[arg(long)]
        keep_alive: bool,
    },
}

fn main() -> ExitCode {
    let every_property_holds = match ExplorationArgs::parse().command {
        None => explore(&DEEP_BOUNDS),
        Some(ExplorationCommand::Search { causes, whole_frames, keep_alive }) => {
            explore(&[Bound { causes, cuts: !whole_frames, keep_alive }])
        }
    };
    if every_property_holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Explores up to each bound, and prints a table with one row for each. Returns `true` if every
/// property holds.
fn explore(bounds: &[Bound]) -> bool {
    println!("| causes | cuts | keep-alive | states | steps | endings | longest | seconds |");
    println!("|---|---|---|---|---|---|---|---|");
    for bound in bounds {
        let setup = Setup::new(*bound);
        let started = Instant::now();
        let is_terminal = io::stderr().is_terminal();
        let report = search(&setup, &mut |visited, found| {
            if is_terminal && visited % 1000 == 0 {
                eprint!("\r{visited} of {found} states ");
                let _ = io::stderr().flush();
            }
        });
        let cuts = if bound.cuts { "inside frames" } else { "between frames" };
        let keep_alive = if bound.keep_alive { "yes" } else { "no" };
        let seconds = started.elapsed().as_secs();
        println!(
            "{}| {} | {cuts} | {keep_alive} | {} | {} | {} | {} | {seconds} |",
            if is_terminal { "\r" } else { "" },
            bound.causes,
            report.states,
            report.steps,
            report.endings,
            report.longest
        );
        if let Some(counterexample) = &report.counterexample {
            println!("\n{}", conversation::describe(&setup, counterexample));
            return false;
        }
    }
    true
}
