//! A simple echo server, or echo client, that makes one mistake.
//!
//! Without a mistake, the server passes stages 1 to 10, and the client passes all stages. The
//! server has a thread for each connection, and a deadline only for each read of the request.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD as BASE64, STANDARD_NO_PAD, URL_SAFE},
};
use protocol::{
    Role,
    handshake::{Nonce, accept_digest, accept_key, key::GUID},
};
use sha1::{Digest, Sha1};

/// The one mistake of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mistake {
    None,
    AcceptValueIsInLowerCase,
    AcceptValueIsOfTheDecodedKey,
    AcceptValueHasTheGuidInLowerCase,
    AcceptValueIsOfTheKeyAlone,
    AcceptValueIsHexadecimal,
    AcceptValueIsBase64OfHexadecimal,
    AcceptValueIsTheKey,
    AcceptValueIsSha256,
    HeadLinesEndWithLf,
    HeadHasNoEmptyLine,
    NewlineFollowsTheHead,
    NewlineFollowsEachFrame,
    FramesHaveNoHeader,
    MaskBitIsSetWithoutKey,
    PayloadIsCutShort,
    EchoIsDoubled,
    LengthIsWrittenLittleEndian,
    LengthIsWrittenInOneByte,
    LengthIsWrittenInEightBytes,
    LongPingIsAnswered,
    PingIsEchoedAsText,
    CloseCodeIsLittleEndian,
    HeaderNamesInOneCase,
    OneConnectionAtATime,
    AnswersAreMasked,
    MaskIsKept,
    MaskIndexRestartsWithEachRead,
    LengthIsLittleEndian,
    LengthIsNotShortest,
    ShortestLengthIsNotRequired,
    HeaderIsAssumedWhole,
    SecondFrameOfAReadIsDropped,
    BytesAfterTheHeadAreDropped,
    BinaryIsAnsweredAsText,
    PongHasNoPayload,
    PongIsAnswered,
    ReservedBitIsSet,
    FragmentsAreAnsweredSingly,
    PingIsAnsweredAfterTheMessage,
    Utf8IsCheckedPerFragment,
    Utf8IsNotChecked,
    CloseIsNotEchoed,
    CodeIsAlways1000,
    CodesOfApplicationsAreRejected,
    TcpEndsBeforeTheClose,
    Code1005IsEchoed,
    EmptyCloseIsAnsweredWith1005,
    DataAfterCloseIsAnswered,
    SocketIsClosedRightAfterTheClose,
    OneCodeForEverything,
    OrphanFragmentBeginsAMessage,
    OrphanAfterAMessageIsAccepted,
    NewMessageReplacesTheUnfinishedOne,
    NewMessageIsJoined,
    OpcodeIsKeptAfterFragments,
    EchoOfFragmentsHasOpcode0,
    PingIsJoined,
    BadFrameIsEchoed,
    OverlongOf3BytesIsAccepted,
    OverlongOf4BytesIsAccepted,
    LowSurrogateIsAccepted,
    F5IsAccepted,
    LoneByteIsAccepted,
    LongTextIsNotChecked,
    ByteOrderMarkIsRemoved,
    BadTextIsEchoed,
    CloseBetweenFragmentsIsIgnored,
    CloseBetweenFragmentsIsRejected,
    CloseIsSentTwice,
    PingFollowsTheClose,
    MessageBeforeTheCloseIsLost,
    OwnReasonIsNotUtf8,
    CloseOfThePeerIsAwaited,
    Code1001IsRejected,
    Code1003IsRejected,
    Code1007IsRejected,
    Code1011IsRejected,
    CodesAfterTheRfcAreRejected,
    CodesOfLibrariesAreRejected,
    TextIsUnlimited,
    ShortFragmentsAreUnlimited,
    Code1014IsRejected,
    LimitIsForTheConnection,
    LengthIsReadIn32Bits,
    EachReadIsAFrame,
    KeyIsReadBeforeTheLength,
    MarkerIsTheLength,
    LengthCountsCharacters,
    BytesAreReadAsText,
    // Those of servers only.
    ConnectionIsComparedWhole,
    UpgradeIsCaseSensitive,
    RequestTimeoutIsKept,
    ResetEndsTheProgram,
    BigMessageEndsTheProgram,
    LongRequestEndsTheProgram,
    LateRequestEndsTheProgram,
    SocketIsKeptAfterTheClientsEnd,
    SocketIsClosedHalfASecondAfterTheClose,
    KeyIsDecodedLeniently,
    BufferIsShared,
    ThirdReadOfAFrameIsLost,
    UnreadEchoHoldsUpTheOthers,
    HeaderIsSplitAtEachColon,
    UpgradeIsNotChecked,
    ConnectionIsNotChecked,
    KeyIsNotChecked,
    SecondKeyIsIgnored,
    MissingVersionIsAccepted,
    Http10IsAccepted,
    OriginPortIsIgnored,
    OriginSuffixIsEnough,
    OriginPrefixIsEnough,
    OriginNullIsAccepted,
    ForeignOriginIsABadRequest,
    // Those of clients only.
    NonceIsTheSame,
    NonceIsHexadecimal,
    NonceHasEightBytes,
    VersionIsMissing,
    AcceptValueIsNotChecked,
    StatusIsNotChecked,
    FramesAreNotMasked,
    MaskingKeyIsTheSame,
    MaskingKeyIsZero,
    ClientEndsTcpFirst,
    MaskedFramesAreAccepted,
    NoLimit,
}

use Mistake as M;

/// The maximum length of a message in bytes.
const MAX_MESSAGE: usize = 1 << 20;

/// The maximum length of a request in bytes.
const MAX_HEAD: usize = 16 << 10;

/// The time-out for each read of the request, long enough for a busy machine.
const HEAD_TIMEOUT: Duration = Duration::from_secs(2);

/// Starts a server on a free port, which runs until the test process ends. Returns its URL.
pub(crate) fn start_server(mistake: Mistake) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let url = format!("ws://{address}/");
    let shared = Arc::new(Shared::default());
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            if shared.has_crashed.load(Ordering::Relaxed) {
                return;
            }
            let shared = Arc::clone(&shared);
            let serve = move || {
                let has_ended =
                    Connection { shared: Arc::clone(&shared), ..Connection::new(socket, Role::Server, mistake) }
                        .serve();
                let crash = match mistake {
                    M::ResetEndsTheProgram => ErrorKind::ConnectionReset,
                    M::BigMessageEndsTheProgram => ErrorKind::OutOfMemory,
                    M::LongRequestEndsTheProgram => ErrorKind::InvalidData,
                    M::LateRequestEndsTheProgram => ErrorKind::WouldBlock,
                    _ => return,
                };
                if has_ended.is_err_and(|error| error.kind() == crash) {
                    shared.has_crashed.store(true, Ordering::Relaxed);
                    // The loop waits for one more connection before it drops the listener.
                    let _ = TcpStream::connect(address);
                }
            };
            if mistake == M::OneConnectionAtATime {
                serve();
            } else {
                thread::spawn(serve);
            }
        }
    });
    url
}

/// Connects to a server again and again, until the server answers 410 or is gone. Returns `true` if
/// it answered 410.
pub(crate) fn run_client(address: SocketAddr, mistake: Mistake) -> bool {
    while let Ok(socket) = TcpStream::connect(address) {
        // After an error, the client connects again.
        if Connection::new(socket, Role::Client, mistake).converse().is_ok_and(|status| status == "410") {
            return true;
        }
    }
    false
}

/// What the connections of one server share.
#[derive(Default)]
struct Shared {
    has_crashed: AtomicBool,
    buffer: Mutex<Vec<u8>>,
    writing: Mutex<()>,
}

struct Connection {
    socket: TcpStream,
    role: Role,
    mistake: Mistake,
    buffer: Vec<u8>,
    /// The positions in `buffer` at which reads have ended.
    read_ends: Vec<usize>,
    /// The opcode and the payload of an unfinished message.
    message: Option<(u8, Vec<u8>)>,
    late_pongs: Vec<Vec<u8>>,
    has_echoed: bool,
    kept_opcode: Option<u8>,
    has_failed: bool,
    /// The total length of all messages so far, in bytes.
    total: usize,
    shared: Arc<Shared>,
}

struct Frame {
    fin: bool,
    opcode: u8,
    payload: Vec<u8>,
}

/// The reason for ending a connection: a close code, or 0 to end the TCP connection without a
/// Close.
type Failed = u16;

const PROTOCOL_ERROR: Failed = 1002;
const NOT_UTF8: Failed = 1007;
const TOO_BIG: Failed = 1009;

impl Connection {
    fn new(socket: TcpStream, role: Role, mistake: Mistake) -> Self {
        Self {
            socket,
            role,
            mistake,
            buffer: Vec::new(),
            read_ends: Vec::new(),
            message: None,
            late_pongs: Vec::new(),
            has_echoed: false,
            kept_opcode: None,
            has_failed: false,
            total: 0,
            shared: Arc::default(),
        }
    }

    fn serve(mut self) -> io::Result<()> {
        self.socket.set_read_timeout(Some(HEAD_TIMEOUT))?;
        let head = self.take_head()?;
        if self.mistake != M::RequestTimeoutIsKept {
            self.socket.set_read_timeout(None)?;
        }
        if self.mistake == M::BytesAfterTheHeadAreDropped {
            self.drop_front(self.buffer.len());
        }
        if let Some(status) = self.rejection(&head) {
            self.send_head(format!("HTTP/1.1 {status} Rejected\r\nSec-WebSocket-Version: 13\r\n\r\n"))?;
            self.has_failed = true;
            return self.finish();
        }
        let key = header(&head, "Sec-WebSocket-Key", self.mistake).ok_or(ErrorKind::InvalidData)?;
        let accept = self.accept_value(&key);
        self.send_head(format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        ))?;
        self.echo()
    }

    /// Returns the status that rejects a request, or `None` if the request is valid.
    fn rejection(&self, head: &str) -> Option<u16> {
        let values = |name| headers(head, name, self.mistake);
        let lists = |name, token: &str| {
            let list = values(name).join(",");
            match self.mistake {
                M::ConnectionIsComparedWhole => list.eq_ignore_ascii_case(token),
                M::UpgradeIsCaseSensitive => list.split(',').any(|value| value.trim() == token),
                _ => list.split(',').any(|value| value.trim().eq_ignore_ascii_case(token)),
            }
        };
        let line = head.lines().next().unwrap_or_default();
        let (hosts, keys, versions) = (values("Host"), values("Sec-WebSocket-Key"), values("Sec-WebSocket-Version"));
        let is_nonce = |key: &String| {
            let mut nonce = BASE64.decode(key);
            if self.mistake == M::KeyIsDecodedLeniently {
                nonce = nonce.or_else(|_| STANDARD_NO_PAD.decode(key)).or_else(|_| URL_SAFE.decode(key));
            }
            nonce.is_ok_and(|nonce| nonce.len() == 16)
        };
        let is_own = |origin: &String| hosts.first().is_some_and(|host| self.is_own_origin(origin, host));
        let makes = |mistake| self.mistake == mistake;
        let rules = [
            (line.starts_with("GET "), 405),
            (line.ends_with(" HTTP/1.1") || makes(M::Http10IsAccepted), 505),
            (hosts.len() == 1, 400),
            (lists("Upgrade", "websocket") || makes(M::UpgradeIsNotChecked), 426),
            (lists("Connection", "Upgrade") || makes(M::ConnectionIsNotChecked), 400),
            (versions == ["13"] || versions.is_empty() && makes(M::MissingVersionIsAccepted), 426),
            (keys.len() == 1 || keys.len() > 1 && makes(M::SecondKeyIsIgnored), 400),
            (keys.first().is_some_and(is_nonce) || makes(M::KeyIsNotChecked), 400),
            (values("Origin").iter().all(is_own), if makes(M::ForeignOriginIsABadRequest) { 400 } else { 403 }),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map(|(_, status)| status)
    }

    fn is_own_origin(&self, origin: &str, host: &str) -> bool {
        let site = origin.split_once("://").map_or("", |(_, site)| site);
        let without_port = |site: &str| site.rsplit_once(':').map(|(name, _)| name.to_owned());
        site == host
            || match self.mistake {
                M::OriginPortIsIgnored => without_port(site) == without_port(host),
                M::OriginSuffixIsEnough => site.ends_with(host),
                M::OriginPrefixIsEnough => site.starts_with(host),
                M::OriginNullIsAccepted => origin == "null",
                _ => false,
            }
    }

    /// Returns the value of `Sec-WebSocket-Accept` for a key.
    fn accept_value(&self, key: &str) -> String {
        let sha1 = |bytes: &[u8]| Sha1::digest(bytes).to_vec();
        let hexadecimal = || accept_digest(key).map(|byte| format!("{byte:02x}")).concat();
        match self.mistake {
            M::AcceptValueIsInLowerCase => accept_key(key).to_lowercase(),
            M::AcceptValueIsOfTheDecodedKey => {
                let decoded = BASE64.decode(key).expect("the key of the judge is valid");
                BASE64.encode(sha1(&[&decoded, GUID.as_bytes()].concat()))
            }
            M::AcceptValueHasTheGuidInLowerCase => {
                BASE64.encode(sha1((key.to_owned() + &GUID.to_lowercase()).as_bytes()))
            }
            M::AcceptValueIsOfTheKeyAlone => BASE64.encode(sha1(key.as_bytes())),
            M::AcceptValueIsHexadecimal => hexadecimal(),
            M::AcceptValueIsBase64OfHexadecimal => BASE64.encode(hexadecimal()),
            M::AcceptValueIsTheKey => key.to_owned(),
            // The judge recognises a SHA-256 hash by its 32 bytes, so any 32 bytes will do.
            M::AcceptValueIsSha256 => BASE64.encode([0x5a; 32]),
            _ => accept_key(key),
        }
    }

    /// Sends the head of a request or response.
    fn send_head(&mut self, mut head: String) -> io::Result<()> {
        match self.mistake {
            M::HeadLinesEndWithLf => head = head.replace("\r\n", "\n"),
            M::HeadHasNoEmptyLine => head.truncate(head.len() - 2),
            M::NewlineFollowsTheHead => head.push('\n'),
            _ => {}
        }
        self.socket.write_all(head.as_bytes())
    }

    /// Opens the connection as a client, and sends every message back. Returns the status of the
    /// response.
    fn converse(mut self) -> io::Result<String> {
        let random: [u8; 16] = rand::random();
        let nonce = match self.mistake {
            M::NonceIsTheSame => Nonce([7; 16]).to_key(),
            M::NonceIsHexadecimal => random.map(|byte| format!("{byte:02x}")).concat(),
            M::NonceHasEightBytes => BASE64.encode(&random[..8]),
            _ => Nonce(random).to_key(),
        };
        let version = if self.mistake == M::VersionIsMissing { "" } else { "Sec-WebSocket-Version: 13\r\n" };
        self.send_head(format!(
            "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {nonce}\r\n{version}\r\n"
        ))?;
        let head = self.take_head()?;
        if self.mistake == M::BytesAfterTheHeadAreDropped {
            self.drop_front(self.buffer.len());
        }
        let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let header = |name| header(&head, name, self.mistake);
        let accept = header("Sec-WebSocket-Accept").is_some_and(|value| value == accept_key(&nonce));
        let upgrade = header("Upgrade").is_some() && header("Connection").is_some();
        let opens = (status == "101" || self.mistake == M::StatusIsNotChecked && status == "200")
            && upgrade
            && (accept || self.mistake == M::AcceptValueIsNotChecked);
        if opens {
            self.echo()?;
        }
        Ok(status)
    }

    /// Reads the head of a request or response.
    fn take_head(&mut self) -> io::Result<String> {
        loop {
            if self.mistake == M::BufferIsShared {
                let mut shared = self.shared.buffer.lock().expect("no thread panics");
                shared.append(&mut self.buffer);
                if shared.windows(4).any(|four| four == b"\r\n\r\n") {
                    std::mem::swap(&mut *shared, &mut self.buffer);
                }
            }
            if let Some(position) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&self.buffer[..position + 2]).into_owned();
                self.drop_front(position + 4);
                return Ok(head);
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(ErrorKind::InvalidData.into());
            }
            self.read()?;
        }
    }

    /// Answers frames until the connection ends.
    fn echo(mut self) -> io::Result<()> {
        loop {
            match self.take_frame() {
                Ok(None) => self.read()?,
                Ok(Some(frame)) => {
                    if self.mistake == M::BigMessageEndsTheProgram && frame.payload.len() == MAX_MESSAGE {
                        return Err(ErrorKind::OutOfMemory.into());
                    }
                    if self.mistake == M::SecondFrameOfAReadIsDropped {
                        self.drop_front(self.buffer.len());
                    }
                    match self.handle(frame) {
                        Ok(true) => {}
                        Ok(false) => return self.finish(),
                        Err(code) => return self.fail(code),
                    }
                }
                Err(code) => return self.fail(code),
            }
        }
    }

    fn read(&mut self) -> io::Result<()> {
        let mut bytes = [0; 4096];
        let count = self.socket.read(&mut bytes)?;
        if count == 0 {
            if self.mistake == M::SocketIsKeptAfterTheClientsEnd {
                thread::park();
            }
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if self.mistake == M::ThirdReadOfAFrameIsLost && self.read_ends.len() == 2 {
            return Ok(());
        }
        if self.mistake == M::BytesAreReadAsText {
            self.buffer.extend(String::from_utf8_lossy(&bytes[..count]).as_bytes());
        } else {
            self.buffer.extend(&bytes[..count]);
        }
        self.read_ends.push(self.buffer.len());
        Ok(())
    }

    fn drop_front(&mut self, count: usize) {
        self.buffer.drain(..count);
        self.read_ends.retain(|&end| end > count);
        self.read_ends.iter_mut().for_each(|end| *end -= count);
    }

    fn take_frame(&mut self) -> Result<Option<Frame>, Failed> {
        let buffer = &self.buffer;
        let incomplete = || match self.mistake {
            M::HeaderIsAssumedWhole if !self.buffer.is_empty() => Err(0),
            _ => Ok(None),
        };
        let &[first, second, ref rest @ ..] = &buffer[..] else { return incomplete() };
        let (fin, opcode, short) = (first & 0x80 != 0, first & 0x0f, second & 0x7f);
        let is_control = opcode >= 8;
        if first & 0x70 != 0
            || !matches!(opcode, 0..=2 | 8..=10)
            || !self.masking_is_right(second)
            || is_control && (!fin || short > 125 && !self.accepts_long_pings())
        {
            return Err(PROTOCOL_ERROR);
        }
        let (extended, minimum) = match short {
            _ if self.mistake == M::MarkerIsTheLength => (0, 0),
            126 => (2, 126),
            127 => (8, 65_536),
            _ => (0, 0),
        };
        let Some((length, rest)) = rest.split_at_checked(extended) else { return incomplete() };
        let mut number = length.to_vec();
        if self.mistake == M::LengthIsReadIn32Bits && extended == 8 && length[0] == 0 {
            number.drain(..4);
        }
        if self.mistake == M::LengthIsLittleEndian {
            number.reverse();
        }
        let length = number.iter().fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
        let length = if extended == 0 { u64::from(short) } else { length };
        if length >> 63 != 0 || length < minimum && self.mistake != M::ShortestLengthIsNotRequired {
            return Err(PROTOCOL_ERROR);
        }
        let Some((key, rest)) = rest.split_at_checked(if second & 0x80 == 0 { 0 } else { 4 }) else {
            return incomplete();
        };
        let length = usize::try_from(length).map_err(|_| TOO_BIG)?;
        if length > MAX_MESSAGE && self.mistake != M::NoLimit {
            return Err(TOO_BIG);
        }
        let start = buffer.len() - rest.len();
        let length = if self.mistake == M::EachReadIsAFrame { length.min(rest.len()) } else { length };
        let Some((payload, _)) = rest.split_at_checked(length) else { return Ok(None) };
        let key = if self.mistake == M::KeyIsReadBeforeTheLength { &buffer[2..6] } else { key };
        let mut index = 0;
        let payload = payload.iter().enumerate().map(|(position, byte)| {
            if self.mistake == M::MaskIndexRestartsWithEachRead && self.read_ends.contains(&(start + position)) {
                index = 0;
            }
            let key = if key.is_empty() { 0 } else { key[index % 4] };
            index += 1;
            if self.mistake == M::MaskIsKept { *byte } else { byte ^ key }
        });
        let payload = payload.collect();
        self.drop_front(start + length);
        Ok(Some(Frame { fin, opcode, payload }))
    }

    fn accepts_long_pings(&self) -> bool {
        matches!(self.mistake, M::LongPingIsAnswered | M::PingIsEchoedAsText)
    }

    fn masking_is_right(&self, second: u8) -> bool {
        let masked = second & 0x80 != 0;
        masked == (self.role == Role::Server) || self.mistake == M::MaskedFramesAreAccepted
    }

    /// Handles a frame. Returns false after a Close.
    fn handle(&mut self, Frame { fin, opcode, payload }: Frame) -> Result<bool, Failed> {
        match opcode {
            9 if self.mistake == M::PingIsAnsweredAfterTheMessage && self.message.is_some() => {
                self.late_pongs.push(payload);
                return Ok(true);
            }
            9 if self.mistake == M::PongHasNoPayload => self.send(10, b""),
            9 if self.mistake == M::PingIsEchoedAsText => self.send(1, &payload),
            9 => {
                self.send(10, &payload);
                if let Some((_, message)) = self.message.as_mut().filter(|_| self.mistake == M::PingIsJoined) {
                    message.extend(&payload);
                }
            }
            10 if self.mistake == M::PongIsAnswered => self.send(10, &payload),
            10 => {}
            8 if self.message.is_some() && self.mistake == M::CloseBetweenFragmentsIsIgnored => {}
            8 if self.message.is_some() && self.mistake == M::CloseBetweenFragmentsIsRejected => {
                return Err(PROTOCOL_ERROR);
            }
            8 => return self.handle_close(&payload),
            _ if self.mistake == M::FragmentsAreAnsweredSingly => self.send(opcode.max(1), &payload),
            _ => return self.handle_data(fin, opcode, &payload),
        }
        Ok(true)
    }

    fn handle_data(&mut self, fin: bool, opcode: u8, payload: &[u8]) -> Result<bool, Failed> {
        let is_continuation = opcode == 0;
        let (opcode, mut message) = match (opcode, self.message.take()) {
            (0, Some(message)) => message,
            (0, None) if !fin && self.mistake == M::OrphanFragmentBeginsAMessage => (1, Vec::new()),
            (0, None) if self.has_echoed && self.mistake == M::OrphanAfterAMessageIsAccepted => (1, Vec::new()),
            (1.., Some(_)) if self.mistake == M::NewMessageReplacesTheUnfinishedOne => (opcode, Vec::new()),
            (1.., Some(message)) if self.mistake == M::NewMessageIsJoined => message,
            (0, None) | (_, Some(_)) => {
                if self.mistake == M::BadFrameIsEchoed {
                    self.send(1, payload);
                }
                return Err(PROTOCOL_ERROR);
            }
            (opcode, None) => (opcode, Vec::new()),
        };
        if self.mistake == M::Utf8IsCheckedPerFragment && opcode == 1 {
            str::from_utf8(payload).map_err(|_| NOT_UTF8)?;
        }
        message.extend(payload);
        self.total += payload.len();
        if self.mistake == M::LimitIsForTheConnection && self.total > MAX_MESSAGE {
            return Err(TOO_BIG);
        }
        let is_unlimited = match self.mistake {
            M::NoLimit => true,
            M::TextIsUnlimited => opcode == 1,
            M::ShortFragmentsAreUnlimited => payload.len() <= usize::from(u16::MAX),
            _ => false,
        };
        if message.len() > MAX_MESSAGE && !is_unlimited {
            return Err(TOO_BIG);
        }
        if !fin {
            self.message = Some((opcode, message));
            return Ok(true);
        }
        if opcode == 1 && !self.is_text(&message) {
            if self.mistake == M::BadTextIsEchoed {
                self.send(1, &message);
            }
            return Err(NOT_UTF8);
        }
        let opcode = match self.mistake {
            M::BinaryIsAnsweredAsText => 1,
            M::EchoOfFragmentsHasOpcode0 if is_continuation => 0,
            M::OpcodeIsKeptAfterFragments => self.kept_opcode.take().unwrap_or(opcode),
            _ => opcode,
        };
        if is_continuation {
            self.kept_opcode = Some(opcode);
        }
        if self.mistake == M::ByteOrderMarkIsRemoved && message.starts_with(b"\xef\xbb\xbf") {
            message.drain(..3);
        }
        if self.mistake == M::MessageBeforeTheCloseIsLost && self.buffer.first() == Some(&0x88) {
            return Ok(true);
        }
        self.has_echoed = true;
        self.send(opcode, &message);
        if self.mistake == M::EchoIsDoubled {
            self.send(opcode, &message);
        }
        for pong in std::mem::take(&mut self.late_pongs) {
            self.send(10, &pong);
        }
        Ok(true)
    }

    /// Returns whether the validator accepts this text.
    fn is_text(&self, text: &[u8]) -> bool {
        let accepted: &[u8] = match self.mistake {
            M::OverlongOf3BytesIsAccepted => b"\xe0\x80\xaf",
            M::OverlongOf4BytesIsAccepted => b"\xf0\x80\x80\xaf",
            M::LowSurrogateIsAccepted => b"\xed\xb0\x80",
            M::F5IsAccepted => b"\xf5\x80\x80\x80",
            M::LoneByteIsAccepted if text.starts_with(b"\x80") => b"\x80",
            M::Utf8IsNotChecked => return true,
            M::LongTextIsNotChecked if text.len() >= 126 => return true,
            _ => return str::from_utf8(text).is_ok(),
        };
        let Some(start) = text.windows(accepted.len()).position(|window| window == accepted) else {
            return str::from_utf8(text).is_ok();
        };
        str::from_utf8(&text[..start]).is_ok() && str::from_utf8(&text[start + accepted.len()..]).is_ok()
    }

    fn handle_close(&mut self, body: &[u8]) -> Result<bool, Failed> {
        match self.mistake {
            M::CloseIsNotEchoed => return Ok(true),
            M::TcpEndsBeforeTheClose => return Err(0),
            M::EmptyCloseIsAnsweredWith1005 if body.is_empty() => self.send(8, &1005_u16.to_be_bytes()),
            _ => match body {
                [] => self.send(8, b""),
                [_] => return Err(PROTOCOL_ERROR),
                [high, low, reason @ ..] => {
                    let code = u16::from_be_bytes([*high, *low]);
                    let rejected = match self.mistake {
                        M::Code1001IsRejected => 1001..=1001,
                        M::Code1003IsRejected => 1003..=1003,
                        M::Code1007IsRejected => 1007..=1007,
                        M::Code1011IsRejected => 1011..=1011,
                        M::Code1014IsRejected => 1014..=1014,
                        M::CodesAfterTheRfcAreRejected => 1012..=1014,
                        M::CodesOfLibrariesAreRejected => 3000..=3999,
                        _ => 0..=0,
                    };
                    if rejected.contains(&code) {
                        return Err(PROTOCOL_ERROR);
                    }
                    let allowed = matches!(code, 1000..=1003 | 1007..=1014)
                        || matches!(code, 3000..=4999) && self.mistake != M::CodesOfApplicationsAreRejected
                        || self.mistake == M::Code1005IsEchoed && code == 1005;
                    if !allowed {
                        return Err(PROTOCOL_ERROR);
                    }
                    str::from_utf8(reason).map_err(|_| NOT_UTF8)?;
                    let code = if self.mistake == M::CodeIsAlways1000 { [0x03, 0xe8] } else { [*high, *low] };
                    self.send(8, &code);
                }
            },
        }
        Ok(self.mistake == M::DataAfterCloseIsAnswered)
    }

    fn send(&mut self, opcode: u8, payload: &[u8]) {
        let key = match (self.role, self.mistake) {
            (Role::Server, M::AnswersAreMasked) | (Role::Client, M::MaskingKeyIsZero) => Some([0; 4]),
            (Role::Server, _) | (Role::Client, M::FramesAreNotMasked) => None,
            (Role::Client, M::MaskingKeyIsTheSame) => Some([1, 2, 3, 4]),
            (Role::Client, _) => Some(rand::random()),
        };
        let (key, mask) = match self.mistake {
            M::MaskBitIsSetWithoutKey => (None, 0x80),
            _ => (key, if key.is_some() { 0x80 } else { 0 }),
        };
        let reserved = if self.mistake == M::ReservedBitIsSet { 0x40 } else { 0 };
        let mut bytes = vec![0x80 | reserved | opcode];
        let length = match str::from_utf8(payload) {
            Ok(text) if self.mistake == M::LengthCountsCharacters => text.chars().count() as u64,
            _ => payload.len() as u64,
        };
        match u16::try_from(length) {
            Ok(short) if short < 126 && self.mistake != M::LengthIsNotShortest => {
                bytes.push(mask | short.to_be_bytes()[1]);
            }
            Ok(short) => match self.mistake {
                M::LengthIsWrittenInOneByte | M::MarkerIsTheLength => bytes.push(mask | short.to_be_bytes()[1]),
                M::LengthIsWrittenInEightBytes => {
                    bytes.push(mask | 127);
                    bytes.extend(length.to_be_bytes());
                }
                M::LengthIsWrittenLittleEndian => {
                    bytes.push(mask | 126);
                    bytes.extend(short.to_le_bytes());
                }
                _ => {
                    bytes.push(mask | 126);
                    bytes.extend(short.to_be_bytes());
                }
            },
            Err(_) => {
                bytes.push(mask | 127);
                bytes.extend(length.to_be_bytes());
            }
        }
        let key_bytes = key.unwrap_or_default();
        bytes.extend(key_bytes.iter().filter(|_| key.is_some()));
        bytes.extend(payload.iter().enumerate().map(|(index, byte)| byte ^ key_bytes[index % 4]));
        match self.mistake {
            M::FramesHaveNoHeader if opcode < 8 => bytes = payload.to_vec(),
            M::NewlineFollowsEachFrame => bytes.push(b'\n'),
            M::PayloadIsCutShort => bytes.truncate(64),
            _ => {}
        }
        let _turn = (self.mistake == M::UnreadEchoHoldsUpTheOthers).then(|| self.shared.writing.lock());
        if self.mistake == M::UnreadEchoHoldsUpTheOthers && payload.len() == MAX_MESSAGE {
            // The TCP buffers may have room for a whole echo, so do not depend on their sizes.
            thread::park();
        }
        // If the peer is gone, the next read fails.
        let _ = self.socket.write_all(&bytes);
    }

    fn fail(mut self, code: Failed) -> io::Result<()> {
        if code == 0 {
            return Ok(());
        }
        let code = if self.mistake == M::OneCodeForEverything { PROTOCOL_ERROR } else { code };
        let code = if self.mistake == M::CloseCodeIsLittleEndian { code.swap_bytes() } else { code };
        let reason: &[u8] = if self.mistake == M::OwnReasonIsNotUtf8 { b"\xff" } else { b"" };
        self.send(8, &[&code.to_be_bytes(), reason].concat());
        self.has_failed = true;
        if self.mistake == M::CloseOfThePeerIsAwaited {
            self.buffer.clear();
            while !self.buffer.contains(&0x88) {
                self.read()?;
            }
        }
        self.finish()
    }

    fn finish(mut self) -> io::Result<()> {
        if matches!(self.mistake, M::SocketIsClosedRightAfterTheClose | M::ClientEndsTcpFirst) {
            return Ok(());
        }
        if self.mistake == M::SocketIsClosedHalfASecondAfterTheClose {
            self.socket.shutdown(Shutdown::Write)?;
            thread::sleep(Duration::from_millis(500));
            return Ok(());
        }
        match self.mistake {
            M::CloseIsSentTwice if !self.has_failed => self.send(8, &1000_u16.to_be_bytes()),
            M::PingFollowsTheClose if !self.has_failed => self.send(9, b""),
            _ => {}
        }
        if self.role == Role::Server || self.has_failed {
            self.socket.shutdown(Shutdown::Write)?;
        }
        io::copy(&mut self.socket, &mut io::sink()).map(drop)
    }
}

/// Returns the value of a header field.
fn header(head: &str, name: &str, mistake: Mistake) -> Option<String> {
    headers(head, name, mistake).into_iter().next()
}

/// Returns the values of all header fields with this name.
fn headers(head: &str, name: &str, mistake: Mistake) -> Vec<String> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let values = fields.filter_map(|(found, value)| {
        let same = match mistake {
            M::HeaderNamesInOneCase => found == name,
            _ => found.eq_ignore_ascii_case(name),
        };
        let value = match mistake {
            M::HeaderIsSplitAtEachColon => value.split(':').next().unwrap_or_default(),
            _ => value,
        };
        same.then(|| value.trim().to_owned())
    });
    values.collect()
}
