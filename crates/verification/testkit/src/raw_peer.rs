//! Clients and servers that exchange plain bytes over TCP, and functions that read those bytes.

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    http_head::{SAMPLE_REQUEST, response_for},
    masking::xor_with_key,
};

/// Listens on a free port of the loopback interface. Returns the listener and its WebSocket URI.
pub async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let uri = format!("ws://{}/", listener.local_addr().expect("an address"));
    (listener, uri)
}

/// Accepts a TCP connection, reads the opening request and accepts it with a valid response.
pub async fn accept_raw(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let request = read_head(&mut stream).await;
    stream.write_all(response_for(&request).as_bytes()).await.expect("the client reads the response");
    stream
}

/// Opens a TCP connection and sends [`SAMPLE_REQUEST`].
pub async fn connect_raw(listener: &TcpListener) -> TcpStream {
    let mut stream = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
    stream.write_all(SAMPLE_REQUEST.as_bytes()).await.expect("the server reads the request");
    stream
}

/// Reads an HTTP head, but no bytes after it.
pub async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a complete head"));
    }
    String::from_utf8(head).expect("the head is ASCII")
}

/// Reads one frame, masked or not. Returns its first byte and its unmasked payload.
pub async fn read_frame<S: AsyncRead + Unpin>(stream: &mut S) -> (u8, Vec<u8>) {
    let first = stream.read_u8().await.expect("a frame");
    let second = stream.read_u8().await.expect("a complete frame");
    let length = match second & 0x7F {
        126 => u64::from(stream.read_u16().await.expect("a length")),
        127 => stream.read_u64().await.expect("a length"),
        short => u64::from(short),
    };
    let mut key = [0; 4];
    if second & 0x80 != 0 {
        stream.read_exact(&mut key).await.expect("a masking key");
    }
    let mut payload = vec![0; usize::try_from(length).expect("a length that fits into memory")];
    stream.read_exact(&mut payload).await.expect("a payload");
    (first, xor_with_key(&payload, key))
}

/// Reads and returns all bytes up to the end of the stream.
pub async fn read_to_eof<S: AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.expect("the stream ends without an error");
    bytes
}
