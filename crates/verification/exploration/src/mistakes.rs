//! Mistakes that are put into the engine on purpose: each must be found.
//!
//! The repository contains no mistaken code. [`Scratch`] copies the crates that the exploration
//! needs into a folder of their own, replaces one piece of the engine's source there, and runs the
//! exploration of the copy.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

/// A mistake in one transition of closing.
#[derive(Debug)]
pub struct Mistake {
    /// The name.
    pub name: &'static str,
    /// The mistake in words.
    pub description: &'static str,
    /// The file, in the folder `src/connection` of the engine.
    pub file: &'static str,
    /// The piece of source that is replaced. It occurs once in the file.
    pub original: &'static str,
    /// The source that replaces it.
    pub mistaken: &'static str,
    /// The number of causes that it takes to find the mistake, or more.
    pub causes: u8,
}

/// The mistakes. There is at least one for each transition of `closing.rs`: in the transition, in
/// the call of it, or in the conclusion from it.
pub const MISTAKES: [Mistake; 12] = [
    Mistake {
        name: "close-sent",
        description: "a Close is queued although one was queued before",
        file: "mod.rs",
        original: "        if self.closing.is_close_sent() {\n            return;\n        }\n",
        mistaken: "",
        causes: 2,
    },
    Mistake {
        name: "close-received",
        description: "the peer counts as the initiator even if its Close came second",
        file: "closing.rs",
        original: "self.initiator.get_or_insert(Endpoint::Remote);",
        mistaken: "self.initiator = Some(Endpoint::Remote);",
        causes: 2,
    },
    Mistake {
        name: "violation",
        description: "a broken rule is answered with a Close and not recorded",
        file: "mod.rs",
        original: "        self.closing.on_violation(violation.clone());\n",
        mistaken: "",
        causes: 2,
    },
    Mistake {
        name: "eof-read",
        description: "TCP is dropped at the end of the stream, before the bytes that arrived before it are processed",
        file: "closing.rs",
        original: "if self.peer_stream == PeerStream::EofReached || self.timed_out {",
        mistaken: "if self.peer_stream != PeerStream::Open || self.timed_out {",
        causes: 2,
    },
    Mistake {
        name: "more-input-needed",
        description: "a peer that has ended its stream gets no deadline for reading what is queued",
        file: "mod.rs",
        original: "        if self.closing.on_more_input_needed() {",
        mistaken: "        if self.closing.on_more_input_needed() && self.state() != State::Open {",
        causes: 2,
    },
    Mistake {
        name: "write-error",
        description: "after a failed write, the peer has no deadline for ending its stream",
        file: "mod.rs",
        original: "        self.discard_output();\n        self.start_close_timer_unless_running(now);\n",
        mistaken: "        self.discard_output();\n        let _ = now;\n",
        causes: 2,
    },
    Mistake {
        name: "read-error",
        description: "after a failed read, the end of the stream is still awaited",
        file: "closing.rs",
        original: "        self.on_eof_read();\n        self.write_failed = true;",
        mistaken: "        self.write_failed = true;",
        causes: 2,
    },
    Mistake {
        name: "output-discarded",
        description: "a Close that was discarded counts as sent",
        file: "closing.rs",
        original: "self.close_discarded |= with_close;",
        mistaken: "let _ = with_close;",
        causes: 2,
    },
    Mistake {
        name: "pong-discarded",
        description: "the end counts as unclean if any frame was discarded, even a Pong after the Close",
        file: "closing.rs",
        original: "&& !self.close_discarded,",
        mistaken: "&& !self.output_discarded,",
        causes: 2,
    },
    Mistake {
        name: "discarded-twice",
        description: "after a discard, a Close that was sent counts as queued",
        file: "sender.rs",
        original: "        self.close_end = 0;\n",
        mistaken: "",
        causes: 3,
    },
    Mistake {
        name: "timeout",
        description: "after the deadline, the queue must still be written before TCP is dropped",
        file: "mod.rs",
        original: "if !self.sender.queue().is_empty() && !self.closing.has_timed_out() {",
        mistaken: "if !self.sender.queue().is_empty() {",
        causes: 2,
    },
    Mistake {
        name: "tcp-step",
        description: "a client ends TCP as soon as both Closes are through, as a server does",
        file: "closing.rs",
        original: "Role::Client => false,",
        mistaken: "Role::Client => done,",
        causes: 2,
    },
];

/// The folder of the engine's connection, relative to the root of the repository.
const CONNECTION: &str = "crates/protocol/src/connection";

/// The crates that the exploration needs, relative to the root of the repository.
const CRATES: [&str; 4] =
    ["crates/protocol", "crates/dissector", "crates/verification/testkit", "crates/verification/exploration"];

/// Returns the root of the repository.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

impl Mistake {
    /// Returns the mistaken file, made from the file in the repository.
    ///
    /// # Errors
    /// Fails if the file cannot be read, or does not contain the original exactly once.
    pub fn apply(&self) -> io::Result<String> {
        let path = repository().join(CONNECTION).join(self.file);
        let source = fs::read_to_string(&path)?;
        match source.matches(self.original).count() {
            1 => Ok(source.replacen(self.original, self.mistaken, 1)),
            count => Err(io::Error::other(format!(
                "{}: the source that the mistake {:?} replaces occurs {count} times, not once. Adapt the mistake to \
                 the new source.",
                path.display(),
                self.name
            ))),
        }
    }
}

/// A copy of the crates that the exploration needs.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    /// Copies the crates into `target/exploration`. Files that are the same already are left as
    /// they are, so that they need not be compiled again.
    ///
    /// # Errors
    /// Fails if a file cannot be read or written.
    pub fn create() -> io::Result<Self> {
        let (from, folder) = (repository(), repository().join("target/exploration"));
        for name in CRATES {
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

    /// Runs the exploration of the mistaken engine. Returns its output, and whether it has found a
    /// property that does not hold.
    ///
    /// # Errors
    /// Fails if the mistake cannot be made, or if the copy cannot be compiled or run.
    pub fn explore(&self, mistake: &Mistake) -> io::Result<(String, bool)> {
        let file = self.folder.join(CONNECTION).join(mistake.file);
        let original = fs::read(&file)?;
        fs::write(&file, mistake.apply()?)?;
        let cargo = |subcommand| {
            let mut command = Command::new("cargo");
            command.current_dir(&self.folder).env("CARGO_TARGET_DIR", "target").env("RUSTFLAGS", "-Awarnings");
            // Optimised, because the search takes longer than the compilation.
            command.env("CARGO_PROFILE_DEV_OPT_LEVEL", "1");
            command.args([subcommand, "--quiet", "--offline", "--package", "exploration"]);
            command
        };
        let built = cargo("build").status();
        let causes = mistake.causes.to_string();
        let explored = cargo("run").args(["--", "search", "--whole-frames", "--causes", &causes]).output();
        fs::write(&file, original)?;
        if !built?.success() {
            return Err(io::Error::other(format!("the mistake {:?} does not compile", mistake.name)));
        }
        let explored = explored?;
        Ok((String::from_utf8_lossy(&explored.stdout).into_owned(), !explored.status.success()))
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
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
