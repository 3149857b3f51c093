//! A tap sees exactly the bytes that go over TCP. A proxy between the two ends records them for
//! comparison.
#![cfg(feature = "tap")]

use std::{
    io::IoSlice,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use dissector::{
    Direction::{self, ToClient, ToServer},
    tap::{Tap, Tapped},
};
use protocol::Role;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// The bytes of both directions, and the directions that have ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct TappedBytes {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    ended: Vec<Direction>,
}

impl TappedBytes {
    fn of(&mut self, direction: Direction) -> &mut Vec<u8> {
        if direction == ToServer { &mut self.to_server } else { &mut self.to_client }
    }
}

impl Tap for TappedBytes {
    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        assert!(!bytes.is_empty(), "the tap is not called for an empty read or write");
        self.of(direction).extend_from_slice(bytes);
    }

    fn end(&mut self, direction: Direction) {
        if !self.ended.contains(&direction) {
            self.ended.push(direction);
        }
    }
}

/// Forwards one connection unchanged, and returns its bytes.
async fn proxy(listener: TcpListener, server: std::net::SocketAddr) -> TappedBytes {
    let (client, _) = listener.accept().await.expect("a client connects");
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = TcpStream::connect(server).await.expect("the server accepts").into_split();
    let seen = Arc::new(Mutex::new(TappedBytes::default()));
    let forward = async |from: &mut tokio::net::tcp::OwnedReadHalf,
                         to: &mut tokio::net::tcp::OwnedWriteHalf,
                         direction: Direction| {
        let mut buffer = [0; 1000];
        loop {
            let read = from.read(&mut buffer).await.expect("a read succeeds");
            if read == 0 {
                to.shutdown().await.expect("the other end is open");
                seen.lock().expect("no task panicked").end(direction);
                return;
            }
            seen.lock().expect("no task panicked").of(direction).extend_from_slice(&buffer[..read]);
            to.write_all(&buffer[..read]).await.expect("the other end is open");
        }
    };
    tokio::join!(
        forward(&mut from_client, &mut to_server, ToServer),
        forward(&mut from_server, &mut to_client, ToClient)
    );
    seen.lock().expect("no task panicked").clone()
}

#[tokio::test]
async fn a_tap_sees_the_same_bytes_as_a_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let server = listener.local_addr().expect("the listener is bound");
    let between = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = between.local_addr().expect("the listener is bound");
    let proxied = tokio::spawn(proxy(between, server));

    // The server sends everything back twice, the second time in capitals.
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client connects");
        let mut stream = Tapped::new(stream, Role::Server, TappedBytes::default());
        let mut buffer = [0; 777];
        loop {
            let read = stream.read(&mut buffer).await.expect("a read succeeds");
            if read == 0 {
                break;
            }
            let capitals = buffer[..read].to_ascii_uppercase();
            let mut slices = [IoSlice::new(&buffer[..read]), IoSlice::new(&capitals)];
            let mut slices = &mut slices[..];
            while !slices.is_empty() {
                let written = stream.write_vectored(slices).await.expect("the client reads");
                IoSlice::advance_slices(&mut slices, written);
            }
        }
        stream.shutdown().await.expect("the client is connected");
        stream.into_parts().1
    });

    let stream = TcpStream::connect(address).await.expect("the proxy accepts");
    let mut stream = Tapped::new(stream, Role::Client, TappedBytes::default());
    let sent: Vec<u8> = (b'a'..=b'z').cycle().take(10_000).collect();
    let exchange = async {
        for piece in sent.chunks(1234) {
            stream.write_all(piece).await.expect("the proxy reads");
        }
        stream.shutdown().await.expect("the proxy is connected");
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.expect("a read succeeds");
        received
    };
    let received = timeout(Duration::from_secs(20), exchange).await.expect("the exchange ends in time");
    assert_eq!(received.len(), 20_000);
    let client = stream.into_parts().1;
    let server = served.await.expect("the server did not panic");
    let proxy = proxied.await.expect("the proxy did not panic");
    assert_eq!(client.to_server, sent);
    assert_eq!(client.to_client, received);
    for (who, seen) in [("client", client), ("server", server)] {
        assert_eq!((&seen.to_server, &seen.to_client), (&proxy.to_server, &proxy.to_client), "{who}");
        assert_eq!(seen.ended.len(), 2, "the {who}'s tap sees both ends: {:?}", seen.ended);
    }
}

/// A stream that accepts at most three bytes in one write.
struct ThreeBytesAtATime(Vec<u8>);

impl AsyncWrite for ThreeBytesAtATime {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let taken = bytes.len().min(3);
        self.0.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    /// Takes the three bytes from several slices if the first slices are shorter.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        self.poll_write(cx, &bytes)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Err(std::io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for ThreeBytesAtATime {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A stream that cannot write several slices at once.
struct WholeWrites;

impl AsyncWrite for WholeWrites {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn bytes_that_the_stream_did_not_accept_are_not_reported() {
    let mut stream = Tapped::new(ThreeBytesAtATime(Vec::new()), Role::Client, TappedBytes::default());
    assert_eq!(stream.write(b"abcdef").await.expect("written"), 3);
    assert_eq!(stream.tap().to_server, b"abc");
    stream.write_all(b"defgh").await.expect("written");
    assert_eq!(stream.tap().to_server, b"abcdefgh");
    assert_eq!(stream.get_ref().0, b"abcdefgh");
}

#[tokio::test]
async fn slices_that_the_stream_did_not_accept_are_not_reported() {
    let mut stream = Tapped::new(ThreeBytesAtATime(Vec::new()), Role::Client, TappedBytes::default());
    let slices = [b"ab", b"cd", b"ef"].map(|slice| IoSlice::new(slice));
    assert_eq!(stream.write_vectored(&slices).await.expect("written"), 3);
    assert_eq!(stream.tap().to_server, b"abc");
}

#[tokio::test]
async fn an_empty_write_is_not_reported() {
    let mut stream = Tapped::new(ThreeBytesAtATime(Vec::new()), Role::Client, TappedBytes::default());
    assert_eq!(stream.write(b"").await.expect("written"), 0);
    assert_eq!(stream.write_vectored(&[IoSlice::new(b"")]).await.expect("written"), 0);
    assert_eq!(stream.tap().to_server, b"");
}

#[tokio::test]
async fn a_tapped_stream_flushes_and_writes_as_the_stream_does() {
    let mut stream = Tapped::new(ThreeBytesAtATime(Vec::new()), Role::Client, TappedBytes::default());
    assert_eq!(stream.flush().await.expect_err("the stream fails").kind(), std::io::ErrorKind::BrokenPipe);
    assert!(stream.is_write_vectored());
    assert!(!Tapped::new(WholeWrites, Role::Client, TappedBytes::default()).is_write_vectored());
}

/// A stream whose reads fail with this kind of error. A TLS stream fails with `UnexpectedEof` if
/// its peer closes the TCP connection without closing the TLS session first.
struct Broken(std::io::ErrorKind);

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Err(self.0.into()))
    }
}

#[tokio::test]
async fn tcp_that_ends_before_tls_is_an_end() {
    use std::io::ErrorKind::{ConnectionReset, UnexpectedEof};
    for (kind, ends) in [(UnexpectedEof, &[ToClient][..]), (ConnectionReset, &[])] {
        let mut stream = Tapped::new(Broken(kind), Role::Client, TappedBytes::default());
        assert_eq!(stream.read(&mut [0]).await.expect_err("the stream is broken").kind(), kind);
        assert_eq!(stream.tap().ended, ends);
    }
}

#[tokio::test]
async fn a_read_into_an_empty_buffer_is_not_the_end() {
    let mut stream = Tapped::new(ThreeBytesAtATime(Vec::new()), Role::Client, TappedBytes::default());
    assert_eq!(stream.read(&mut []).await.expect("the buffer is empty"), 0);
    assert_eq!(stream.tap().ended, []);
    assert_eq!(stream.read(&mut [0]).await.expect("the stream has ended"), 0);
    assert_eq!(stream.tap().ended, [ToClient]);
}
