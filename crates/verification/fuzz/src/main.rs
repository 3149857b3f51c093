//! `cargo run -p fuzz`: runs the targets under libFuzzer, one after another, and prints a table.
//!
//! For each target, the program unpacks the committed inputs. cargo-fuzz then builds the target,
//! runs it for some time, and keeps the inputs that reach new code. Afterwards, the program removes
//! inputs that are redundant because the others reach the same code. With `--pack`, it then adds to
//! the committed corpus any remaining inputs that reach code that no committed input reaches.
//!
//! The program needs cargo-fuzz (`cargo install cargo-fuzz`), but no nightly toolchain: with
//! `RUSTC_BOOTSTRAP=1`, the stable compiler accepts the options for instrumentation.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use clap::Parser;
use fuzz::{TARGETS, corpus};

/// Runs fuzz targets, and prints executions, coverage and findings.
#[derive(Debug, Parser)]
struct FuzzArgs {
    /// Targets to run [default: all]
    targets: Vec<String>,

    /// Time for each target
    #[arg(long, value_name = "MINUTES", default_value_t = 1.0)]
    minutes: f64,

    /// Write the inputs worth keeping to the committed corpora
    #[arg(long)]
    pack: bool,

    /// Folder for builds and inputs
    #[arg(long, value_name = "FOLDER", default_value = "target/fuzz")]
    work: PathBuf,
}

/// The maximum length of a generated input, in bytes: enough for a hundred small frames or a long
/// head. Longer inputs would make the fuzzer slower without reaching more code.
const MAX_INPUT: usize = 2048;

/// The maximum size of an allocation in MiB. A larger allocation is a finding: no input is longer
/// than [`MAX_INPUT`], so the code must have trusted a length that the input announces.
const MAX_ALLOCATION_MIB: usize = 8;

fn main() -> ExitCode {
    let args = FuzzArgs::parse();
    match run(&args) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the targets. Returns `true` if there were no findings.
fn run(args: &FuzzArgs) -> Result<bool, String> {
    let names = TARGETS.map(|(name, _)| name);
    if let Some(unknown) = args.targets.iter().find(|target| !names.contains(&target.as_str())) {
        return Err(format!("there is no target {unknown}; the targets are {}", names.join(", ")));
    }
    fs::create_dir_all(&args.work).map_err(|error| format!("{}: {error}", args.work.display()))?;
    let work = args.work.canonicalize().map_err(|error| format!("{}: {error}", args.work.display()))?;
    println!("| target | seconds | executions | per second | coverage | inputs | findings |");
    println!("|---|---|---|---|---|---|---|");
    let mut findings = Vec::new();
    for target in names.into_iter().filter(|name| args.targets.is_empty() || args.targets.iter().any(|one| one == name))
    {
        let report = fuzz(target, args, &work)?;
        println!("{}", report.row);
        findings.extend(report.findings);
    }
    for finding in &findings {
        println!("finding: {}", finding.display());
    }
    Ok(findings.is_empty())
}

/// The result of running a target.
struct TargetReport {
    /// The target's row in the table.
    row: String,
    findings: Vec<PathBuf>,
}

fn fuzz(target: &str, args: &FuzzArgs, work: &Path) -> Result<TargetReport, String> {
    let failed = |error: io::Error| format!("{target}: {error}");
    let inputs = work.join("inputs").join(target);
    let artifacts = work.join("artifacts").join(target);
    fs::create_dir_all(&inputs).map_err(failed)?;
    fs::create_dir_all(&artifacts).map_err(failed)?;
    let committed = corpus::file(target);
    let text = fs::read_to_string(&committed).map_err(|error| format!("{}: {error}", committed.display()))?;
    let unpacked = corpus::unpack(&text)?;
    for (number, input) in unpacked.iter().enumerate() {
        fs::write(inputs.join(format!("committed-{number}")), input).map_err(failed)?;
    }

    let log = work.join(target).with_extension("log");
    // Round the time, because libFuzzer accepts only whole seconds.
    let seconds = format!("-max_total_time={:.0}", args.minutes * 60.0);
    let dictionary = match target {
        "uri" => "uri",
        "request" | "response" => "heads",
        "deflate_to_server" | "deflate_to_client" => "deflate",
        _ => "frames",
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dictionary = here.join("dictionaries").join(dictionary).with_extension("dict");
    let mut command = cargo_fuzz("run", target, work);
    command.arg(&inputs).args(["--", &seconds, "-print_final_stats=1"]);
    command.arg(format!("-max_len={MAX_INPUT}")).arg(format!("-malloc_limit_mb={MAX_ALLOCATION_MIB}"));
    command.arg(format!("-dict={}", dictionary.display()));
    command.arg(format!("-artifact_prefix={}/", artifacts.display()));
    let before = files(&artifacts).map_err(failed)?;
    let ended = logged(&mut command, &log)?;
    let output = fs::read_to_string(&log).map_err(failed)?;
    let mut findings = files(&artifacts).map_err(failed)?;
    findings.retain(|file| !before.contains(file));
    if !ended && findings.is_empty() {
        return Err(format!("{target} cannot be run; see {}", log.display()));
    }

    let kept = minimize(target, &inputs, work)?;
    if args.pack {
        let packed = pack(target, &unpacked, &inputs, work)?;
        fs::write(&committed, packed).map_err(failed)?;
    }
    let stat = |name: &str| {
        let line = output.lines().rev().find_map(|line| line.strip_prefix(name));
        line.and_then(|value| value.trim().parse::<u64>().ok()).unwrap_or(0)
    };
    let executions = stat("stat::number_of_executed_units:");
    let per_second = stat("stat::average_exec_per_sec:");
    let coverage = coverage(&output).unwrap_or_else(|| "?".to_owned());
    let row = format!(
        "| {target} | {:.0} | {executions} | {per_second} | {coverage} | {} | {} |",
        args.minutes * 60.0,
        kept.len(),
        findings.len()
    );
    Ok(TargetReport { row, findings })
}

/// Removes inputs that are redundant because the others reach the same code. Returns the remaining
/// inputs.
fn minimize(target: &str, inputs: &Path, work: &Path) -> Result<Vec<PathBuf>, String> {
    let log = work.join(format!("{target}-minimize.log"));
    let mut command = cargo_fuzz("cmin", target, work);
    command.arg(inputs);
    if !logged(&mut command, &log)? {
        return Err(format!("the inputs of {target} cannot be minimized; see {}", log.display()));
    }
    files(inputs).map_err(|error| format!("{target}: {error}"))
}

/// Returns the text of the new corpus file: the committed inputs, and the inputs that reach code
/// not reached by any committed input.
///
/// Committed inputs are never removed, even if other inputs reach the same code, because they also
/// test cases that coverage cannot tell apart. libFuzzer's counters are turned off, because with
/// them, libFuzzer would also keep inputs that only run the same code more often. Such inputs are
/// of no use in the tests.
fn pack(target: &str, committed: &[Vec<u8>], inputs: &Path, work: &Path) -> Result<String, String> {
    let failed = |error: io::Error| format!("{target}: {error}");
    let folder = work.join("packed").join(target);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(failed)?;
    for (number, input) in committed.iter().enumerate() {
        fs::write(folder.join(format!("committed-{number}")), input).map_err(failed)?;
    }
    let log = work.join(format!("{target}-pack.log"));
    let mut command = cargo_fuzz("run", target, work);
    command.arg(&folder).arg(inputs).args(["--", "-merge=1", "-use_counters=0"]);
    if !logged(&mut command, &log)? {
        return Err(format!("the inputs of {target} cannot be packed; see {}", log.display()));
    }
    let kept = files(&folder).map_err(failed)?;
    let inputs: Result<Vec<Vec<u8>>, _> = kept.iter().map(fs::read).collect();
    Ok(corpus::pack(inputs.map_err(failed)?))
}

fn cargo_fuzz(subcommand: &str, target: &str, work: &Path) -> Command {
    let mut command = Command::new("cargo");
    command.args(["fuzz", subcommand, "--fuzz-dir"]);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("libfuzzer"));
    command.arg("--target-dir").arg(work.join("build")).arg(target);
    command.env("RUSTC_BOOTSTRAP", "1");
    command
}

/// Runs a program and writes its output to a file. Returns `true` if the program succeeded.
fn logged(command: &mut Command, log: &Path) -> Result<bool, String> {
    let problem = |error: io::Error| format!("{}: {error}", log.display());
    let file = fs::File::create(log).map_err(problem)?;
    let errors = file.try_clone().map_err(problem)?;
    let status = command.stdin(Stdio::null()).stdout(file).stderr(errors).status();
    let status = status.map_err(|error| format!("cargo cannot be run: {error}"))?;
    let text = fs::read_to_string(log).map_err(problem)?;
    if text.contains("no such command: `fuzz`") {
        return Err("cargo-fuzz is not installed: cargo install cargo-fuzz".to_owned());
    }
    Ok(status.success())
}

/// Returns the number of edges reached, from the last line of libFuzzer's output that reports it.
fn coverage(output: &str) -> Option<String> {
    let (_, after) = output.rsplit_once(" cov: ")?;
    after.split_whitespace().next().map(str::to_owned)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
}
