//! How a conversation ends, and what the log says of it: each thing once.
//!
//! ```text
//!   closed: 1000 (normal closure), closed by the peer
//!   closed: 1001 (going away), closed by this end: the server stops
//!   closed: 1006 (abnormal closure), the peer never answered the Close 1008 (policy violation): pushes are not being read
//!   closed: 1006 (abnormal closure), failed by this end: a client's frames must be masked (RFC 6455, section 5.1)
//! ```

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use websocket::{
    Error, WebSocket,
    protocol::{CloseCode, CloseInfo},
};

/// Why the server ends a conversation that the client would go on with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goodbye {
    pub(crate) code: CloseCode,
    pub(crate) reason: &'static str,
}

/// How a conversation ends: by the client's Close, by ours, or by an error.
pub(crate) type Ending = Result<Option<Goodbye>, Error>;

/// The end of a conversation: says goodbye if it is us who end it, and notes how it went.
pub(crate) async fn part<S>(mut connection: WebSocket<S>, ending: Ending, peer: SocketAddr)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match ending {
        Ok(None) => tracing::info!("{peer} closed: {}", connection.close_info()),
        Ok(Some(goodbye)) => match connection.close(goodbye.code, goodbye.reason).await {
            Ok(close_info) => tracing::info!("{peer} closed: {}", after_goodbye(&close_info, goodbye)),
            Err(error) => tracing::error!("{peer}: {error}"),
        },
        //= docs/src/rfc6455.md#section-7-1-7
        //# A server that fails the connection SHOULD log the problem.
        Err(error) => tracing::warn!("{peer} closed: {}", after_error(&connection.close_info(), &error)),
    }
}

/// The peer's part, and of ours what that does not say.
fn after_goodbye(close_info: &CloseInfo, Goodbye { code, reason }: Goodbye) -> String {
    match &close_info.sent {
        // Its Close was on the way already, and was answered with its own code.
        Some(sent) if sent.code != code => close_info.to_string(),
        None => close_info.to_string(),
        Some(_) if close_info.code == code && close_info.reason == reason => close_info.to_string(),
        Some(_) if close_info.code == code => format!("{close_info}: {reason}"),
        Some(_) if close_info.code == CloseCode::ABNORMAL_CLOSURE && close_info.violation.is_none() => {
            format!("{close_info} {code}: {reason}")
        }
        Some(_) => format!("{close_info}; sent was {code}: {reason}"),
    }
}

/// What the connection knows, and of the error what that does not say.
fn after_error(close_info: &CloseInfo, error: &Error) -> String {
    match error {
        Error::Violation(_) | Error::EndedWithoutClose => close_info.to_string(),
        // A connection that broke needs no word about a Close that did not come.
        Error::Io(_) if close_info.initiator.is_none() && close_info.violation.is_none() => {
            format!("{}, {error}", close_info.code)
        }
        _ => format!("{close_info}; {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::{io, time::Instant};

    use websocket::protocol::{CloseFrame, Config, Connection, Endpoint, Violation};

    use super::*;

    /// How a connection ended whose first Close came from `first`; the code the peer sent, and the one that we sent.
    fn close_info(first: Option<Endpoint>, code: u16, sent: Option<u16>) -> CloseInfo {
        let mut close_info = Connection::server(Config::default(), Instant::now()).close_info();
        close_info.initiator = first;
        close_info.code = CloseCode(code);
        close_info.sent = sent.map(|code| CloseFrame { code: CloseCode(code), reason: String::new() });
        close_info
    }

    const GOODBYE: Goodbye = Goodbye { code: CloseCode::GOING_AWAY, reason: "the server stops" };

    #[test]
    fn a_goodbye_is_told_once_with_its_reason() {
        let mut answered = close_info(Some(Endpoint::Local), 1001, Some(1001));
        assert_eq!(after_goodbye(&answered, GOODBYE), "1001 (going away), closed by this end: the server stops");
        answered.reason = "the server stops".to_owned();
        assert_eq!(after_goodbye(&answered, GOODBYE), r#"1001 (going away) "the server stops", closed by this end"#);
    }

    #[test]
    fn an_answer_with_another_code_and_no_answer_are_told_beside_ours() {
        assert_eq!(
            after_goodbye(&close_info(Some(Endpoint::Local), 1000, Some(1001)), GOODBYE),
            "1000 (normal closure), closed by this end; sent was 1001 (going away): the server stops"
        );
        assert_eq!(
            after_goodbye(&close_info(Some(Endpoint::Local), 1006, Some(1001)), GOODBYE),
            "1006 (abnormal closure), the peer never answered the Close 1001 (going away): the server stops"
        );
    }

    #[test]
    fn a_goodbye_that_came_too_late_is_not_told() {
        assert_eq!(
            after_goodbye(&close_info(Some(Endpoint::Remote), 1000, Some(1000)), GOODBYE),
            "1000 (normal closure), closed by the peer"
        );
    }

    #[test]
    fn what_the_connection_tells_is_not_repeated_by_the_error() {
        let mut close_info = close_info(None, 1006, None);
        assert_eq!(
            after_error(&close_info, &Error::EndedWithoutClose),
            "1006 (abnormal closure), the connection ended without a Close frame"
        );
        let reset = Error::Io(io::ErrorKind::ConnectionReset.into());
        assert_eq!(
            after_error(&close_info, &reset),
            "1006 (abnormal closure), the connection broke: connection reset"
        );
        close_info.violation = Some(Violation::UnmaskedFrame);
        let told = after_error(&close_info, &Error::Violation(Violation::UnmaskedFrame));
        assert_eq!(told.matches("must be masked").count(), 1, "{told}");
    }
}
