//! Builds and starts programs, and judges them.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use serde_json::Value;

/// A server under test.
pub(crate) struct RunningServer {
    pub(crate) url: String,
    _process: KilledOnDrop,
}

/// A process that is killed when this value is dropped.
struct KilledOnDrop(Child);

impl RunningServer {
    /// Starts a server that prints its URL on its first line.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("it is piped");
        BufReader::new(stdout).read_line(&mut line).expect("it prints its URL");
        let url = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("the first line is {line:?}"));
        Self { url: url.to_owned(), _process: KilledOnDrop(child) }
    }
}

impl Drop for KilledOnDrop {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The judge's results for a program.
#[derive(Debug)]
pub(crate) struct Judged {
    /// The number of the first stage that was not passed.
    pub(crate) failed_stage: Option<u64>,
    /// The failed checks of this stage, each with its name and explanation.
    pub(crate) failed: Vec<(String, String)>,
    /// The exit status of the judge.
    pub(crate) status: i32,
}

impl Judged {
    /// Reads the JSON lines that a judge printed before it ended.
    pub(crate) fn parse(output: &[u8], status: i32) -> Self {
        let lines = output.split(|&byte| byte == b'\n').filter(|line| line.starts_with(b"{"));
        let checks: Vec<Value> = lines.map(|line| serde_json::from_slice(line).expect("JSON")).collect();
        let failed: Vec<_> = checks.iter().filter(|check| check["passed"] == false).collect();
        let text = |value: &Value| value.as_str().expect("a string").to_owned();
        Self {
            failed_stage: failed.first().and_then(|check| check["stage"].as_u64()),
            failed: failed.iter().map(|check| (text(&check["check"]), text(&check["explanation"]))).collect(),
            status,
        }
    }

    #[track_caller]
    pub(crate) fn expect_passed(&self) {
        assert!(self.failed.is_empty() && self.status == 0, "{self:#?}");
    }

    /// Checks that all stages before `stage` are passed, and that `check` fails in `stage` with an
    /// explanation that contains `sentence`.
    #[track_caller]
    pub(crate) fn expect_failed(&self, stage: u64, check: &str, sentence: &str) {
        assert_eq!((self.failed_stage, self.status), (Some(stage), 1), "{self:#?}");
        let named = self.failed.iter().any(|(name, explanation)| name == check && explanation.contains(sentence));
        assert!(named, "expected {check} with {sentence:?}: {self:#?}");
    }
}

/// Judges a server. `arguments` are additional arguments for the client.
pub(crate) fn judge(url: &str, arguments: &[&str]) -> Judged {
    // The steps wait five seconds for a request, so a patience of ten seconds leaves room for a
    // busy machine.
    let mut command = program("client");
    command.args(["--grade", "--json", "--patience", "10s", url]).args(arguments);
    let output = command.output().expect("the client starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    Judged::parse(&output.stdout, output.status.code().unwrap_or_else(|| panic!("it was killed: {stderr}")))
}

/// Returns the command that runs a program of the workspace. The first call builds the programs.
pub(crate) fn program(name: &str) -> Command {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        // This test is target/debug/deps/grading-..., so the programs are two levels up, in
        // target/debug.
        let test = std::env::current_exe().expect("the path of this test is known");
        let folder = test.ancestors().nth(2).expect("this test is in target/debug/deps").to_owned();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "-p", "server", "-p", "client", "-p", "tungstenite-server"]);
        for step in 1..=12 {
            cargo.args(["-p", &format!("step{step:02}")]);
        }
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let built = cargo.current_dir(root()).status().expect("cargo runs");
        assert!(built.success(), "the programs do not build");
        folder
    });
    Command::new(folder.join(name))
}

/// Returns the path of a program written in another language.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}
