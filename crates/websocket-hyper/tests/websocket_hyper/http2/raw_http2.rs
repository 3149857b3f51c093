//! One end of an HTTP/2 connection that sends and receives plain frames, so that it can break rules
//! that hyper follows.
//!
//! ```text
//!   +-------------+--------+---------+-------------+------------------+
//!   | length (24) | type 8 | flags 8 | stream (32) | payload (length) |
//!   +-------------+--------+---------+-------------+------------------+
//! ```

use testkit::tasks::with_timeout;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The types of frames.
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
const PING: u8 = 6;
pub(super) const WINDOW_UPDATE: u8 = 8;

/// The flag that marks SETTINGS or PING as an acknowledgement.
pub(super) const ACK: u8 = 1;
pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// Error codes in `RST_STREAM`.
pub(super) const NO_ERROR: u32 = 0;
pub(super) const PROTOCOL_ERROR: u32 = 1;
pub(super) const INTERNAL_ERROR: u32 = 2;
pub(super) const CANCEL: u32 = 8;

/// The payload of SETTINGS with `SETTINGS_ENABLE_CONNECT_PROTOCOL` = 1.
pub(super) const ENABLE_CONNECT_PROTOCOL: [u8; 6] = [0, 8, 0, 0, 0, 1];

/// The pseudo-header field `:status: 200` of a response in HPACK: entry 8 of the static table.
pub(super) const STATUS_200: u8 = 0x88;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The pseudo-header fields and header fields of a valid request.
pub(super) const REQUEST: [(&str, &str); 6] = [
    (":method", "CONNECT"),
    (":protocol", "websocket"),
    (":scheme", "http"),
    (":path", "/chat"),
    (":authority", "example.org"),
    ("sec-websocket-version", "13"),
];

#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// Returns the error code of `RST_STREAM`.
    #[track_caller]
    pub(super) fn error_code(&self) -> u32 {
        assert_eq!(self.kind, RST_STREAM, "{self:?}");
        u32::from_be_bytes(self.payload[..].try_into().expect("four bytes"))
    }
}

pub(super) struct RawHttp2<S> {
    io: S,
}

impl<S: AsyncRead + AsyncWrite + Unpin> RawHttp2<S> {
    /// Begins as a client. Returns the payload of the server's SETTINGS.
    pub(super) async fn client(mut io: S) -> (Self, Vec<u8>) {
        io.write_all(PREFACE).await.expect("the server reads");
        let mut peer = Self { io };
        peer.send(SETTINGS, 0, 0, &[]).await;
        let settings = peer.receive().await;
        assert_eq!((settings.kind, settings.flags), (SETTINGS, 0), "a server begins with its SETTINGS");
        peer.send(SETTINGS, ACK, 0, &[]).await;
        (peer, settings.payload)
    }

    /// Begins as a server, up to the client's SETTINGS.
    pub(super) async fn server(mut io: S) -> Self {
        let mut preface = [0; PREFACE.len()];
        io.read_exact(&mut preface).await.expect("the client's preface");
        assert_eq!(preface, PREFACE);
        let mut peer = Self { io };
        assert_eq!(peer.receive().await.kind, SETTINGS);
        peer
    }

    pub(super) async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let len = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
        let head = [&len[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.io.write_all(&[&head, payload].concat()).await.expect("the peer reads");
    }

    /// Sends a request or response with these header fields. They are encoded as literals without
    /// an index.
    pub(super) async fn send_headers(&mut self, stream: u32, headers: &[(&str, &str)]) {
        let len = |text: &str| u8::try_from(text.len()).expect("a short header");
        let block = headers
            .iter()
            .flat_map(|(name, value)| [&[0, len(name)], name.as_bytes(), &[len(value)], value.as_bytes()].concat());
        self.send(HEADERS, END_HEADERS, stream, &block.collect::<Vec<_>>()).await;
    }

    pub(super) async fn reset(&mut self, stream: u32, error_code: u32) {
        self.send(RST_STREAM, 0, stream, &error_code.to_be_bytes()).await;
    }

    /// Receives the next frame. Answers PING, which hyper uses to measure the connection.
    pub(super) async fn receive(&mut self) -> Frame {
        loop {
            let mut head = [0; 9];
            with_timeout(self.io.read_exact(&mut head)).await.expect("a frame");
            let [a, b, c, kind, flags, stream @ ..] = head;
            let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
            self.io.read_exact(&mut payload).await.expect("the whole frame");
            if kind == PING && flags & ACK == 0 {
                self.send(PING, ACK, 0, &payload).await;
                continue;
            }
            return Frame { kind, flags, stream: u32::from_be_bytes(stream), payload };
        }
    }

    /// Receives the next frame on this stream other than `WINDOW_UPDATE`, and drops the frames on
    /// other streams and on the connection.
    pub(super) async fn receive_on(&mut self, stream: u32) -> Frame {
        loop {
            let frame = self.receive().await;
            if frame.stream == stream && frame.kind != WINDOW_UPDATE {
                return frame;
            }
        }
    }
}
