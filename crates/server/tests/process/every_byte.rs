//! The session of the chapter *Every byte of one connection* (`docs/src/every-byte.md`).
//!
//! The server runs as a process. The client is the connector that the `client` program uses, with a
//! fixed nonce and fixed masking keys, so that each run sends the same bytes. A tap records both
//! directions.
//!
//! The page contains a block for each head and frame, and this test compares the blocks with the
//! recorded bytes. If the session has changed, run `WRITE_SESSION=1 cargo test -p server --test
//! process every_byte` to rewrite the blocks. Then reread the prose around them.

use std::{
    env, fs, mem,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use dissector::{
    Conversation, Direction, Options, Record, RecordKind,
    tap::{Tap, Tapped},
};
use protocol::{
    CloseCode, DeflateOptions, Message, Role,
    frame::{FrameHeader, MaskingKey, Opcode, ReservedBits, apply_mask},
    handshake::Nonce,
};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};
use websocket::{
    Connector, Event, WebSocket,
    observer::{choose_masking_keys, choose_nonce},
};

use crate::support::{PATIENCE, Server};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/every-byte.md");

/// The masking keys for the client's frames, in frame order. The first key comes from the RFC's
/// example, and the others are random numbers that were drawn once.
const KEYS: [[u8; 4]; 11] = [
    [0x37, 0xFA, 0x21, 0x3D],
    [0x9B, 0x04, 0x7E, 0xC1],
    [0x52, 0xD8, 0x13, 0xA6],
    [0xE0, 0x6F, 0x95, 0x2B],
    [0x18, 0xB3, 0xC4, 0x7D],
    [0xA9, 0x41, 0x0E, 0xF2],
    [0x6C, 0x8A, 0xD7, 0x35],
    [0xF3, 0x2E, 0x59, 0x80],
    [0x04, 0xC7, 0xBA, 0x61],
    [0x7D, 0x90, 0x28, 0xEB],
    [0xCE, 0x15, 0x63, 0x4A],
];

/// The number of bytes on a line of the page.
const BYTES_PER_LINE: usize = 16;

/// The record of a tap.
#[derive(Default)]
struct Session {
    /// The heads and frames of both directions, in the order in which they were completed.
    units: Vec<Record>,
    /// The directions that have ended, in the order in which they ended.
    ends: Vec<Direction>,
}

struct Recorder {
    conversation: Conversation,
    session: Arc<Mutex<Session>>,
}

impl Tap for Recorder {
    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        let units = &mut self.session.lock().expect("no test panicked").units;
        self.conversation.push(direction, bytes, None, &mut |record| units.push(record));
    }

    fn end(&mut self, direction: Direction) {
        let ends = &mut self.session.lock().expect("no test panicked").ends;
        if !ends.contains(&direction) {
            ends.push(direction);
        }
    }
}

type Client = WebSocket<Tapped<TcpStream, Recorder>>;

/// Supplies the [`KEYS`] one after another. All clones share one position.
#[derive(Clone, Default)]
struct NextKey(Arc<AtomicUsize>);

impl NextKey {
    fn next(&self) -> Option<MaskingKey> {
        KEYS.get(self.0.fetch_add(1, Ordering::Relaxed)).copied().map(MaskingKey)
    }
}

/// Writes a fragment of a text message between the engine's frames, as the client's command `/raw`
/// does. The engine itself would compress the fragments, but the page shows a character's plain
/// bytes.
async fn send_raw_fragment(client: &mut Client, opcode: Opcode, payload: &[u8], last: bool, keys: &NextKey) {
    let masking_key = keys.next();
    let header = FrameHeader {
        fin: last,
        reserved: ReservedBits::NONE,
        opcode,
        masking_key,
        payload_length: payload.len() as u64,
    };
    let mut frame = header.encode().to_vec();
    let mut payload = payload.to_vec();
    apply_mask(&mut payload, masking_key.expect("there is a key for each frame"));
    frame.extend(payload);
    client.get_mut().write_all(&frame).await.expect("the fragment is sent");
}

/// Sends a message, and waits for its echo, so that the order of all units is the same in each run.
async fn echo(client: &mut Client, message: Message) {
    client.send(message.clone()).await.expect("the message is sent");
    receive(client, &message).await;
}

async fn receive(client: &mut Client, message: &Message) {
    let received = client.next().await.expect("an echo").expect("the connection is open");
    assert_eq!(received, *message);
}

/// Holds the conversation of the chapter.
async fn converse(client: &mut Client, keys: &NextKey) {
    echo(client, Message::text("Hello")).await;

    // One character in two fragments, with a Ping between them.
    send_raw_fragment(client, Opcode::Text, b"\xE2\x82", false, keys).await;
    client.ping(b"still there?").await.expect("the Ping is sent");
    loop {
        if let Event::Pong(_) = client.next_event().await.expect("a Pong").expect("the connection is open") {
            break;
        }
    }
    send_raw_fragment(client, Opcode::Continuation, b"\xAC", true, keys).await;
    receive(client, &Message::text("€")).await;

    echo(client, Message::binary(vec![0xDE, 0xAD, 0xBE, 0xEF])).await;
    // 300 bytes need the 16-bit length.
    echo(client, Message::binary((0..300_u16).map(|number| number.to_le_bytes()[0]).collect::<Vec<_>>())).await;
    // Only messages of at least 1 KiB are compressed.
    echo(client, Message::text("Hello, ".repeat(300))).await;
    echo(client, Message::text("")).await;
    client.pong(b"").await.expect("the Pong is sent");
    client.close(CloseCode::NORMAL, "bye").await.expect("the closing handshake is complete");
}

fn record_session() -> Session {
    let server = Server::start(&["--deflate"]);
    let session = Arc::new(Mutex::new(Session::default()));
    let recorder = Recorder { conversation: Conversation::new(Options::default()), session: Arc::clone(&session) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let conversation = async {
        // The request names the server's default port.
        let connector =
            Connector::new("ws://127.0.0.1:8080/echo").expect("a valid URI").deflate(DeflateOptions::default());
        let connector = choose_nonce(connector, Nonce(*b"the sample nonce"));
        let keys = NextKey::default();
        let next_key = keys.clone();
        let stream = TcpStream::connect(server.address()).await.expect("the server listens");
        let stream = Tapped::new(stream, Role::Client, recorder);
        let mut client = choose_masking_keys(connector, move || next_key.next())
            .handshake(stream)
            .await
            .expect("the server accepts");
        converse(&mut client, &keys).await;
    };
    runtime.block_on(async { timeout(PATIENCE, conversation).await }).expect("the session takes seconds");
    let mut session = session.lock().expect("no test panicked");
    mem::take(&mut session)
}

/// Returns the text of a unit's block.
fn block(unit: &Record) -> String {
    match unit.kind {
        RecordKind::Frame => {
            let lines = unit.bytes.chunks(BYTES_PER_LINE);
            lines
                .map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ") + "\n")
                .collect()
        }
        _ => String::from_utf8_lossy(&unit.bytes).replace('\r', ""),
    }
}

/// Replaces the blocks of a page. Returns the new page and the marks of its blocks.
fn with_blocks(page: &str, blocks: &[String]) -> (String, Vec<String>) {
    let mut marks = Vec::new();
    let mut output = String::new();
    let mut lines = page.split_inclusive('\n');
    let mut blocks = blocks.iter();
    while let Some(line) = lines.next() {
        output += line;
        let Some(mark) = line.trim().strip_prefix("<!-- wire: ") else { continue };
        marks.push(mark.trim_end_matches(" -->").to_owned());
        output += lines.next().expect("a block follows the mark");
        let end = lines.find(|line| line.starts_with("```")).expect("the block ends");
        output += blocks.next().map_or("", String::as_str);
        output += end;
    }
    (output, marks)
}

#[test]
fn the_chapter_shows_every_byte_of_the_session() {
    let session = record_session();
    let blocks: Vec<String> = session.units.iter().map(block).collect();
    for (unit, block) in session.units.iter().zip(&blocks) {
        assert!(unit.complete && unit.findings.is_empty(), "{unit:?}");
        assert_eq!(unit.length, unit.bytes.len() as u64, "{block}");
    }
    // The server closes the TCP connection first, so that the client need not remember it (section
    // 7.1.1).
    assert_eq!(session.ends, [Direction::ToClient, Direction::ToServer]);

    let page = fs::read_to_string(PAGE).expect("the chapter can be read");
    let (written, marks) = with_blocks(&page, &blocks);
    let directions = session.units.iter().enumerate().map(|(index, unit)| {
        let direction = if unit.direction == Direction::ToServer { "to-server" } else { "to-client" };
        if index == 0 { direction.to_owned() } else { format!("{direction} continued") }
    });
    assert_eq!(marks, directions.collect::<Vec<_>>(), "the marks of the chapter");
    if env::var_os("WRITE_SESSION").is_some() {
        fs::write(PAGE, &written).expect("the chapter can be written");
    } else {
        assert_eq!(page, written, "the session has changed: run this test with WRITE_SESSION=1");
    }
    let total: usize = session.units.iter().map(|unit| unit.bytes.len()).sum();
    assert!(page.contains(&format!("{} bytes", thousands(total))), "the chapter must say that there are {total} bytes");
}

fn thousands(number: usize) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", number / 1000, number % 1000) }
}
