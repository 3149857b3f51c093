//! Standard output, message by message.
//!
//! Whoever reads our output may be slow (a pager) or gone (`head`). A thread of its own does the writing, so that Ctrl-C
//! is heard while it waits. The channel to it has few places: when they are taken, nothing more is read from the server
//! until there is room, and so the server, too, is slowed down by the reader at the end of the pipe.

use std::{
    io::{self, BufWriter, IsTerminal, StdoutLock, Write},
    thread,
};

use cli::use_colours;
use dissector::printable_with_tabs;
use tokio::sync::{mpsc, oneshot};
use websocket::protocol::Message;

/// Messages that may lie between the conversation and the thread.
const MESSAGES_WAITING: usize = 64;

/// The bytes of a binary message that are shown.
const BYTES_SHOWN: usize = 16;

/// How messages are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people: marked, one line each, nothing that a terminal would obey.
    Terminal { colours: bool },
    /// For programs: texts as they are, each with a line end. Binary messages raw, or as a line that describes them.
    Pipe { binary: bool },
}

impl Format {
    /// What fits standard output.
    pub(crate) fn of_stdout(binary: bool) -> Self {
        let stdout = io::stdout();
        if stdout.is_terminal() { Self::Terminal { colours: use_colours(&stdout) } } else { Self::Pipe { binary } }
    }

    fn write(self, output: &mut impl Write, message: &Message) -> io::Result<()> {
        match (self, message) {
            (Self::Terminal { colours }, _) => {
                let mark = if colours { "\x1b[36m<\x1b[0m" } else { "<" };
                match message {
                    Message::Text(text) => writeln!(output, "{mark} {}", printable_with_tabs(text.as_str())),
                    Message::Binary(bytes) => writeln!(output, "{mark} binary, {}", summary(bytes)),
                }
            }
            (Self::Pipe { .. }, Message::Text(_)) => {
                output.write_all(message.as_bytes())?;
                output.write_all(b"\n")
            }
            (Self::Pipe { binary: true }, Message::Binary(bytes)) => output.write_all(bytes),
            (Self::Pipe { binary: false }, Message::Binary(bytes)) => writeln!(output, "binary, {}", summary(bytes)),
        }
    }
}

/// Length and first bytes: `5 bytes: 01 02 03 04 05`.
pub(crate) fn summary(bytes: &[u8]) -> String {
    let mut summary = format!("{} {}", bytes.len(), if bytes.len() == 1 { "byte" } else { "bytes" });
    for (index, byte) in bytes.iter().take(BYTES_SHOWN).enumerate() {
        summary.push_str(if index == 0 { ": " } else { " " });
        summary.push_str(&format!("{byte:02x}"));
    }
    if bytes.len() > BYTES_SHOWN {
        summary.push_str(" ..");
    }
    summary
}

/// The way to the thread that writes.
#[derive(Debug)]
pub(crate) struct Output {
    messages: mpsc::Sender<Message>,
    written: oneshot::Receiver<io::Result<()>>,
}

/// A place for one message.
pub(crate) type Room<'a> = mpsc::Permit<'a, Message>;

impl Output {
    /// Begins to write.
    pub(crate) fn start(format: Format) -> Self {
        let (messages, receiver) = mpsc::channel(MESSAGES_WAITING);
        let (done, written) = oneshot::channel();
        thread::spawn(move || {
            // Dropping the receiver, when writing fails, is what tells the conversation.
            let result = write_all(receiver, io::stdout().lock(), format);
            let _ = done.send(result);
        });
        Self { messages, written }
    }

    /// Waits until there is a place for a message; `None` when nothing can be written any more. Cancel-safe.
    pub(crate) async fn room(&self) -> Option<Room<'_>> {
        self.messages.reserve().await.ok()
    }

    /// Waits until nothing can be written any more. Cancel-safe.
    pub(crate) async fn gone(&self) {
        self.messages.closed().await;
    }

    /// Waits until everything is written.
    ///
    /// A reader that has left is no error: `client | head -1` has got what it wanted.
    pub(crate) async fn finish(self) -> io::Result<()> {
        drop(self.messages);
        match self.written.await {
            Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }
}

/// Writes until the conversation is over. What lies in the channel leaves in one write; nothing waits for more to come.
fn write_all(mut messages: mpsc::Receiver<Message>, stdout: StdoutLock<'_>, format: Format) -> io::Result<()> {
    let mut output = BufWriter::new(stdout);
    while let Some(message) = messages.blocking_recv() {
        format.write(&mut output, &message)?;
        while let Ok(message) = messages.try_recv() {
            format.write(&mut output, &message)?;
        }
        output.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Format, message: impl Into<Message>) -> String {
        let mut output = Vec::new();
        format.write(&mut output, &message.into()).expect("a Vec takes everything");
        String::from_utf8(output).expect("UTF-8")
    }

    #[test]
    fn on_a_terminal_a_message_is_one_marked_line() {
        let plain = Format::Terminal { colours: false };
        assert_eq!(written(plain, "hello"), "< hello\n");
        assert_eq!(written(plain, ""), "< \n");
        assert_eq!(written(plain, "a\nb\x1b[31mc"), "< a\\nb\\u{1b}[31mc\n");
        assert_eq!(written(plain, vec![1, 2, 0xff]), "< binary, 3 bytes: 01 02 ff\n");
        assert_eq!(written(Format::Terminal { colours: true }, "hello"), "\x1b[36m<\x1b[0m hello\n");
    }

    #[test]
    fn in_a_pipe_a_text_passes_as_it_is() {
        for binary in [false, true] {
            assert_eq!(written(Format::Pipe { binary }, "a\nb\x1b[31mc\0"), "a\nb\x1b[31mc\0\n");
        }
    }

    #[test]
    fn in_a_pipe_binary_is_described_or_raw() {
        assert_eq!(written(Format::Pipe { binary: false }, vec![1, 2]), "binary, 2 bytes: 01 02\n");
        assert_eq!(written(Format::Pipe { binary: true }, vec![1, 2]), "\x01\x02");
    }

    #[test]
    fn a_summary_shows_the_first_bytes() {
        assert_eq!(summary(&[]), "0 bytes");
        assert_eq!(summary(&[7]), "1 byte: 07");
        assert_eq!(summary(&[0; 16]), "16 bytes: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
        assert_eq!(summary(&[0; 17]), "17 bytes: 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ..");
    }
}
