//! How the connection ended: one line for people, an exit status for scripts.
//!
//! The line has the code, its meaning, the reason if one was given, and who closed first:
//!
//! ```text
//!   closed: 1000 (normal closure), by us
//!   closed: 1001 (going away) "back at noon", by the server
//!   closed: 1006 (abnormal closure), by the server: ...
//! ```
//!
//! 1006 is the code that people ask about most. It never travels: it is what this end calls it when no Close frame came,
//! and so the server cannot have said why. The line says what is known, and where to look for the rest.

use std::{fmt, io, process::ExitCode, time::Duration};

use cli::{code_and_reason, format_duration};
use dissector::printable;
use websocket::{
    Error,
    protocol::{CloseCode, CloseInfo, Endpoint, Violation},
};

/// How a conversation ended.
#[derive(Debug)]
pub(crate) struct Ending {
    /// What the connection knows.
    pub(crate) close_info: CloseInfo,
    /// Why nothing was received any more.
    pub(crate) cause: Cause,
    /// Every line of the input that was read was fit to be sent, and everything that arrived could be printed.
    pub(crate) complete: bool,
}

/// Why nothing is received any more.
#[derive(Debug)]
pub(crate) enum Cause {
    /// The connection is closed.
    End,
    /// The connection failed.
    Failure(Error),
    /// The connection was closing, and the server did nothing for so long.
    Silence(Duration),
}

impl Ending {
    /// 0 if the connection was closed in an ordinary way and nothing was lost on our side, else 1.
    pub(crate) fn status(&self) -> ExitCode {
        let ordinary = [CloseCode::NORMAL, CloseCode::GOING_AWAY, CloseCode::NO_STATUS_RECEIVED];
        if self.complete && ordinary.contains(&self.close_info.code) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed: ")?;
        match &self.close_info.violation {
            // The Close that we sent for this cannot have arrived.
            Some(Violation::PongOverdue) => write!(
                f,
                "{}, by us: the server left a Ping unanswered, so it hangs or cannot be reached any more",
                CloseCode::ABNORMAL_CLOSURE
            ),
            Some(violation) => {
                let code = violation.close_code().unwrap_or(CloseCode::PROTOCOL_ERROR);
                match &self.close_info.sent {
                    // Ours was out already, and there is never a second one.
                    Some(sent) if sent.code != code => {
                        write!(f, "{}, by us; then the server broke a rule: ", sent.code)
                    }
                    _ => write!(f, "{code}, by us: the server broke a rule: "),
                }?;
                f.write_str(&printable(&violation.to_string()))?;
                match violation {
                    Violation::FrameTooBig { .. } | Violation::MessageTooBig { .. } => {
                        f.write_str("; --max-message sets the limit")
                    }
                    _ => Ok(()),
                }
            }
            // Whether our answer still reached the server is its affair: it has said why it left.
            None if self.close_info.code != CloseCode::ABNORMAL_CLOSURE => {
                write!(f, "{}, by {}", code_and_reason(self.close_info.code, &self.close_info.reason), self.first())
            }
            None => {
                write!(f, "{}, by {}: ", CloseCode::ABNORMAL_CLOSURE, self.first())?;
                self.no_close_frame(f)
            }
        }
    }
}

impl Ending {
    /// Who closed first; for an end without any Close frame, from where the end came.
    fn first(&self) -> &'static str {
        match (self.close_info.initiator, &self.cause) {
            (Some(Endpoint::Local), _) => "us",
            (None, Cause::Failure(Error::Io(error))) if !was_hung_up(error) => "neither side",
            (Some(Endpoint::Remote) | None, _) => "the server",
        }
    }

    /// 1006: what happened instead, and where to look.
    fn no_close_frame(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Silence(patience) => write!(
                f,
                "no answer to our Close came within {}, so the server hangs or is busy (--close-timeout sets the limit)",
                format_duration(*patience)
            ),
            Cause::Failure(Error::Io(error)) if !was_hung_up(error) => {
                write!(f, "the connection broke without a Close frame ({error}); is the network still there?")
            }
            _ if self.close_info.initiator == Some(Endpoint::Local) => f.write_str(
                "the server ended the connection without answering our Close; it may have crashed, its log may say more",
            ),
            _ => f.write_str(
                "the connection ended without a Close frame, so the server crashed or was killed, or a proxy between \
                 cut it off; the server's log may say more",
            ),
        }
    }
}

/// Whether the error says that the other end is gone and its computer has told us so. Anything else is the network's.
fn was_hung_up(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset)
}
