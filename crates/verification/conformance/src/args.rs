//! The command line.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};
use conformance::{Role, case::Case, implementation::Implementation};

/// Lets the Autobahn testsuite judge our server and our client, and compares with what it said before.
#[derive(Debug, Parser)]
#[command(name = "conformance", version, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) run: Run,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    /// Who is judged
    #[arg(long, value_name = "WHO", default_value = "ours")]
    pub(crate) of: Implementation,

    /// One side only [default: both, at the same time]
    #[arg(long, conflicts_with = "update")]
    pub(crate) role: Option<Role>,

    /// Only these, such as 6 or 6.4 or 6.4.1,7.9 [default: all]
    #[arg(long, value_name = "CASES", value_delimiter = ',', conflicts_with = "update")]
    pub(crate) cases: Vec<Case>,

    /// Leave out the cases that take long: most of those about compression
    #[arg(long, conflicts_with = "update")]
    pub(crate) quick: bool,

    /// Write the outcomes down as the new baseline instead of comparing
    #[arg(long)]
    pub(crate) update: bool,

    /// After this time a side's remaining cases are given up
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = humantime::parse_duration)]
    pub(crate) time_limit: Duration,

    /// Where the suite is, or is to be installed [default: beside the reports]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) suite: Option<PathBuf>,

    /// Where the suite writes its reports [default: target/conformance]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) reports: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Only installs the suite
    Install {
        /// Where to
        folder: PathBuf,
    },
    /// The client that is judged: goes through all cases of a suite that runs already
    Agent {
        /// The suite's address, such as `ws://127.0.0.1:9001/`
        url: String,
        /// On which library
        #[arg(default_value = "ours")]
        of: Implementation,
    },
}
