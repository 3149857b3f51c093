//! Streams other than TCP: Unix sockets, and streams that the program itself opens.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use testkit::{
    frames::first_byte::TEXT,
    http_head::response_for,
    raw_peer::{read_frame, read_head},
    stream::{StreamCall, scripted_stream},
    tasks::with_timeout,
};
use tokio::io::{AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use websocket::{ConnectError, Connector, MaybeTlsStream, TransportOptions, Uri, open_transport_with};

/// Returns a stream for a dialer to open, and its other end.
fn stream() -> (Mutex<Option<DuplexStream>>, DuplexStream) {
    let (near, far) = duplex(4096);
    (Mutex::new(Some(near)), far)
}

#[tokio::test]
async fn a_dialer_opens_the_stream() {
    with_timeout(async {
        let (near, mut far) = stream();
        let dialed = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&dialed);
        let connector = Connector::new("ws://device.invalid:7/a").unwrap().dial(move |uri| {
            seen.lock().unwrap().push(uri);
            let near = near.lock().unwrap().take().ok_or(io::ErrorKind::AddrInUse);
            async { Ok(near?) }
        });
        let answering = async {
            let request = read_head(&mut far).await;
            far.write_all(response_for(&request).as_bytes()).await.unwrap();
            request
        };
        let (client, request) = tokio::join!(connector.connect(), answering);
        let mut client = client.unwrap();
        client.send("hi").await.unwrap();
        assert_eq!(read_frame(&mut far).await, (TEXT, b"hi".to_vec()));
        assert!(request.contains("\r\nHost: device.invalid:7\r\n"), "{request}");
        assert_eq!(*dialed.lock().unwrap(), ["ws://device.invalid:7/a".parse::<Uri>().unwrap()]);
        assert!(matches!(client.get_ref(), MaybeTlsStream::Dialed(_)));
        assert!(client.get_ref().tcp().is_none());
        assert_eq!(client.get_ref().peer_addr().unwrap_err().kind(), io::ErrorKind::Unsupported);
    })
    .await;
}

/// A stream with a buffer of its own sends nothing until it is flushed.
#[tokio::test]
async fn every_call_reaches_the_stream_of_a_dialer() {
    for vectored in [true, false] {
        let (stream, script) = scripted_stream();
        if !vectored {
            script.disable_vectored_writes();
        }
        let stream = Mutex::new(Some(stream));
        let options = TransportOptions::new().dial(move |_| {
            let stream = stream.lock().unwrap().take().ok_or(io::ErrorKind::AddrInUse);
            async { Ok(stream?) }
        });
        let mut stream = open_transport_with(&"ws://h/".parse().unwrap(), &options).await.unwrap();
        assert_eq!(stream.is_write_vectored(), vectored);
        stream.flush().await.unwrap();
        stream.shutdown().await.unwrap();
        assert_eq!(script.calls(), [StreamCall::Flush, StreamCall::Shutdown]);
    }
}

#[tokio::test]
async fn the_error_of_a_dialer_is_returned() {
    let dial = |_| async { Err::<DuplexStream, _>(io::Error::other("the modem is busy")) };
    let error = with_timeout(Connector::new("ws://h/").unwrap().dial(dial).connect()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Dial(_)), "{error:?}");
    assert_eq!(error.to_string(), "the dialer could not connect: the modem is busy");
}

#[tokio::test]
async fn a_dialer_has_the_time_of_the_handshake() {
    let connector = Connector::new("ws://h/")
        .unwrap()
        .dial(|_| std::future::pending::<io::Result<DuplexStream>>())
        .handshake_timeout(Duration::from_millis(5));
    let error = with_timeout(connector.connect()).await.unwrap_err();
    let ConnectError::Dial(error) = error else { panic!("{error:?}") };
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn tls_goes_over_the_stream_of_a_dialer() {
    use tokio::io::AsyncReadExt;

    with_timeout(async {
        let (near, mut far) = stream();
        let connector = Connector::new("wss://h/").unwrap().dial(move |_| {
            let near = near.lock().unwrap().take().ok_or(io::ErrorKind::AddrInUse);
            async { Ok(near?) }
        });
        let receiving = async {
            let first = far.read_u8().await.unwrap();
            drop(far);
            first
        };
        let (client, first) = tokio::join!(connector.connect(), receiving);
        assert_eq!(first, 0x16, "a TLS record of the handshake");
        assert!(matches!(client, Err(ConnectError::Tls(_))), "{client:?}");
    })
    .await;
}

#[cfg(unix)]
mod unix {
    use std::path::PathBuf;

    use tokio::net::UnixListener;

    use super::*;

    /// Returns a path in the directory for temporary files at which no file exists.
    fn socket_path(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("websonkets-{name}-{}.sock", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    #[tokio::test]
    async fn a_unix_socket_carries_the_conversation_of_two_endpoints() {
        with_timeout(async {
            let path = socket_path("pair");
            let listener = UnixListener::bind(&path).unwrap();
            let serving = async {
                let (stream, _) = listener.accept().await.unwrap();
                let mut server = websocket::accept(stream).await.unwrap();
                let message = server.next().await.unwrap().unwrap();
                server.send(message).await.unwrap();
                server
            };
            let connecting = async {
                let mut client = Connector::new("ws://localhost/").unwrap().unix_socket(&path).connect().await.unwrap();
                client.send("hi").await.unwrap();
                assert_eq!(client.next().await.unwrap().unwrap().as_text(), Some("hi"));
                client
            };
            let (client, _server) = tokio::join!(connecting, serving);
            assert!(matches!(client.get_ref(), MaybeTlsStream::Unix(_)));
            assert!(client.get_ref().tcp().is_none());
            std::fs::remove_file(&path).unwrap();
        })
        .await;
    }

    #[tokio::test]
    async fn a_path_without_a_socket_is_named() {
        let path = socket_path("missing");
        let error = with_timeout(Connector::new("ws://h/").unwrap().unix_socket(&path).connect()).await.unwrap_err();
        let ConnectError::UnixSocket { path: named, error: cause } = &error else { panic!("{error:?}") };
        assert_eq!((named, cause.kind()), (&path, io::ErrorKind::NotFound));
        assert!(error.to_string().contains(&*path.to_string_lossy()), "{error}");
    }
}
