//! The dissector beside the protocol's own engine: what one delivers the other shows, and the rule for which one fails the
//! connection is among those that the other names.

mod common;

use std::time::Instant;

use common::{agreed, deflater, frame, frame_as};
use dissector::{
    Conversation,
    Direction::{ToClient, ToServer},
    Options, Record, Value,
    record::Fault,
};
use proptest::{collection::vec, prelude::*};
use protocol::{
    Config, Connection, Event, Limits, NegotiatedDeflate, Role, Violation, frame::MaskingKey,
    handshake::extensions::parse_line, message::MessageKind,
};

/// What an application is told, and what a reader of records can tell.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    Message(MessageKind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// Nothing counts behind it.
    Close(Option<(u16, String)>),
    Failed(Violation),
}

/// The limits where messages are compressed, so that some inflate to more.
fn small() -> Limits {
    Limits { max_message_bytes: 100, ..Limits::DEFAULT }
}

fn engine(role: Role, element: Option<&str>, wire: &[u8]) -> Vec<Told> {
    let now = Instant::now();
    let config = match element {
        None => Config::default(),
        Some(_) => Config { limits: small(), ..Config::default() },
    };
    let mut connection = match role {
        Role::Server => Connection::server(config, now),
        Role::Client => Connection::client(config, Box::new(|| MaskingKey([0; 4])), now),
    };
    if let Some(elements) = element.map(|element| parse_line(element).expect("an element of the header")) {
        let compression = NegotiatedDeflate::negotiated(role, &elements, &elements).expect("nothing is wrong");
        connection = connection.with_deflate(&compression.expect("it is permessage-deflate"));
    }
    connection.receive(wire);
    let mut told = Vec::new();
    loop {
        told.push(match connection.poll_event(now) {
            Ok(None) => return told,
            Ok(Some(Event::Message(message))) => Told::Message(message.kind(), message.as_bytes().to_vec()),
            Ok(Some(Event::Ping(payload))) => Told::Ping(payload.to_vec()),
            Ok(Some(Event::Pong(payload))) => Told::Pong(payload.to_vec()),
            Ok(Some(Event::Close(close))) => {
                told.push(Told::Close(close.map(|close| (close.code.0, close.reason))));
                return told;
            }
            Err(violation) => Told::Failed(violation),
        });
        if matches!(told.last(), Some(Told::Failed(_))) {
            return told;
        }
    }
}

fn payload(record: &Record, name: &str) -> Vec<u8> {
    match record.field(name).map(|field| &field.value) {
        Some(Value::Text { text, left_out: 0 }) => text.clone().into_bytes(),
        Some(Value::Bytes { bytes, left_out: 0 }) => bytes.clone(),
        None => Vec::new(),
        other => panic!("{name}: {other:?}"),
    }
}

fn number(record: &Record, name: &str) -> Option<u64> {
    match record.field(name)?.value {
        Value::Number { value, .. } => Some(value),
        _ => None,
    }
}

/// What a complete record without a finding tells; `None` for a fragment that is not the last.
fn read(record: &Record) -> Option<Told> {
    let fin = record.field("websocket.fin").map(|field| &field.value) == Some(&Value::Flag(true));
    match number(record, "websocket.opcode").expect("a complete frame has an opcode") {
        9 => Some(Told::Ping(payload(record, "websocket.payload.ping"))),
        10 => Some(Told::Pong(payload(record, "websocket.payload.pong"))),
        8 => Some(Told::Close(number(record, "websocket.payload.close.status_code").map(|code| {
            let reason = String::from_utf8(payload(record, "websocket.payload.close.reason")).expect("UTF-8");
            (u16::try_from(code).expect("two bytes"), reason)
        }))),
        _ if !fin => None,
        1 => Some(Told::Message(MessageKind::Text, payload(record, "websocket.payload.text"))),
        2 => Some(Told::Message(MessageKind::Binary, payload(record, "data.data"))),
        0 => {
            let message = record
                .walk()
                .map(|(_, field)| field)
                .find(|field| ["Message", "Text", "Data"].contains(&field.label.as_ref()));
            match &message.expect("the last frame shows the message").value {
                Value::Text { text, .. } => Some(Told::Message(MessageKind::Text, text.clone().into_bytes())),
                Value::Bytes { bytes, .. } => Some(Told::Message(MessageKind::Binary, bytes.clone())),
                other => panic!("{other:?}"),
            }
        }
        other => panic!("opcode {other} without a finding"),
    }
}

/// The engine's view and ours, side by side; with the extension `element` in use, if there is one.
fn compare(role: Role, element: Option<&str>, wire: &[u8]) -> Result<(), TestCaseError> {
    let direction = if role == Role::Server { ToServer } else { ToClient };
    let mut conversation = Conversation::after_handshake(Options::default());
    if let Some(element) = element {
        conversation = Conversation::new(Options { limits: small(), ..Options::default() });
        for (direction, head) in agreed(element, &[]) {
            conversation.push(direction, &head, None, &mut |head| assert_eq!(head.findings, []));
        }
    }
    let mut records = Vec::new();
    conversation.push(direction, wire, None, &mut |record| records.push(record));
    records.extend(conversation.partial(direction));
    let mut records = records.iter();
    for told in engine(role, element, wire) {
        match told {
            Told::Failed(violation) => {
                let record = records.find(|record| !record.findings.is_empty());
                let record = record.unwrap_or_else(|| panic!("nobody names {violation:?}"));
                let named = Fault::Violation(violation);
                prop_assert!(record.findings.iter().any(|finding| finding.fault == named), "{named:?}: {record:?}");
                return Ok(());
            }
            told => {
                let next = records.by_ref().find_map(|record| {
                    assert!(record.complete && record.findings.is_empty(), "{told:?}, but here {:?}", record.findings);
                    read(record)
                });
                prop_assert_eq!(next.as_ref(), Some(&told));
                if matches!(told, Told::Close(_)) {
                    return Ok(());
                }
            }
        }
    }
    // The engine waits for more. So nothing may be wrong yet, and no message complete.
    for record in records {
        prop_assert_eq!(&record.findings, &[]);
        prop_assert!(!record.complete || read(record).is_none(), "the engine has not seen this: {}", record.summary);
    }
    Ok(())
}

/// A frame that is mostly right, so that the engine does not end at the first.
fn frames(role: Role) -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![4 => Just(0_u8), 4 => Just(1), 4 => Just(2), 1 => Just(8), 2 => Just(9), 2 => Just(10), 1 => 3..16_u8];
    let fin = any::<bool>();
    let reserved = prop_oneof![30 => Just(0_u8), 1 => 1..8_u8];
    let masked = prop_oneof![30 => Just(role == Role::Server), 1 => any::<bool>()];
    let payload = prop_oneof![
        8 => "[a-zäß€😀]{0,20}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..10),
        1 => vec(any::<u8>(), 100..200),
        1 => (1000..1020_u16, "[a-z]{0,10}").prop_map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat()),
    ];
    let form = prop_oneof![30 => Just(None), 1 => Just(Some(16)), 1 => Just(Some(64))];
    (opcode, fin, reserved, masked, any::<[u8; 4]>(), payload, form).prop_map(
        |(opcode, fin, reserved, masked, key, payload, form)| {
            // A control frame in pieces is rare among the rest.
            let fin = fin || opcode >= 8;
            let first = u8::from(fin) << 7 | reserved << 4 | opcode;
            let key = masked.then_some(MaskingKey(key));
            match form {
                Some(form) => frame_as(first, &payload, key, form),
                None => frame(first, &payload, key),
            }
        },
    )
}

/// A message to be sent in frames, compressed or not, mostly as it should be.
#[derive(Debug, Clone)]
struct Sent {
    kind: MessageKind,
    message: Vec<u8>,
    compressed: bool,
    cut: Vec<prop::sample::Index>,
    /// Changes a byte of the payload.
    change: Option<(prop::sample::Index, u8)>,
    /// Sets RSV1 of a later frame.
    misplaced: bool,
}

fn message() -> impl Strategy<Value = Sent> {
    let content = prop_oneof![
        8 => "([a-z]{1,3}|[äß€😀]){0,20}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..50),
        1 => (any::<u8>(), 90..120_usize).prop_map(|(byte, length)| vec![byte & 0x7F; length]),
    ];
    let kind = prop_oneof![Just(MessageKind::Text), Just(MessageKind::Binary)];
    let compressed = prop_oneof![3 => Just(true), 1 => Just(false)];
    let change = prop_oneof![9 => Just(None), 1 => any::<(prop::sample::Index, u8)>().prop_map(Some)];
    let misplaced = prop_oneof![30 => Just(false), 1 => Just(true)];
    (kind, content, compressed, vec(any::<prop::sample::Index>(), 0..3), change, misplaced).prop_map(
        |(kind, message, compressed, cut, change, misplaced)| Sent {
            kind,
            message,
            compressed,
            cut,
            change,
            misplaced,
        },
    )
}

/// The frames of these messages, compressed as `element` allows.
fn wire(role: Role, element: &str, messages: &[Sent]) -> Vec<u8> {
    let direction = if role == Role::Server { ToServer } else { ToClient };
    let mut deflater = deflater(direction, element);
    let mut wire = Vec::new();
    for sent in messages {
        let mut payload = if sent.compressed { deflater.deflate(&sent.message, true) } else { sent.message.clone() };
        if let Some((index, byte)) = &sent.change
            && !payload.is_empty()
        {
            let at = index.index(payload.len());
            payload[at] = *byte;
        }
        let mut cuts: Vec<usize> = sent.cut.iter().map(|cut| cut.index(payload.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(payload.len());
        let mut start = 0;
        for (number, &end) in cuts.iter().enumerate() {
            let is_last = number + 1 == cuts.len();
            let (opcode, marked) = match number {
                0 => (sent.kind.opcode().bits(), sent.compressed),
                _ => (0, sent.misplaced),
            };
            let first = u8::from(is_last) << 7 | u8::from(marked) << 6 | opcode;
            wire.extend(common::sent(direction, first, &payload[start..end]).1);
            start = end;
        }
    }
    wire
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn compressed_messages_are_shown_as_they_are_told(
        messages in vec(message(), 1..8),
        server in any::<bool>(),
        takeover in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        let role = if server { Role::Server } else { Role::Client };
        let element = if takeover {
            "permessage-deflate"
        } else {
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        };
        let wire = wire(role, element, &messages);
        compare(role, Some(element), &wire)?;
        compare(role, Some(element), &wire[..cut.index(wire.len())])?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_server_is_told_what_is_shown(frames in vec(frames(Role::Server), 1..8), cut in any::<prop::sample::Index>()) {
        let wire = frames.concat();
        compare(Role::Server, None, &wire)?;
        compare(Role::Server, None, &wire[..cut.index(wire.len())])?;
    }

    #[test]
    fn a_client_is_told_what_is_shown(frames in vec(frames(Role::Client), 1..8), cut in any::<prop::sample::Index>()) {
        let wire = frames.concat();
        compare(Role::Client, None, &wire)?;
        compare(Role::Client, None, &wire[..cut.index(wire.len())])?;
    }
}

#[test]
fn all_first_two_bytes_are_judged_alike() {
    for first in 0..=255 {
        for second in 0..=255 {
            // Nothing but zeros behind them: a key that changes nothing, a payload that is valid text.
            let wire = [&[first, second], &[0; 40][..]].concat();
            for role in [Role::Server, Role::Client] {
                compare(role, None, &wire[..2]).unwrap_or_else(|error| panic!("{first:02x} {second:02x}: {error}"));
            }
        }
    }
}
