//! What the tap saw is what went over TCP, as a proxy between the two ends saw it.
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

/// Bytes of both directions, and which of them have ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Seen {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    ended: Vec<Direction>,
}

impl Seen {
    fn of(&mut self, direction: Direction) -> &mut Vec<u8> {
        if direction == ToServer { &mut self.to_server } else { &mut self.to_client }
    }
}

impl Tap for Seen {
    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        assert!(!bytes.is_empty(), "nothing is not worth a call");
        self.of(direction).extend_from_slice(bytes);
    }

    fn end(&mut self, direction: Direction) {
        if !self.ended.contains(&direction) {
            self.ended.push(direction);
        }
    }
}

/// A proxy that passes on what it gets, unchanged, and remembers it.
async fn proxy(listener: TcpListener, server: std::net::SocketAddr) -> Seen {
    let (client, _) = listener.accept().await.expect("a client");
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = TcpStream::connect(server).await.expect("a server").into_split();
    let seen = Arc::new(Mutex::new(Seen::default()));
    let pass = async |from: &mut tokio::net::tcp::OwnedReadHalf,
                      to: &mut tokio::net::tcp::OwnedWriteHalf,
                      direction: Direction| {
        let mut buffer = [0; 1000];
        loop {
            let read = from.read(&mut buffer).await.expect("bytes");
            if read == 0 {
                to.shutdown().await.expect("the other end hears of it");
                seen.lock().expect("nobody panicked").end(direction);
                return;
            }
            seen.lock().expect("nobody panicked").of(direction).extend_from_slice(&buffer[..read]);
            to.write_all(&buffer[..read]).await.expect("the other end takes it");
        }
    };
    tokio::join!(pass(&mut from_client, &mut to_server, ToServer), pass(&mut from_server, &mut to_client, ToClient));
    seen.lock().expect("nobody panicked").clone()
}

#[tokio::test]
async fn what_the_tap_saw_is_what_a_proxy_saw() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let server = listener.local_addr().expect("an address");
    let between = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = between.local_addr().expect("an address");
    let proxied = tokio::spawn(proxy(between, server));

    // Sends back twice what it gets, in capitals the second time.
    let served = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a client");
        let mut stream = Tapped::new(stream, Role::Server, Seen::default());
        let mut buffer = [0; 777];
        loop {
            let read = stream.read(&mut buffer).await.expect("bytes");
            if read == 0 {
                break;
            }
            let capitals = buffer[..read].to_ascii_uppercase();
            let mut slices = [IoSlice::new(&buffer[..read]), IoSlice::new(&capitals)];
            let mut slices = &mut slices[..];
            while !slices.is_empty() {
                let written = stream.write_vectored(slices).await.expect("the client takes it");
                IoSlice::advance_slices(&mut slices, written);
            }
        }
        stream.shutdown().await.expect("the client hears of it");
        stream.into_parts().1
    });

    let stream = TcpStream::connect(address).await.expect("the proxy");
    let mut stream = Tapped::new(stream, Role::Client, Seen::default());
    let sent: Vec<u8> = (b'a'..=b'z').cycle().take(10_000).collect();
    let whole = async {
        for piece in sent.chunks(1234) {
            stream.write_all(piece).await.expect("the proxy takes it");
        }
        stream.shutdown().await.expect("the proxy hears of it");
        let mut received = Vec::new();
        stream.read_to_end(&mut received).await.expect("bytes");
        received
    };
    let received = timeout(Duration::from_secs(20), whole).await.expect("all of it in time");
    assert_eq!(received.len(), 20_000);
    let client = stream.into_parts().1;
    let server = served.await.expect("the server did not panic");
    let proxy = proxied.await.expect("the proxy did not panic");
    assert_eq!(client.to_server, sent);
    assert_eq!(client.to_client, received);
    for (who, seen) in [("client", client), ("server", server)] {
        assert_eq!((&seen.to_server, &seen.to_client), (&proxy.to_server, &proxy.to_client), "{who}");
        assert_eq!(seen.ended.len(), 2, "the {who} saw both ends: {:?}", seen.ended);
    }
}

/// Takes three bytes at a time.
struct Narrow(Vec<u8>);

impl AsyncWrite for Narrow {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let taken = bytes.len().min(3);
        self.0.extend_from_slice(&bytes[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Narrow {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn bytes_that_were_not_taken_did_not_pass() {
    let mut stream = Tapped::new(Narrow(Vec::new()), Role::Client, Seen::default());
    assert_eq!(stream.write(b"abcdef").await.expect("written"), 3);
    assert_eq!(stream.tap().to_server, b"abc");
    stream.write_all(b"defgh").await.expect("written");
    assert_eq!(stream.tap().to_server, b"abcdefgh");
    assert_eq!(stream.get_ref().0, b"abcdefgh");
}

#[tokio::test]
async fn reading_into_no_room_is_not_the_end() {
    let mut stream = Tapped::new(Narrow(Vec::new()), Role::Client, Seen::default());
    assert_eq!(stream.read(&mut []).await.expect("nothing"), 0);
    assert_eq!(stream.tap().ended, []);
    assert_eq!(stream.read(&mut [0]).await.expect("the end"), 0);
    assert_eq!(stream.tap().ended, [ToClient]);
}
