//! Installs and runs the suite.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    case_id::CaseId,
    implementation::Implementation,
    process::ChildProgram,
    tested_role::TestedRole,
    verdict::{self, CaseResult, CaseResults},
};

/// An installed suite.
#[derive(Debug, Clone)]
pub struct Suite {
    folder: PathBuf,
    version: String,
    cases: Vec<CaseId>,
}

impl Suite {
    /// Returns the suite in `folder`, and installs it first if necessary.
    ///
    /// # Errors
    /// Fails if the suite cannot be installed. In this case, the installation script has printed
    /// the reason.
    pub fn installed(folder: &Path) -> Result<Self, String> {
        let read = |name: &str| {
            let file = folder.join(name);
            fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))
        };
        // The installation script writes this file last. If the file does not exist, the
        // installation is missing or incomplete, so run the script.
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

    /// Returns all cases, in the suite's order.
    pub fn cases(&self) -> &[CaseId] {
        &self.cases
    }

    /// Returns the version of the suite.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Tests the server or the client of an implementation.
    ///
    /// Afterwards, `reports` contains the suite's web pages and the output of all programs. The
    /// result of a case that did not finish within `limit` is [`CaseResult::MISSING`].
    ///
    /// # Errors
    /// Fails if no case was rated because the programs could not run, or if the suite's report
    /// cannot be read.
    pub fn run(
        &self,
        implementation: Implementation,
        role: TestedRole,
        cases: &[CaseId],
        reports: &Path,
        limit: Duration,
    ) -> Result<CaseResults, String> {
        // Remove the reports of an earlier run, so that its results cannot be mistaken for those of
        // this run.
        let _ = fs::remove_dir_all(reports);
        fs::create_dir_all(reports).map_err(|error| format!("{}: {error}", reports.display()))?;
        let end = Instant::now() + limit;
        let ended = match role {
            TestedRole::Server => self.run_against_server(implementation, cases, reports, end),
            TestedRole::Client => self.run_against_client(implementation, cases, reports, end),
        };
        let results = verdict::read(&reports.join("index.json"), implementation.name(), cases)?;
        if let Err(why) = ended {
            if results.values().all(|result| *result == CaseResult::MISSING) {
                return Err(format!("{why}; the programs' output is in {}", reports.display()));
            }
            eprintln!("{role}: some cases did not finish: {why}; the programs' output is in {}", reports.display());
        }
        Ok(results)
    }

    fn run_against_server(
        &self,
        of: Implementation,
        cases: &[CaseId],
        reports: &Path,
        end: Instant,
    ) -> Result<(), String> {
        let mut server = ChildProgram::start(&mut of.server()?, &reports.join("server.log"))?;
        let url = server.address()? + of.path();
        let servers = json!([{ "agent": of.name(), "url": url }]);
        let mut suite = self.start("fuzzingclient", "servers", &servers, cases, reports)?;
        let ended = suite.wait_until(end);
        suite.terminate();
        server.terminate();
        ended.map(|_| ())
    }

    fn run_against_client(
        &self,
        of: Implementation,
        cases: &[CaseId],
        reports: &Path,
        end: Instant,
    ) -> Result<(), String> {
        // The suite requires a port in its configuration. The number does not matter, because
        // `wstest.py` replaces it with a free port.
        let url = json!("ws://127.0.0.1:9001");
        let mut suite = self.start("fuzzingserver", "url", &url, cases, reports)?;
        let mut agent = ChildProgram::start(&mut of.agent(&suite.address()?)?, &reports.join("agent.log"))?;
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
        cases: &[CaseId],
        reports: &Path,
    ) -> Result<ChildProgram, String> {
        let cases: Vec<String> = cases.iter().map(CaseId::to_string).collect();
        let mut spec = json!({ "outdir": reports, "cases": cases, "exclude-cases": [], "exclude-agent-cases": {} });
        spec[key] = value.clone();
        let file = reports.join("spec.json");
        fs::write(&file, spec.to_string()).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut command = Command::new(self.folder.join("run"));
        // Disable the suite's additional web server, which the tests do not need.
        command.args(["--mode", mode, "--webport", "0", "--spec"]).arg(&file);
        ChildProgram::start(&mut command, &reports.join("suite.log"))
    }
}
