//! The transcript of the conversation: the messages from both sides and this program's notices.

use std::{collections::VecDeque, ops::Range};

use dissector::printable;
use websocket::protocol::Message;

use super::{json::JsonObject, numbers::NumberHistory};
use crate::{
    byte_summary::byte_summary,
    screen::text::{fit, row_ranges},
};

/// The maximum number of entries that are kept.
const ENTRIES_MAX: usize = 1000;

/// The maximum number of bytes to keep of an entry's text, including its escapes. This is enough
/// for several screens.
const TEXT_MAX: usize = 8 << 10;

/// The maximum total size of all entries, in bytes: the maximum number of entries times the maximum
/// length of an entry. The limits on entries and on texts cannot guarantee this total by
/// themselves, because a text may exceed its limit by one escape and by the note about the omitted
/// bytes.
const BYTES_MAX: usize = ENTRIES_MAX * TEXT_MAX;

/// The maximum width, in columns, of a message that is updated in place: two rows of the pane on an
/// 80-column terminal.
const IN_PLACE_MAX: usize = 52;

/// The number of columns taken up by the mark and the gap before each row of an entry.
pub(crate) const MARK_COLUMNS: usize = 2;

/// The source of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The user, who sends messages and commands.
    User,
    /// The server, which sends messages.
    Server,
    /// This program, which reports on the connection.
    Notice,
    /// This program, which reports a failure.
    Error,
}

/// Where to show a JSON message that updates an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Updates {
    /// The message replaces the last entry if the two differ only in their numbers. Otherwise, it
    /// becomes a new entry.
    AtTheEnd,
    /// The message is cut to [`IN_PLACE_MAX`] columns. It replaces the earlier message whose
    /// members have the same names, if that message was added since the last notice or error.
    InPlace,
}

/// An entry whose text is safe to print on a terminal.
#[derive(Debug)]
pub(crate) struct TranscriptEntry {
    pub(crate) speaker: Speaker,
    pub(crate) text: String,
    /// The number of JSON messages that share this entry because each updates the one before it.
    /// `text` shows the newest of them. For every other entry, the number is 1.
    pub(crate) times: u64,
    /// The names in the message, if it is a JSON message from the server.
    names: Option<String>,
}

/// The number of columns and rows inside the border of a pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PaneSize {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// The position of a row: the index of its entry, and the index of the row in the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct RowPosition {
    pub(crate) entry: usize,
    pub(crate) row: usize,
}

/// The row to which the user has scrolled, identified by its first byte. When the width of the pane
/// changes, the entry is split into different rows, but the byte stays the same.
#[derive(Debug, Clone, Copy)]
struct ScrolledRow {
    /// The number of the entry.
    entry: u64,
    /// The offset, in the entry's text, of the row's first byte.
    byte: usize,
}

/// The transcript.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    entries: VecDeque<TranscriptEntry>,
    /// The total size of the entries' texts, in bytes.
    bytes: usize,
    /// The number of entries that have been dropped.
    dropped: u64,
    /// The shape of the last entry, if it is a JSON message from the server.
    last_shape: Option<String>,
    /// The lowest row on the screen. `None` means that the screen follows the newest entry.
    bottom: Option<ScrolledRow>,
}

impl TranscriptEntry {
    /// Returns the text to show.
    fn shown(&self) -> String {
        if self.times > 1 { format!("{}  ({} times)", self.text, self.times) } else { self.text.clone() }
    }

    /// Returns the rows that the entry takes up in a pane with this many columns.
    pub(crate) fn rows(&self, columns: usize) -> Vec<String> {
        let shown = self.shown();
        ranges(&shown, columns).map(|row| shown[row].to_owned()).collect()
    }

    /// Returns the number of rows, at least 1, that the entry takes up in a pane with this many
    /// columns.
    fn row_count(&self, columns: usize) -> usize {
        ranges(&self.shown(), columns).count()
    }
}

fn ranges(shown: &str, columns: usize) -> impl Iterator<Item = Range<usize>> {
    row_ranges(shown, columns.saturating_sub(MARK_COLUMNS))
}

impl Transcript {
    fn push(&mut self, speaker: Speaker, text: String) {
        self.bytes += text.len();
        self.entries.push_back(TranscriptEntry { speaker, text, times: 1, names: None });
        self.last_shape = None;
        while self.entries.len() > ENTRIES_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.text.len();
            self.dropped += 1;
        }
    }

    /// Adds an entry.
    pub(crate) fn add(&mut self, speaker: Speaker, text: &str) {
        self.push(speaker, for_terminal(text));
    }

    /// Adds a message that the server sent, and adds the numbers in it to `numbers`.
    pub(crate) fn add_message(&mut self, message: &Message, updates: Updates, numbers: &mut NumberHistory) {
        let text = match message {
            Message::Text(text) => text.as_str(),
            Message::Binary(bytes) => return self.add(Speaker::Server, &format!("binary, {}", byte_summary(bytes))),
        };
        let Some(object) = JsonObject::parse(text) else { return self.add(Speaker::Server, text) };
        numbers.add(object.numbers());
        let shape = object.shape();
        let names = object.names().join(" ");
        let mut text = for_terminal(&object.one_line());
        if updates == Updates::InPlace {
            text = fit(&text, IN_PLACE_MAX);
            let mut since_notice = self
                .entries
                .iter_mut()
                .rev()
                .take_while(|entry| matches!(entry.speaker, Speaker::User | Speaker::Server));
            if let Some(earlier) = since_notice.find(|entry| entry.names.as_ref() == Some(&names)) {
                self.bytes = self.bytes - earlier.text.len() + text.len();
                earlier.text = text;
                earlier.times += 1;
                return;
            }
        }
        match self.entries.back_mut() {
            // The message differs from the last entry only in its numbers. Many such messages, for
            // example a status sent every second, would push everything else off the screen, so let
            // the message replace the last entry.
            Some(last) if self.last_shape.as_ref() == Some(&shape) => {
                self.bytes = self.bytes - last.text.len() + text.len();
                last.text = text;
                last.times += 1;
            }
            _ => {
                self.push(Speaker::Server, text);
                self.last_shape = Some(shape);
                if let Some(entry) = self.entries.back_mut() {
                    entry.names = Some(names);
                }
            }
        }
    }

    /// Returns the entries that are kept, oldest first.
    pub(crate) const fn entries(&self) -> &VecDeque<TranscriptEntry> {
        &self.entries
    }

    /// Returns `true` if the newest row is on the screen.
    pub(crate) const fn follows(&self) -> bool {
        self.bottom.is_none()
    }

    /// Returns the lowest row that a pane of this size shows, or `None` if there are no entries.
    pub(crate) fn bottom(&self, pane: PaneSize) -> Option<RowPosition> {
        let newest = self.entries.len().checked_sub(1)?;
        let Some(bottom) = self.bottom else {
            return Some(RowPosition { entry: newest, row: self.entries[newest].row_count(pane.columns) - 1 });
        };
        // If the entry has been dropped, start from the first row. If this or any other position
        // would leave rows of the pane empty, the code below moves it to the end of the first page.
        let position = match bottom.entry.checked_sub(self.dropped).and_then(|entry| usize::try_from(entry).ok()) {
            Some(entry) if entry <= newest => {
                let shown = self.entries[entry].shown();
                let before = ranges(&shown, pane.columns).take_while(|row| row.start <= bottom.byte).count();
                RowPosition { entry, row: before.saturating_sub(1) }
            }
            _ => RowPosition { entry: 0, row: 0 },
        };
        Some(position.max(self.end_of_first_page(pane)))
    }

    /// Returns the lowest row that the pane shows when it is scrolled to the beginning of the
    /// transcript.
    fn end_of_first_page(&self, pane: PaneSize) -> RowPosition {
        let mut free = pane.rows.max(1);
        let mut end = RowPosition { entry: 0, row: 0 };
        for (entry, count) in self.entries.iter().map(|entry| entry.row_count(pane.columns)).enumerate() {
            end = RowPosition { entry, row: count.min(free) - 1 };
            free -= count.min(free);
            if free == 0 {
                break;
            }
        }
        end
    }

    /// Scrolls by this many rows. When the newest row is reached, the transcript follows new
    /// entries again.
    pub(crate) fn scroll(&mut self, by: isize, pane: PaneSize) {
        let Some(RowPosition { mut entry, mut row }) = self.bottom(pane) else { return };
        let mut left = by.unsigned_abs();
        if by < 0 {
            while left > row && entry > 0 {
                left -= row + 1;
                entry -= 1;
                row = self.entries[entry].row_count(pane.columns) - 1;
            }
            row = row.saturating_sub(left);
        } else {
            loop {
                let last = self.entries[entry].row_count(pane.columns) - 1;
                if row + left <= last || entry + 1 == self.entries.len() {
                    row = last.min(row + left);
                    break;
                }
                left -= last - row + 1;
                entry += 1;
                row = 0;
            }
        }
        self.scroll_to(RowPosition { entry, row }.max(self.end_of_first_page(pane)), pane);
    }

    /// Scrolls to the beginning of the transcript.
    pub(crate) fn scroll_to_start(&mut self, pane: PaneSize) {
        if !self.entries.is_empty() {
            self.scroll_to(self.end_of_first_page(pane), pane);
        }
    }

    /// Makes this row the lowest one.
    fn scroll_to(&mut self, to: RowPosition, pane: PaneSize) {
        let shown = self.entries[to.entry].shown();
        let mut rows = ranges(&shown, pane.columns).skip(to.row);
        let byte = rows.next().map_or(0, |row| row.start);
        let is_newest = to.entry + 1 == self.entries.len() && rows.next().is_none();
        self.bottom = (!is_newest).then_some(ScrolledRow { entry: self.dropped + to.entry as u64, byte });
    }

    /// Makes the screen follow the newest entry again.
    pub(crate) const fn follow(&mut self) {
        self.bottom = None;
    }
}

/// Makes `text` safe to print on a terminal, and limits its length.
fn for_terminal(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    // The escape for a control character is up to six times as long as the character, so the limit
    // applies to the escaped text.
    while let Some(character) = rest.chars().next()
        && shown.len() < TEXT_MAX
    {
        let (first, after) = rest.split_at(character.len_utf8());
        match first {
            "\t" => shown.push_str("    "),
            first => shown.push_str(&printable(first)),
        }
        rest = after;
    }
    if !rest.is_empty() {
        shown.push_str(&format!(" … ({} bytes more)", rest.len()));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANE: PaneSize = PaneSize { columns: 12, rows: 4 };

    fn add(transcript: &mut Transcript, text: &str) {
        transcript.add_message(&Message::text(text), Updates::AtTheEnd, &mut NumberHistory::default());
    }

    fn texts(transcript: &Transcript) -> Vec<(&str, u64)> {
        transcript.entries().iter().map(|entry| (entry.text.as_str(), entry.times)).collect()
    }

    /// Returns the rows that the pane shows, from top to bottom.
    fn page(transcript: &Transcript, pane: PaneSize) -> Vec<String> {
        let Some(bottom) = transcript.bottom(pane) else { return Vec::new() };
        let mut rows: Vec<String> =
            transcript.entries().iter().take(bottom.entry).flat_map(|entry| entry.rows(pane.columns)).collect();
        rows.extend(transcript.entries()[bottom.entry].rows(pane.columns).into_iter().take(bottom.row + 1));
        rows.split_off(rows.len().saturating_sub(pane.rows))
    }

    #[test]
    fn messages_that_differ_in_nothing_but_numbers_share_an_entry() {
        let mut transcript = Transcript::default();
        for n in 1..=3 {
            add(&mut transcript, &format!(r#"{{"n":{n},"bytes":[{n}],"text":"a\u001b","none":null}}"#));
        }
        add(&mut transcript, r#"{"m":1}"#);
        add(&mut transcript, "{not json");
        let expected = [(r#"n 3  bytes [3]  text "a\u001b"  none null"#, 3), ("m 1", 1), ("{not json", 1)];
        assert_eq!(texts(&transcript), expected);
    }

    #[test]
    fn chat_lines_with_the_same_keys_are_all_shown() {
        let mut transcript = Transcript::default();
        for text in ["hi", "how are you?", "fine", "and you?", "bye"] {
            add(&mut transcript, &format!(r#"{{"from":"ann","text":"{text}","at":1}}"#));
        }
        let shown = |text: &str| format!(r#"from "ann"  text "{text}"  at 1"#);
        let expected = ["hi", "how are you?", "fine", "and you?", "bye"].map(shown);
        assert_eq!(texts(&transcript), expected.each_ref().map(|line| (line.as_str(), 1)));
    }

    #[test]
    fn an_answer_between_two_messages_separates_them() {
        let mut transcript = Transcript::default();
        add(&mut transcript, r#"{"n":1}"#);
        transcript.add(Speaker::User, "hello");
        add(&mut transcript, r#"{"n":2}"#);
        add(&mut transcript, r#"{"n":3}"#);
        assert_eq!(texts(&transcript), [("n 1", 1), ("hello", 1), ("n 3", 2)]);
    }

    #[test]
    fn a_message_that_changes_to_true_or_null_is_shown() {
        let mut transcript = Transcript::default();
        for value in ["1", "null", "true", "false", r#"{"ok":true}"#, r#"{"ok":false}"#] {
            add(&mut transcript, &format!(r#"{{"v":{value}}}"#));
        }
        assert_eq!(transcript.entries().len(), 6, "{:?}", texts(&transcript));
    }

    #[test]
    fn messages_cannot_contain_commands_to_the_terminal() {
        let mut transcript = Transcript::default();
        add(&mut transcript, "\x1b[2J\u{202e}");
        transcript.add_message(&Message::from(vec![1, 2]), Updates::AtTheEnd, &mut NumberHistory::default());
        assert_eq!(texts(&transcript), [(r"\u{1b}[2J\u{202e}", 1), ("binary, 2 bytes: 01 02", 1)]);
    }

    #[test]
    fn long_texts_and_long_conversations_are_cut() {
        let mut transcript = Transcript::default();
        add(&mut transcript, &"ä".repeat(TEXT_MAX));
        assert!(transcript.entries()[0].text.ends_with(" … (8192 bytes more)"));
        add(&mut transcript, &"\x01".repeat(TEXT_MAX));
        assert!(transcript.entries()[1].text.len() < TEXT_MAX + 100);
        for n in 0..ENTRIES_MAX {
            add(&mut transcript, &n.to_string());
        }
        assert_eq!(transcript.entries().len(), ENTRIES_MAX);
        assert_eq!(transcript.entries()[0].text, "0");
    }

    #[test]
    fn the_memory_of_escaped_texts_is_bounded() {
        let mut transcript = Transcript::default();
        for n in 0..ENTRIES_MAX {
            add(&mut transcript, &format!("{n}{}", "\u{1}".repeat(TEXT_MAX)));
            // Two messages that share an entry take no more space than one.
            add(&mut transcript, &format!(r#"{{"n":{n}}}"#));
            add(&mut transcript, &format!(r#"{{"n":{n}00}}"#));
            let bytes: usize = transcript.entries().iter().map(|entry| entry.text.len()).sum();
            assert!(bytes <= BYTES_MAX && bytes == transcript.bytes, "{bytes}, {}", transcript.bytes);
        }
        assert!(transcript.entries().len() > BYTES_MAX / (6 * TEXT_MAX + 100), "{}", transcript.entries().len());
    }

    #[test]
    fn every_row_of_a_long_message_can_be_scrolled_to() {
        let mut transcript = Transcript::default();
        add(&mut transcript, "before");
        // Ten words, each of which fills a row.
        let words: Vec<String> = (0..10).map(|n| format!("long-{n}-{n}-{n}")).collect();
        add(&mut transcript, &words.join(" "));
        assert_eq!(page(&transcript, PANE), words[6..]);
        transcript.scroll(-1, PANE);
        assert_eq!((page(&transcript, PANE), transcript.follows()), (words[5..9].to_vec(), false));
        transcript.scroll(-5, PANE);
        assert_eq!(page(&transcript, PANE), words[..4]);
        // The first page is full, and nothing is above it.
        transcript.scroll(-100, PANE);
        assert_eq!(page(&transcript, PANE), ["before", &words[0], &words[1], &words[2]]);
        transcript.scroll(3, PANE);
        assert_eq!(page(&transcript, PANE), words[2..6]);
        transcript.scroll(4, PANE);
        assert!(transcript.follows());
        transcript.scroll_to_start(PANE);
        assert_eq!(page(&transcript, PANE)[0], "before");
    }

    #[test]
    fn a_conversation_that_fits_does_not_scroll() {
        let mut transcript = Transcript::default();
        transcript.scroll(-1, PANE);
        transcript.scroll_to_start(PANE);
        add(&mut transcript, "one");
        add(&mut transcript, "two");
        transcript.scroll(-1, PANE);
        transcript.scroll_to_start(PANE);
        assert_eq!((page(&transcript, PANE), transcript.follows()), (vec!["one".to_owned(), "two".to_owned()], true));
    }

    #[test]
    fn the_scrolled_position_stays_while_messages_arrive() {
        let mut transcript = Transcript::default();
        (0..10).for_each(|n| add(&mut transcript, &n.to_string()));
        transcript.scroll(-3, PANE);
        assert_eq!(page(&transcript, PANE), ["3", "4", "5", "6"]);
        (10..20).for_each(|n| add(&mut transcript, &n.to_string()));
        assert_eq!(page(&transcript, PANE), ["3", "4", "5", "6"]);
        transcript.scroll(-100, PANE);
        assert_eq!(page(&transcript, PANE), ["0", "1", "2", "3"]);
        // Once the entries on the screen have been dropped, the oldest remaining ones are shown.
        (20..ENTRIES_MAX + 10).for_each(|n| add(&mut transcript, &n.to_string()));
        assert_eq!(page(&transcript, PANE), ["10", "11", "12", "13"]);
        transcript.scroll(isize::MAX, PANE);
        assert!(transcript.follows());
    }

    #[test]
    fn the_scrolled_position_stays_when_the_pane_changes_its_width() {
        let mut transcript = Transcript::default();
        let words: Vec<String> = (0..40).map(|n| format!("w{n:02}")).collect();
        add(&mut transcript, &words.join(" "));
        transcript.scroll(-10, PANE);
        let lowest = page(&transcript, PANE).pop().expect("a row");
        for columns in [6, 30, 100, 12] {
            let rows = page(&transcript, PaneSize { columns, ..PANE });
            let word = &lowest[..3];
            assert!(rows.iter().any(|row| row.contains(word)), "{word} at {columns} columns: {rows:?}");
        }
    }

    /// Adds a JSON message as if the lessons were shown.
    fn update_in_place(transcript: &mut Transcript, text: &str) {
        transcript.add_message(&Message::text(text), Updates::InPlace, &mut NumberHistory::default());
    }

    #[test]
    fn an_update_in_place_leaves_the_lines_of_the_user_at_the_end() {
        let mut transcript = Transcript::default();
        update_in_place(&mut transcript, r#"{"sequence":1,"last_text":""}"#);
        transcript.add(Speaker::User, "Hello");
        update_in_place(&mut transcript, r#"{"sequence":2,"last_text":"Hello"}"#);
        update_in_place(&mut transcript, &format!(r#"{{"sequence":3,"last_text":"{}"}}"#, "x".repeat(200)));
        let texts: Vec<_> = transcript.entries().iter().map(|entry| (entry.speaker, entry.times)).collect();
        assert_eq!(texts, [(Speaker::Server, 3), (Speaker::User, 1)]);
        assert!(transcript.entries()[0].text.starts_with("sequence 3  last_text"), "{transcript:?}");
        assert!(transcript.entries()[0].text.chars().count() <= IN_PLACE_MAX, "{transcript:?}");
        // Other names, and a new connection.
        update_in_place(&mut transcript, r#"{"other":1}"#);
        transcript.add(Speaker::Notice, "connecting");
        update_in_place(&mut transcript, r#"{"sequence":1,"last_text":""}"#);
        assert_eq!(transcript.entries().len(), 5);
    }
}
