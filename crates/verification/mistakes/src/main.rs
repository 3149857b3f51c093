//! `cargo run -p mistakes`: puts each mistake into a copy of the source, and shows whether the
//! intended technique finds it.

use std::{io, process::ExitCode};

use clap::Parser;
use mistakes::{
    scratch::{Finding, Scratch},
    technique::TECHNIQUES,
};

/// Puts each deliberate mistake into a copy of the source, and shows whether the intended technique
/// finds it.
#[derive(Debug, Parser)]
struct Args {
    /// Names of techniques (exploration, simulation, program, schedules) or of mistakes [default:
    /// all]
    names: Vec<String>,

    /// Also run the ordinary tests of the crate with the mistake, to show whether they find it too
    #[arg(long)]
    plain_tests: bool,
}

fn main() -> ExitCode {
    match find_mistakes(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// For each chosen mistake, runs its technique on a copy of the source that contains the mistake.
/// Returns `true` if every mistake was found.
fn find_mistakes(args: &Args) -> io::Result<bool> {
    let known =
        || TECHNIQUES.iter().flat_map(|technique| technique.mistakes.iter().map(move |mistake| (technique, mistake)));
    let chosen: Vec<_> = known()
        .filter(|(technique, mistake)| {
            args.names.is_empty() || args.names.iter().any(|name| name == technique.name || name == mistake.name)
        })
        .collect();
    if let Some(unknown) = args
        .names
        .iter()
        .find(|name| !chosen.iter().any(|(technique, mistake)| **name == technique.name || **name == mistake.name))
    {
        let names: Vec<_> = known().map(|(_, mistake)| mistake.name).collect();
        return Err(io::Error::other(format!("there is no mistake {unknown}; the mistakes are {}", names.join(", "))));
    }
    let scratch = Scratch::create()?;
    let mut all_found = true;
    for (technique, mistake) in chosen {
        println!("{}: {}", mistake.name, mistake.description);
        let Finding { is_found, output } = scratch.run(technique, mistake)?;
        output.lines().filter(|line| (technique.is_account)(line)).for_each(|line| println!("  {line}"));
        println!("  {}: {}", technique.name, if is_found { "found" } else { "NOT FOUND" });
        if args.plain_tests {
            let Finding { is_found, output } = scratch.run_plain_tests(technique, mistake)?;
            output.lines().filter(|line| line.ends_with("FAILED")).for_each(|line| println!("  {line}"));
            println!("  plain tests of {}: {}", technique.plain_tests, if is_found { "found" } else { "missed" });
        }
        println!();
        all_found &= is_found;
    }
    Ok(all_found)
}
