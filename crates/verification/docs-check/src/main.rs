//! Writes the computed code blocks of the chapters in `docs/src/build` and of the pages in
//! `docs/src/run`: `cargo run -p docs-check`.

use std::{io, path::Path, process::ExitCode};

use docs_check::{build_chapters, examples};

fn main() -> io::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let mut problems = build_chapters::update(&root)?;
    problems.extend(examples::update(&root)?);
    for problem in &problems {
        eprintln!("{problem}");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
