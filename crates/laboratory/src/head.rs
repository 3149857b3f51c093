//! A right HTTP head, taken apart so that one thing in it can be made wrong.

/// A request's or a response's head: its first line, its header lines, and what is behind the empty line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The request line or the status line.
    pub(crate) first: String,
    /// The header lines, without their ends.
    pub(crate) lines: Vec<String>,
    /// What follows the head.
    pub(crate) body: Vec<u8>,
}

impl Head {
    /// Takes a head apart that the protocol crate has written: it is ASCII and ends in an empty line.
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

    /// Leaves a header out.
    pub(crate) fn remove(&mut self, name: &str) {
        self.lines.retain(|line| !is_of(line, name));
    }

    /// Gives a header another value, or adds it.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        let new = format!("{name}: {value}");
        match self.lines.iter_mut().find(|line| is_of(line, name)) {
            Some(line) => *line = new,
            None => self.lines.push(new),
        }
    }

    /// Adds a header line, be there one of that name or not.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        self.lines.push(format!("{name}: {value}"));
    }

    /// Repeats a header line.
    pub(crate) fn repeat(&mut self, name: &str) {
        let again = self.lines.iter().find(|line| is_of(line, name)).cloned();
        self.lines.extend(again);
    }

    /// Whether this is a response that somebody could take for the opening of a connection.
    pub(crate) fn opens(&self) -> bool {
        self.first.starts_with("HTTP/1.") && self.first.get(8..13) == Some(" 101 ")
    }
}

/// Whether a header line has this name.
fn is_of(line: &str, name: &str) -> bool {
    line.split_once(':').is_some_and(|(present, _)| present.eq_ignore_ascii_case(name))
}
