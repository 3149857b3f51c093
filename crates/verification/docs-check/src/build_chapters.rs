//! Checks and writes the computed code blocks in the chapters about the steps.
//!
//! | mark | text of the block |
//! |---|---|
//! | `diff: FILE` | how a file differs from the step before |
//! | `diff: FILE 1 3` | only these hunks of the difference |
//! | `source: FILE` | a file of the step |
//! | `source: FILE fn name` | an item of this file |
//! | `fields: to-server` | the dissection of the bytes in the code block before, which a client sends |
//! | `answers`, `answers: client` | what an echo server, or an echo client, answers to the code block before |
//! | `judge: step04 stage 5` | what the judge says about the program of step 4; the tests of `grading` compute it |
//! | `bytes: text "Hi" masked 01020304` | the bytes of a message or a control frame; [`exercises::bytes`] lists the other forms |

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use crate::{
    exercises,
    marks::{MarkedBlock, marked_blocks},
    problem::Problem,
    steps::{self, Step},
};

/// The folder of the chapters.
const CHAPTERS: &str = "docs/src/build";
/// The minimum number of exercises in a chapter about a program.
const MIN_EXERCISES: usize = 2;

/// Compares the computed blocks of all chapters with the steps, and checks that each chapter shows
/// every change since the previous step and has enough exercises.
///
/// # Errors
/// Fails if a step or a chapter cannot be read.
pub fn check(root: &Path) -> io::Result<Vec<Problem>> {
    let steps = Step::all(root)?;
    Ok(chapters(root, &steps)?.iter().flat_map(Chapter::problems).collect())
}

/// Writes the computed blocks of all chapters. Returns the problems that only an author can fix.
///
/// # Errors
/// Fails if a step or a chapter cannot be read, or if a chapter cannot be written.
pub fn update(root: &Path) -> io::Result<Vec<Problem>> {
    let steps = Step::all(root)?;
    for chapter in chapters(root, &steps)? {
        let text = chapter.updated();
        if text != chapter.text {
            fs::write(root.join(&chapter.path), text)?;
        }
    }
    check(root)
}

/// Reads the chapter of each step.
fn chapters<'a>(root: &Path, steps: &'a [Step]) -> io::Result<Vec<Chapter<'a>>> {
    let mut chapters = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        let path = Path::new(CHAPTERS).join(&step.name).with_extension("md");
        let text = fs::read_to_string(root.join(&path))
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        let before = index.checked_sub(1).map(|before| &steps[before]);
        let changes = before.map(|before| step.changes(before)).unwrap_or_default();
        chapters.push(Chapter { path, text, step, before, changes });
    }
    Ok(chapters)
}

/// A chapter, its step and the previous step.
struct Chapter<'a> {
    path: PathBuf,
    text: String,
    step: &'a Step,
    before: Option<&'a Step>,
    changes: BTreeMap<&'a str, Vec<String>>,
}

impl Chapter<'_> {
    fn problems(&self) -> Vec<Problem> {
        let blocks = match marked_blocks(&self.text) {
            Ok(blocks) => blocks,
            Err(mistake) => return vec![self.problem(mistake.line, mistake.advice)],
        };
        let mut problems = Vec::new();
        for block in &blocks {
            match self.compute(block) {
                Ok(text) if text == self.text[block.range.clone()] => {}
                Ok(_) => problems.push(self.problem(
                    block.line,
                    format!("the block `{}` is out of date: run `cargo run -p docs-check`", block.name),
                )),
                Err(advice) => problems.push(self.problem(block.line, advice)),
            }
        }
        problems.extend(self.missing(&blocks));
        problems
    }

    fn problem(&self, line: usize, advice: String) -> Problem {
        Problem { file: self.path.clone(), line, advice }
    }

    /// Returns a problem for each change that the chapter does not show, and one more if it has too
    /// few exercises.
    fn missing(&self, blocks: &[MarkedBlock]) -> Vec<Problem> {
        let mut shown = BTreeSet::new();
        for block in blocks {
            let (file, hunks) = block.arguments.split_once(' ').unwrap_or((&block.arguments, ""));
            let all = self.changes.get(file).map_or(0, Vec::len);
            match block.name.as_str() {
                "diff" if !hunks.is_empty() => shown.extend(numbers(hunks).map(|hunk| (file, hunk))),
                "diff" | "source" => shown.extend((1..=all).map(|hunk| (file, hunk))),
                _ => {}
            }
        }
        let hunks = self.changes.iter().flat_map(|(file, hunks)| (1..=hunks.len()).map(|hunk| (*file, hunk)));
        let missing = hunks.filter(|change| !shown.contains(change)).map(|(file, hunk)| {
            self.problem(
                0,
                format!("the chapter does not show hunk {hunk} of `{file}` (`<!-- diff: {file} {hunk} -->`)"),
            )
        });
        let exercises = blocks.iter().filter(|block| ["fields", "answers", "bytes"].contains(&&block.name[..])).count();
        let few = (!self.step.files.is_empty() && exercises < MIN_EXERCISES)
            .then(|| self.problem(0, format!("a chapter needs at least {MIN_EXERCISES} exercises")));
        missing.chain(few).collect()
    }

    /// Returns the chapter with its computed blocks updated. A block that cannot be computed stays
    /// as it is.
    fn updated(&self) -> String {
        let mut text = self.text.clone();
        for block in marked_blocks(&self.text).unwrap_or_default().into_iter().rev() {
            if let Ok(computed) = self.compute(&block) {
                text.replace_range(block.range, &computed);
            }
        }
        text
    }

    fn compute(&self, block: &MarkedBlock) -> Result<String, String> {
        let (file, rest) = block.arguments.split_once(' ').unwrap_or((&block.arguments, ""));
        match block.name.as_str() {
            "diff" => self.diff(file, rest),
            "source" => {
                let text = self.step.files.get(file).ok_or_else(|| format!("this step has no file `{file}`"))?;
                if rest.is_empty() { Ok(text.clone()) } else { steps::item(text, rest) }
            }
            "fields" => exercises::fields(&block.arguments, &block.given),
            "answers" => exercises::answers(&block.arguments, &block.given),
            "bytes" => exercises::bytes(&block.arguments),
            // Only the tests of `grading` run the steps' programs, so the judge's output cannot be
            // computed here. Leave this block as it is.
            "judge" => Ok(self.text[block.range.clone()].to_owned()),
            name => Err(format!("`{name}` is unknown")),
        }
    }

    /// Returns a unified diff with all hunks, or with only the given ones.
    fn diff(&self, file: &str, hunks: &str) -> Result<String, String> {
        let before = self.before.ok_or("the first step has no step before it")?;
        let all = self.changes.get(file).ok_or_else(|| format!("`{file}` is the same as in the step before"))?;
        let old =
            if before.files.contains_key(file) { format!("{}/{file}", before.name) } else { "/dev/null".to_owned() };
        let mut text = format!("--- {old}\n+++ {}/{file}\n", self.step.name);
        if hunks.is_empty() {
            text.extend(all.iter().map(String::as_str));
        }
        for number in numbers(hunks) {
            let hunk = number.checked_sub(1).and_then(|index| all.get(index));
            text += hunk
                .ok_or_else(|| format!("`{number}` is not a hunk of `{file}`, whose hunks are 1 to {}", all.len()))?;
        }
        Ok(text)
    }
}

/// Reads a list of hunk numbers, separated by spaces. A word that is not a number becomes 0, and no
/// hunk has the number 0.
fn numbers(hunks: &str) -> impl Iterator<Item = usize> {
    hunks.split_whitespace().map(|number| number.parse().unwrap_or(0))
}
