//! Writes the computed code blocks of the chapters: `cargo run -p docs-check`.

use std::{io, path::Path, process::ExitCode};

use docs_check::{build_chapters, shown_code};

fn main() -> io::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..");
    let mut problems = build_chapters::update(&root)?;
    problems.extend(shown_code::update(&root)?);
    for problem in &problems {
        eprintln!("{problem}");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
