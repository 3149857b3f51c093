//! Standard input, line by line.
//!
//! A terminal can only be read by waiting for it, so a thread of its own does the waiting. Two things follow:
//!
//! - The thread may wait for ever; the process ends all the same when `main` does. (tokio's own standard input reads on
//!   a thread that the runtime would wait for.)
//! - Lines pass through a channel with few places. When the server takes no more, the channel fills, the thread stops
//!   reading, and whoever writes into the pipe has to wait: memory stays small however long the input is.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read},
    thread,
};

use tokio::sync::mpsc;

/// Lines that may lie between the thread and the conversation: enough that many leave in one write.
const LINES_WAITING: usize = 64;

/// The lines of standard input.
#[derive(Debug)]
pub(crate) struct Input {
    lines: mpsc::Receiver<Result<String, Flaw>>,
}

/// Why something in the input cannot be sent.
#[derive(Debug)]
pub(crate) enum Flaw {
    /// A line is not UTF-8, as a text message has to be (RFC 6455, section 8.1).
    NotUtf8 { line: u64, column: usize, byte: u8 },
    /// A line is longer than allowed.
    TooLong { line: u64, limit: usize },
    /// Reading failed: nothing follows.
    Unreadable(io::Error),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 { line, column, byte } => {
                write!(f, "line {line} of the input was not sent: it is not UTF-8 (byte {column} is 0x{byte:02X})")
            }
            Self::TooLong { line, limit } => write!(
                f,
                "line {line} of the input was not sent: it is longer than {limit} bytes (--max-message sets the limit)"
            ),
            Self::Unreadable(error) => write!(f, "cannot read standard input: {error}"),
        }
    }
}

impl Input {
    /// Begins to read, lines up to `limit` bytes.
    pub(crate) fn start(limit: usize) -> Self {
        let (sender, lines) = mpsc::channel(LINES_WAITING);
        thread::spawn(move || {
            let mut lines = Lines::new(BufReader::new(io::stdin()), limit);
            // The channel closes when the conversation is over.
            while lines.next().is_some_and(|line| sender.blocking_send(line).is_ok()) {}
        });
        Self { lines }
    }

    /// Waits for the next lines and adds all that are there to `lines`; adds none at the end of the input.
    ///
    /// Cancel-safe: when the future is dropped nothing was taken.
    pub(crate) async fn next(&mut self, lines: &mut Vec<Result<String, Flaw>>) {
        self.lines.recv_many(lines, LINES_WAITING).await;
    }
}

/// Cuts bytes into lines, without their `\n` or `\r\n`. The last one needs neither.
struct Lines<R> {
    input: R,
    limit: usize,
    number: u64,
    failed: bool,
}

impl<R: BufRead> Lines<R> {
    const fn new(input: R, limit: usize) -> Self {
        Self { input, limit, number: 0, failed: false }
    }

    /// The next line's bytes; `None` at the end.
    fn read(&mut self) -> io::Result<Option<Result<Vec<u8>, Flaw>>> {
        let mut line = Vec::new();
        // Room for the end of the line, and for one byte more than allowed.
        let enough = (self.limit as u64).saturating_add(2);
        if self.input.by_ref().take(enough).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let ended = line.pop_if(|last| *last == b'\n').is_some();
        if ended {
            line.pop_if(|last| *last == b'\r');
        }
        if line.len() <= self.limit {
            return Ok(Some(Ok(line)));
        }
        if !ended {
            self.input.skip_until(b'\n')?;
        }
        Ok(Some(Err(Flaw::TooLong { line: self.number, limit: self.limit })))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = Result<String, Flaw>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let line = match self.read() {
            Ok(line) => line?,
            Err(error) => {
                self.failed = true;
                return Some(Err(Flaw::Unreadable(error)));
            }
        };
        Some(line.and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| {
                let valid = error.utf8_error().valid_up_to();
                Flaw::NotUtf8 { line: self.number, column: valid + 1, byte: error.as_bytes()[valid] }
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], limit: usize) -> Vec<Result<String, String>> {
        // A buffer of one byte: where the input is cut must not matter.
        let input = BufReader::with_capacity(1, input);
        Lines::new(input, limit).map(|line| line.map_err(|flaw| flaw.to_string())).collect()
    }

    fn good(lines: &[&str]) -> Vec<Result<String, String>> {
        lines.iter().map(|&line| Ok(line.to_owned())).collect()
    }

    #[test]
    fn a_line_is_what_stands_before_its_end() {
        assert_eq!(lines(b"", 9), []);
        assert_eq!(lines(b"one\ntwo\n", 9), good(&["one", "two"]));
        assert_eq!(lines(b"one\n\n\nfour", 9), good(&["one", "", "", "four"]));
        assert_eq!(lines(b"one\r\ntwo\r", 9), good(&["one", "two\r"]));
    }

    #[test]
    fn a_line_that_is_not_utf8_is_named_and_the_others_are_kept() {
        let not_utf8 = |text: &str| Err(format!("line {text}"));
        assert_eq!(
            lines(b"one\ntw\xff\nthree\n\xe2\x82", 9),
            [
                Ok("one".to_owned()),
                not_utf8("2 of the input was not sent: it is not UTF-8 (byte 3 is 0xFF)"),
                Ok("three".to_owned()),
                not_utf8("4 of the input was not sent: it is not UTF-8 (byte 1 is 0xE2)"),
            ]
        );
    }

    #[test]
    fn a_line_that_is_too_long_is_named_and_the_others_are_kept() {
        let too_long = |line: u64| {
            let rest = "of the input was not sent: it is longer than 3 bytes (--max-message sets the limit)";
            Err(format!("line {line} {rest}"))
        };
        assert_eq!(lines(b"abc\r\nabcd\nabc\n", 3), [Ok("abc".to_owned()), too_long(2), Ok("abc".to_owned())]);
        assert_eq!(lines(b"abcdefghi\nabc", 3), [too_long(1), Ok("abc".to_owned())]);
        assert_eq!(lines(b"abcd\r\nabcde", 3), [too_long(1), too_long(2)]);
    }
}
