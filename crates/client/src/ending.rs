//! Describes the end of a connection, in one line for people and as an exit status for scripts.
//!
//! The line contains the close code, its meaning, the reason if there is one, and the side that
//! closed first:
//!
//! ```text
//!   closed: 1000 (normal closure), by us
//!   closed: 1001 (going away) "back at noon", by the server
//!   closed: 1006 (abnormal closure), by the server: ...
//! ```
//!
//! 1006 is the code that people ask about most. No endpoint sends it: the client itself reports it
//! if the connection ends without a Close frame from the server. The server has then given no
//! reason, so the line states what is known and where to look for the cause.

use std::{fmt, io, process::ExitCode, time::Duration};

use cli::{code_and_reason, format_duration};
use dissector::printable;
use websocket::{
    Error,
    protocol::{CloseCode, CloseInfo, Endpoint, Violation},
};

/// The end of a conversation.
#[derive(Debug)]
pub(crate) struct Ending {
    /// The connection's summary of its end.
    pub(crate) close_info: CloseInfo,
    /// The reason why nothing more was received.
    pub(crate) cause: Cause,
    /// Whether the client read its input without an error, reported no line as unsent, and printed
    /// every message.
    pub(crate) complete: bool,
}

/// The reason why nothing more is received.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The connection is closed.
    End,
    /// The connection failed.
    Failure(Error),
    /// The connection was closing, and the server did not complete the closing handshake within
    /// this time.
    Silence(Duration),
}

impl Ending {
    /// Returns 0 if the close code is 1000, 1001 or 1005 and [`complete`](Self::complete) is
    /// `true`, and 1 otherwise.
    pub(crate) fn status(&self) -> ExitCode {
        let ordinary = [CloseCode::NORMAL, CloseCode::GOING_AWAY, CloseCode::NO_STATUS_RECEIVED];
        if self.complete && ordinary.contains(&self.close_info.code) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed: ")?;
        match &self.close_info.violation {
            // When a Pong is overdue, the client sends a Close with a code. But a server that sends
            // no Pong has probably hung and will not read our Close, so show 1006 instead of the
            // code in our Close.
            Some(Violation::PongOverdue) => write!(
                f,
                "{}, by us: the server did not answer a Ping; it may hang, or the network may be down",
                CloseCode::ABNORMAL_CLOSURE
            ),
            Some(violation) => {
                let code = violation.close_code();
                match &self.close_info.sent {
                    // Our Close had been sent before the server broke the rule. An endpoint sends
                    // only one Close, so the code for the violation was never sent. Show the code
                    // that was sent.
                    Some(sent) if sent.code() != code => {
                        write!(f, "{}, by us; then the server broke a rule: ", sent.code())
                    }
                    _ => write!(f, "{code}, by us: the server broke a rule: "),
                }?;
                f.write_str(&printable(&violation.to_string()))?;
                match violation {
                    Violation::FrameTooBig { .. } | Violation::MessageTooBig { .. } => {
                        f.write_str("; --max-message sets the limit")
                    }
                    Violation::MessageTooSlow { .. } => f.write_str("; --message-timeout sets the limit"),
                    _ => Ok(()),
                }
            }
            // The server's Close arrived, so its code and reason are known. Show them even if the
            // connection failed before our answer reached the server.
            None if self.close_info.code != CloseCode::ABNORMAL_CLOSURE => {
                write!(f, "{}, by {}", code_and_reason(self.close_info.code, &self.close_info.reason), self.first())
            }
            None => {
                write!(f, "{}, by {}: ", CloseCode::ABNORMAL_CLOSURE, self.first())?;
                self.explain_missing_close(f)
            }
        }
    }
}

impl Ending {
    /// Returns the name of the side that closed first. If there was no Close frame, returns the
    /// name of the side that ended the connection or, if the network failed, "neither side".
    fn first(&self) -> &'static str {
        match (self.close_info.initiator, &self.cause) {
            (Some(Endpoint::Local), _) => "us",
            (None, Cause::Failure(Error::Io(error))) if !was_hung_up(error) => "neither side",
            (Some(Endpoint::Remote) | None, _) => "the server",
        }
    }

    /// Explains the code 1006: says what happened instead of a Close, and where to look for the
    /// cause.
    fn explain_missing_close(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Silence(timeout) => write!(
                f,
                "the server did not answer our Close within {}; it may hang or be busy (--close-timeout sets the limit)",
                format_duration(*timeout)
            ),
            Cause::Failure(Error::Io(error)) if !was_hung_up(error) => {
                write!(f, "the connection broke without a Close frame ({error}); check your network connection")
            }
            _ if self.close_info.initiator == Some(Endpoint::Local) => f.write_str(
                "the server ended the connection without answering our Close; it may have crashed, and its log may \
                 say more",
            ),
            _ => f.write_str(
                "the connection ended without a Close frame; the server crashed or was killed, or a proxy in between \
                 closed the connection; the server's log may say more",
            ),
        }
    }
}

/// Returns `true` if the error means that the server's computer closed or reset the TCP connection.
/// All other errors count as network failures.
fn was_hung_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}
