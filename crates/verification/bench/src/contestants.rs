//! Who is measured, and how each is started.

use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use bench::peers::PEERS;

use crate::prepare::ws_directory;

/// A server to be measured.
#[derive(Debug, Clone)]
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    /// What to ask for in the handshake; `None`: no handshake and no frames.
    pub(crate) path: Option<&'static str>,
    pub(crate) fans_out: bool,
    start: Start,
}

#[derive(Debug, Clone)]
enum Start {
    /// A part of this program.
    Peer,
    /// A program of Node in `ws/`.
    Node,
    /// `crates/server`, the one that users run.
    Server(PathBuf),
}

/// All that can be started here, and why those that are missing are.
pub(crate) fn all() -> (Vec<Contestant>, Vec<String>) {
    let mut missing = Vec::new();
    let mut contestants: Vec<_> = PEERS
        .iter()
        .map(|peer| Contestant {
            name: peer.name,
            version: version(peer.crate_name),
            path: (peer.name != RAW).then_some("/"),
            fans_out: peer.fan_out.is_some(),
            start: Start::Peer,
        })
        .collect();
    match server() {
        Some(server) => {
            let start = Start::Server(server);
            let after_ours = contestants.iter().position(|one| one.name == OURS).map_or(0, |index| index + 1);
            let path = Some("/echo");
            contestants.insert(
                after_ours,
                Contestant { name: "ours (server)", version: String::new(), path, fans_out: false, start },
            );
        }
        None => missing.push("`crates/server`: build it with `cargo build --release -p server`".to_owned()),
    }
    if ws_directory().join("node_modules/ws").is_dir() {
        let (path, start) = (Some("/"), Start::Node);
        contestants.push(Contestant { name: "ws", version: ws_version(), path, fans_out: true, start });
    } else {
        missing.push(format!("npm's `ws`: run `npm ci` in {}", ws_directory().display()));
    }
    (contestants, missing)
}

/// The limit that all are compared with.
pub(crate) const RAW: &str = "raw TCP";

/// The library of this repository.
pub(crate) const OURS: &str = "ours";

impl Contestant {
    pub(crate) fn echo(&self) -> Command {
        self.command(false)
    }

    pub(crate) fn fan_out(&self) -> Command {
        self.command(true)
    }

    fn command(&self, fan_out: bool) -> Command {
        match &self.start {
            Start::Peer => {
                // This very program, even if cargo has meanwhile put another one in its place.
                let mut command = Command::new("/proc/self/exe");
                command.args(["serve", self.name]).args(fan_out.then_some("--fan-out"));
                command
            }
            Start::Node => {
                let mut command = Command::new("node");
                command.arg(ws_directory().join(if fan_out { "fan-out.js" } else { "echo.js" }));
                command
            }
            Start::Server(program) => {
                let mut command = Command::new(program);
                command.args(["--listen", "127.0.0.1:0", "--threads", "1"]);
                // As it comes, but for the log of connections, which the others do not write either.
                command.env("RUST_LOG", "error").stderr(Stdio::null());
                command
            }
        }
    }
}

/// The server's program lies where this one does.
fn server() -> Option<PathBuf> {
    let program = env::current_exe().ok()?.with_file_name("server");
    program.is_file().then_some(program)
}

/// A crate's version as it stands in this package's manifest, which has to name it exactly.
fn version(name: &str) -> String {
    let manifest = include_str!("../Cargo.toml");
    let line = manifest.lines().find(|line| !name.is_empty() && line.starts_with(&format!("{name} = ")));
    let version = line.and_then(|line| line.split_once("\"=")).and_then(|(_, rest)| rest.split_once('"'));
    version.map_or_else(String::new, |(version, _)| version.to_owned())
}

fn ws_version() -> String {
    let manifest = fs::read_to_string(ws_directory().join("node_modules/ws/package.json")).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap_or_default();
    manifest["version"].as_str().unwrap_or_default().to_owned()
}
