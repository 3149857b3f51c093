//! Builds the server and fetches `ws`, so that one command is enough for the measurements.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::options::Allocator;

/// Returns the path of this package's manifest.
fn manifest() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")
}

/// Returns a command that runs cargo in this workspace.
pub(crate) fn cargo(subcommand: &str) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args([subcommand, "--quiet", "--manifest-path"]).arg(manifest());
    command
}

/// Installs the version of the npm package `ws` that the lock file specifies, unless some version
/// is already installed.
///
/// If this fails, the report states that `ws` is missing.
pub(crate) fn ws() {
    if !ws_directory().join("node_modules").is_dir() {
        eprintln!("fetching ws");
        // The package contains prebuilt native code for the usual platforms, so its install scripts
        // do not have to run.
        run(Command::new("npm").args(["ci", "--silent", "--ignore-scripts"]).current_dir(ws_directory()));
    }
}

/// Builds `crates/server` in release mode. Returns `true` if the build succeeded.
pub(crate) fn server(allocator: Allocator) -> bool {
    eprintln!("building the server");
    let features: &[&str] = match allocator {
        Allocator::Jemalloc => &["--features", "jemalloc"],
        Allocator::System => &[],
    };
    run(cargo("build").args(["--release", "--package", "server"]).args(features))
}

/// Returns the folder that contains the Node programs.
pub(crate) fn ws_directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ws")
}

/// Runs a command and waits for it to exit. Returns `true` if it succeeded.
fn run(command: &mut Command) -> bool {
    let status = command.stdout(io::stderr()).status();
    let succeeded = status.as_ref().is_ok_and(std::process::ExitStatus::success);
    if !succeeded {
        eprintln!("{command:?} failed: {status:?}");
    }
    succeeded
}
