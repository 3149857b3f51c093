//! Prints what the judge has found.

use dissector::{Conversation, Direction, Options, Record, RecordKind, printable, render};
use laboratory::grade::{CheckResult, FailedCheck, ListedCheck, Recording, Selection, Stage, StageResult};
use protocol::Role;

/// The maximum number of frames or heads that are shown dissected for each direction. If there are
/// more, only the last ones are shown, because those are what the failed check is about.
const SHOWN_RECORDS: usize = 3;

/// The maximum number of rows, of 16 bytes each, that are shown for one frame.
const SHOWN_ROWS: usize = 4;

/// The maximum number of bytes on the line that sums up what was sent or received.
const SHOWN_BYTES: usize = 24;

const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";
const RESET: &str = "\x1b[0m";

/// Formats the results of the judge, for people or for programs.
#[derive(Debug, Clone, Copy)]
pub struct GradeReport {
    /// The role of the program under test.
    pub judged: Role,
    /// Whether to use colours.
    pub colour: bool,
}

impl GradeReport {
    /// Returns the results of the selected checks, as JSON if `json` is `true`, and otherwise as
    /// text.
    #[must_use]
    pub fn result(self, selection: Selection, json: bool, result: &StageResult) -> String {
        match selection {
            _ if json => self.json(result),
            Selection::Check(_) => self.single_check(result),
            Selection::All | Selection::Stage(_) => self.stage(result),
        }
    }

    /// Returns the sentence that reports that all selected checks have passed, or `None` for a
    /// single check, because the check's own line already says so.
    #[must_use]
    pub fn success(self, selection: Selection) -> Option<String> {
        match selection {
            Selection::All => Some("all stages passed".to_owned()),
            Selection::Stage(number) => Some(format!("stage {number} passed")),
            Selection::Check(_) => None,
        }
    }

    /// Returns the result line for a stage and, if the stage was not passed, one line for each of
    /// its checks and an explanation of the first failure.
    #[must_use]
    pub fn stage(self, result: &StageResult) -> String {
        let StageResult { stage, checks, .. } = result;
        let (passed, total) = (result.passed(), checks.len());
        let mut text = format!(
            "{} stage {:2}  {:34}  {passed} of {total}\n",
            self.bar(stage, result.has_passed()),
            stage.number,
            stage.title
        );
        if let Some(first) = result.headline() {
            text.push('\n');
            for check in checks {
                text.push_str(&self.check(check));
            }
            text.push('\n');
            text.push_str(&self.explanation(result, first));
        }
        text
    }

    /// Returns the result line for a check that was run on its own, followed by the explanation if
    /// the check failed.
    #[must_use]
    pub fn single_check(self, result: &StageResult) -> String {
        let text = |check| format!("{}{}", self.check(check), self.explanation(result, check));
        result.checks.iter().map(text).collect()
    }

    /// Returns the names of all checks, or only of those in one stage.
    #[must_use]
    pub fn list(self, only: Option<u8>) -> String {
        let mut text = String::new();
        let mut last = None;
        for ListedCheck { stage, name, title } in ListedCheck::of(self.judged) {
            if only.is_some_and(|number| number != stage.number) {
                continue;
            }
            if last != Some(stage.number) {
                text.push_str(&format!("stage {:2}  {}\n", stage.number, stage.title));
                last = Some(stage.number);
            }
            text.push_str(&format!("  {name:30}  {title}\n"));
        }
        text
    }

    /// Returns a progress bar of the stages: those passed, the one that failed (if any), and those
    /// still to come.
    fn bar(self, stage: &Stage, has_passed: bool) -> String {
        let total = Stage::of(self.judged).len();
        let done = usize::from(stage.number) - usize::from(!has_passed);
        let full = self.paint(GREEN, &"█".repeat(done));
        let failed = if has_passed { String::new() } else { self.paint(RED, "█") };
        let rest = "░".repeat(total - usize::from(stage.number));
        format!("{full}{failed}{rest}")
    }

    fn check(self, check: &CheckResult) -> String {
        match &check.failed {
            None => format!("  {} {}\n", self.paint(GREEN, "passed"), check.name),
            Some(failed) => {
                let CheckResult { name, title, .. } = check;
                format!("  {} {name}: {title}: {}\n", self.paint(RED, "FAILED"), failed.failure.sentence)
            }
        }
    }

    fn explanation(self, result: &StageResult, check: &CheckResult) -> String {
        let Some(failed) = &check.failed else { return String::new() };
        let StageResult { stage, checks, .. } = result;
        let (passed, total) = (result.passed(), checks.len());
        let mut text =
            format!("stage {}: {passed} of {total}. {}\n", stage.number, check.explanation().unwrap_or_default());
        text.push_str(&self.bytes(failed));
        text.push_str(&format!("See \"{}\" ({}).\n", stage.title, stage.chapter()));
        let others = checks.iter().filter(|other| other.failed.is_some() && other.name != check.name);
        if let Some(other) = others.clone().next() {
            let count = others.count();
            let (other, checks) =
                (other.name, if count == 1 { "1 other check" } else { &format!("{count} other checks") });
            text.push_str(&format!("{checks} failed. Each is explained if it is run alone, as in: --check {other}\n"));
        }
        text
    }

    /// Returns what the judge has sent and received: the bytes of each direction on one line, and
    /// then the last frames, dissected. A direction without frames shows its heads from the
    /// handshake instead. But if the other direction has frames, a 101 response is left out,
    /// because it is not an answer to those frames.
    fn bytes(self, failed: &FailedCheck) -> String {
        let records = dissect(&failed.recording, self.judged);
        let (mut lines, mut dissected) = (String::new(), String::new());
        let has_frames = records.iter().any(|record| record.kind == RecordKind::Frame);
        let opens = |record: &Record| record.kind == RecordKind::Response && record.summary.starts_with("HTTP/1.1 101");
        for (verb, mark, direction) in [("sent", '>', self.to_judged()), ("got", '<', self.to_judged().opposite())] {
            let (frames, heads): (Vec<_>, Vec<_>) = records
                .iter()
                // Leave out the body of an ordinary page, because it says nothing about WebSocket.
                .filter(|record| record.direction == direction && record.kind != RecordKind::Body)
                .filter(|record| !(has_frames && opens(record)))
                .partition(|record| record.kind == RecordKind::Frame);
            let shown = if frames.is_empty() { heads } else { frames };
            let bytes: Vec<u8> = shown.iter().flat_map(|record| &record.bytes).copied().collect();
            lines.push_str(&format!("{verb} {}\n", hex(&bytes)));
            for record in &shown[shown.len().saturating_sub(SHOWN_RECORDS)..] {
                let incomplete = if record.complete { "" } else { " (incomplete)" };
                let dump = render::hex_dump(record, SHOWN_ROWS, self.colour);
                dissected.push_str(&format!("{mark} {}{incomplete}\n{dump}\n", printable(&record.summary)));
            }
        }
        format!("{lines}\n{dissected}")
    }

    const fn to_judged(self) -> Direction {
        match self.judged {
            Role::Server => Direction::ToServer,
            Role::Client => Direction::ToClient,
        }
    }

    fn paint(self, colour: &str, text: &str) -> String {
        if self.colour { format!("{colour}{text}{RESET}") } else { text.to_owned() }
    }

    /// Returns one line of JSON for each check of a stage.
    #[must_use]
    pub fn json(self, result: &StageResult) -> String {
        let StageResult { stage, checks, .. } = result;
        let lines = checks.iter().map(|check| {
            let failed = check.failed.as_ref();
            let bytes = |sent| failed.map(|failed| hex_digits(&failed.recording.bytes(sent)));
            serde_json::json!({
                "stage": stage.number,
                "title": stage.title,
                "check": check.name,
                "does": check.title,
                "passed": failed.is_none(),
                "symptom": failed.map(|failed| format!("{:?}", failed.failure.symptom)),
                "explanation": check.explanation(),
                "sent": bytes(true),
                "got": bytes(false),
                "chapter": stage.chapter(),
            })
            .to_string()
                + "\n"
        });
        lines.collect()
    }
}

/// Dissects a recording. The last record of each direction may be incomplete.
fn dissect(recording: &Recording, judged: Role) -> Vec<Record> {
    let mut conversation = Conversation::new(Options::default());
    let mut records = Vec::new();
    for piece in &recording.pieces {
        let direction = match (piece.sent, judged) {
            (true, Role::Server) | (false, Role::Client) => Direction::ToServer,
            (false, Role::Server) | (true, Role::Client) => Direction::ToClient,
        };
        conversation.push(direction, &piece.bytes, None, &mut |record| records.push(record));
    }
    for direction in Direction::BOTH {
        conversation.end(direction, None, &mut |record| records.push(record));
    }
    records
}

/// Returns bytes in hexadecimal. If there are more than [`SHOWN_BYTES`], returns only that many,
/// followed by the total number.
fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "nothing".to_owned();
    }
    let shown: Vec<_> = bytes.iter().take(SHOWN_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let more = if bytes.len() > SHOWN_BYTES { format!(" ... ({} bytes)", bytes.len()) } else { String::new() };
    shown.join(" ") + &more
}

fn hex_digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
