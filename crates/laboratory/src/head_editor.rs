//! Edits a valid HTTP head so that one thing in it becomes invalid.

/// The head of a request or a response, split into lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HeadEditor {
    /// The request line or the status line.
    pub(crate) first: String,
    /// The header lines, without their line ends.
    pub(crate) lines: Vec<String>,
    /// The bytes after the head.
    pub(crate) body: Vec<u8>,
}

impl HeadEditor {
    /// Splits a head into lines. The protocol crate has encoded the head, so it is ASCII and ends
    /// with an empty line.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n").map(str::to_owned);
        let first = lines.next().unwrap_or_default();
        Self { first, lines: lines.take_while(|line| !line.is_empty()).collect(), body: Vec::new() }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for line in std::iter::once(&self.first).chain(&self.lines) {
            bytes.extend(line.as_bytes());
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"\r\n");
        bytes.extend(&self.body);
        bytes
    }

    /// Removes all header lines with this name.
    pub(crate) fn remove(&mut self, name: &str) {
        self.lines.retain(|line| !has_name(line, name));
    }

    /// Replaces the value of a header field, or adds the field if it is absent.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let new = format!("{name}: {value}");
        match self.lines.iter_mut().find(|line| has_name(line, name)) {
            Some(line) => *line = new,
            None => self.lines.push(new),
        }
    }

    /// Adds a header line, even if one with the same name exists.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.lines.push(format!("{name}: {value}"));
    }

    /// Adds a second copy of the header line with this name.
    pub(crate) fn repeat(&mut self, name: &str) {
        let copy = self.lines.iter().find(|line| has_name(line, name)).cloned();
        self.lines.extend(copy);
    }

    /// Returns `true` if a lenient client could mistake this head for a response that opens the
    /// connection.
    pub(crate) fn may_open_connection(&self) -> bool {
        self.first.starts_with("HTTP/1.") && self.first.get(8..13) == Some(" 101 ")
    }
}

fn has_name(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(present, _)| present.eq_ignore_ascii_case(name))
}
