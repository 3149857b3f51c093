//! The copy of the source into which the mistakes are put.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::{
    mistake::{Mistake, repository},
    technique::Technique,
};

/// The paths, relative to the root of the repository, of the crates that the techniques and the
/// plain tests need.
const CRATES: [&str; 14] = [
    "crates/protocol",
    "crates/websocket",
    "crates/websocket-hyper",
    "crates/dissector",
    "crates/laboratory",
    "crates/cli",
    "crates/server",
    "crates/verification/testkit",
    "crates/verification/exploration",
    "crates/verification/simulation",
    "crates/verification/simulation/program",
    "crates/verification/simulation/tokio",
    "crates/verification/schedules",
    "crates/verification/schedules/std",
];

/// The pages that tests compare with what the programs send.
const PAGES: &str = "docs/src";

/// The result of running a technique or the plain tests.
#[derive(Debug)]
pub struct Finding {
    /// Whether the run failed, and so found the mistake.
    pub is_found: bool,
    /// Everything that was printed.
    pub output: String,
}

/// A copy of the crates that the techniques need.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    /// Copies the crates into `target/mistakes`. Files that have not changed are left untouched, so
    /// that cargo does not compile them again.
    ///
    /// # Errors
    /// Fails if a file cannot be read or written.
    pub fn create() -> io::Result<Self> {
        let (from, folder) = (repository(), repository().join("target/mistakes"));
        for name in CRATES.into_iter().chain([PAGES]) {
            copy_folder(&from.join(name), &folder.join(name))?;
        }
        write_if_different(&folder.join("Cargo.lock"), &fs::read(from.join("Cargo.lock"))?)?;
        // The same manifest, with fewer members.
        let manifest = fs::read_to_string(from.join("Cargo.toml"))?;
        let workspace_package = manifest.find("[workspace.package]").ok_or_else(|| io::Error::other("no package"))?;
        let members = CRATES.map(|name| format!("{name:?}")).join(", ");
        let manifest =
            format!("[workspace]\nresolver = \"3\"\nmembers = [{members}]\n\n{}", &manifest[workspace_package..]);
        write_if_different(&folder.join("Cargo.toml"), manifest.as_bytes())?;
        Ok(Self { folder })
    }

    /// Runs the technique on the source that contains the mistake.
    ///
    /// # Errors
    /// Fails if the mistake cannot be put into the source, or if the copy cannot be compiled or
    /// run.
    pub fn run(&self, technique: &Technique, mistake: &Mistake) -> io::Result<Finding> {
        self.with(mistake, technique.build, &[technique.command, mistake.arguments].concat())
    }

    /// Runs the plain tests on the source that contains the mistake, to show whether they find it
    /// too. The plain tests are the ordinary tests of the crate named in
    /// [`Technique::plain_tests`].
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub fn run_plain_tests(&self, technique: &Technique, mistake: &Mistake) -> io::Result<Finding> {
        let tests = ["test", "--tests", "--package", technique.plain_tests];
        self.with(mistake, &[&tests[..], &["--no-run"]].concat(), &[&tests[..], &["--no-fail-fast"]].concat())
    }

    /// Puts the mistake into the copy, compiles and runs the copy with cargo, and then takes the
    /// mistake out again.
    fn with(&self, mistake: &Mistake, build: &[&str], run: &[&str]) -> io::Result<Finding> {
        let file = self.folder.join(mistake.file);
        let original = fs::read(&file)?;
        fs::write(&file, mistake.apply()?)?;
        let built = self.cargo(build);
        let ran = self.cargo(run);
        fs::write(&file, original)?;
        let built = built?;
        if !built.status.success() {
            let errors = String::from_utf8_lossy(&built.stderr).into_owned();
            return Err(io::Error::other(format!("the mistake {:?} does not compile:\n{errors}", mistake.name)));
        }
        let ran = ran?;
        let output = [ran.stdout, ran.stderr].concat();
        Ok(Finding { is_found: !ran.status.success(), output: String::from_utf8_lossy(&output).into_owned() })
    }

    fn cargo(&self, arguments: &[&str]) -> io::Result<Output> {
        let (subcommand, arguments) = arguments.split_first().expect("cargo gets a subcommand");
        let mut command = Command::new("cargo");
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", "target").env("RUSTFLAGS", "-Awarnings");
        // Optimise, because the search takes longer than the compilation.
        command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
        command.args([subcommand, "--quiet"]).args(arguments).output()
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        // Skip the npm packages, which only the browser tests need.
        if entry.file_name() == "node_modules" {
            continue;
        }
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            write_if_different(&to, &fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

fn write_if_different(path: &Path, contents: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|existing| existing == contents) { Ok(()) } else { fs::write(path, contents) }
}
