//! Reads the lines of a block.
//!
//! ```text
//!   server   89 05 48 65 6c 6c 6f                   Ping "Hello"
//!   label    bytes                                  note
//!
//!   88 .. 03 ea ...                                 a byte that depends on the program; more bytes follow
//! ```

/// The lines of a block: the bytes, with the text around them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) lines: Vec<Line>,
    /// Whether the block is the head of an HTTP message. A head is shown as text.
    pub(super) is_head: bool,
}

/// A line of a block.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// The text before the bytes.
    pub(super) label: String,
    /// The bytes. `None` stands for a byte that the page shows as `..`, because its value differs
    /// from program to program.
    pub(super) bytes: Vec<Option<u8>>,
    /// Whether the page leaves out the bytes that follow.
    pub(super) is_cut: bool,
    /// The text after the bytes.
    pub(super) note: String,
}

impl Block {
    /// Reads hexadecimal digits. If `labels` is `true`, words may precede the bytes of a line. If
    /// `lines` is `Some(n)`, only the first `n` lines contain bytes; if it is `None`, all lines may
    /// contain them.
    pub(super) fn hexadecimal(text: &str, labels: bool, lines: Option<usize>) -> Self {
        let lines = text.lines().enumerate().map(|(index, line)| {
            let has_bytes = lines.is_none_or(|lines| index < lines);
            if has_bytes { Line::parse(line, labels) } else { Line { label: line.to_owned(), ..Line::default() } }
        });
        Self { lines: lines.collect(), is_head: false }
    }

    /// Reads the head of a request or a response. If the last line is `...`, the page leaves out
    /// the rest of the head.
    pub(super) fn head(text: &str) -> Self {
        let text = text.trim_end();
        let (text, is_cut) = text.strip_suffix("\n...").map_or((text, false), |text| (text, true));
        let bytes = |line: &str| line.bytes().chain(*b"\r\n").map(Some).collect();
        let mut lines: Vec<Line> = text.lines().map(|line| Line { bytes: bytes(line), ..Line::default() }).collect();
        if let Some(last) = lines.last_mut()
            && is_cut
        {
            last.is_cut = true;
            lines.push(Line { label: "...".to_owned(), ..Line::default() });
        } else {
            lines.push(Line { bytes: bytes(""), ..Line::default() });
        }
        Self { lines, is_head: true }
    }
}

/// The minimum indentation at which a line without bytes counts as a note. It is wider than any
/// label.
const NOTE_COLUMN: usize = 16;

impl Line {
    fn parse(text: &str, labels: bool) -> Self {
        let mut start = text.len() - text.trim_start().len();
        if labels {
            // Skip columns until one begins with bytes in hexadecimal. A column ends with two
            // spaces or a colon.
            while start < text.len() && byte_words(&text[start..]).0.is_empty() {
                let ends = ["  ", ": "].into_iter().filter_map(|end| text[start..].find(end));
                let Some(end) = ends.min() else { break };
                start = text.len() - text[start + end + 1..].trim_start().len();
            }
        }
        let (bytes, length, is_cut) = byte_words(&text[start..]);
        if bytes.is_empty() {
            // A line that is indented to the column of the notes continues the note above.
            let is_note = text.len() - text.trim_start().len() >= NOTE_COLUMN;
            let (label, note) = if is_note { ("", text.trim()) } else { (text, "") };
            return Self { label: label.to_owned(), note: note.to_owned(), ..Self::default() };
        }
        let note = text[start + length..].trim().to_owned();
        Self { label: text[..start].trim().to_owned(), bytes, is_cut, note }
    }
}

/// Returns the bytes at the beginning of a text, the length of the text that was read, and whether
/// three dots follow the bytes. Bytes are words with an even number of hexadecimal digits, at most
/// two spaces apart.
fn byte_words(text: &str) -> (Vec<Option<u8>>, usize, bool) {
    let mut bytes = Vec::new();
    let mut end = 0;
    loop {
        let rest = &text[end..];
        let spaces = rest.len() - rest.trim_start_matches(' ').len();
        let word = rest[spaces..].split(' ').next().unwrap_or_default();
        if spaces > 2 || spaces == 0 && end > 0 {
            return (bytes, end, false);
        }
        match word {
            "..." if !bytes.is_empty() => return (bytes, end + spaces + 3, true),
            ".." if !bytes.is_empty() => bytes.push(None),
            _ => match digits(word) {
                Some(found) => bytes.extend(found.into_iter().map(Some)),
                None => return (bytes, end, false),
            },
        }
        end += spaces + word.len();
    }
}

fn digits(word: &str) -> Option<Vec<u8>> {
    let is_bytes = !word.is_empty()
        && word.len().is_multiple_of(2)
        && word.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    is_bytes
        .then(|| (0..word.len()).step_by(2).filter_map(|at| u8::from_str_radix(&word[at..at + 2], 16).ok()).collect())
}

/// Returns `true` if a line looks like bytes: if it begins with two bytes or contains three in a
/// row.
pub(super) fn looks_like_bytes(line: &str) -> bool {
    let is_byte = |word: &&str| word.len() == 2 && (*word == ".." || digits(word).is_some());
    let words: Vec<&str> = line.split_whitespace().collect();
    words.len() >= 2 && words[..2].iter().all(is_byte) || words.windows(3).any(|three| three.iter().all(is_byte))
}
