//! The report's section on what the libraries cost without a socket. This module runs the criterion
//! benchmark and turns its result files into tables.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use bench::{codecs::LIBRARIES, frames::PayloadKind};

use crate::{
    contestants::Contestant,
    machine,
    options::RunOptions,
    prepare::cargo,
    report::ReportSection,
    table::{MarkdownTable, number},
};

/// The time per message, in nanoseconds, by operation, load and library.
type Times = BTreeMap<String, BTreeMap<String, BTreeMap<String, f64>>>;

const SIZES: [&str; 5] = ["16 B", "125 B", "1 KiB", "16 KiB", "1 MiB"];

pub(crate) fn run(_: &[Contestant], options: &RunOptions) -> ReportSection {
    eprintln!("codec: cargo bench -p bench");
    let measure = |native| bench(options, native).and_then(|results| collect(&results));
    let times = measure(None);
    // The default build runs on any processor of the target architecture, so it cannot use newer
    // instructions. Measure a build for this machine as well, to show how much each library gains
    // from them.
    let native = if options.quick { Ok(Times::default()) } else { measure(Some("unmask")) };
    let mut section = ReportSection::new("Codec", &(times.as_ref().ok(), native.as_ref().ok()));
    section.paragraph(
        "The following tables show nanoseconds per message, in memory and on one thread \
         (criterion's median). Messages arrive 16 at a time up to 1 KiB and 4 at a time at 16 KiB, \
         in reads of at most 64 KiB. Reading includes the copy out of the stream: `memcpy` is that \
         copy alone, and `floor` parses headers and unmasks payloads but checks nothing. \"ours \
         (protocol)\" is the engine, and \"ours (websocket)\" is the connection that users have; \
         other asynchronous libraries are also measured as connections. The tables for writing \
         show a server, which does not mask. Where a library is faster than `memcpy`, it passes \
         payloads on instead of copying them.",
    );
    for (times, built) in [(times, ""), (native, ", built for this machine")] {
        match times {
            Ok(times) => tables(&mut section, &times, built),
            Err(error) => section.paragraph(&format!("Not measured{built}: {error}.")),
        }
    }
    section
}

fn tables(section: &mut ReportSection, times: &Times, built: &str) {
    for (operation, loads) in times {
        for kind in PayloadKind::ALL.map(PayloadKind::name) {
            let title = format!("{operation}, {kind}{built}");
            let mut table = MarkdownTable::new([title].into_iter().chain(SIZES.map(str::to_owned)));
            let mut any = false;
            for library in LIBRARIES {
                let time = |size: &str| loads.get(&format!("{kind} {size}")).and_then(|times| times.get(library.name));
                if SIZES.iter().any(|size| time(size).is_some()) {
                    table.row(library.name, SIZES.map(|size| number(time(size).copied().unwrap_or(f64::NAN))));
                    any = true;
                }
            }
            if any {
                section.table(&table);
            }
        }
    }
}

/// Runs the benchmark. Returns the folder that contains its results.
///
/// If `native` is `Some`, compiles for this machine's processor, and runs only the benchmarks whose
/// names contain that string.
fn bench(options: &RunOptions, native: Option<&str>) -> io::Result<PathBuf> {
    let results = env::current_exe()?.with_file_name("bench-codec");
    // Remove the results of earlier runs, which would otherwise appear in the tables.
    let _ = fs::remove_dir_all(&results);
    let bench = |arguments: &[&str]| {
        let mut command = cargo("bench");
        command.args(["--bench", "codec"]);
        if native.is_some() {
            // Build in a separate folder. In the default folder, cargo would rebuild everything
            // whenever the flags change.
            command.arg("--target-dir").arg(results.with_file_name("bench-native"));
            command.env("RUSTFLAGS", "-C target-cpu=native");
        }
        // Standard output is for the tables, so criterion's output goes to standard error.
        command.args(arguments).env("CRITERION_HOME", &results).stdout(io::stderr());
        match command.status()? {
            status if status.success() => Ok(()),
            status => Err(io::Error::other(format!("{command:?} ended with {status}"))),
        }
    };
    // Allow the build to use every core. The measurement uses only one.
    machine::unpin()?;
    let built = bench(&["--no-run"]);
    options.cores.move_to_load_core()?;
    built?;
    let mut arguments = vec!["--", "--noplot"];
    if options.quick {
        // A server writes text in the same way as binary data, so leave out the benchmarks that
        // write text.
        arguments.extend(["--quick", "read|unmask|write/binary"]);
    }
    arguments.extend(native);
    bench(&arguments)?;
    Ok(results)
}

/// Reads all `benchmark.json` and `estimates.json` files in a folder and its subfolders.
fn collect(results: &Path) -> io::Result<Times> {
    let mut times = Times::default();
    let mut folders = vec![results.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            }
        }
        let (Ok(benchmark), Ok(estimates)) = (json(&folder, "benchmark.json"), json(&folder, "estimates.json")) else {
            continue;
        };
        if folder.ends_with("base") {
            continue;
        }
        let (Some(group), Some(library)) = (benchmark["group_id"].as_str(), benchmark["function_id"].as_str()) else {
            continue;
        };
        let Some((operation, load)) = group.split_once('/') else { continue };
        let messages = [("16 B", 16.0), ("125 B", 16.0), ("1 KiB", 16.0), ("16 KiB", 4.0)];
        let count = messages.iter().find(|(size, _)| operation != "unmask" && load.ends_with(&format!(" {size}")));
        let burst = estimates["median"]["point_estimate"].as_f64().unwrap_or(f64::NAN);
        let time = burst / count.map_or(1.0, |(_, count)| *count);
        times
            .entry(operation.to_owned())
            .or_default()
            .entry(load.to_owned())
            .or_default()
            .insert(library.to_owned(), time);
    }
    Ok(times)
}

fn json(folder: &Path, name: &str) -> io::Result<serde_json::Value> {
    Ok(serde_json::from_slice(&fs::read(folder.join(name))?)?)
}
