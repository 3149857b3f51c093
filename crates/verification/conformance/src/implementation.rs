//! The implementations that the suite can test.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::case_id::CaseId;

/// A server and a client that use the same library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Implementation {
    /// `crates/server`, and this program's agent with `crates/websocket`
    #[default]
    Ours,
    /// This program's server on axum, and its agent on hyper, which both use
    /// `crates/websocket-hyper`; without groups 12 and 13
    Hyper,
    /// The same server, and an agent that uses `crates/websocket-hyper`, both over HTTP/2 through a
    /// bridge; without groups 12 and 13
    Http2,
    /// The server in `example/`, and this program's agent with tokio-tungstenite
    Tungstenite,
    /// The npm package that is installed in `example/`
    Ws,
}

impl Implementation {
    /// All implementations.
    pub const ALL: [Self; 5] = [Self::Ours, Self::Hyper, Self::Http2, Self::Tungstenite, Self::Ws];

    /// Returns the implementation's name in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Hyper => "hyper",
            Self::Http2 => "http2",
            Self::Tungstenite => "tungstenite",
            Self::Ws => "ws",
        }
    }

    /// Returns `true` if this implementation uses the same engine as [`Ours`](Self::Ours), but on a
    /// different byte stream.
    pub const fn is_another_byte_stream(self) -> bool {
        matches!(self, Self::Hyper | Self::Http2)
    }

    /// Returns `true` if this implementation runs a case. Most implementations run every case.
    /// Those that use our engine on another byte stream skip groups 12 and 13. These groups test
    /// compression and take nearly all the time of a run, but on another byte stream they would
    /// test nothing new.
    pub fn covers(self, case: &CaseId) -> bool {
        !self.is_another_byte_stream() || case.group() <= 10
    }

    /// Returns the path of the baseline file.
    pub fn baseline(self) -> PathBuf {
        here().join("baselines").join(self.name()).with_extension("tsv")
    }

    /// Returns the URL path at which the server echoes.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Ours | Self::Hyper | Self::Http2 | Self::Tungstenite => "/echo",
            Self::Ws => "/",
        }
    }

    /// Builds the server with the same cargo profile as this program.
    ///
    /// # Errors
    /// Fails if the build fails, or if the npm package `ws` is needed but not installed. In the
    /// second case, the error says how to install it.
    pub fn prepare(self) -> Result<(), String> {
        let package = match self {
            Self::Ours => "server",
            // The server is part of this program.
            Self::Hyper | Self::Http2 => return Ok(()),
            Self::Tungstenite => "tungstenite-server",
            Self::Ws if ws_manifest().is_file() => return Ok(()),
            Self::Ws => return Err("ws is not installed: run `npm ci` in the folder example".to_owned()),
        };
        let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(here()).args(["build", "--quiet", "--locked", "--package", package]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        match cargo.status() {
            Ok(status) if status.success() => Ok(()),
            _ => Err(format!("{package} does not build")),
        }
    }

    /// Returns the implementation's name and version.
    ///
    /// # Errors
    /// Fails if the version is unknown.
    pub fn version(self) -> Result<String, String> {
        let version = match self {
            Self::Ours => return Ok(format!("websonkets {}", env!("CARGO_PKG_VERSION"))),
            Self::Hyper => {
                let [hyper, axum] = ["hyper", "axum"].map(|package| locked_version(package).unwrap_or_default());
                return Ok(format!("websonkets {} on hyper {hyper} and axum {axum}", env!("CARGO_PKG_VERSION")));
            }
            Self::Http2 => {
                let [h2, hyper] = ["h2", "hyper"].map(|package| locked_version(package).unwrap_or_default());
                return Ok(format!("websonkets {} on hyper {hyper} and h2 {h2}", env!("CARGO_PKG_VERSION")));
            }
            Self::Tungstenite => locked_version("tungstenite"),
            Self::Ws => fs::read(ws_manifest()).ok().and_then(|text| {
                let manifest: serde_json::Value = serde_json::from_slice(&text).ok()?;
                Some(manifest["version"].as_str()?.to_owned())
            }),
        };
        version
            .map(|version| format!("{} {version}", self.name()))
            .ok_or_else(|| format!("the version of {} is unknown", self.name()))
    }

    /// Returns the command for an echo server that prints its address.
    pub(crate) fn server(self) -> Result<Command, String> {
        let mut command = match self {
            Self::Ours => beside_this("server")?,
            Self::Hyper | Self::Http2 => this("serve")?,
            Self::Tungstenite => beside_this("tungstenite-server")?,
            Self::Ws => node("server.mjs"),
        };
        if matches!(self, Self::Ours | Self::Tungstenite) {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        if self.is_another_byte_stream() {
            command.arg(self.name());
        }
        if self == Self::Ours {
            // The suite's largest messages, in group 9, are 16 MiB long.
            command.args(["--max-message", "16M"]);
            if supports_deflate(&mut beside_this("server")?) {
                command.arg("--deflate");
            }
        }
        Ok(command)
    }

    /// Returns the command for a client that runs all cases of the suite at `url`.
    pub(crate) fn agent(self, url: &str) -> Result<Command, String> {
        let mut command = match self {
            Self::Ours | Self::Hyper | Self::Http2 | Self::Tungstenite => this("agent")?,
            Self::Ws => node("agent.mjs"),
        };
        // The agent appends a path to the URL, so the URL must end with a slash.
        command.arg(format!("{url}/")).arg(self.name());
        Ok(command)
    }
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn ws_manifest() -> PathBuf {
    here().join("../../../example/node_modules/ws/package.json")
}

fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command.arg(here().join("ws").join(script));
    command
}

/// Returns the command that runs this program with the subcommand `name`.
fn this(name: &str) -> Result<Command, String> {
    let mut command = Command::new(path_of_this()?);
    command.arg(name);
    Ok(command)
}

/// Returns the command for another program from this workspace. Cargo puts that program into the
/// same folder as this one.
fn beside_this(name: &str) -> Result<Command, String> {
    Ok(Command::new(path_of_this()?.with_file_name(name)))
}

fn path_of_this() -> Result<PathBuf, String> {
    env::current_exe().map_err(|error| format!("cannot find this program: {error}"))
}

/// Returns `true` if the server has an option for compression. Compression is off by default, but
/// the cases in groups 12 and 13 need it.
fn supports_deflate(server: &mut Command) -> bool {
    server.arg("--help").output().is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("--deflate"))
}

fn locked_version(package: &str) -> Option<String> {
    let lock = fs::read_to_string(here().join("../../../Cargo.lock")).ok()?;
    let (_, after) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    after.split('"').next().map(str::to_owned)
}
