//! Errors: one error type for a whole function, and no text that appears twice in a chain of
//! sources.

use std::{io, time::Duration};

use protocol::{CloseCode, HandshakeViolation, UsageError, Violation};
use websocket::{AcceptError, ConnectError, Connector, Error};

/// Returns the text of an error, followed by the texts of all errors in its `source()` chain.
fn chain(error: &dyn std::error::Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        texts.push(source.to_string());
        next = source.source();
    }
    texts
}

/// Returns an I/O error that has a cause, as the errors of TLS libraries do.
fn nested() -> io::Error {
    #[derive(Debug)]
    struct Outer(io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("the outer error")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    io::Error::other(Outer(io::Error::other("the inner error")))
}

#[test]
fn no_error_repeats_the_text_of_its_source() {
    let usage = || UsageError::ControlTooLong(126);
    let errors: Vec<Box<dyn std::error::Error>> = vec![
        Box::new(Error::Violation(Violation::UnmaskedFrame)),
        Box::new(Error::Usage(usage())),
        Box::new(Error::Io(nested())),
        Box::new(Error::EndedWithoutClose),
        Box::new(Error::from(ConnectError::Tls(nested()))),
        Box::new(Error::from(AcceptError::Violation(HandshakeViolation::KeyNotOnce))),
        Box::new(ConnectError::Usage(usage())),
        Box::new(ConnectError::Resolve { host: "example.org".to_owned(), error: nested() }),
        Box::new(ConnectError::Tcp { authority: "example.org:80".to_owned(), error: nested() }),
        Box::new(ConnectError::Handshake(nested())),
        Box::new(AcceptError::Io(nested())),
        Box::new(AcceptError::Usage(usage())),
    ];
    for error in errors {
        let texts = chain(&*error);
        for (index, text) in texts.iter().enumerate() {
            for earlier in &texts[..index] {
                assert!(!earlier.contains(text.as_str()), "{texts:?}");
            }
        }
    }
    // And nothing is lost.
    assert_eq!(chain(&Error::Io(nested())), ["the connection broke: the outer error", "the inner error"]);
}

#[test]
fn each_error_says_what_happened() {
    let eof = || io::Error::from(io::ErrorKind::UnexpectedEof);
    let problems = || vec!["a is missing".to_owned(), "b is empty".to_owned()];
    let tcp = ConnectError::Tcp { authority: "a.example:80".to_owned(), error: nested() };
    for (error, text) in [
        (
            ConnectError::Resolve { host: "a.example".to_owned(), error: nested() },
            "the name a.example cannot be resolved: the outer error",
        ),
        (tcp, "cannot connect to a.example:80: the outer error"),
        (ConnectError::Tls(nested()), "TLS failed: the outer error"),
        (ConnectError::Tls(eof()), "the server ended the connection during the TLS handshake"),
        (
            ConnectError::Alpn { chosen: Some("h2\n".to_owned()) },
            "the server chose the protocol 'h2\\n' inside TLS (ALPN), but a WebSocket connection needs 'http/1.1'",
        ),
        (
            ConnectError::Alpn { chosen: None },
            "the server speaks none of the protocols that the client offered inside TLS (ALPN)",
        ),
        (ConnectError::TlsMissing, "wss:// needs a build with the feature 'tls'"),
        (
            ConnectError::NoRootCertificates { problems: problems() },
            "no trusted root certificates were found, so no server can be verified: install them (on Linux, usually \
             the package ca-certificates), or set SSL_CERT_FILE to a file that contains them (a is missing; b is empty)",
        ),
        (
            ConnectError::NotOverTls,
            "the URI is wss://, but nothing shows that the stream is encrypted: establish TLS over it, and call \
             handshake_over_tls",
        ),
        (ConnectError::Handshake(nested()), "the connection broke during the handshake: the outer error"),
        (ConnectError::Handshake(eof()), "the server ended the connection before it answered the handshake"),
        (ConnectError::TimedOut, "the server did not answer in time"),
    ] {
        assert_eq!(error.to_string(), text);
        assert_eq!(Error::from(error).to_string(), text, "the type that contains it says the same");
    }
    let without_problems = ConnectError::NoRootCertificates { problems: Vec::new() }.to_string();
    assert!(without_problems.ends_with("to a file that contains them"), "{without_problems}");
    for (error, text) in [
        (AcceptError::Rejected(http::StatusCode::NOT_FOUND), "rejected with 404 Not Found"),
        (AcceptError::NotTls, "the client did not begin with TLS, which this port requires"),
        (AcceptError::Tls(nested()), "TLS failed: the outer error"),
        (AcceptError::Io(nested()), "the connection broke during the handshake: the outer error"),
        (AcceptError::Io(eof()), "the client left before its request was complete"),
        (AcceptError::TimedOut, "the client took too long for the handshake"),
    ] {
        assert_eq!(error.to_string(), text);
        assert_eq!(Error::from(error).to_string(), text, "the type that contains it says the same");
    }
    for (error, text) in [
        (Error::EndedWithoutClose, "the peer ended the connection without a Close frame (1006)"),
        (
            Error::NoMemory { waited: Duration::from_secs(3) },
            "the memory budget had no room for the peer's message within 3s",
        ),
        (Error::Violation(Violation::UnmaskedFrame), &format!("the peer broke a rule: {}", Violation::UnmaskedFrame)),
        (Error::Usage(UsageError::AfterClose), &UsageError::AfterClose.to_string()),
    ] {
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn each_error_with_an_io_error_leads_to_its_source() {
    let connect = |error| Box::new(error) as Box<dyn std::error::Error>;
    for error in [
        connect(ConnectError::Resolve { host: String::new(), error: nested() }),
        connect(ConnectError::Tcp { authority: String::new(), error: nested() }),
        connect(ConnectError::Tls(nested())),
        connect(ConnectError::Handshake(nested())),
        Box::new(AcceptError::Io(nested())),
        Box::new(AcceptError::Tls(nested())),
        Box::new(Error::Io(nested())),
        Box::new(Error::from(ConnectError::Tls(nested()))),
        Box::new(Error::from(AcceptError::Tls(nested()))),
    ] {
        let texts = chain(&*error);
        assert_eq!(texts[1..], ["the inner error"], "{texts:?}");
    }
}

#[cfg(feature = "proxy")]
#[test]
fn each_error_of_a_proxy_says_what_happened_and_leads_to_its_source() {
    use websocket::{ProxyError, ProxyUrlError, ProxyVariableError};

    for (error, text) in [
        (ProxyError::Resolve(nested()), "its name cannot be resolved: the outer error"),
        (ProxyError::Tcp(nested()), "cannot connect to it: the outer error"),
        (ProxyError::Tls(nested()), "TLS with it failed: the outer error"),
        (ProxyError::Broken(nested()), "the connection to it broke: the outer error"),
        (ProxyError::ResolveTarget(nested()), "the name of the server cannot be resolved: the outer error"),
    ] {
        assert_eq!(chain(&error), [text, "the inner error"]);
    }
    let error = ProxyVariableError { variable: "ALL_PROXY", error: ProxyUrlError::Path };
    let text = "the environment variable ALL_PROXY does not name a proxy: the URL of a proxy ends after the port";
    assert_eq!(chain(&error), [text]);
}

#[cfg(feature = "tls")]
#[test]
fn a_file_that_cannot_be_read_leads_to_its_source() {
    let error = websocket::tls::TlsConfigError::Unreadable { file: "a.pem".to_owned(), error: nested() };
    assert_eq!(chain(&error), ["a.pem cannot be read: the outer error", "the inner error"]);
}

#[tokio::test]
async fn one_error_type_serves_a_function_that_connects_talks_and_closes() {
    async fn talk(uri: &str) -> Result<(), Error> {
        let mut connection = Connector::new(uri)?.connect().await?;
        connection.send("hello").await?;
        connection.close(CloseCode::NORMAL, "").await?;
        Ok(())
    }
    // Nothing listens on port 1, and `no-scheme` is not a URI.
    assert!(
        matches!(talk("ws://127.0.0.1:1/").await, Err(Error::Connect(error)) if matches!(*error, ConnectError::Tcp { .. }))
    );
    assert!(matches!(talk("no-scheme").await, Err(Error::Usage(UsageError::Uri(_)))));
}

#[test]
fn an_error_becomes_an_io_error_of_a_fitting_kind() {
    for (error, kind) in [
        (Error::Io(io::ErrorKind::ConnectionReset.into()), io::ErrorKind::ConnectionReset),
        (Error::Violation(Violation::MaskedFrame), io::ErrorKind::InvalidData),
        (Error::Usage(UsageError::AfterClose), io::ErrorKind::InvalidInput),
        (Error::EndedWithoutClose, io::ErrorKind::UnexpectedEof),
        (ConnectError::TimedOut.into(), io::ErrorKind::Other),
    ] {
        let text = error.to_string();
        let converted = io::Error::from(error);
        assert_eq!(converted.kind(), kind, "{text}");
    }
}
