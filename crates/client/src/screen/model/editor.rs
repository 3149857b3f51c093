//! The input line: its text, the cursor, and the history of earlier lines.
//!
//! The cursor is never within a grapheme cluster, which users see as a single character. A single
//! key press therefore moves over, or deletes, an emoji made of several code points.

use unicode_segmentation::UnicodeSegmentation;

/// The maximum number of lines in the history.
const HISTORY_MAX: usize = 200;

/// The maximum length of the line in bytes. To send more, use `/binary @file` or a pipe.
const LINE_MAX: usize = 1 << 20;

/// The input line.
#[derive(Debug, Default)]
pub(crate) struct Editor {
    text: String,
    /// The position of the cursor: a byte offset in `text`, never within a grapheme cluster.
    cursor: usize,
    history: Vec<String>,
    /// The index of the history line that is shown, and the unfinished text that it replaced.
    recalled: Option<(usize, String)>,
}

impl Editor {
    /// Returns the text of the line.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the text before the cursor.
    pub(crate) fn before_cursor(&self) -> &str {
        &self.text[..self.cursor]
    }

    /// Inserts `text` at the cursor, truncated if the line would exceed its maximum length.
    pub(crate) fn insert(&mut self, text: &str) {
        let room = LINE_MAX.saturating_sub(self.text.len());
        let text = &text[..text.floor_char_boundary(room)];
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
        // The end of the inserted text may combine with the text after it into one cluster, such as
        // a letter with an accent. In that case, move the cursor to the end of that cluster.
        self.cursor = self.boundary_at_or_after(self.cursor);
    }

    /// Replaces the line and moves the cursor to its end.
    pub(crate) fn set(&mut self, text: &str) {
        self.text.clear();
        self.text.push_str(text);
        self.cursor = self.text.len();
    }

    /// Empties the line, adds its text to the history, and returns the text.
    pub(crate) fn take(&mut self) -> String {
        self.recalled = None;
        self.cursor = 0;
        let line = std::mem::take(&mut self.text);
        if !line.is_empty() && self.history.last() != Some(&line) {
            if self.history.len() == HISTORY_MAX {
                self.history.remove(0);
            }
            self.history.push(line.clone());
        }
        line
    }

    fn boundaries(&self) -> impl DoubleEndedIterator<Item = usize> {
        self.text.grapheme_indices(true).map(|(start, _)| start)
    }

    fn boundary_at_or_after(&self, position: usize) -> usize {
        self.boundaries().find(|&start| start >= position).unwrap_or(self.text.len())
    }

    fn previous(&self) -> usize {
        self.boundaries().rev().find(|&start| start < self.cursor).unwrap_or(0)
    }

    fn next(&self) -> usize {
        self.boundary_at_or_after(self.cursor + 1)
    }

    fn word_start(&self) -> usize {
        let mut words = self.text.unicode_word_indices().map(|(start, _)| start);
        words.rfind(|&start| start < self.cursor).unwrap_or(0)
    }

    fn word_end(&self) -> usize {
        let mut words = self.text.unicode_word_indices().map(|(start, word)| start + word.len());
        words.find(|&end| end > self.cursor).unwrap_or(self.text.len())
    }

    pub(crate) fn left(&mut self) {
        self.cursor = self.previous();
    }

    pub(crate) fn right(&mut self) {
        self.cursor = self.next();
    }

    pub(crate) fn word_left(&mut self) {
        self.cursor = self.word_start();
    }

    pub(crate) fn word_right(&mut self) {
        self.cursor = self.word_end();
    }

    pub(crate) const fn home(&mut self) {
        self.cursor = 0;
    }

    pub(crate) const fn end(&mut self) {
        self.cursor = self.text.len();
    }

    fn delete(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.cursor = self.boundary_at_or_after(from);
    }

    pub(crate) fn backspace(&mut self) {
        self.delete(self.previous(), self.cursor);
    }

    pub(crate) fn delete_next(&mut self) {
        self.delete(self.cursor, self.next());
    }

    pub(crate) fn delete_word(&mut self) {
        self.delete(self.word_start(), self.cursor);
    }

    pub(crate) fn delete_to_start(&mut self) {
        self.delete(0, self.cursor);
    }

    pub(crate) fn delete_to_end(&mut self) {
        self.delete(self.cursor, self.text.len());
    }

    /// Replaces the line with the next older one from the history.
    pub(crate) fn older(&mut self) {
        let shown = self.recalled.as_ref().map_or(self.history.len(), |(index, _)| *index);
        let Some(index) = shown.checked_sub(1) else { return };
        let draft = match self.recalled.take() {
            Some((_, draft)) => draft,
            None => self.text.clone(),
        };
        let line = self.history[index].clone();
        self.set(&line);
        self.recalled = Some((index, draft));
    }

    /// Replaces the line with the next newer one from the history or, after the newest, with the
    /// unfinished text.
    pub(crate) fn newer(&mut self) {
        let Some((index, draft)) = self.recalled.take() else { return };
        match self.history.get(index + 1).cloned() {
            Some(line) => {
                self.set(&line);
                self.recalled = Some((index + 1, draft));
            }
            None => self.set(&draft),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editor(text: &str) -> Editor {
        let mut editor = Editor::default();
        editor.insert(text);
        editor
    }

    #[test]
    fn the_cursor_moves_by_grapheme_clusters() {
        // A family emoji, a flag, an accented e made of two code points, and a wide character.
        for one in ["👨‍👩‍👧‍👦", "🇩🇪", "e\u{301}", "世"] {
            let mut editor = editor(&format!("a{one}"));
            editor.left();
            assert_eq!(editor.before_cursor(), "a");
            editor.right();
            editor.backspace();
            assert_eq!(editor.text(), "a", "{one}");
        }
    }

    #[test]
    fn text_is_inserted_at_the_cursor() {
        let mut editor = editor("hd");
        editor.left();
        editor.insert("ello worl");
        assert_eq!((editor.text(), editor.before_cursor()), ("hello world", "hello worl"));
        editor.word_left();
        editor.word_left();
        assert_eq!(editor.before_cursor(), "");
        editor.word_right();
        assert_eq!(editor.before_cursor(), "hello");
        editor.delete_to_end();
        assert_eq!(editor.text(), "hello");
        editor.delete_word();
        assert_eq!(editor.text(), "");
        // In an empty line, movements and deletions do nothing.
        editor.left();
        editor.right();
        editor.backspace();
        editor.delete_next();
        assert_eq!(editor.text(), "");
    }

    #[test]
    fn two_insertions_can_form_one_cluster() {
        let mut editor = editor("e");
        editor.home();
        // Insert the two code points of a flag one after the other.
        editor.insert("\u{1F1E9}");
        editor.insert("\u{1F1EA}");
        assert_eq!(editor.before_cursor(), "🇩🇪");
    }

    #[test]
    fn the_history_restores_earlier_lines_and_the_unfinished_text() {
        let mut editor = editor("one");
        assert_eq!(editor.take(), "one");
        editor.insert("two");
        editor.take();
        editor.insert("dra");
        editor.older();
        assert_eq!(editor.text(), "two");
        editor.older();
        editor.older();
        assert_eq!(editor.text(), "one");
        editor.newer();
        editor.newer();
        assert_eq!(editor.text(), "dra");
    }

    #[test]
    fn the_length_of_a_line_is_limited() {
        let mut editor = editor(&"ä".repeat(LINE_MAX));
        assert_eq!(editor.text().len(), LINE_MAX);
        editor.insert("x");
        assert_eq!(editor.text().len(), LINE_MAX);
    }
}
