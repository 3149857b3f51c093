//! The suite itself: installing it, and letting it judge.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    Role,
    case::Case,
    implementation::Implementation,
    process::Program,
    verdict::{self, Outcomes},
};

/// The suite, installed.
#[derive(Debug, Clone)]
pub struct Suite {
    folder: PathBuf,
    version: String,
    cases: Vec<Case>,
}

impl Suite {
    /// The suite in `folder`, which is filled first if need be.
    ///
    /// # Errors
    /// When it cannot be installed; what is missing has been printed.
    pub fn installed(folder: &Path) -> Result<Self, String> {
        let read = |name: &str| {
            let file = folder.join(name);
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
        };
        // Written last.
        if read("version.txt").is_err() {
            let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/install.sh");
            let status = Command::new("bash").arg(script).arg(folder).status();
            if !status.is_ok_and(|status| status.success()) {
                return Err(format!("the Autobahn testsuite cannot be installed in {}", folder.display()));
            }
        }
        let cases = read("cases.txt")?.lines().map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { folder: folder.to_owned(), version: read("version.txt")?.trim().to_owned(), cases })
    }

    /// All its cases, in its order.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Lets the suite judge one side of an implementation. Its reports, as web pages, are in `reports` afterwards, with
    /// the output of all programs. If `limit` passes, what was not judged by then is missing in the outcomes.
    ///
    /// # Errors
    /// When the programs cannot be run at all.
    pub fn judge(
        &self,
        implementation: Implementation,
        role: Role,
        cases: &[Case],
        reports: &Path,
        limit: Duration,
    ) -> Result<Outcomes, String> {
        // Nothing of an earlier run may be taken for this one's.
        let _ = fs::remove_dir_all(reports);
        fs::create_dir_all(reports).map_err(|error| format!("{}: {error}", reports.display()))?;
        let end = Instant::now() + limit;
        let ended = match role {
            Role::Server => self.judge_server(implementation, cases, reports, end),
            Role::Client => self.judge_client(implementation, cases, reports, end),
        };
        let outcomes = verdict::read(&reports.join("index.json"), implementation.name(), cases)?;
        if let Err(why) = ended {
            if outcomes.values().all(|outcome| *outcome == verdict::Outcome::MISSING) {
                return Err(format!("{why}; the programs' output is in {}", reports.display()));
            }
            eprintln!("{role}: not all cases were run: {why}; the programs' output is in {}", reports.display());
        }
        Ok(outcomes)
    }

    fn judge_server(&self, of: Implementation, cases: &[Case], reports: &Path, end: Instant) -> Result<(), String> {
        let mut server = Program::start(&mut of.server()?, &reports.join("server.log"))?;
        let url = server.address()? + of.path();
        let servers = json!([{ "agent": of.name(), "url": url }]);
        let mut suite = self.start("fuzzingclient", "servers", &servers, cases, reports)?;
        let ended = suite.wait_until(end);
        suite.terminate();
        server.terminate();
        ended.map(|_| ())
    }

    fn judge_client(&self, of: Implementation, cases: &[Case], reports: &Path, end: Instant) -> Result<(), String> {
        // It takes any free port, whatever this says.
        let url = json!("ws://127.0.0.1:9001");
        let mut suite = self.start("fuzzingserver", "url", &url, cases, reports)?;
        let mut agent = Program::start(&mut of.agent(&suite.address()?)?, &reports.join("agent.log"))?;
        let ended = agent.wait_until(end);
        suite.terminate();
        match ended? {
            status if status.success() => Ok(()),
            status => Err(format!("the agent ended with {status}")),
        }
    }

    fn start(
        &self,
        mode: &str,
        key: &str,
        value: &serde_json::Value,
        cases: &[Case],
        reports: &Path,
    ) -> Result<Program, String> {
        let cases: Vec<String> = cases.iter().map(Case::to_string).collect();
        let mut spec = json!({ "outdir": reports, "cases": cases, "exclude-cases": [], "exclude-agent-cases": {} });
        spec[key] = value.clone();
        let file = reports.join("spec.json");
        fs::write(&file, spec.to_string()).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut command = Command::new(self.folder.join("run"));
        // No server for web pages beside the one for WebSocket.
        command.args(["--mode", mode, "--webport", "0", "--spec"]).arg(&file);
        Program::start(&mut command, &reports.join("suite.log"))
    }
}
