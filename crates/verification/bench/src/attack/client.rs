//! The opening handshake for attackers and bystanders, and the frames that attackers send, written
//! without any WebSocket library.

use std::{io, net::SocketAddr};

use bench::frames::header_from_client;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The masking key of all frames. A key of zeros leaves the payload as it is, which makes sending
/// cheap for an attacker.
pub(super) const KEY: [u8; 4] = [0; 4];

pub(super) const TEXT: u8 = 0x81;
pub(super) const PING: u8 = 0x89;

/// Opens a connection and offers the chat's subprotocol. Returns the connection, and any bytes that
/// followed the response.
pub(super) async fn open(address: SocketAddr, path: &str) -> io::Result<(TcpStream, Vec<u8>)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: chat\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::with_capacity(512);
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::Error::other("the server closed the connection in the handshake"));
        }
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            if !bytes.starts_with(b"HTTP/1.1 101 ") {
                let head = String::from_utf8_lossy(&bytes[..end]);
                return Err(io::Error::other(format!("the server rejected the handshake: {head}")));
            }
            return Ok((stream, bytes.split_off(end + 4)));
        }
    }
}

/// Returns the header of a client's frame.
pub(super) fn header(first_byte: u8, len: usize) -> Vec<u8> {
    header_from_client(first_byte, len, KEY)
}

/// Returns a client's frame whose payload is `byte`, repeated `len` times.
pub(super) fn frame(first_byte: u8, byte: u8, len: usize) -> Vec<u8> {
    let mut frame = header(first_byte, len);
    frame.resize(frame.len() + len, byte);
    frame
}
