//! Prints messages to standard output.
//!
//! The program that reads our output may be slow (a pager) or may have exited (`head`). A separate
//! thread does the writing, so the client still reacts to Ctrl-C while a write blocks. The queue to
//! that thread holds a limited number of bytes. When the queue is full, the client stops reading
//! from the server until there is room, so a slow reader at the end of the pipe also slows down the
//! server.

use std::{
    io::{self, BufWriter, IsTerminal, StdoutLock, Write},
    thread,
};

use cli::use_colours;
use dissector::printable_with_tabs;
use tokio::sync::oneshot;
use websocket::protocol::Message;

use crate::{
    byte_queue::{ITEM_OVERHEAD, QueueReceiver, QueueSender, byte_queue},
    byte_summary::byte_summary,
};

/// The client receives the next message only while the queue holds fewer bytes than this. The limit
/// is sixteen times the usual size of a pipe's buffer, so a fast reader rarely waits for the
/// client.
const MAX_QUEUED_BYTES: usize = 1 << 20;

/// The maximum number of bytes that are escaped at once. An escape is up to six times as long as
/// the character that it replaces, so escaping a whole message of the default maximum size could
/// take 384 MiB.
const PIECE_BYTES: usize = 64 << 10;

/// The format in which messages are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PrintFormat {
    /// For people: each message is one line, which begins with a mark and contains no characters
    /// that a terminal would interpret. If `colours` is `true`, the mark is in colour.
    Terminal { colours: bool },
    /// For programs: text messages unchanged, each followed by a newline. If `binary` is `true`,
    /// binary messages are written unchanged too. Otherwise, each is described in one line.
    Pipe { binary: bool },
}

impl PrintFormat {
    /// Returns the format that suits standard output.
    pub(crate) fn of_stdout(binary: bool) -> Self {
        let stdout = io::stdout();
        if stdout.is_terminal() { Self::Terminal { colours: use_colours(&stdout) } } else { Self::Pipe { binary } }
    }

    fn write(self, output: &mut impl Write, message: &Message) -> io::Result<()> {
        match (self, message) {
            (Self::Terminal { colours }, _) => {
                let mark = if colours { "\x1b[36m<\x1b[0m" } else { "<" };
                match message {
                    Message::Text(text) => {
                        write!(output, "{mark} ")?;
                        for piece in pieces(text.as_str()) {
                            output.write_all(printable_with_tabs(piece).as_bytes())?;
                        }
                        output.write_all(b"\n")
                    }
                    Message::Binary(bytes) => writeln!(output, "{mark} binary, {}", byte_summary(bytes)),
                }
            }
            (Self::Pipe { .. }, Message::Text(_)) => {
                output.write_all(message.as_bytes())?;
                output.write_all(b"\n")
            }
            (Self::Pipe { binary: true }, Message::Binary(bytes)) => output.write_all(bytes),
            (Self::Pipe { binary: false }, Message::Binary(bytes)) => {
                writeln!(output, "binary, {}", byte_summary(bytes))
            }
        }
    }
}

/// Cuts a text into pieces of at most [`PIECE_BYTES`].
fn pieces(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (piece, rest) = text.split_at(text.floor_char_boundary(PIECE_BYTES));
        text = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The queue to the thread that prints.
#[derive(Debug)]
pub(crate) struct Printer {
    messages: QueueSender<Message>,
    result: oneshot::Receiver<io::Result<()>>,
}

impl Printer {
    /// Starts the thread that prints messages to standard output.
    pub(crate) fn start(format: PrintFormat) -> Self {
        let (messages, receiver) =
            byte_queue(MAX_QUEUED_BYTES, |message: &Message| ITEM_OVERHEAD + message.as_bytes().len());
        let (sender, result) = oneshot::channel();
        thread::spawn(move || {
            // When a write fails, `print_all` drops the receiver. That closes the queue, and the
            // conversation then closes the connection.
            let _ = sender.send(print_all(receiver, io::stdout().lock(), format));
        });
        Self { messages, result }
    }

    /// Waits until the queue has room for a message of any size, or until printing has failed.
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing changes.
    pub(crate) async fn has_room(&self) {
        self.messages.has_room().await;
    }

    /// Adds a message to the queue. Drops the message if printing has failed.
    pub(crate) fn print(&self, message: Message) {
        self.messages.send(message);
    }

    /// Waits until printing fails, for example because the reader of our output has exited.
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing changes.
    pub(crate) async fn closed(&self) {
        self.messages.closed().await;
    }

    /// Waits until every message has been printed.
    ///
    /// # Errors
    /// Returns the error of the write that failed. A closed pipe is not an error, because a program
    /// such as `head` exits as soon as it has enough lines.
    pub(crate) async fn finish(self) -> io::Result<()> {
        drop(self.messages);
        match self.result.await {
            Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

/// Prints messages until the sender of the queue is dropped. Messages that are already in the queue
/// are flushed together; a message never waits for the next one to arrive.
fn print_all(mut messages: QueueReceiver<Message>, stdout: StdoutLock<'_>, format: PrintFormat) -> io::Result<()> {
    let mut output = BufWriter::new(stdout);
    while let Some(message) = messages.blocking_recv() {
        format.write(&mut output, &message)?;
        while let Some(message) = messages.try_recv() {
            format.write(&mut output, &message)?;
        }
        output.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(format: PrintFormat, message: impl Into<Message>) -> String {
        let mut output = Vec::new();
        format.write(&mut output, &message.into()).expect("writing to a Vec never fails");
        String::from_utf8(output).expect("UTF-8")
    }

    #[test]
    fn on_a_terminal_a_message_is_one_marked_line() {
        let plain = PrintFormat::Terminal { colours: false };
        assert_eq!(printed(plain, "hello"), "< hello\n");
        assert_eq!(printed(plain, ""), "< \n");
        assert_eq!(printed(plain, "a\nb\x1b[31mc"), "< a\\nb\\u{1b}[31mc\n");
        assert_eq!(printed(plain, vec![1, 2, 0xff]), "< binary, 3 bytes: 01 02 ff\n");
        assert_eq!(printed(PrintFormat::Terminal { colours: true }, "hello"), "\x1b[36m<\x1b[0m hello\n");
    }

    #[test]
    fn a_long_text_is_escaped_in_pieces() {
        /// Records the length of the longest write.
        #[derive(Default)]
        struct Longest(usize);
        impl Write for Longest {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.max(bytes.len());
                Ok(bytes.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let plain = PrintFormat::Terminal { colours: false };
        let mut longest = Longest::default();
        plain.write(&mut longest, &Message::text("\x7f".repeat(1 << 20))).expect("this writer never fails");
        assert_eq!(longest.0, 6 * PIECE_BYTES);
        // The pieces end between characters.
        let text = format!("x{}\x1b", "ä".repeat(PIECE_BYTES));
        assert_eq!(printed(plain, text.as_str()), format!("< {}\n", printable_with_tabs(&text)));
    }

    #[test]
    fn in_a_pipe_a_text_is_unchanged() {
        for binary in [false, true] {
            assert_eq!(printed(PrintFormat::Pipe { binary }, "a\nb\x1b[31mc\0"), "a\nb\x1b[31mc\0\n");
        }
    }

    #[test]
    fn in_a_pipe_binary_is_described_or_raw() {
        assert_eq!(printed(PrintFormat::Pipe { binary: false }, vec![1, 2]), "binary, 2 bytes: 01 02\n");
        assert_eq!(printed(PrintFormat::Pipe { binary: true }, vec![1, 2]), "\x01\x02");
    }
}
