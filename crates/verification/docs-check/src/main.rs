//! Writes the computed code blocks of the chapters in `docs/src/build`: `cargo run -p docs-check`.

use std::{io, path::Path, process::ExitCode};

use docs_check::build_chapters;

fn main() -> io::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let problems = build_chapters::update(&root)?;
    for problem in &problems {
        eprintln!("{problem}");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
