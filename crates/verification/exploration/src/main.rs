//! `cargo run --release -p exploration`: explores up to the deep bounds, and prints a table.
//!
//! `search` explores up to one bound. `mistakes` puts mistakes into a copy of the engine, and shows
//! that each is found.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::Instant,
};

use clap::{Parser, Subcommand};
use exploration::{
    conversation,
    mistakes::{MISTAKES, Scratch},
    search::search,
    world::{Bound, DEEP_BOUNDS, Setup},
};

/// Tries every interleaving of a client and a server, up to a bound.
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
    /// Puts mistakes into a copy of the engine, and explores it
    Mistakes {
        /// Names of mistakes [default: all]
        names: Vec<String>,
    },
}

fn main() -> ExitCode {
    let result = match ExplorationArgs::parse().command {
        None => explore(&DEEP_BOUNDS),
        Some(ExplorationCommand::Search { causes, whole_frames, keep_alive }) => {
            explore(&[Bound { causes, cuts: !whole_frames, keep_alive }])
        }
        Some(ExplorationCommand::Mistakes { names }) => find_mistakes(&names),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Explores up to each bound, and prints a row for it. Returns whether every property holds.
fn explore(bounds: &[Bound]) -> io::Result<bool> {
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
            return Ok(false);
        }
    }
    Ok(true)
}

/// Explores a copy of the engine with each mistake. Returns whether each is found.
fn find_mistakes(names: &[String]) -> io::Result<bool> {
    if let Some(unknown) = names.iter().find(|name| !MISTAKES.iter().any(|mistake| mistake.name == **name)) {
        let known = MISTAKES.map(|mistake| mistake.name).join(", ");
        return Err(io::Error::other(format!("there is no mistake {unknown}; the mistakes are {known}")));
    }
    let scratch = Scratch::create()?;
    let mut all_found = true;
    for mistake in MISTAKES.iter().filter(|mistake| names.is_empty() || names.iter().any(|name| name == mistake.name)) {
        let (output, found) = scratch.explore(mistake)?;
        println!("{}: {}\n", mistake.name, mistake.description);
        println!("{output}{}", if found { "" } else { "NOT FOUND\n" });
        all_found &= found;
    }
    Ok(all_found)
}
