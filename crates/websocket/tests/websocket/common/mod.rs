//! What the tests share: a scripted byte stream, raw peers that speak in bytes, and ends of connections.
//!
//! Nothing here uses the code under test to make or to read bytes. A frame is put together by hand, so that a mistake on
//! both sides of a connection cannot cancel itself out.

#![allow(dead_code)] // each test file is a program of its own and uses its part

use std::{
    collections::VecDeque,
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use bytes::Bytes;
use protocol::{
    Config, Connection,
    frame::MaskingKey,
    handshake::{ReceivedRequest, UpgradeRequest, accept_key},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf},
    net::{TcpListener, TcpStream},
};
use websocket::{MaybeTlsStream, WebSocket};

// ---- Time -------------------------------------------------------------------------------------------------------------

/// No test may hang: ten seconds, where nothing should take one.
pub(crate) async fn guarded<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future).await.expect("the test hangs")
}

/// The same for tests that stop the clock. It then goes on by itself when every task waits, to the next deadline that
/// there is: if that is this one, the test hangs, and an hour is over at once.
pub(crate) async fn guarded_with_stopped_clock<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(3600), future).await.expect("the test hangs")
}

/// Runs what might spin without ever coming back to the runtime, where no [`guarded`] can help.
pub(crate) fn in_a_thread(what: impl FnOnce() + Send + 'static) {
    let (done, wait) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        what();
        let _ = done.send(());
    });
    match wait.recv_timeout(Duration::from_secs(10)) {
        Ok(()) => thread.join().expect("it sent that it was done"),
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => panic!("it spins: a poll never returned"),
        Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => {
            std::panic::resume_unwind(thread.join().expect_err("only a panic drops the sender"))
        }
    }
}

/// Gives every other task of this thread, and the sockets, a thousand chances to do something.
pub(crate) async fn let_others_run() {
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
}

/// A waker that counts.
#[derive(Debug, Default)]
pub(crate) struct Alarm(AtomicUsize);

impl Alarm {
    pub(crate) fn new() -> (Arc<Self>, Waker) {
        let alarm = Arc::<Self>::default();
        (Arc::clone(&alarm), Waker::from(alarm))
    }

    /// How often it rang since it was asked last.
    pub(crate) fn rang(&self) -> usize {
        self.0.swap(0, Ordering::Relaxed)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls once, with a waker to look at.
pub(crate) fn poll_with<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

// ---- The scripted stream ----------------------------------------------------------------------------------------------

/// A byte stream that does what its [`Wire`] says.
#[derive(Debug)]
pub(crate) struct Scripted(Arc<Mutex<Script>>);

/// The test's end of a [`Scripted`] stream: says what the stream does, and knows what was done with it.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<Mutex<Script>>);

#[derive(Debug)]
struct Script {
    reads: VecDeque<Read>,
    reader: Option<Waker>,
    /// The buffer of every poll of a read: its address and its size.
    offered: Vec<(usize, usize)>,
    /// How many more bytes writes take before they wait.
    room: usize,
    /// The next write waits, and room comes right behind its back.
    room_comes_late: bool,
    writer: Option<Waker>,
    vectored: bool,
    hold_flush: bool,
    flusher: Option<Waker>,
    write_error: Option<io::ErrorKind>,
    shutdown_error: Option<io::ErrorKind>,
    calls: Vec<Call>,
    /// Calls after which a driver has to stop calling. A loop that doesn't stop is cut here.
    last_words: u32,
}

#[derive(Debug)]
enum Read {
    /// What one read brings, at most.
    Bytes(Bytes),
    /// The poll finds nothing, but the next one will.
    NotYet,
    End,
    Error(io::ErrorKind),
}

/// A call on the stream that got through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// One write, with its pieces if it was vectored.
    Write(Vec<Piece>),
    Flush,
    Shutdown,
}

/// A slice that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) bytes: Vec<u8>,
    /// Where the bytes lay: tells whether they were copied.
    pub(crate) address: usize,
}

/// A stream and the handle to script it. It has nothing to read, and takes everything that is written.
pub(crate) fn scripted() -> (Scripted, Wire) {
    let script = Arc::new(Mutex::new(Script {
        reads: VecDeque::new(),
        reader: None,
        offered: Vec::new(),
        room: usize::MAX,
        room_comes_late: false,
        writer: None,
        vectored: true,
        hold_flush: false,
        flusher: None,
        write_error: None,
        shutdown_error: None,
        calls: Vec::new(),
        last_words: 0,
    }));
    (Scripted(Arc::clone(&script)), Wire(script))
}

impl Wire {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().expect("the script ended in a panic")
    }

    fn read(&self, read: Read) {
        let mut script = self.script();
        script.reads.push_back(read);
        if let Some(reader) = script.reader.take() {
            reader.wake();
        }
    }

    /// One read brings these bytes, if its buffer is large enough.
    pub(crate) fn give(&self, bytes: &[u8]) {
        self.read(Read::Bytes(Bytes::copy_from_slice(bytes)));
    }

    /// Each read brings one byte, and before each the stream is not ready once.
    pub(crate) fn give_slowly(&self, bytes: &[u8]) {
        for byte in bytes {
            self.read(Read::NotYet);
            self.give(&[*byte]);
        }
    }

    pub(crate) fn end(&self) {
        self.read(Read::End);
    }

    pub(crate) fn fail_reads(&self, error: io::ErrorKind) {
        self.read(Read::Error(error));
    }

    /// Writes take so many more bytes.
    pub(crate) fn let_through(&self, bytes: usize) {
        let mut script = self.script();
        script.room = bytes;
        if let Some(writer) = script.writer.take().filter(|_| bytes > 0) {
            writer.wake();
        }
    }

    pub(crate) fn block(&self) {
        self.let_through(0);
    }

    pub(crate) fn unblock(&self) {
        self.let_through(usize::MAX);
    }

    /// The next write finds no room; before the one after it, there is some.
    pub(crate) fn block_one_poll(&self) {
        self.script().room_comes_late = true;
    }

    /// The stream has to be given each slice by itself.
    pub(crate) fn not_vectored(&self) {
        self.script().vectored = false;
    }

    /// Flushes wait, as those of a stream do that has a buffer of its own.
    pub(crate) fn hold_flush(&self) {
        self.script().hold_flush = true;
    }

    pub(crate) fn release_flush(&self) {
        let mut script = self.script();
        script.hold_flush = false;
        if let Some(flusher) = script.flusher.take() {
            flusher.wake();
        }
    }

    pub(crate) fn fail_writes(&self, error: io::ErrorKind) {
        self.script().write_error = Some(error);
    }

    pub(crate) fn fail_shutdown(&self, error: io::ErrorKind) {
        self.script().shutdown_error = Some(error);
    }

    /// All calls so far that got through.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.script().calls.clone()
    }

    /// The pieces of all writes so far, write by write.
    pub(crate) fn writes(&self) -> Vec<Vec<Piece>> {
        let writes = self.calls().into_iter().filter_map(|call| match call {
            Call::Write(pieces) => Some(pieces),
            Call::Flush | Call::Shutdown => None,
        });
        writes.collect()
    }

    /// All bytes written so far.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.writes().into_iter().flatten().flat_map(|piece| piece.bytes).collect()
    }

    pub(crate) fn is_shut(&self) -> bool {
        self.script().calls.contains(&Call::Shutdown)
    }

    /// The buffers that were offered to reads so far: addresses and sizes.
    pub(crate) fn offered(&self) -> Vec<(usize, usize)> {
        self.script().offered.clone()
    }

    /// Whether all bytes given were read.
    pub(crate) fn is_read(&self) -> bool {
        self.script().reads.is_empty()
    }
}

impl Script {
    /// Something that a driver has to hear a few times at most.
    fn say_last_word(&mut self) {
        self.last_words += 1;
        assert!(
            self.last_words < 1000,
            "the driver spins: it asks again and again although it was told that it is over"
        );
    }

    fn write(&mut self, cx: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let Some(error) = self.write_error {
            self.say_last_word();
            return Poll::Ready(Err(error.into()));
        }
        if std::mem::take(&mut self.room_comes_late) {
            self.room = usize::MAX;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.room == 0 {
            self.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut pieces = Vec::new();
        let mut count = 0;
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            let taken = slice.len().min(self.room);
            if taken == 0 {
                break;
            }
            pieces.push(Piece { bytes: slice[..taken].to_vec(), address: slice.as_ptr() as usize });
            count += taken;
            self.room -= if self.room == usize::MAX { 0 } else { taken };
        }
        self.calls.push(Call::Write(pieces));
        Poll::Ready(Ok(count))
    }
}

impl AsyncRead for Scripted {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut script = self.0.lock().expect("the script ended in a panic");
        let room = buf.remaining();
        let address = buf.initialize_unfilled().as_ptr() as usize;
        script.offered.push((address, room));
        match script.reads.pop_front() {
            None => {
                script.reader = Some(cx.waker().clone());
                Poll::Pending
            }
            Some(Read::NotYet) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Read::Bytes(mut bytes)) => {
                buf.put_slice(&bytes.split_to(bytes.len().min(room)));
                if !bytes.is_empty() {
                    script.reads.push_front(Read::Bytes(bytes));
                }
                Poll::Ready(Ok(()))
            }
            Some(Read::End) => {
                script.reads.push_front(Read::End);
                script.say_last_word();
                Poll::Ready(Ok(()))
            }
            Some(Read::Error(error)) => {
                script.reads.push_front(Read::Error(error));
                script.say_last_word();
                Poll::Ready(Err(error.into()))
            }
        }
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.0.lock().expect("the script ended in a panic").write(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.lock().expect("the script ended in a panic").write(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.lock().expect("the script ended in a panic").vectored
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut script = self.0.lock().expect("the script ended in a panic");
        if script.hold_flush {
            script.flusher = Some(cx.waker().clone());
            return Poll::Pending;
        }
        script.calls.push(Call::Flush);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut script = self.0.lock().expect("the script ended in a panic");
        script.say_last_word();
        if let Some(error) = script.shutdown_error {
            return Poll::Ready(Err(error.into()));
        }
        script.calls.push(Call::Shutdown);
        Poll::Ready(Ok(()))
    }
}

// ---- Bytes ------------------------------------------------------------------------------------------------------------

/// The masking key of the examples in section 5.7. A client that was made here uses it for each frame.
pub(crate) const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

/// First bytes of a frame.
pub(crate) const CONTINUATION: u8 = 0x00;
pub(crate) const LAST_CONTINUATION: u8 = 0x80;
pub(crate) const TEXT: u8 = 0x81;
pub(crate) const TEXT_BEGINS: u8 = 0x01;
pub(crate) const BINARY: u8 = 0x82;
pub(crate) const CLOSE: u8 = 0x88;
pub(crate) const PING: u8 = 0x89;
pub(crate) const PONG: u8 = 0x8A;

fn head(first: u8, mask_bit: u8, len: usize) -> Vec<u8> {
    let mut head = vec![first];
    match len {
        0..=125 => head.push(mask_bit | u8::try_from(len).unwrap()),
        126..=0xFFFF => {
            head.push(mask_bit | 126);
            head.extend(u16::try_from(len).unwrap().to_be_bytes());
        }
        _ => {
            head.push(mask_bit | 127);
            head.extend((len as u64).to_be_bytes());
        }
    }
    head
}

/// A frame as a server sends it.
pub(crate) fn from_server(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    [&head(first, 0, payload.len()), payload].concat()
}

/// A frame as a client sends it, masked with [`KEY`].
pub(crate) fn from_client(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let masked: Vec<u8> = payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
    [&head(first, 0x80, payload.len())[..], &KEY, &masked].concat()
}

/// Reads one frame, from a client or from a server: its first byte and its payload without the mask.
pub(crate) async fn read_frame<S: AsyncRead + Unpin>(stream: &mut S) -> (u8, Vec<u8>) {
    let first = stream.read_u8().await.expect("a frame");
    let second = stream.read_u8().await.expect("the rest of a frame");
    let len = match second & 0x7F {
        126 => u64::from(stream.read_u16().await.expect("a length")),
        127 => stream.read_u64().await.expect("a length"),
        short => u64::from(short),
    };
    let mut key = [0; 4];
    if second & 0x80 != 0 {
        stream.read_exact(&mut key).await.expect("a masking key");
    }
    let mut payload = vec![0; usize::try_from(len).unwrap()];
    stream.read_exact(&mut payload).await.expect("a payload");
    payload.iter_mut().zip(key.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
    (first, payload)
}

/// Reads to the end of the stream.
pub(crate) async fn read_rest<S: AsyncRead + Unpin>(stream: &mut S) -> Vec<u8> {
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("an orderly end");
    rest
}

// ---- Opening handshakes by hand ---------------------------------------------------------------------------------------

/// The request of section 1.2, with the key of section 1.3.
pub(crate) const REQUEST: &str = "GET /chat HTTP/1.1\r\n\
     Host: server.example.com\r\n\
     Upgrade: websocket\r\n\
     Connection: Upgrade\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
     Sec-WebSocket-Version: 13\r\n\
     \r\n";

/// The answer to [`REQUEST`].
pub(crate) const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\n\
     Upgrade: websocket\r\n\
     Connection: Upgrade\r\n\
     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
     \r\n";

/// Reads an HTTP head and not a byte more.
pub(crate) async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.expect("a head"));
    }
    String::from_utf8(head).expect("heads are ASCII")
}

/// The value of a header line.
pub(crate) fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

/// The 101 that answers `request`.
pub(crate) fn switching(request: &str) -> String {
    let key = header(request, "Sec-WebSocket-Key").expect("a key");
    SWITCHING.replace("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", &accept_key(key))
}

/// A listener on a port of its own, and the URI that leads there.
pub(crate) async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let uri = format!("ws://{}/", listener.local_addr().expect("an address"));
    (listener, uri)
}

/// A server in bytes: accepts a connection and does the opening handshake.
pub(crate) async fn raw_server(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.expect("a connection");
    let request = read_head(&mut stream).await;
    stream.write_all(switching(&request).as_bytes()).await.expect("the answer leaves");
    stream
}

/// A client in bytes: connects and sends its request.
pub(crate) async fn raw_client(listener: &TcpListener) -> TcpStream {
    let mut stream = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("a connection");
    stream.write_all(REQUEST.as_bytes()).await.expect("the request leaves");
    stream
}

/// Our client and a server in bytes, over TCP.
pub(crate) async fn client_and_raw_server() -> (WebSocket<MaybeTlsStream>, TcpStream) {
    let (listener, uri) = listen().await;
    let (client, server) = tokio::join!(websocket::connect(&uri), raw_server(&listener));
    (client.expect("the handshake is right"), server)
}

/// Our server and a client in bytes, over TCP.
pub(crate) async fn server_and_raw_client() -> (WebSocket<TcpStream>, TcpStream) {
    let (listener, _) = listen().await;
    let accept = async {
        let (stream, _) = listener.accept().await.expect("a connection");
        websocket::accept(stream).await
    };
    let (server, mut client) = tokio::join!(accept, raw_client(&listener));
    assert_eq!(read_head(&mut client).await, SWITCHING);
    (server.expect("the handshake is right"), client)
}

/// Our client and our server, over TCP.
pub(crate) async fn tcp_pair() -> (WebSocket<MaybeTlsStream>, WebSocket<TcpStream>) {
    let (listener, uri) = listen().await;
    let accept = async {
        let (stream, _) = listener.accept().await.expect("a connection");
        websocket::accept(stream).await
    };
    let (client, server) = tokio::join!(websocket::connect(&uri), accept);
    (client.expect("the handshake is right"), server.expect("the handshake is right"))
}

/// Refuses everything with 404 and this body.
pub(crate) fn not_found(body: &str) -> impl FnOnce(&ReceivedRequest, &UpgradeRequest) -> Refusal {
    let mut response = http::Response::new(body.to_owned());
    *response.status_mut() = http::StatusCode::NOT_FOUND;
    move |_, _| Err(response)
}

type Refusal = Result<protocol::handshake::UpgradeOptions, http::Response<String>>;

// ---- Ends of connections whose handshake is over ----------------------------------------------------------------------

fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}

/// A server's end.
pub(crate) fn server_with<S>(stream: S, config: Config) -> WebSocket<S> {
    WebSocket::new(stream, Connection::server(config, now()))
}

pub(crate) fn server<S>(stream: S) -> WebSocket<S> {
    server_with(stream, Config::default())
}

/// A client's end that masks with [`KEY`].
pub(crate) fn client_with<S>(stream: S, config: Config) -> WebSocket<S> {
    WebSocket::new(stream, Connection::client(config, Box::new(|| MaskingKey(KEY)), now()))
}

pub(crate) fn client<S>(stream: S) -> WebSocket<S> {
    client_with(stream, Config::default())
}

/// Both ends, with so many bytes of buffer in each direction.
pub(crate) fn duplex_pair(buffer: usize) -> (WebSocket<DuplexStream>, WebSocket<DuplexStream>) {
    let (ours, theirs) = tokio::io::duplex(buffer);
    (client(ours), server(theirs))
}
