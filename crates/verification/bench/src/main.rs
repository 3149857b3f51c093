//! Measures WebSocket libraries side by side: `cargo run --release -p bench -- --help`.
//!
//! | module | contents |
//! |---|---|
//! | `options`, `cores` | the command line |
//! | `prepare` | the builds and downloads before a measurement |
//! | `contestants`, `process` | the servers, and the processes in which they run |
//! | `load`, `load_spec` | the load generator, and the description of a load |
//! | `measure`, `rounds` | one server under one load, and all servers in turns |
//! | `echo`, `fan_out`, `idle`, `growth`, `fairness`, `codec` | the sections of the report |
//! | `attack` | attacks on the program `server`, each with a bound on its memory |
//! | `machine`, `stats`, `table`, `report` | helpers of the sections |
//!
//! The program reads `/proc` and pins threads to cores, so it needs Linux.

mod attack;
mod codec;
mod contestants;
mod cores;
mod echo;
mod fairness;
mod fan_out;
mod growth;
mod idle;
mod load;
mod load_spec;
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
    machine::StealTime,
    options::{Allocator, BenchArgs, BenchCommand, RunOptions},
    report::ReportSection,
};

fn main() -> ExitCode {
    let BenchArgs { command, options } = BenchArgs::parse();
    let result = match &command {
        BenchCommand::Serve { name, fan_out } => serve(name, *fan_out),
        BenchCommand::Attack { allocator } => attack(*allocator, &options),
        command => measure(command, &options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one of the servers that are part of this program.
fn serve(name: &str, fan_out: bool) -> Result<(), Box<dyn Error>> {
    let peer = PEERS.iter().find(|peer| peer.name == name).ok_or_else(|| format!("there is no server '{name}'"))?;
    let serve = if fan_out { peer.fan_out.ok_or_else(|| format!("'{name}' has no fan-out"))? } else { peer.echo };
    Ok(serve()?)
}

/// Attacks the program `server`, and fails if a bound was exceeded or another client lost a
/// message.
fn attack(allocator: Allocator, options: &RunOptions) -> Result<(), Box<dyn Error>> {
    if !prepare::server(allocator) {
        return Err("the server cannot be built, so there is nothing to attack".into());
    }
    machine::raise_open_file_limit()?;
    let (section, faults) = attack::run(&options.only)?;
    let text = section.text().to_owned();
    output(options, &text, &serde_json::Map::from_iter([section.into_data()]))?;
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n").into()) }
}

fn measure(command: &BenchCommand, options: &RunOptions) -> Result<(), Box<dyn Error>> {
    if *command == BenchCommand::All {
        prepare::ws();
    }
    machine::raise_open_file_limit()?;
    let (mut contestants, missing) = if *command == BenchCommand::Codec {
        // This section runs the libraries without a server.
        (Vec::new(), Vec::new())
    } else {
        // An earlier build of the server may be out of date or use a different allocator, so build
        // the server now.
        contestants::all(prepare::server(Allocator::System))
    };
    options.cores.move_to_load_core()?;
    for missing in &missing {
        eprintln!("left out: {missing}");
    }
    let wanted = |one: &Contestant| {
        options.only.is_empty() || one.name == RAW || options.only.iter().any(|name| name == one.name)
    };
    contestants.retain(wanted);

    let steal = StealTime::now();
    let mut text = introduction(&missing);
    let mut data = serde_json::Map::new();
    for (name, measure) in SECTIONS {
        if *command == BenchCommand::All || *command == name {
            let section = measure(&contestants, options);
            text.push_str(section.text());
            data.extend([section.into_data()]);
        }
    }
    let stolen = StealTime::now().percent_since(steal);
    text.push_str(&format!("During this run, other virtual machines took {stolen:.1} % of the cores' time.\n"));
    output(options, &text, &data)
}

/// Writes the report to a file or to standard output, and the individual measurements to a file if
/// requested.
fn output(
    options: &RunOptions,
    text: &str,
    data: &serde_json::Map<String, serde_json::Value>,
) -> Result<(), Box<dyn Error>> {
    match &options.out {
        Some(file) => fs::write(file, text)?,
        None => print!("{text}"),
    }
    if let Some(file) = &options.json {
        fs::write(file, serde_json::to_vec_pretty(data)?)?;
    }
    Ok(())
}

/// A function that measures all servers and creates one section of the report.
type Measure = fn(&[Contestant], &RunOptions) -> ReportSection;

const SECTIONS: [(BenchCommand, Measure); 6] = [
    (BenchCommand::Echo, echo::run),
    (BenchCommand::Codec, codec::run),
    (BenchCommand::Fanout, fan_out::run),
    (BenchCommand::Idle, idle::run),
    (BenchCommand::Fairness, fairness::run),
    (BenchCommand::Growth, growth::run),
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
         the library; \"ours (server)\" is `/echo` of the program `server`, with its limits and its keep-alive,\n\
         but without its log. \"raw TCP\" and \"minimal frames\" (in memory: \"floor\") are not libraries but\n\
         reference points.\n\n",
    );
    for line in lines {
        text.push_str(&format!("- {line}\n"));
    }
    text.push('\n');
    text
}
