//! What has to be built or fetched before everything can be measured, so that one command is enough.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::Command,
};

/// This workspace's manifest.
fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")
}

/// Cargo, about a package of this workspace.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args([subcommand, "--quiet", "--manifest-path"]).arg(workspace());
    command
}

/// Builds `crates/server` as users run it, and fetches npm's `ws` as its lock file has it. What fails is left out of the
/// measurement, which says so.
pub(crate) fn everything() {
    eprintln!("building the server");
    run(cargo("build").args(["--release", "--package", "server"]));
    if !ws_directory().join("node_modules").is_dir() {
        eprintln!("fetching ws");
        // Its native helper comes ready-made for the usual systems: nothing has to be run.
        run(Command::new("npm").args(["ci", "--silent", "--ignore-scripts"]).current_dir(ws_directory()));
    }
}

/// Where the programs of Node are.
pub(crate) fn ws_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ws")
}

fn run(command: &mut Command) {
    let status = command.stdout(io::stderr()).status();
    if !status.as_ref().is_ok_and(std::process::ExitStatus::success) {
        eprintln!("{command:?} failed: {status:?}");
    }
}
