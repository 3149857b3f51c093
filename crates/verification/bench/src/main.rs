//! Measures WebSocket libraries side by side: `cargo run --release -p bench -- --help`.
//!
//! | module | what it does |
//! |---|---|
//! | `options` | the command line |
//! | `prepare` | what has to be built first |
//! | `contestants`, `process` | who is measured; a server in a process of its own |
//! | `load` | the connections that send and compare |
//! | `measure`, `rounds` | one server under one load; all of them in turns |
//! | `echo`, `fan_out`, `idle`, `growth`, `fairness`, `codec` | the parts of the report |
//! | `machine`, `stats`, `table`, `report` | what the parts share |
//!
//! It reads `/proc` and keeps threads to their cores, so it runs on Linux.

mod codec;
mod contestants;
mod echo;
mod fairness;
mod fan_out;
mod growth;
mod idle;
mod load;
mod machine;
mod measure;
mod options;
mod prepare;
mod process;
mod report;
mod rounds;
mod stats;
mod table;

use std::{error::Error, fs, process::ExitCode, time::SystemTime};

use bench::peers::PEERS;
use clap::Parser;

use crate::{
    contestants::{Contestant, RAW},
    machine::Steal,
    options::{Options, Part, Run},
    report::Section,
};

fn main() -> ExitCode {
    let Options { part, run } = Options::parse();
    let done = match &part {
        Part::Serve { name, fan_out } => serve(name, *fan_out),
        part => measure(part, &run),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Is one of the contestants.
fn serve(name: &str, fan_out: bool) -> Result<(), Box<dyn Error>> {
    let peer = PEERS.iter().find(|peer| peer.name == name).ok_or_else(|| format!("there is no '{name}'"))?;
    let serve = if fan_out { peer.fan_out.ok_or_else(|| format!("'{name}' has no fan-out"))? } else { peer.echo };
    Ok(serve()?)
}

fn measure(part: &Part, run: &Run) -> Result<(), Box<dyn Error>> {
    if *part == Part::All {
        prepare::everything();
    }
    machine::allow_many_files()?;
    run.cores.stay_with_load()?;
    let (mut contestants, missing) = contestants::all();
    for missing in &missing {
        eprintln!("left out: {missing}");
    }
    let wanted =
        |one: &Contestant| run.only.is_empty() || one.name == RAW || run.only.iter().any(|name| name == one.name);
    contestants.retain(wanted);

    let steal = Steal::now();
    let mut text = introduction(&missing);
    let mut data = serde_json::Map::new();
    for (one, measure) in PARTS {
        if *part == Part::All || *part == one {
            let section = measure(&contestants, run);
            text.push_str(section.text());
            data.extend([section.into_data()]);
        }
    }
    let stolen = Steal::now().percent_since(steal);
    text.push_str(&format!("During this run, other virtual machines took {stolen:.1} % of the cores' time.\n"));
    match &run.out {
        Some(file) => fs::write(file, text)?,
        None => print!("{text}"),
    }
    if let Some(file) = &run.json {
        fs::write(file, serde_json::to_vec_pretty(&data)?)?;
    }
    Ok(())
}

type Measure = fn(&[Contestant], &Run) -> Section;

const PARTS: [(Part, Measure); 6] = [
    (Part::Echo, echo::run),
    (Part::Codec, codec::run),
    (Part::Fanout, fan_out::run),
    (Part::Idle, idle::run),
    (Part::Fairness, fairness::run),
    (Part::Growth, growth::run),
];

fn introduction(missing: &[String]) -> String {
    let mut lines = machine::description();
    lines.insert(0, humantime::format_rfc3339_seconds(SystemTime::now()).to_string());
    lines.push(format!("load average before the run: {}", machine::load_average()));
    lines.extend(missing.iter().map(|missing| format!("left out: {missing}")));
    let mut text = String::from(
        "# Measurements\n\n\
         WebSocket libraries side by side, as measured by `cargo run --release -p bench`.\n\
         [Performance](speed.md) explains the method and the results. \"ours\" is a server of a few lines on\n\
         the library; \"ours (server)\" is `/echo` of the program `server`, with its log, its limits and its\n\
         keep-alive. \"raw TCP\" and \"minimal frames\" (in memory: \"floor\") are not libraries but reference\n\
         points.\n\n",
    );
    for line in lines {
        text.push_str(&format!("- {line}\n"));
    }
    text.push('\n');
    text
}
