//! A WebSocket client that writes the bytes it is told to write, right or wrong, and reads frames.

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use super::{
    PATIENCE, Server,
    http::{ACCEPT, Request, Response, open},
    push::Push,
};

/// The masking key of all frames. Any would do.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub(crate) const CONTINUATION: u8 = 0x0;
pub(crate) const TEXT: u8 = 0x1;
pub(crate) const BINARY: u8 = 0x2;
pub(crate) const CLOSE: u8 = 0x8;
pub(crate) const PING: u8 = 0x9;
pub(crate) const PONG: u8 = 0xa;
/// Set in the first byte of a frame that ends its message.
pub(crate) const FIN: u8 = 0x80;

/// A frame as a client has to send it. `first` is the first byte: FIN, reserved bits, opcode.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..=125) => frame.push(0x80 | u8::try_from(length).expect("at most 125")),
        Ok(length) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(masked(payload));
    frame
}

/// The payload under the key of all frames.
pub(crate) fn masked(payload: &[u8]) -> Vec<u8> {
    payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key).collect()
}

/// A text message in one frame.
pub(crate) fn text(text: &str) -> Vec<u8> {
    frame(FIN | TEXT, text.as_bytes())
}

/// A Close frame.
pub(crate) fn close(code: u16, reason: &str) -> Vec<u8> {
    frame(FIN | CLOSE, &[&code.to_be_bytes()[..], reason.as_bytes()].concat())
}

/// What the server sent, or how it ended.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Heard {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// A Close: its code, if it has one.
    Close(Option<u16>, String),
    /// The server has ended its direction of TCP in the orderly way.
    End,
    /// The connection was reset: what was still on its way is lost.
    Reset,
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
    own: SocketAddr,
    /// The server's 101.
    pub(crate) response: Response,
    input: Vec<u8>,
    /// How much of the input was taken.
    taken: usize,
}

impl Client {
    /// Connects to `path`; to `/chat` with the subprotocol that it asks for.
    #[track_caller]
    pub(crate) fn connect(server: &Server, path: &str) -> Self {
        let request = Request::upgrade(server, path);
        let request = if path == "/chat" { request.and("Sec-WebSocket-Protocol", "chat") } else { request };
        Self::ask(server, &request.bytes())
    }

    /// Connects with a request of the test's own, and bytes behind it if it has any.
    #[track_caller]
    pub(crate) fn ask(server: &Server, request: &[u8]) -> Self {
        let mut stream = open(server);
        stream.write_all(request).expect("the server takes the request");
        let own = stream.local_addr().expect("it is connected");
        let mut client = Self { stream, own, response: Response::default(), input: Vec::new(), taken: 0 };
        let end = loop {
            if let Some(at) = client.input.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if let Err(end) = client.read() {
                panic!("{end:?} instead of an answer: {:?}", String::from_utf8_lossy(&client.input));
            }
        };
        let head: Vec<u8> = client.input.drain(..end + 4).take(end).collect();
        client.response = Response::parse_head(std::str::from_utf8(&head).expect("a head is ASCII"));
        assert_eq!(client.response.status, 101, "{:?} {}", client.response, String::from_utf8_lossy(&client.input));
        assert_eq!(client.response.header("Sec-WebSocket-Accept"), Some(ACCEPT));
        client
    }

    /// This end's address, which the server's output and log know.
    pub(crate) fn own(&self) -> SocketAddr {
        self.own
    }

    // ---- Sending ----------------------------------------------------------------------------------------------------

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server takes what is sent");
    }

    #[track_caller]
    pub(crate) fn say(&mut self, message: &str) {
        self.send(&text(message));
    }

    /// Sends `bytes` over and over until the server has taken nothing for `pause`; gives how many bytes it took. Gives
    /// up at `enough`.
    #[track_caller]
    pub(crate) fn send_until_stuck(&mut self, bytes: &[u8], pause: Duration, enough: usize) -> usize {
        self.stream.set_write_timeout(Some(pause)).expect("a time-out can be set");
        let mut total = 0;
        while total < enough {
            // Also what is cut short here goes on where it was cut: the frames are whole.
            match self.stream.write(&bytes[total % bytes.len()..]) {
                Ok(count) => total += count,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => break,
                Err(error) => panic!("after {total} bytes: {error}"),
            }
        }
        self.stream.set_write_timeout(Some(PATIENCE)).expect("a time-out can be set");
        total
    }

    /// Sends `bytes` over and over until the server has dropped the connection; `false` if it does not.
    pub(crate) fn send_until_refused(&mut self, bytes: &[u8]) -> bool {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if self.stream.write_all(bytes).is_err() {
                return true;
            }
        }
        false
    }

    /// Ends this direction of TCP.
    pub(crate) fn end(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Write);
    }

    // ---- Receiving --------------------------------------------------------------------------------------------------

    /// Reads once. The error is how the stream ended.
    #[track_caller]
    fn read(&mut self) -> Result<(), Heard> {
        self.input.drain(..std::mem::take(&mut self.taken));
        let mut bytes = [0; 64 << 10];
        let count = loop {
            match self.stream.read(&mut bytes) {
                // A debugger, or the end of a child: nothing that a test is about.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                count => break count,
            }
        };
        match count {
            Ok(0) => Err(Heard::End),
            Ok(count) => {
                self.input.extend(&bytes[..count]);
                Ok(())
            }
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
                Err(Heard::Reset)
            }
            Err(error) => panic!("nothing comes from the server: {error}"),
        }
    }

    /// The next frame, or the end.
    #[track_caller]
    pub(crate) fn hear(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.take_frame() {
                return heard;
            }
            if let Err(end) = self.read() {
                assert!(end == Heard::Reset || self.input.is_empty(), "the stream ends inside a frame");
                return end;
            }
        }
    }

    /// Takes a frame from the front of the input if it is complete, and checks what holds for all frames of a server
    /// that uses no extension and does not fragment.
    #[track_caller]
    fn take_frame(&mut self) -> Option<Heard> {
        let input = &self.input[self.taken..];
        let &[first, second, ..] = input else { return None };
        assert_eq!(first & 0xf0, FIN, "a frame begins with {first:#04x}");
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
        let end = start + usize::try_from(length).expect("it fits into memory");
        let payload = input.get(start..end)?.to_vec();
        self.taken += end;
        Some(match first & 0x0f {
            TEXT => Heard::Text(String::from_utf8(payload).expect("a text is UTF-8")),
            BINARY => Heard::Binary(payload),
            PING => Heard::Ping(payload),
            PONG => Heard::Pong(payload),
            CLOSE => match &payload[..] {
                [] => Heard::Close(None, String::new()),
                &[high, low, ref reason @ ..] => {
                    let reason = std::str::from_utf8(reason).expect("a reason is UTF-8");
                    Heard::Close(Some(u16::from_be_bytes([high, low])), reason.to_owned())
                }
                [_] => panic!("half a close code"),
            },
            opcode => panic!("opcode {opcode:#x}"),
        })
    }

    /// The next frame, which has to be a text.
    #[track_caller]
    pub(crate) fn hear_text(&mut self) -> String {
        match self.hear() {
            Heard::Text(text) => text,
            other => panic!("{other:?} instead of a text"),
        }
    }

    /// The next frame, which has to be a push.
    #[track_caller]
    pub(crate) fn hear_push(&mut self) -> Push {
        Push::parse(&self.hear_text())
    }

    /// Reads texts until one contains `part`. For pushes that are too many to take each of them apart.
    #[track_caller]
    pub(crate) fn hear_text_with(&mut self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.hear_text();
            if text.contains(part) {
                return text;
            }
            assert!(Instant::now() < deadline, "no text contains {part:?}");
        }
    }

    /// Reads pushes until one is as wanted.
    #[track_caller]
    pub(crate) fn hear_push_with(&mut self, wanted: impl Fn(&Push) -> bool) -> Push {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let push = self.hear_push();
            if wanted(&push) {
                return push;
            }
            assert!(Instant::now() < deadline, "the last push is {push:?}");
        }
    }

    /// Reads past texts to the Close; gives its code.
    #[track_caller]
    pub(crate) fn hear_close(&mut self) -> Option<u16> {
        match self.hear_until_not_text() {
            Heard::Close(code, _) => code,
            other => panic!("{other:?} instead of a Close"),
        }
    }

    /// Reads past texts to the next frame of another kind, or the end.
    #[track_caller]
    pub(crate) fn hear_until_not_text(&mut self) -> Heard {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.hear() {
                Heard::Text(_) => assert!(Instant::now() < deadline, "nothing but texts"),
                other => return other,
            }
        }
    }

    /// Sends a Ping and waits for the answer: what was sent before has been handled by then.
    #[track_caller]
    pub(crate) fn ping(&mut self) {
        self.send(&frame(FIN | PING, b"there?"));
        assert_eq!(self.hear_until_not_text(), Heard::Pong(b"there?".to_vec()));
    }

    /// Sends a text and waits for its echo.
    #[track_caller]
    pub(crate) fn echo(&mut self, message: &str) {
        self.say(message);
        assert_eq!(self.hear(), Heard::Text(message.to_owned()));
    }

    /// Closes in the orderly way; the answer has to be the next thing that is no text.
    #[track_caller]
    pub(crate) fn close(mut self, code: u16) {
        self.send(&close(code, ""));
        assert_eq!(self.hear_close(), Some(code));
        // 7.1.1: the server ends TCP first.
        assert_eq!(self.hear(), Heard::End);
    }
}
