//! Reads standard input line by line.
//!
//! Reading from a terminal blocks, so a separate thread does the reading. This has two
//! consequences:
//!
//! - The thread may block forever, but the process still exits when `main` returns. (tokio's own
//!   `stdin` reads on a thread that the runtime would wait for.)
//! - Lines pass through a queue whose size in bytes is limited. When the server accepts no more
//!   data, the queue fills up and the thread stops reading, so memory use does not grow with the
//!   input. A program that feeds the client through a pipe must then wait.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read},
    thread,
};

use tokio::runtime::Handle;

use crate::byte_queue::{ITEM_OVERHEAD, QueueReceiver, byte_queue};

/// The thread reads the next line only while the queue holds fewer bytes than this. The limit is
/// sixteen times the usual size of a pipe's buffer, so the connection has data to send while the
/// thread reads.
const MAX_QUEUED_BYTES: usize = 1 << 20;

/// The maximum number of lines that the conversation takes out of the queue at once, to send them
/// in one write.
const BATCH: usize = 64;

/// The lines of standard input.
#[derive(Debug)]
pub(crate) struct InputLines {
    lines: QueueReceiver<Result<String, InputError>>,
}

/// The reason why part of the input cannot be sent.
#[derive(Debug)]
pub(crate) enum InputError {
    /// A line is not UTF-8, but a text message must be (RFC 6455, section 8.1).
    NotUtf8 { line: u64, column: usize, byte: u8 },
    /// A line is longer than `limit` bytes.
    TooLong { line: u64, limit: usize },
    /// Reading failed. No line follows this error.
    Unreadable(io::Error),
}

impl fmt::Display for InputError {
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

impl InputLines {
    /// Starts reading lines of up to `limit` bytes. Call this method within a tokio runtime.
    pub(crate) fn start(limit: usize) -> Self {
        let (sender, lines) = byte_queue(MAX_QUEUED_BYTES, |line: &Result<String, InputError>| {
            ITEM_OVERHEAD + line.as_ref().map_or(0, String::len)
        });
        let runtime = Handle::current();
        thread::spawn(move || {
            let mut lines = LineReader::new(BufReader::new(io::stdin()), limit);
            // When the conversation is over, the receiver is dropped. `has_room` then returns
            // `false`, which ends this thread.
            while runtime.block_on(sender.has_room()) {
                match lines.next() {
                    Some(line) => sender.send(line),
                    None => break,
                }
            }
        });
        Self { lines }
    }

    /// Waits for a line, then appends up to [`BATCH`] lines from the queue to `lines`. At the end
    /// of the input, appends nothing.
    ///
    /// # Cancel safety
    /// If the future is dropped before it completes, no line is taken out of the queue.
    pub(crate) async fn next(&mut self, lines: &mut Vec<Result<String, InputError>>) {
        self.lines.recv_many(lines, BATCH).await;
    }
}

/// Splits bytes into lines and removes the `\n` or `\r\n` at their ends. The last line may lack its
/// line ending.
struct LineReader<R> {
    input: R,
    limit: usize,
    number: u64,
    failed: bool,
}

impl<R: BufRead> LineReader<R> {
    const fn new(input: R, limit: usize) -> Self {
        Self { input, limit, number: 0, failed: false }
    }

    /// Reads the bytes of the next line. Returns `None` at the end of the input.
    fn read(&mut self) -> io::Result<Option<Result<Vec<u8>, InputError>>> {
        let mut line = Vec::new();
        // Read up to two bytes more than the limit: either they are the `\r\n` that ends a line of
        // the maximum length, or they show that the line is too long.
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
        // Skip the rest of the line. Otherwise, the next call would return it as a separate line.
        if !ended {
            self.input.skip_until(b'\n')?;
        }
        Ok(Some(Err(InputError::TooLong { line: self.number, limit: self.limit })))
    }
}

impl<R: BufRead> Iterator for LineReader<R> {
    type Item = Result<String, InputError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let line = match self.read() {
            Ok(line) => line?,
            Err(error) => {
                self.failed = true;
                return Some(Err(InputError::Unreadable(error)));
            }
        };
        Some(line.and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| {
                let valid = error.utf8_error().valid_up_to();
                InputError::NotUtf8 { line: self.number, column: valid + 1, byte: error.as_bytes()[valid] }
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], limit: usize) -> Vec<Result<String, String>> {
        // The result must not depend on how reads split the input. With a buffer of one byte, the
        // input is split after every byte.
        let input = BufReader::with_capacity(1, input);
        LineReader::new(input, limit).map(|line| line.map_err(|error| error.to_string())).collect()
    }

    fn valid(lines: &[&str]) -> Vec<Result<String, String>> {
        lines.iter().map(|&line| Ok(line.to_owned())).collect()
    }

    #[test]
    fn a_line_comes_without_its_line_ending() {
        assert_eq!(lines(b"", 9), []);
        assert_eq!(lines(b"one\ntwo\n", 9), valid(&["one", "two"]));
        assert_eq!(lines(b"one\n\n\nfour", 9), valid(&["one", "", "", "four"]));
        assert_eq!(lines(b"one\r\ntwo\r", 9), valid(&["one", "two\r"]));
    }

    #[test]
    fn a_line_that_is_not_utf8_is_reported_and_the_others_are_kept() {
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
    fn a_line_that_is_too_long_is_reported_and_the_others_are_kept() {
        let too_long = |line: u64| {
            let rest = "of the input was not sent: it is longer than 3 bytes (--max-message sets the limit)";
            Err(format!("line {line} {rest}"))
        };
        assert_eq!(lines(b"abc\r\nabcd\nabc\n", 3), [Ok("abc".to_owned()), too_long(2), Ok("abc".to_owned())]);
        assert_eq!(lines(b"abcdefghi\nabc", 3), [too_long(1), Ok("abc".to_owned())]);
        assert_eq!(lines(b"abcd\r\nabcde", 3), [too_long(1), too_long(2)]);
    }
}
