//! The servers to measure, and the commands that start them.

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
    /// The path that the handshake requests, or `None` for a server that does not speak WebSocket.
    pub(crate) path: Option<&'static str>,
    /// Whether the server can forward messages to all other clients.
    pub(crate) fans_out: bool,
    launch: LaunchMethod,
}

/// The way to start a server.
#[derive(Debug, Clone)]
enum LaunchMethod {
    /// This program, started with the `serve` command.
    Peer,
    /// A Node program in `ws/`.
    Node,
    /// The program `crates/server`.
    Server(PathBuf),
}

/// Returns the servers that can be started on this machine, and a message about each missing
/// server. `server_is_built` is `true` if the program `server` was built from the current source.
pub(crate) fn all(server_is_built: bool) -> (Vec<Contestant>, Vec<String>) {
    let mut missing = Vec::new();
    let mut contestants: Vec<_> = PEERS
        .iter()
        .map(|peer| Contestant {
            name: peer.name,
            version: version(peer.crate_name),
            path: (peer.name != RAW).then_some("/"),
            fans_out: peer.fan_out.is_some(),
            launch: LaunchMethod::Peer,
        })
        .collect();
    match server().filter(|_| server_is_built) {
        Some(server) => {
            let launch = LaunchMethod::Server(server);
            let after_ours = contestants.iter().position(|one| one.name == OURS).map_or(0, |index| index + 1);
            let path = Some("/echo");
            contestants.insert(
                after_ours,
                Contestant { name: "ours (server)", version: String::new(), path, fans_out: false, launch },
            );
        }
        None => missing.push("`crates/server`, because it could not be built".to_owned()),
    }
    if ws_directory().join("node_modules/ws").is_dir() {
        let (path, launch) = (Some("/"), LaunchMethod::Node);
        contestants.push(Contestant { name: "ws", version: ws_version(), path, fans_out: true, launch });
    } else {
        missing.push(format!("npm's `ws`: run `npm ci` in {}", ws_directory().display()));
    }
    (contestants, missing)
}

/// The name of the reference server, with which all other servers are compared.
pub(crate) const RAW: &str = "raw TCP";

/// The name of the server that uses this workspace's library.
pub(crate) const OURS: &str = "ours";

impl Contestant {
    /// Returns the command that starts this contestant as an echo server.
    pub(crate) fn echo(&self) -> Command {
        self.command(false)
    }

    /// Returns the command that starts this contestant as a fan-out server.
    pub(crate) fn fan_out(&self) -> Command {
        self.command(true)
    }

    fn command(&self, fan_out: bool) -> Command {
        match &self.launch {
            LaunchMethod::Peer => {
                // This path refers to the running program, even if cargo has replaced the program's
                // file in the meantime.
                let mut command = Command::new("/proc/self/exe");
                command.args(["serve", self.name]).args(fan_out.then_some("--fan-out"));
                command
            }
            LaunchMethod::Node => {
                let mut command = Command::new("node");
                command.arg(ws_directory().join(if fan_out { "fan-out.js" } else { "echo.js" }));
                command
            }
            LaunchMethod::Server(program) => {
                let mut command = Command::new(program);
                // Allow messages of up to 16 MiB, which is the library's default limit. The
                // server's own default is lower.
                command.args(["--listen", "127.0.0.1:0", "--threads", "1", "--max-message", "16M"]);
                // Turn off the connection log, because the other servers do not log their
                // connections.
                command.env("RUST_LOG", "error").stderr(Stdio::null());
                command
            }
        }
    }
}

/// Returns the path of the program `server`, if it is in the same folder as this program.
pub(crate) fn server() -> Option<PathBuf> {
    let program = env::current_exe().ok()?.with_file_name("server");
    program.is_file().then_some(program)
}

/// Returns the version of a crate from this package's manifest, which must specify an exact
/// version.
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
