//! What holds for all inputs, tried on many: round trips, splits, garbage, and two ends that do as they like.

use std::time::Instant;

use bytes::BytesMut;
use proptest::{collection::vec, prelude::*, sample::Index};
use protocol::{
    Config, Connection, Limits, Message, MessageKind, Role, State, Uri, Violation,
    close::CloseFrame,
    frame::{FrameHeader, MaskingKey, Opcode, ReservedBits},
    handshake::{Extension, HandshakeError, Nonce, ReceivedRequest, ServerHandshake, Status},
    utf8::Utf8Validator,
};
use testkit::{
    duration::secs,
    endpoint::TestEndpoint,
    frames::{frames_from, peer_of},
    handshake::{check_request, client_request, read_request},
    hex::hex,
    http_head::{HeadBuilder, SAMPLE_NONCE},
    linked_pair::LinkedPair,
    observed::Observed,
    transmitted::Transmitted,
};

// ---- What two ends may say to each other ----------------------------------------------------------------------------

/// A frame as the layout of section 5.2 has it, written down here once more.
#[derive(Debug, Clone)]
struct Frame {
    fin: bool,
    opcode: u8,
    payload: Vec<u8>,
}

impl Frame {
    /// The frame's bytes, masked if there is a key.
    fn bytes(&self, key: Option<[u8; 4]>) -> Vec<u8> {
        let mut bytes = vec![u8::from(self.fin) << 7 | self.opcode];
        let mask_bit = u8::from(key.is_some()) << 7;
        let len = self.payload.len();
        if let Ok(short @ 0..=125) = u8::try_from(len) {
            bytes.push(mask_bit | short);
        } else if let Ok(len) = u16::try_from(len) {
            bytes.push(mask_bit | 126);
            bytes.extend(len.to_be_bytes());
        } else {
            bytes.push(mask_bit | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
        bytes.extend(key.into_iter().flatten());
        let key = key.unwrap_or_default();
        bytes.extend(self.payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]));
        bytes
    }
}

/// One thing said: a message in one or more fragments with Pings and Pongs between them, or a Ping or Pong alone.
#[derive(Debug, Clone)]
enum Said {
    Message { kind: MessageKind, fragments: Vec<(Vec<u8>, Vec<Said>)> },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

impl Said {
    /// The frames in which it is said.
    fn frames(&self) -> Vec<Frame> {
        let control = |opcode, payload: &Vec<u8>| vec![Frame { fin: true, opcode, payload: payload.clone() }];
        match self {
            Self::Ping(payload) => control(0x9, payload),
            Self::Pong(payload) => control(0xA, payload),
            Self::Message { kind, fragments } => {
                let mut frames = Vec::new();
                for (at, (payload, between)) in fragments.iter().enumerate() {
                    let opcode = match (at, kind) {
                        (0, MessageKind::Text) => 0x1,
                        (0, MessageKind::Binary) => 0x2,
                        _ => 0x0,
                    };
                    let fin = at + 1 == fragments.len();
                    frames.push(Frame { fin, opcode, payload: payload.clone() });
                    if !fin {
                        frames.extend(between.iter().flat_map(Self::frames));
                    }
                }
                frames
            }
        }
    }

    /// What the other side hears of it.
    fn observed(&self) -> Vec<Observed> {
        match self {
            Self::Ping(payload) => vec![Observed::Ping(payload.clone())],
            Self::Pong(payload) => vec![Observed::Pong(payload.clone())],
            Self::Message { kind, fragments } => {
                let (_, but_last) = fragments.split_last().unwrap();
                let mut observed: Vec<Observed> =
                    but_last.iter().flat_map(|(_, between)| between.iter().flat_map(Self::observed)).collect();
                let payload: Vec<u8> = fragments.iter().flat_map(|(payload, _)| payload.clone()).collect();
                observed.push(match kind {
                    MessageKind::Text => Observed::Text(String::from_utf8(payload).unwrap()),
                    MessageKind::Binary => Observed::Binary(payload),
                });
                observed
            }
        }
    }

    /// Says it.
    fn say(&self, connection: &mut Connection) {
        match self {
            Self::Ping(payload) => connection.ping(payload).unwrap(),
            Self::Pong(payload) => connection.pong(payload).unwrap(),
            Self::Message { kind, fragments } => {
                if let [(payload, _)] = &fragments[..] {
                    let message = match kind {
                        MessageKind::Text => Message::text(String::from_utf8(payload.clone()).unwrap()),
                        MessageKind::Binary => Message::binary(payload.clone()),
                    };
                    return connection.send(message).unwrap();
                }
                for (at, (payload, between)) in fragments.iter().enumerate() {
                    let last = at + 1 == fragments.len();
                    connection.send_fragment(*kind, payload, last).unwrap();
                    if !last {
                        between.iter().for_each(|said| said.say(connection));
                    }
                }
            }
        }
    }
}

/// Payloads of all lengths, most of them short, some around the borders between the forms of the length.
fn payload() -> impl Strategy<Value = Vec<u8>> {
    let around = |border: usize| (border - 3..border + 3).prop_flat_map(|len| vec(any::<u8>(), len..=len));
    let large = (65_533..65_539_usize, any::<u8>()).prop_map(|(len, byte)| vec![byte; len]);
    prop_oneof![20 => vec(any::<u8>(), 0..40), 4 => around(126), 1 => large]
}

fn text_payload() -> impl Strategy<Value = Vec<u8>> {
    let large = (21_844..21_847_usize).prop_map(|len| "\u{20ac}".repeat(len));
    prop_oneof![20 => any::<String>(), 4 => "[a-z\u{e9}\u{20ac}\u{1d11e}]{0,80}", 1 => large]
        .prop_map(String::into_bytes)
}

fn control() -> impl Strategy<Value = Said> {
    let payload = || prop_oneof![4 => vec(any::<u8>(), 0..10), 1 => vec(any::<u8>(), 120..=125)];
    prop_oneof![payload().prop_map(Said::Ping), payload().prop_map(Said::Pong)]
}

fn message() -> impl Strategy<Value = Said> {
    let kind_and_payload = prop_oneof![
        payload().prop_map(|payload| (MessageKind::Binary, payload)),
        text_payload().prop_map(|payload| (MessageKind::Text, payload)),
    ];
    // Cut anywhere, in the middle of a character too, and twice in the same place: an empty fragment.
    let cuts = prop_oneof![2 => vec((any::<Index>(), vec(control(), 0..1)), 0..1), 3 => vec((any::<Index>(), vec(control(), 0..3)), 0..5)];
    (kind_and_payload, cuts).prop_map(|((kind, payload), cuts)| {
        let mut cuts: Vec<(usize, Vec<Said>)> =
            cuts.into_iter().map(|(cut, between)| (cut.index(payload.len() + 1), between)).collect();
        cuts.sort_by_key(|(cut, _)| *cut);
        let mut fragments = Vec::new();
        let mut start = 0;
        for (cut, between) in cuts {
            fragments.push((payload[start..cut].to_vec(), between));
            start = cut;
        }
        fragments.push((payload[start..].to_vec(), Vec::new()));
        Said::Message { kind, fragments }
    })
}

fn conversation() -> impl Strategy<Value = Vec<Said>> {
    vec(prop_oneof![4 => message(), 1 => control()], 0..6)
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Client), Just(Role::Server)]
}

fn other(role: Role) -> Role {
    peer_of(role)
}

/// Keys for as many frames as there will be.
fn keys() -> impl Strategy<Value = Vec<[u8; 4]>> {
    vec(any::<[u8; 4]>(), 1..8)
}

/// The conversation's bytes from `sender`, with these keys in turn if it is a client.
fn encode(sender: Role, conversation: &[Said], keys: &[[u8; 4]]) -> Vec<u8> {
    let frames = conversation.iter().flat_map(Said::frames);
    let mut keys = keys.iter().cycle();
    frames.flat_map(|frame| frame.bytes((sender == Role::Client).then(|| *keys.next().unwrap()))).collect()
}

/// An end whose keys come in turn, if it is a client.
fn end(role: Role, keys: &[[u8; 4]]) -> TestEndpoint {
    let now = Instant::now();
    let connection = match role {
        Role::Server => Connection::server(Config::default(), now),
        Role::Client => {
            let keys = keys.to_vec();
            let mut next = 0;
            let draw = move || {
                next += 1;
                MaskingKey(keys[(next - 1) % keys.len()])
            };
            Connection::client(Config::default(), Box::new(draw), now)
        }
    };
    TestEndpoint { connection, now }
}

/// `bytes` in pieces of these sizes, in turn.
fn pieces<'a>(mut bytes: &'a [u8], sizes: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut sizes = sizes.iter().cycle();
    while !bytes.is_empty() {
        let (piece, rest) = bytes.split_at((*sizes.next().unwrap()).min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1..4_usize, 1..100_usize, 1..20_000_usize], 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    //= docs/src/rfc6455.md#section-5-2
    //= type=test
    //# Each of the three reserved bits MUST be 0 unless the two sides agreed on an extension that gives it a meaning.
    //= docs/src/rfc6455.md#section-6-1
    //= type=test
    //# To send a message, an endpoint MUST take the steps that follow.
    //= docs/src/rfc6455.md#section-6-1
    //= type=test
    //# An endpoint MUST put the data of the message into a frame as section 5.2 lays it out.
    #[test]
    fn what_is_sent_has_the_layout_of_section_5_2(sender in role(), said in conversation(), keys in keys()) {
        let mut sender = end(sender, &keys);
        said.iter().for_each(|said| said.say(&mut sender.connection));
        prop_assert_eq!(sender.take_sent(), encode(sender.role(), &said, &keys));
    }

    //= docs/src/rfc6455.md#section-6-2
    //= type=test
    //# An endpoint MUST read the bytes that come in as frames laid out as in section 5.2.
    #[test]
    fn what_has_the_layout_of_section_5_2_is_understood(
        receiver in role(), said in conversation(), keys in keys(), sizes in sizes(),
    ) {
        let bytes = encode(other(receiver), &said, &keys);
        let mut receiver = end(receiver, &keys);
        let observed: Vec<Observed> =
            pieces(&bytes, &sizes).into_iter().flat_map(|piece| receiver.receive_bytes(piece)).collect();
        prop_assert_eq!(observed, said.iter().flat_map(Said::observed).collect::<Vec<_>>());
        prop_assert_eq!(receiver.connection.state(), State::Open);
        prop_assert!(receiver.connection.input().is_empty(), "nothing is left over");
    }

    #[test]
    fn what_one_end_says_the_other_hears(
        sender in role(), said in conversation(), keys in keys(), read_size in prop_oneof![1..50_usize, Just(usize::MAX)],
    ) {
        let mut sender = end(sender, &keys);
        let mut receiver = end(other(sender.role()), &keys);
        said.iter().for_each(|said| said.say(&mut sender.connection));
        let bytes = sender.take_sent();
        let observed: Vec<Observed> = bytes.chunks(read_size.min(bytes.len().max(1)))
            .flat_map(|piece| receiver.receive_bytes(piece))
            .collect();
        let expected: Vec<Observed> = said.iter().flat_map(Said::observed).collect();
        prop_assert_eq!(&observed, &expected);
        // And each Ping has its Pong.
        let answers = sender.receive_bytes(&receiver.take_sent());
        let pongs: Vec<Observed> = expected
            .into_iter()
            .filter_map(|observed| if let Observed::Ping(payload) = observed { Some(Observed::Pong(payload)) } else { None })
            .collect();
        prop_assert_eq!(answers, pongs);
    }
}

// ---- Splits ---------------------------------------------------------------------------------------------------------

/// What becomes of a stream: everything that is heard, done and known in the end.
#[derive(Debug, PartialEq)]
struct Outcome {
    observed: Vec<Observed>,
    steps: Vec<Transmitted>,
    state: State,
    close_info: protocol::CloseInfo,
    missing: usize,
}

fn outcome<'a>(receiver: Role, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut endpoint = TestEndpoint::new(receiver, Config::default());
    let mut observed = Vec::new();
    for piece in pieces {
        observed.extend(endpoint.receive_bytes(piece));
    }
    let steps = endpoint.transmit();
    let (state, close_info) = (endpoint.connection.state(), endpoint.connection.close_info());
    Outcome { observed, steps, state, close_info, missing: endpoint.connection.payload_remaining() }
}

/// Something done to a stream of bytes.
#[derive(Debug, Clone)]
enum Damage {
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    CutOff(Index),
    Repeat(Index, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        4 => (any::<Index>(), 0..8_u32).prop_map(|(at, bit)| Damage::Flip(at, 1 << bit)),
        2 => (any::<Index>(), vec(any::<u8>(), 1..4)).prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        2 => (any::<Index>(), 1..4_usize).prop_map(|(at, len)| Damage::Remove(at, len)),
        1 => any::<Index>().prop_map(Damage::CutOff),
        1 => (any::<Index>(), 1..20_usize).prop_map(|(at, len)| Damage::Repeat(at, len)),
    ]
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Flip(at, bits) => {
                let at = at.index(bytes.len());
                bytes[at] ^= bits;
            }
            Self::Insert(at, inserted) => {
                let at = at.index(bytes.len());
                drop(bytes.splice(at..at, inserted.iter().copied()));
            }
            Self::Remove(at, len) => {
                let at = at.index(bytes.len());
                let end = (at + len).min(bytes.len());
                bytes.drain(at..end);
            }
            Self::CutOff(at) => bytes.truncate(at.index(bytes.len())),
            Self::Repeat(at, len) => {
                let at = at.index(bytes.len());
                let end = (at + len).min(bytes.len());
                bytes.extend_from_within(at..end);
            }
        }
    }
}

/// Bytes for `receiver`: a conversation with a few things done to it, or anything at all.
fn stream() -> impl Strategy<Value = (Role, Vec<u8>)> {
    let damaged = (role(), vec(prop_oneof![2 => message(), 1 => control()], 0..4), keys(), vec(damage(), 0..4))
        .prop_map(|(receiver, said, keys, damages)| {
            let mut bytes = encode(other(receiver), &said, &keys);
            // Short ones have their headers hit more often.
            bytes.truncate(2000);
            damages.iter().for_each(|damage| damage.apply(&mut bytes));
            (receiver, bytes)
        });
    // Bytes that look like headers more often than chance would have it.
    let header_like = prop_oneof![
        proptest::sample::select(&[0x01_u8, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A, 0x00, 0x03, 0xFE, 0xFF][..]),
        any::<u8>(),
    ];
    let anything = (role(), vec(header_like, 0..300));
    prop_oneof![2 => damaged, 1 => anything]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    //= docs/src/rfc6455.md#section-6-2
    //= type=test
    //# An endpoint MUST read the bytes that come in as frames laid out as in section 5.2.
    #[test]
    fn any_split_of_a_stream_gives_the_same((receiver, bytes) in stream(), sizes in sizes()) {
        let whole = outcome(receiver, [&bytes[..]]);
        let split = outcome(receiver, pieces(&bytes, &sizes));
        prop_assert_eq!(&split, &whole);
        let byte_by_byte = outcome(receiver, bytes.chunks(1));
        prop_assert_eq!(&byte_by_byte, &whole);
    }

    #[test]
    fn any_bytes_give_events_and_at_most_one_violation((receiver, bytes) in stream(), sizes in sizes()) {
        let mut endpoint = TestEndpoint::new(receiver, Config::default());
        let mut observed = Vec::new();
        let mut given = 0;
        for piece in pieces(&bytes, &sizes) {
            given += piece.len();
            observed.extend(endpoint.receive_bytes(piece));
            let capacity = endpoint.connection.input().capacity();
            prop_assert!(capacity <= 2 * given + 64, "{capacity} bytes held for {given} received");
        }
        let violations = observed.iter().filter(|observed| matches!(observed, Observed::Violation(_))).count();
        prop_assert!(violations <= 1, "{observed:?}");
        let close_at = observed.iter().position(|observed| matches!(observed, Observed::Violation(_) | Observed::Close(_)));
        if let Some(at) = close_at {
            prop_assert_eq!(at + 1, observed.len(), "nothing is heard after a Close or a violation");
            prop_assert_eq!(endpoint.connection.state(), State::Closing);
        } else {
            prop_assert_eq!(endpoint.connection.state(), State::Open);
        }
        // However it went, the connection can be brought to its end.
        endpoint.transmit();
        endpoint.receive_eof();
        endpoint.assert_transmits(&["disconnect"]);
        prop_assert_eq!(endpoint.connection.state(), State::Closed);
    }
}

// ---- Two ends that do as they like ----------------------------------------------------------------------------------

/// Something that an application, a network or the time does.
#[derive(Debug, Clone)]
enum Deed {
    Say(Role, Said),
    Close(Role, Option<u16>),
    Block(Role, bool),
    Wait(u64),
    Drive,
}

fn deed() -> impl Strategy<Value = Deed> {
    let code = prop_oneof![Just(None), Just(Some(1000)), (3000..5000_u16).prop_map(Some)];
    prop_oneof![
        6 => (role(), prop_oneof![message(), control()]).prop_map(|(role, said)| Deed::Say(role, said)),
        1 => (role(), code).prop_map(|(role, code)| Deed::Close(role, code)),
        1 => (role(), any::<bool>()).prop_map(|(role, blocked)| Deed::Block(role, blocked)),
        1 => (0..8_u64).prop_map(Deed::Wait),
        4 => Just(Deed::Drive),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn two_ends_always_come_to_an_end(deeds in vec(deed(), 0..20), closer in role(), read_size in 1..3000_usize) {
        let mut pair = LinkedPair::new();
        pair.read_size = read_size;
        let mut said_by_client: Vec<Observed> = Vec::new();
        for deed in deeds {
            match deed {
                Deed::Say(role, said) => {
                    let endpoint = if role == Role::Client { &mut pair.client } else { &mut pair.server };
                    if endpoint.connection.state() == State::Open {
                        said.say(&mut endpoint.connection);
                        if role == Role::Client {
                            said_by_client.extend(said.observed());
                        }
                    }
                }
                Deed::Close(role, code) => {
                    let endpoint = if role == Role::Client { &mut pair.client } else { &mut pair.server };
                    match code {
                        Some(code) => endpoint.close(code, ""),
                        None => endpoint.close_without_code(),
                    }
                }
                Deed::Block(role, blocked) => pair.set_blocked(role, blocked),
                Deed::Wait(seconds) => pair.advance(secs(seconds)),
                Deed::Drive => pair.run(),
            }
        }
        if closer == Role::Client { pair.client.close(1000, "") } else { pair.server.close(1000, "") }
        pair.run();
        // Time enough for two deadlines, one after the other.
        pair.advance(secs(30));
        pair.set_blocked(Role::Client, false);
        pair.set_blocked(Role::Server, false);
        pair.advance(secs(30));
        prop_assert_eq!(pair.client.connection.state(), State::Closed);
        prop_assert_eq!(pair.server.connection.state(), State::Closed);
        // What arrived is what was said, up to where the connection ended.
        let messages = |observed: &[Observed]| -> Vec<Observed> {
            observed.iter().filter(|observed| matches!(observed, Observed::Text(_) | Observed::Binary(_))).cloned().collect()
        };
        let (said, observed) = (messages(&said_by_client), messages(&pair.observed_by_server));
        prop_assert!(said.starts_with(&observed), "{said:?} was heard as {observed:?}");
        // Neither end, however late and however lossy, ever breaks a rule.
        for observed in [&pair.observed_by_client, &pair.observed_by_server] {
            prop_assert!(!observed.iter().any(|observed| matches!(observed, Observed::Violation(_))), "{observed:?}");
        }
    }
}

// ---- The parts ------------------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_header_is_read_as_it_was_written(
        fin: bool,
        first: u8,
        opcode in proptest::sample::select(&[
            Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong,
        ][..]),
        key: Option<[u8; 4]>,
        length in prop_oneof![0..300_u64, 65_500..65_600_u64, 0..=i64::MAX as u64],
    ) {
        let (fin, payload_length) = if opcode.is_control() { (true, length % 126) } else { (fin, length) };
        let reserved = ReservedBits::from_first_byte(first);
        let header = FrameHeader { fin, reserved, opcode, masking_key: key.map(MaskingKey), payload_length };
        let bytes = header.encode();
        prop_assert_eq!(FrameHeader::parse(&bytes), Ok(Some((header, bytes.len()))));
        prop_assert_eq!(header.encoded_len(), bytes.len());
    }

    #[test]
    fn any_bytes_are_a_header_in_one_way_or_none(bytes in vec(any::<u8>(), 0..20)) {
        // What is read is written in the same way: there is one form for each header.
        if let Ok(Some((header, len))) = FrameHeader::parse(&bytes) {
            prop_assert_eq!(&header.encode()[..], &bytes[..len]);
        }
    }

    #[test]
    fn any_bytes_are_text_for_us_if_they_are_for_the_standard_library(
        bytes in prop_oneof![
            vec(any::<u8>(), 0..8),
            (any::<String>(), vec(damage(), 0..2)).prop_map(|(text, damages)| {
                let mut bytes = text.into_bytes();
                damages.iter().for_each(|damage| damage.apply(&mut bytes));
                bytes
            }),
        ],
        sizes in vec(1..5_usize, 1..4),
    ) {
        let mut check = Utf8Validator::new();
        let valid = pieces(&bytes, &sizes).into_iter().all(|piece| check.push(piece).is_ok()) && check.is_complete();
        prop_assert_eq!(valid, std::str::from_utf8(&bytes).is_ok());
    }

    #[test]
    fn any_body_of_a_close_is_read_or_refused(body in vec(any::<u8>(), 0..126)) {
        match CloseFrame::parse(&body) {
            Ok(None) => prop_assert!(body.is_empty()),
            Ok(Some(frame)) => {
                prop_assert_eq!(&body[..2], &frame.code.0.to_be_bytes());
                prop_assert_eq!(&body[2..], frame.reason.as_bytes());
                prop_assert!(CloseFrame::new(frame.code, frame.reason).is_ok(), "what may be received may be sent");
            }
            Err(violation) => prop_assert!(violation.close_code().is_some()),
        }
    }

    #[test]
    fn any_string_is_a_uri_or_not(uri in prop_oneof![
        any::<String>(),
        "wss?://[a-z0-9.\\[\\]:@-]{0,12}(:[0-9]{0,6})?(/[ -~\u{e9}\r\n]{0,10})?(\\?[ -~\u{20ac}]{0,6})?",
    ]) {
        if let Ok(parsed) = uri.parse::<Uri>() {
            // It says the same when it is printed, and it cannot break out of a request.
            prop_assert_eq!(parsed.to_string().parse::<Uri>(), Ok(parsed.clone()));
            for part in [parsed.resource_name(), &parsed.host_header()] {
                prop_assert!(part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'), "{part:?}");
            }
            prop_assert!(parsed.resource_name().starts_with('/'));
        }
    }

    #[test]
    fn a_list_of_extensions_is_read_as_it_was_written(
        extensions in vec(
            ("[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,8}", vec(("[a-z_]{1,8}", proptest::option::of("[a-z0-9]{1,4}")), 0..3)), 1..4,
        ),
        quoted: bool,
        spaced: bool,
    ) {
        let mut expected = Vec::new();
        let mut written = Vec::new();
        for (name, parameters) in extensions {
            let mut extension = Extension::new(&*name).unwrap();
            let mut line = name;
            for (name, value) in parameters {
                extension = extension.with(&*name, value.as_deref()).unwrap();
                line += if spaced { " ; " } else { ";" };
                line += &name;
                if let Some(value) = value {
                    line += if spaced { " = " } else { "=" };
                    line += &if quoted { format!("\"{value}\"") } else { value };
                }
            }
            expected.push(extension);
            written.push(line);
        }
        let list = written.join(if spaced { " ,\t" } else { "," });
        let one_line = HeadBuilder::request().with(format!("Sec-WebSocket-Extensions: {list}"));
        let lines = written.iter()
            .fold(HeadBuilder::request(), |head, line| head.with(format!("Sec-WebSocket-Extensions: {line}")));
        for head in [one_line, lines] {
            let upgrade = check_request(&head).unwrap();
            prop_assert_eq!(upgrade.extensions(), &expected[..]);
        }
    }
}

// ---- The opening handshake ------------------------------------------------------------------------------------------

/// A head with a few things done to it, or anything at all.
fn head(right: &HeadBuilder) -> impl Strategy<Value = Vec<u8>> + use<> {
    let right = right.bytes();
    let damaged = (vec(damage(), 0..4), vec(any::<u8>(), 0..10)).prop_map(move |(damages, behind)| {
        let mut bytes = [&right[..], &behind].concat();
        damages.iter().for_each(|damage| damage.apply(&mut bytes));
        bytes
    });
    let anything = vec(prop_oneof![any::<u8>(), proptest::sample::select(&b"GET / HTTP/1.1\r\n: "[..])], 0..100);
    prop_oneof![4 => damaged, 1 => anything]
}

fn request_with_everything() -> HeadBuilder {
    HeadBuilder::request()
        .with("Origin: http://example.com")
        .with("Sec-WebSocket-Protocol: chat, superchat")
        .with("Sec-WebSocket-Extensions: a; b=\"c\", d")
}

fn response_with_everything() -> HeadBuilder {
    HeadBuilder::response().with("Sec-WebSocket-Protocol: chat").with("Sec-WebSocket-Extensions: x; b=\"c\"")
}

/// The request, if `bytes` given in pieces of this size hold one, and what was left.
fn trickle(bytes: &[u8], size: usize) -> Result<Option<ReceivedRequest>, Violation> {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    for piece in bytes.chunks(size) {
        handshake.input().extend_from_slice(piece);
        handshake = match handshake.poll()? {
            Status::Partial(handshake) => handshake,
            Status::Complete(request) => return Ok(Some(request)),
        };
    }
    Ok(None)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_a_request_or_are_refused(bytes in head(&request_with_everything()), size in 1..40_usize) {
        let whole = read_request(&bytes);
        if let Ok(Some(request)) = &whole {
            // Judged without a panic; what is refused is refused with a status.
            if let Err(violation) = request.check_upgrade() {
                prop_assert!(violation.status().is_some());
            }
        }
        match (trickle(&bytes, size), whole) {
            (Ok(Some(split)), Ok(Some(whole))) => {
                prop_assert_eq!(split.head().headers(), whole.head().headers());
                prop_assert_eq!(split.head().uri(), whole.head().uri());
                let verdicts = [&split, &whole].map(|request| {
                    request.check_upgrade().map(|upgrade| (upgrade.subprotocols().to_vec(), upgrade.extensions().to_vec()))
                });
                prop_assert_eq!(&verdicts[0], &verdicts[1]);
            }
            (Err(split), Err(whole)) => prop_assert_eq!(split, whole),
            // A head that is wrong and has no end is noticed when it is next looked at, which may be later.
            (Ok(None), Ok(None) | Err(_)) => {}
            (split, whole) => prop_assert!(false, "in pieces {split:?}, as a whole {whole:?}"),
        }
    }

    #[test]
    fn any_bytes_are_an_answer_or_are_not(bytes in head(&response_with_everything()), size in 1..40_usize) {
        let request = || client_request().subprotocol("chat").unwrap().extension(Extension::new("x").unwrap());
        let read = |size: usize| {
            let mut handshake = request().handshake(SAMPLE_NONCE, Limits::DEFAULT);
            for piece in bytes.chunks(size) {
                handshake.input().extend_from_slice(piece);
                handshake = match handshake.poll() {
                    Ok(Status::Partial(handshake)) => handshake,
                    Ok(Status::Complete(opened)) => return Some(Ok((opened.subprotocol, opened.extensions))),
                    Err(HandshakeError::Violation(violation)) => return Some(Err(Ok(violation))),
                    Err(HandshakeError::Rejected(response)) => return Some(Err(Err(response.status()))),
                }
            }
            None
        };
        let (split, whole) = (read(size), read(bytes.len().max(1)));
        prop_assert!(split.is_none() || split == whole, "in pieces {split:?}, as a whole {whole:?}");
    }

    //= docs/src/rfc6455.md#section-4-1
    //= type=test
    //# The opening request MUST be valid HTTP.
    //= docs/src/rfc6455.md#section-4-2-2
    //= type=test
    //# A server that accepts a connection MUST answer with a valid HTTP response.
    #[test]
    fn a_client_and_a_server_of_ours_understand_each_other(
        nonce: [u8; 16],
        subprotocols in vec("[a-z]{1,5}", 0..4),
        chosen in any::<Index>(),
        path in "(/[a-z0-9]{0,8}){0,3}",
        size in 1..100_usize,
        behind in vec(any::<u8>(), 0..20),
    ) {
        let mut request = protocol::handshake::ClientRequest::new(format!("ws://h{path}").parse().unwrap());
        let mut offered: Vec<String> = Vec::new();
        for name in subprotocols {
            if !offered.contains(&name) {
                request = request.subprotocol(name.clone()).unwrap();
                offered.push(name);
            }
        }
        let mut client = request.handshake(Nonce(nonce), Limits::DEFAULT);
        let request = trickle(&client.request_bytes(), size).unwrap().expect("a whole request");
        prop_assert_eq!(request.path(), if path.is_empty() { "/" } else { &path });
        let upgrade = request.check_upgrade().unwrap();
        prop_assert_eq!(upgrade.subprotocols(), &offered[..]);
        let subprotocol = (!offered.is_empty()).then(|| offered[chosen.index(offered.len())].clone());
        let choice = protocol::handshake::UpgradeOptions { subprotocol: subprotocol.clone(), ..Default::default() };
        let accepted = upgrade.accept(choice).unwrap();
        let bytes = [&protocol::handshake::encode_response(&accepted.response)[..], &behind].concat();
        let mut rest = BytesMut::new();
        let mut opened = None;
        for piece in bytes.chunks(size) {
            client.input().extend_from_slice(piece);
            match client.poll().unwrap() {
                Status::Partial(waiting) => client = waiting,
                Status::Complete(done) => {
                    rest.extend_from_slice(&done.rest);
                    opened = Some(done);
                    break;
                }
            }
        }
        let opened = opened.expect("opened");
        prop_assert_eq!(opened.subprotocol, subprotocol);
        prop_assert!(behind.starts_with(&rest), "no byte behind the head is lost or changed");
    }
}

#[test]
fn the_encoder_of_these_tests_agrees_with_the_examples_of_section_5_7() {
    let hello = Frame { fin: true, opcode: 1, payload: b"Hello".to_vec() };
    assert_eq!(hello.bytes(None), hex("81 05 48656c6c6f"));
    assert_eq!(hello.bytes(Some([0x37, 0xFA, 0x21, 0x3D])), hex("81 85 37fa213d 7f9f4d5158"));
    assert_eq!(frames_from(Role::Client, &["81 05 48656c6c6f"]), hello.bytes(Some([0; 4])));
    let large = Frame { fin: true, opcode: 2, payload: vec![0; 65_536] };
    assert_eq!(large.bytes(None)[..10], hex("82 7f0000000000010000")[..]);
}
