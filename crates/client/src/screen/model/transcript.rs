//! The transcript of the conversation: the messages of both sides and the notices of this program.

use std::collections::VecDeque;

use dissector::printable;
use websocket::protocol::Message;

use super::{json, numbers::NumberHistory};
use crate::byte_summary::byte_summary;

/// The maximum number of entries that are kept.
const ENTRIES_MAX: usize = 1000;

/// The maximum number of bytes that are kept of an entry's text, with the escapes in it. They are
/// enough for several screens.
const TEXT_MAX: usize = 8 << 10;

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

/// An entry whose text is safe to print on a terminal.
#[derive(Debug)]
pub(crate) struct TranscriptEntry {
    pub(crate) speaker: Speaker,
    pub(crate) text: String,
    /// The number of consecutive JSON messages with the same members that share this entry. `text`
    /// shows the newest of them. The number is 1 for every other entry.
    pub(crate) times: u64,
    /// The names of the members, if the entry is a JSON object.
    names: Option<Vec<String>>,
}

/// The transcript.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    entries: VecDeque<TranscriptEntry>,
    /// The number of entries that were dropped.
    dropped: u64,
    /// The number of the lowest entry on the screen. `None` means that the screen follows the
    /// newest entry.
    bottom: Option<u64>,
}

impl Transcript {
    fn push(&mut self, speaker: Speaker, text: String, names: Option<Vec<String>>) {
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(TranscriptEntry { speaker, text, times: 1, names });
    }

    /// Adds an entry.
    pub(crate) fn add(&mut self, speaker: Speaker, text: &str) {
        self.push(speaker, for_terminal(text), None);
    }

    /// Adds a message that the server sent, and adds the numbers in it to `numbers`.
    pub(crate) fn add_message(&mut self, message: &Message, numbers: &mut NumberHistory) {
        let text = match message {
            Message::Text(text) => text.as_str(),
            Message::Binary(bytes) => return self.add(Speaker::Server, &format!("binary, {}", byte_summary(bytes))),
        };
        let Some(members) = json::parse_object(text) else { return self.add(Speaker::Server, text) };
        numbers.add(&members);
        let names: Vec<String> = members.iter().map(|(name, _)| name.clone()).collect();
        let text = for_terminal(&json::one_line(&members));
        match self.entries.back_mut() {
            // The message has the same members as the last entry, with new values. It may be a
            // status that is sent every second, for example. Let it replace the last entry.
            // Otherwise, such messages would push everything else off the screen.
            Some(last) if last.speaker == Speaker::Server && last.names.as_ref() == Some(&names) => {
                last.text = text;
                last.times += 1;
            }
            _ => self.push(Speaker::Server, text, Some(names)),
        }
    }

    /// Returns the entries that are kept, oldest first.
    pub(crate) const fn entries(&self) -> &VecDeque<TranscriptEntry> {
        &self.entries
    }

    /// Returns how many of the [`entries`](Self::entries) are above the lower edge of the screen.
    pub(crate) fn visible(&self) -> usize {
        let Some(bottom) = self.bottom else { return self.entries.len() };
        let index = usize::try_from(bottom.saturating_sub(self.dropped)).unwrap_or(usize::MAX);
        index.saturating_add(1).min(self.entries.len())
    }

    /// Returns whether the newest entry is on the screen.
    pub(crate) const fn follows(&self) -> bool {
        self.bottom.is_none()
    }

    /// Scrolls by this many entries. When the newest entry is reached, the transcript follows new
    /// entries again.
    pub(crate) fn step(&mut self, by: isize) {
        let to = self.visible().saturating_add_signed(by).max(1);
        self.bottom = (to < self.entries.len()).then(|| self.dropped + to as u64 - 1);
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
    // The escape of a control character takes up to six times its size, so the limit applies to the
    // text that is shown.
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

    fn add(transcript: &mut Transcript, text: &str) {
        transcript.add_message(&Message::text(text), &mut NumberHistory::default());
    }

    #[test]
    fn messages_with_the_same_members_share_an_entry() {
        let mut transcript = Transcript::default();
        for n in 1..=3 {
            add(&mut transcript, &format!(r#"{{"n":{n},"bytes":4710400,"text":"a\u001b","none":null}}"#));
        }
        add(&mut transcript, r#"{"m":1}"#);
        add(&mut transcript, "{not json");
        let lines: Vec<_> = transcript.entries().iter().map(|entry| (entry.text.as_str(), entry.times)).collect();
        assert_eq!(lines, [(r#"n 3  bytes 4.71M  text "a\u001b"  none null"#, 3), ("m 1", 1), ("{not json", 1)]);
    }

    #[test]
    fn messages_cannot_contain_commands_to_the_terminal() {
        let mut transcript = Transcript::default();
        add(&mut transcript, "\x1b[2J\u{202e}");
        transcript.add_message(&Message::from(vec![1, 2]), &mut NumberHistory::default());
        let lines: Vec<_> = transcript.entries().iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(lines, [r"\u{1b}[2J\u{202e}", "binary, 2 bytes: 01 02"]);
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
    fn the_scrolled_position_stays_while_messages_arrive() {
        let mut transcript = Transcript::default();
        (0..10).for_each(|n| add(&mut transcript, &n.to_string()));
        transcript.step(-3);
        assert_eq!((transcript.visible(), transcript.follows()), (7, false));
        (10..20).for_each(|n| add(&mut transcript, &n.to_string()));
        assert_eq!(transcript.visible(), 7);
        transcript.step(-100);
        assert_eq!(transcript.visible(), 1);
        transcript.step(100);
        assert_eq!((transcript.visible(), transcript.follows()), (20, true));
    }
}
