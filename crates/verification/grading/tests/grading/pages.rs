//! The chapters show the judge's output for the program of each step, before and after the step.
//!
//! | mark in a chapter | the code block below it contains |
//! |---|---|
//! | `judge: none stage 1` | what the judge says if no server listens |
//! | `judge: step04 stage 5` | what the judge says about the program of step 4 in stage 5 |
//!
//! To rewrite the blocks, run `UPDATE=1 cargo test -p grading pages`.

use std::{fs, net::TcpListener, ops::Range, path::PathBuf};

use cli::GradeReport;
use docs_check::marks::marked_blocks;
use futures_util::{StreamExt, stream};
use laboratory::{
    Role,
    grade::{RecordedPiece, Recording, Selection, ServerJudge, StageResult},
};
use protocol::handshake::ClientRequest;

use crate::programs::{RunningServer, program, root};

/// The number of programs that are judged at the same time. It is small, so that no program misses
/// a deadline because the machine is busy.
const AT_ONCE: usize = 4;

/// The address in the chapters. The programs use it if they are started without an address.
const ADDRESS: &str = "127.0.0.1:9001";

/// A code block in a chapter, and the judge's output for it.
struct JudgedBlock {
    chapter: PathBuf,
    line: usize,
    range: Range<usize>,
    text: String,
}

#[tokio::test]
async fn the_chapters_show_what_the_judge_says() {
    let mut marks = Vec::new();
    for number in 1..=12 {
        let (before, chapter) = (number - 1, chapter(number));
        let page = fs::read_to_string(&chapter).expect("the chapter is readable");
        let blocks = marked_blocks(&page).expect("the marks of the chapter are sound");
        let judged: Vec<_> = blocks.into_iter().filter(|block| block.name == "judge").collect();
        let arguments: Vec<_> = judged.iter().map(|block| block.arguments.as_str()).collect();
        let before = if before == 0 { "none".to_owned() } else { format!("step{before:02}") };
        let expected = [format!("{before} stage {number}"), format!("step{number:02} stage {number}")];
        assert_eq!(arguments, expected, "the marks `judge` in {}", chapter.display());
        marks.extend(judged.into_iter().map(|block| (chapter.clone(), block, number)));
    }
    let judging = marks.into_iter().map(|(chapter, block, stage)| async move {
        let text = match block.arguments.split_once(' ') {
            Some(("none", _)) => without_server(),
            Some((step, _)) => judge(step, stage).await,
            None => unreachable!("the arguments are checked above"),
        };
        JudgedBlock { chapter, line: block.line, range: block.range, text }
    });
    let blocks: Vec<_> = stream::iter(judging).buffered(AT_ONCE).collect().await;
    let outdated = outdated(&blocks);
    if std::env::var_os("UPDATE").is_some() {
        write(&blocks);
    } else {
        assert!(outdated.is_empty(), "out of date: {outdated:#?}; run `UPDATE=1 cargo test -p grading pages`");
    }
}

/// Returns the path of the chapter about a step.
fn chapter(number: u8) -> PathBuf {
    let folder = root().join("docs/src/build");
    let prefix = format!("{number:02}-");
    let names =
        fs::read_dir(&folder).expect("the folder is readable").map(|entry| entry.expect("an entry").file_name());
    let name = names.into_iter().find(|name| name.to_string_lossy().starts_with(&prefix)).expect("a chapter");
    folder.join(name)
}

/// Returns the blocks whose text differs from the judge's output.
fn outdated(blocks: &[JudgedBlock]) -> Vec<String> {
    let is_outdated = |block: &&JudgedBlock| {
        let page = fs::read_to_string(&block.chapter).expect("the chapter is readable");
        page[block.range.clone()] != block.text
    };
    blocks
        .iter()
        .filter(is_outdated)
        .map(|block| format!("{}:{}: the judge says\n{}", block.chapter.display(), block.line, block.text))
        .collect()
}

/// Writes the judge's output into all blocks.
fn write(blocks: &[JudgedBlock]) {
    // Go from the last block to the first, so that the other ranges stay valid.
    for block in blocks.iter().rev() {
        let mut page = fs::read_to_string(&block.chapter).expect("the chapter is readable");
        page.replace_range(block.range.clone(), &block.text);
        fs::write(&block.chapter, page).expect("the chapter is writable");
    }
}

/// Returns what the judge says about a server that does not listen.
fn without_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let output = program("client").args(["--grade", &format!("ws://{address}/")]).output().expect("it starts");
    String::from_utf8(output.stderr).expect("UTF-8").replace(&address, ADDRESS)
}

/// Returns what the judge says about the program of a step in a stage.
async fn judge(step: &str, stage: u8) -> String {
    let server = RunningServer::start(program(step).arg("127.0.0.1:0"));
    let request = ClientRequest::new(server.url.parse().expect("a URI"));
    let address = server.url.trim_start_matches("ws://").trim_end_matches('/');
    let report = GradeReport { judged: Role::Server, colour: false };
    let mut text = String::new();
    let judge = ServerJudge::new(request).repeatable();
    let judged = judge.run(Selection::Stage(stage), |result| {
        text = report.stage(&stable(result, address));
    });
    judged.await.expect("the program listens");
    text
}

/// The number of bytes of a trickled request that are shown, including its first line. The judge
/// sends more than these, and how many more depends on the machine.
const TRICKLED: usize = 64;

/// The number of the connection that step 11 rejects, if there is no other connection.
const REJECTED: &str = "number 101: ";

/// Returns a result that is the same in every run. The server's address, and the numbers that
/// depend on the speed of the machine, are replaced by those in the chapters.
fn stable(result: &StageResult, address: &str) -> StageResult {
    let mut result = result.clone();
    for failed in result.checks.iter_mut().filter_map(|check| check.failed.as_mut()) {
        if let Some(start) = failed.failure.sentence.find("number ")
            && let Some(length) = failed.failure.sentence[start..].find(": ")
        {
            failed.failure.sentence.replace_range(start..start + length + ": ".len(), REJECTED);
        }
        join_pieces(&mut failed.recording);
        for piece in &mut failed.recording.pieces {
            replace(&mut piece.bytes, address.as_bytes(), ADDRESS.as_bytes());
            if piece.sent && piece.bytes.ends_with(b"xxx") {
                piece.bytes.truncate(TRICKLED);
            }
        }
    }
    result
}

/// Joins consecutive pieces that have the same direction. The number of pieces depends on the
/// machine.
fn join_pieces(recording: &mut Recording) {
    let mut joined: Vec<RecordedPiece> = Vec::new();
    for piece in recording.pieces.drain(..) {
        match joined.last_mut() {
            Some(last) if last.sent == piece.sent => last.bytes.extend(piece.bytes),
            _ => joined.push(piece),
        }
    }
    recording.pieces = joined;
}

fn replace(bytes: &mut Vec<u8>, from: &[u8], to: &[u8]) {
    if let Some(start) = bytes.windows(from.len()).position(|window| window == from) {
        bytes.splice(start..start + from.len(), to.iter().copied());
    }
}
