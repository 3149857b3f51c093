//! The libraries without a socket: runs the benchmark of criterion and makes tables of what it has left on the disk.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
};

use bench::{codecs::LIBRARIES, frames::FrameKind};

use crate::{
    contestants::Contestant,
    machine,
    options::Run,
    prepare::cargo,
    report::Section,
    table::{Table, number},
};

/// Nanoseconds for one message, by operation, load and library.
type Times = BTreeMap<String, BTreeMap<String, BTreeMap<String, f64>>>;

const SIZES: [&str; 5] = ["16 B", "125 B", "1 KiB", "16 KiB", "1 MiB"];

pub(crate) fn run(_: &[Contestant], run: &Run) -> Section {
    eprintln!("codec: cargo bench -p bench");
    let measure = |native| bench(run, native).and_then(|home| collect(&home));
    let times = measure(None);
    // What the default build leaves on the table: it has to run on any processor of its family.
    let native = if run.quick { Ok(Times::default()) } else { measure(Some("unmask")) };
    let mut section = Section::new("Codec", &(times.as_ref().ok(), native.as_ref().ok()));
    section.say(
        "In memory, on one thread, in nanoseconds per message (criterion's median). Messages arrive \
         16 at a time up to 1 KiB and 4 at a time at 16 KiB, in reads of at most 64 KiB. Reading \
         includes the copy out of the stream: `memcpy` is that copy alone, and `floor` parses \
         headers and unmasks payloads but checks nothing. \"ours (protocol)\" is the engine, and \
         \"ours (websocket)\" is the connection that users have; other asynchronous libraries are \
         measured at that level too. Writing is that of a server, without masks. Where it is faster \
         than `memcpy`, payloads are passed on and not copied.",
    );
    for (times, built) in [(times, ""), (native, ", built for this machine")] {
        match times {
            Ok(times) => tables(&mut section, &times, built),
            Err(error) => section.say(&format!("Not measured{built}: {error}.")),
        }
    }
    section
}

fn tables(section: &mut Section, times: &Times, built: &str) {
    for (operation, loads) in times {
        for kind in FrameKind::ALL.map(FrameKind::name) {
            let title = format!("{operation}, {kind}{built}");
            let mut table = Table::new([title].into_iter().chain(SIZES.map(str::to_owned)));
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

/// Runs the benchmark, perhaps only a part of it and built for this machine; gives the directory of its results.
fn bench(run: &Run, native: Option<&str>) -> io::Result<PathBuf> {
    let home = env::current_exe()?.with_file_name("bench-codec");
    // Nothing of an earlier run shall pass for this one's.
    let _ = fs::remove_dir_all(&home);
    let bench = |arguments: &[&str]| {
        let mut command = cargo("bench");
        command.args(["--bench", "codec"]);
        if native.is_some() {
            // Somewhere else: cargo would otherwise build everything anew, each time that the flags change.
            command.arg("--target-dir").arg(home.with_file_name("bench-native"));
            command.env("RUSTFLAGS", "-C target-cpu=native");
        }
        // Criterion's own words go to where the progress goes: standard output is for the tables.
        command.args(arguments).env("CRITERION_HOME", &home).stdout(io::stderr());
        match command.status()? {
            status if status.success() => Ok(()),
            status => Err(io::Error::other(format!("{command:?} ended with {status}"))),
        }
    };
    // Every core may build. Only one measures.
    machine::roam()?;
    let built = bench(&["--no-run"]);
    run.cores.stay_with_load()?;
    built?;
    let mut arguments = vec!["--", "--noplot"];
    if run.quick {
        // A server writes text as it writes binary.
        arguments.extend(["--quick", "read|unmask|write/binary"]);
    }
    arguments.extend(native);
    bench(&arguments)?;
    Ok(home)
}

/// Reads all `benchmark.json` and `estimates.json` below a directory.
fn collect(home: &Path) -> io::Result<Times> {
    let mut times = Times::default();
    let mut directories = vec![home.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            if path.is_dir() {
                directories.push(path);
            }
        }
        let (Ok(benchmark), Ok(estimates)) = (json(&directory, "benchmark.json"), json(&directory, "estimates.json"))
        else {
            continue;
        };
        if directory.ends_with("base") {
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

fn json(directory: &Path, name: &str) -> io::Result<serde_json::Value> {
    Ok(serde_json::from_slice(&fs::read(directory.join(name))?)?)
}
