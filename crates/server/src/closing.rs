//! Ends a conversation, and logs in one line how it ended.
//!
//! ```text
//!   closed: 1000 (normal closure), closed by the peer
//!   closed: 1001 (going away), closed by this end: the server is shutting down
//!   closed: 1006 (abnormal closure), the peer never answered the Close 1008 (policy violation) "pushes are not being read"
//!   closed: 1006 (abnormal closure), failed by this end: a client's frames must be masked (RFC 6455, section 5.1)
//! ```
//!
//! No log line states the same fact twice.

use cli::code_and_reason;
use protocol::{CloseCode, CloseInfo};
use tokio::io::{AsyncRead, AsyncWrite};
use websocket::{Error, WebSocket};

use crate::peer::Peer;

/// The Close with which the server ends a conversation on its own initiative.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerClose {
    pub(crate) code: CloseCode,
    pub(crate) reason: &'static str,
}

/// The result of a handler: `None` if the client closed the connection, a [`ServerClose`] if the
/// server should close it, or the error that ended the conversation.
pub(crate) type HandlerResult = Result<Option<ServerClose>, Error>;

/// Ends a conversation: sends the server's Close if `result` contains one, and logs how the
/// connection was closed.
pub(crate) async fn finish<S>(mut connection: WebSocket<S>, result: HandlerResult, peer: &Peer)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match result {
        Ok(None) => tracing::info!("{peer} closed: {}", connection.close_info()),
        Ok(Some(close)) => match connection.close(close.code, close.reason).await {
            Ok(close_info) => tracing::info!("{peer} closed: {}", describe_close(&close_info, close)),
            Err(error) => tracing::error!("{peer}: {error}"),
        },
        //= docs/src/rfc6455.md#section-7-1-7
        //# A server that fails the connection SHOULD log the problem.
        Err(error) => tracing::warn!("{peer} closed: {}", describe_error(&connection.close_info(), &error)),
    }
}

/// Describes the end of a connection after the server has closed it with `code` and `reason`. Adds
/// the code and the reason only if `close_info` does not already contain them.
fn describe_close(close_info: &CloseInfo, ServerClose { code, reason }: ServerClose) -> String {
    match &close_info.sent {
        // The peer's Close arrived first, and this end answered with the peer's code. The server's
        // own code was never sent, so the log line must not mention it.
        Some(sent) if sent.code() != code => close_info.to_string(),
        None => close_info.to_string(),
        Some(_) if close_info.code == code && close_info.reason == reason => close_info.to_string(),
        Some(_) if close_info.code == code => format!("{close_info}: {reason}"),
        // The text of `close_info` ends with "the peer never answered the Close", so append the
        // code and the reason of that Close.
        Some(_) if close_info.code == CloseCode::ABNORMAL_CLOSURE && close_info.violation.is_none() => {
            format!("{close_info} {}", code_and_reason(code, reason))
        }
        Some(_) => format!("{close_info}; this end sent {}", code_and_reason(code, reason)),
    }
}

/// Describes the end of a connection after an error. Adds the error only if `close_info` does not
/// already contain it.
fn describe_error(close_info: &CloseInfo, error: &Error) -> String {
    match error {
        Error::Violation(_) | Error::EndedWithoutClose => close_info.to_string(),
        // The TCP connection failed, which explains why no Close frame arrived, so report the error
        // rather than the missing Close.
        Error::Io(_) if close_info.initiator.is_none() && close_info.violation.is_none() => {
            format!("{}, {error}", close_info.code)
        }
        _ => format!("{close_info}; {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::{io, time::Instant};

    use protocol::{CloseFrame, Config, Connection, Endpoint, Violation};

    use super::*;

    /// Returns the close info of a connection on which `initiator` sent the first Close, the peer
    /// sent `code`, and this end sent `sent`.
    fn close_info(initiator: Option<Endpoint>, code: u16, sent: Option<u16>) -> CloseInfo {
        let mut close_info = Connection::server(Config::default(), Instant::now()).close_info();
        close_info.initiator = initiator;
        close_info.code = CloseCode(code);
        close_info.sent = sent.map(|code| CloseFrame::new(CloseCode(code), "").expect("a code that may be sent"));
        close_info
    }

    const CLOSE: ServerClose = ServerClose { code: CloseCode::GOING_AWAY, reason: "the server is shutting down" };

    #[test]
    fn the_servers_reason_is_told_once() {
        let mut answered = close_info(Some(Endpoint::Local), 1001, Some(1001));
        assert_eq!(
            describe_close(&answered, CLOSE),
            "1001 (going away), closed by this end: the server is shutting down"
        );
        answered.reason = "the server is shutting down".to_owned();
        assert_eq!(
            describe_close(&answered, CLOSE),
            r#"1001 (going away) "the server is shutting down", closed by this end"#
        );
    }

    #[test]
    fn an_answer_with_another_code_and_no_answer_are_told_beside_ours() {
        assert_eq!(
            describe_close(&close_info(Some(Endpoint::Local), 1000, Some(1001)), CLOSE),
            "1000 (normal closure), closed by this end; this end sent 1001 (going away) \"the server is shutting down\""
        );
        assert_eq!(
            describe_close(&close_info(Some(Endpoint::Local), 1006, Some(1001)), CLOSE),
            "1006 (abnormal closure), the peer never answered the Close 1001 (going away) \"the server is shutting down\""
        );
    }

    #[test]
    fn a_close_that_came_too_late_is_not_told() {
        assert_eq!(
            describe_close(&close_info(Some(Endpoint::Remote), 1000, Some(1000)), CLOSE),
            "1000 (normal closure), closed by the peer"
        );
    }

    #[test]
    fn what_the_connection_tells_is_not_repeated_by_the_error() {
        let mut close_info = close_info(None, 1006, None);
        assert_eq!(
            describe_error(&close_info, &Error::EndedWithoutClose),
            "1006 (abnormal closure), the connection ended without a Close frame"
        );
        let reset = Error::Io(io::ErrorKind::ConnectionReset.into());
        assert_eq!(
            describe_error(&close_info, &reset),
            "1006 (abnormal closure), the connection broke: connection reset"
        );
        // In the next two cases, the close info already explains why the connection ended, so the
        // reset is only appended to it.
        let closing = self::close_info(Some(Endpoint::Local), 1006, Some(1000));
        assert_eq!(describe_error(&closing, &reset), format!("{closing}; the connection broke: connection reset"));
        close_info.violation = Some(Violation::UnmaskedFrame);
        let broken = describe_error(&close_info, &reset);
        assert_eq!(broken, format!("{close_info}; the connection broke: connection reset"));
        let line = describe_error(&close_info, &Error::Violation(Violation::UnmaskedFrame));
        assert_eq!(line.matches("must be masked").count(), 1, "{line}");
    }
}
