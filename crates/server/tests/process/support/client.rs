//! A WebSocket client that can write any bytes, valid or not, and reads frames.

use std::{
    fmt,
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{
    frames::{BINARY, CLOSE, FIN, PING, PONG, TEXT, close, frame, text},
    http::{ACCEPT, Request, Response, open},
    push::Push,
    server::Server,
    wait::PATIENCE,
};

/// A frame from the server, or the end of the stream.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum ReceivedItem {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// A Close frame: its code, if it has one, and its reason.
    Close(Option<u16>, String),
    /// The server has closed its direction of the TCP connection in an orderly way.
    End,
    /// The connection was reset, so bytes that were still in transit are lost.
    Reset,
}

impl fmt::Debug for ReceivedItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) if text.len() > 200 => write!(f, "text of {} bytes", text.len()),
            Self::Text(text) => write!(f, "text {text:?}"),
            Self::Binary(bytes) if bytes.len() > 60 => write!(f, "binary of {} bytes", bytes.len()),
            Self::Binary(bytes) => write!(f, "binary {bytes:02x?}"),
            Self::Ping(bytes) => write!(f, "ping {bytes:02x?}"),
            Self::Pong(bytes) => write!(f, "pong {bytes:02x?}"),
            Self::Close(code, reason) => write!(f, "close {code:?} {reason:?}"),
            Self::End => f.write_str("the end of the stream"),
            Self::Reset => f.write_str("a reset"),
        }
    }
}

/// An open connection.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    address: SocketAddr,
    /// The server's 101.
    pub(crate) response: Response,
    input: Vec<u8>,
    /// The number of bytes of the input that have been decoded.
    consumed: usize,
}

impl Client {
    /// Connects to `path`. For `/chat`, it offers the subprotocol that the server requires.
    #[track_caller]
    pub(crate) fn connect(server: &Server, path: &str) -> Self {
        let request = Request::upgrade(server, path);
        let request = if path == "/chat" { request.and("Sec-WebSocket-Protocol", "chat") } else { request };
        Self::connect_with(server, &request.bytes())
    }

    /// Connects with a request that the test supplies, which may have more bytes after it.
    #[track_caller]
    pub(crate) fn connect_with(server: &Server, request: &[u8]) -> Self {
        let mut stream = open(server);
        stream.write_all(request).expect("the server reads the request");
        let address = stream.local_addr().expect("the stream is connected");
        let mut client = Self { stream, address, response: Response::default(), input: Vec::new(), consumed: 0 };
        let end = loop {
            if let Some(at) = client.input.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if let Err(end) = client.read() {
                panic!("{end:?} instead of a response: {:?}", String::from_utf8_lossy(&client.input));
            }
        };
        let head: Vec<u8> = client.input.drain(..end + 4).take(end).collect();
        client.response = Response::parse_head(std::str::from_utf8(&head).expect("a head is ASCII"));
        assert_eq!(client.response.status, 101, "{:?} {}", client.response, String::from_utf8_lossy(&client.input));
        assert_eq!(client.response.header("Sec-WebSocket-Accept"), Some(ACCEPT));
        client
    }

    /// Returns this end's address, which appears in the server's output and log.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    // ---- Sending --------------------------------------------------------------------------------

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    #[track_caller]
    pub(crate) fn send_text(&mut self, message: &str) {
        self.send(&text(message));
    }

    /// Sends `bytes` over and over until the server has read nothing for `pause`, or until at least
    /// `enough` bytes are sent. Returns the number of bytes sent.
    #[track_caller]
    pub(crate) fn send_until_blocked(&mut self, bytes: &[u8], pause: Duration, enough: usize) -> usize {
        self.stream.set_write_timeout(Some(pause)).expect("a time limit can be set");
        let mut total = 0;
        while total < enough {
            // After a partial write, continue where it stopped, so that all frames are complete.
            match self.stream.write(&bytes[total % bytes.len()..]) {
                Ok(count) => total += count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
                Err(error) => panic!("after {total} bytes: {error}"),
            }
        }
        self.stream.set_write_timeout(Some(PATIENCE)).expect("a time limit can be set");
        total
    }

    /// Sends `bytes` over and over until the server has dropped the connection. Returns `false` if
    /// it has not done so within [`PATIENCE`].
    #[track_caller]
    pub(crate) fn send_until_dropped(&mut self, bytes: &[u8]) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Err(error) = self.stream.write_all(bytes) {
                let kind = error.kind();
                assert!(
                    matches!(kind, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted),
                    "the connection was not dropped: {error}"
                );
                return true;
            }
        }
        false
    }

    /// Closes this direction of TCP.
    pub(crate) fn end(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    // ---- Receiving ------------------------------------------------------------------------------

    /// Reads once. The error says how the stream ended.
    #[track_caller]
    fn read(&mut self) -> Result<(), ReceivedItem> {
        self.input.drain(..std::mem::take(&mut self.consumed));
        let mut bytes = [0; 64 << 10];
        let count = loop {
            match self.stream.read(&mut bytes) {
                // A signal interrupted the read, for example because a child process ended, so read
                // again.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                count => break count,
            }
        };
        match count {
            Ok(0) => Err(ReceivedItem::End),
            Ok(count) => {
                self.input.extend(&bytes[..count]);
                Ok(())
            }
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                Err(ReceivedItem::Reset)
            }
            Err(error) => panic!("nothing arrives from the server: {error}"),
        }
    }

    /// Receives the next frame, or the end.
    #[track_caller]
    pub(crate) fn receive(&mut self) -> ReceivedItem {
        loop {
            if let Some(received) = self.decode_frame() {
                return received;
            }
            if let Err(end) = self.read() {
                assert!(end == ReceivedItem::Reset || self.input.is_empty(), "the stream ends inside a frame");
                return end;
            }
        }
    }

    /// Decodes the first frame of the input if it is complete. Checks the rules that hold for every
    /// frame from a server that uses no extension and does not fragment its messages.
    #[track_caller]
    fn decode_frame(&mut self) -> Option<ReceivedItem> {
        let input = &self.input[self.consumed..];
        let &[first, second, ..] = input else { return None };
        assert_eq!(first & 0xf0, FIN, "a frame starts with {first:#04x}");
        assert!(second < 0x80, "a server's frame is masked");
        let (start, length) = match second {
            126 => (4, u64::from(u16::from_be_bytes(input.get(2..4)?.try_into().ok()?))),
            127 => (10, u64::from_be_bytes(input.get(2..10)?.try_into().ok()?)),
            length => (2, u64::from(length)),
        };
        let shortest = match length {
            0..=125 => 2,
            126..=0xffff => 4,
            _ => 10,
        };
        assert_eq!(start, shortest, "the length {length} is not in its shortest form");
        let end = start + usize::try_from(length).expect("the frame fits into memory");
        let payload = input.get(start..end)?.to_vec();
        self.consumed += end;
        Some(match first & 0x0f {
            TEXT => ReceivedItem::Text(String::from_utf8(payload).expect("a text is UTF-8")),
            BINARY => ReceivedItem::Binary(payload),
            PING => ReceivedItem::Ping(payload),
            PONG => ReceivedItem::Pong(payload),
            CLOSE => match &payload[..] {
                [] => ReceivedItem::Close(None, String::new()),
                &[high, low, ref reason @ ..] => {
                    let reason = std::str::from_utf8(reason).expect("a reason is UTF-8");
                    ReceivedItem::Close(Some(u16::from_be_bytes([high, low])), reason.to_owned())
                }
                [_] => panic!("half a close code"),
            },
            opcode => panic!("opcode {opcode:#x}"),
        })
    }

    /// Receives the next frame, which must be a text.
    #[track_caller]
    pub(crate) fn receive_text(&mut self) -> String {
        match self.receive() {
            ReceivedItem::Text(text) => text,
            other => panic!("{other:?} instead of a text"),
        }
    }

    /// Receives this many messages of any kind. Skips the server's Pings.
    #[track_caller]
    pub(crate) fn receive_many(&mut self, count: usize) {
        let mut messages = 0;
        while messages < count {
            match self.receive() {
                ReceivedItem::Text(_) | ReceivedItem::Binary(_) => messages += 1,
                ReceivedItem::Ping(_) => {}
                other => panic!("{other:?} instead of message {messages} of {count}"),
            }
        }
    }

    /// Receives the next frame, which must be a push.
    #[track_caller]
    pub(crate) fn receive_push(&mut self) -> Push {
        Push::parse(&self.receive_text())
    }

    /// Receives texts until one contains `part`. Use this method if there are so many pushes that
    /// parsing each one would take too long.
    #[track_caller]
    pub(crate) fn receive_text_with(&mut self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.receive_text();
            if text.contains(part) {
                return text;
            }
            assert!(Instant::now() < deadline, "no text contains {part:?}");
        }
    }

    /// Receives pushes until `wanted` returns true for one.
    #[track_caller]
    pub(crate) fn receive_push_with(&mut self, wanted: impl Fn(&Push) -> bool) -> Push {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let push = self.receive_push();
            if wanted(&push) {
                return push;
            }
            assert!(Instant::now() < deadline, "the last push is {push:?}");
        }
    }

    /// Skips texts until the Close arrives, and returns its code.
    #[track_caller]
    pub(crate) fn receive_close(&mut self) -> Option<u16> {
        match self.receive_until_not_text() {
            ReceivedItem::Close(code, _) => code,
            other => panic!("{other:?} instead of a Close"),
        }
    }

    /// Skips texts, and returns the next frame of another kind, or the end.
    #[track_caller]
    pub(crate) fn receive_until_not_text(&mut self) -> ReceivedItem {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.receive() {
                ReceivedItem::Text(_) => assert!(Instant::now() < deadline, "nothing but texts"),
                other => return other,
            }
        }
    }

    /// Sends a Ping and waits for the Pong. By then the server has handled everything that was sent
    /// before the Ping.
    #[track_caller]
    pub(crate) fn ping(&mut self) {
        self.send(&frame(FIN | PING, b"there?"));
        assert_eq!(self.receive_until_not_text(), ReceivedItem::Pong(b"there?".to_vec()));
    }

    /// Sends a text and waits for its echo.
    #[track_caller]
    pub(crate) fn echo(&mut self, message: &str) {
        self.send_text(message);
        assert_eq!(self.receive(), ReceivedItem::Text(message.to_owned()));
    }

    /// Closes the connection in an orderly way. Only texts may come before the server's answer.
    #[track_caller]
    pub(crate) fn close(mut self, code: u16) {
        self.send(&close(code, ""));
        assert_eq!(self.receive_close(), Some(code));
        // 7.1.1: the server closes the TCP connection first.
        assert_eq!(self.receive(), ReceivedItem::End);
    }
}
