//! Errors: one type through a whole function, and no text twice in a chain of sources.

use std::io;

use protocol::{CloseCode, HandshakeViolation, UsageError, Violation};
use websocket::{AcceptError, ConnectError, Connector, Error};

/// Everything that `source()` leads to, with the error itself.
fn chain(error: &dyn std::error::Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut next = error.source();
    while let Some(source) = next {
        texts.push(source.to_string());
        next = source.source();
    }
    texts
}

/// An I/O error with a cause of its own, as TLS libraries return them.
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
