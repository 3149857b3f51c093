//! Corpus files: one input per line, in hexadecimal digits, so that a diff shows each changed input
//! as one changed line.

use std::{fmt::Write as _, path::PathBuf};

/// Returns the path of a target's corpus file.
pub fn file(target: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "corpora", target].iter().collect::<PathBuf>().with_extension("hex")
}

/// Parses the text of a corpus file. Returns its inputs.
///
/// # Errors
/// Returns an error if a line is not hexadecimal. The error quotes the line.
pub fn unpack(text: &str) -> Result<Vec<Vec<u8>>, String> {
    let line = |(number, line): (usize, &str)| bytes(line).ok_or_else(|| format!("line {}: {line:?}", number + 1));
    text.lines().enumerate().map(line).collect()
}

/// Formats these inputs as a corpus file, sorted by length and without duplicates.
pub fn pack(mut inputs: Vec<Vec<u8>>) -> String {
    inputs.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    inputs.dedup();
    let mut text = String::new();
    for input in inputs {
        for byte in input {
            // Writing to a `String` cannot fail, so ignore the result.
            let _ = write!(text, "{byte:02x}");
        }
        text.push('\n');
    }
    text
}

/// Parses hexadecimal digits. Spaces between them are ignored.
pub fn bytes(digits: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = digits.bytes().filter(|digit| *digit != b' ').collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(|chunk| if chunk.len() == 2 { pair(chunk) } else { None }).collect()
}
