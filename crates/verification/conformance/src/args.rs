//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};
use conformance::{case_id::CaseId, implementation::Implementation, tested_role::TestedRole};

/// Runs the Autobahn testsuite against our server and our client, and compares the verdicts with
/// earlier ones.
#[derive(Debug, Parser)]
#[command(name = "conformance", version, args_conflicts_with_subcommands = true)]
pub(crate) struct ConformanceArgs {
    #[command(subcommand)]
    pub(crate) command: Option<ConformanceCommand>,

    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// The options of a run.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
    /// Implementation to test
    #[arg(long, value_name = "WHO", default_value = "ours")]
    pub(crate) of: Implementation,

    /// Test only the server or only the client [default: both at the same time]
    #[arg(long, conflicts_with = "update")]
    pub(crate) role: Option<TestedRole>,

    /// Run only these cases, such as 6 or 6.4 or 6.4.1,7.9 [default: all]
    #[arg(long, value_name = "CASES", value_delimiter = ',', conflicts_with = "update")]
    pub(crate) cases: Vec<CaseId>,

    /// Leave out the slow cases, which are most of the compression cases
    #[arg(long, conflicts_with = "update")]
    pub(crate) quick: bool,

    /// Write the verdicts to the baseline instead of comparing them with it
    #[arg(long)]
    pub(crate) update: bool,

    /// Time limit for each side, after which the remaining cases are abandoned
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = humantime::parse_duration)]
    pub(crate) time_limit: Duration,

    /// Folder of the suite, which is installed there if it is missing [default: `suite` in the
    /// folder of the reports]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) suite: Option<PathBuf>,

    /// Folder for the suite's reports [default: target/conformance]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) reports: Option<PathBuf>,
}

/// The other commands.
#[derive(Debug, Subcommand)]
pub(crate) enum ConformanceCommand {
    /// Only installs the suite
    Install {
        /// Folder of the suite
        folder: PathBuf,
    },
    /// Runs only the axum server, on a free port; for `http2`, also runs the bridge to it
    Serve {
        /// Byte stream that the server uses: `hyper` or `http2`
        #[arg(default_value = "hyper")]
        of: Implementation,
    },
    /// Runs only the client, against all cases of a suite that is already running
    Agent {
        /// Address of the suite, such as `ws://127.0.0.1:9001/`
        url: String,
        /// Library of the client
        #[arg(default_value = "ours")]
        of: Implementation,
    },
}
