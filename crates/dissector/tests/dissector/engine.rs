//! Compares the dissector with the protocol's engine. The dissector must show every message that
//! the engine delivers, and report the rule for which the engine fails the connection.

use std::time::Instant;

use dissector::{
    BrokenRule, Conversation,
    Direction::{ToClient, ToServer},
    FieldValue, Options, Record,
};
use proptest::{collection::vec, prelude::*, sample::Index};
use protocol::{
    Config, Connection, Event, Limits, Role, Violation,
    frame::{LengthForm, MaskingKey, Opcode},
    handshake::extensions::parse_line,
    message::MessageKind,
    observer::negotiated_deflate,
};

use crate::common::{deflater, frame, frame_with_form, sent, with_extension};

/// An event, as the engine delivers it or as it can be read from a record.
#[derive(Debug, PartialEq, Eq)]
enum Observation {
    Message(MessageKind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// A Close frame, after which the engine ignores everything.
    Close(Option<(u16, String)>),
    Violation(Violation),
}

/// The limits for compressed messages: small enough that some messages exceed them.
fn small_limits() -> Limits {
    Limits::DEFAULT.max_message_bytes(100)
}

/// Returns the events that the engine delivers, up to a Close or a violation.
fn engine_events(role: Role, element: Option<&str>, wire: &[u8]) -> Vec<Observation> {
    let now = Instant::now();
    let config = match element {
        None => Config::default(),
        Some(_) => Config::default().limits(small_limits()),
    };
    let mut connection = match role {
        Role::Server => Connection::server(config, now),
        Role::Client => Connection::client(config, Box::new(|| MaskingKey([0; 4])), now),
    };
    if let Some(elements) = element.map(|element| parse_line(element).expect("the element is well formed")) {
        let deflate = negotiated_deflate(role, &elements, &elements).expect("no rule is broken");
        connection = connection.with_deflate(&deflate.expect("the element is permessage-deflate"));
    }
    connection.receive(wire);
    let mut events = Vec::new();
    loop {
        let event = match connection.poll_event(now) {
            Ok(None) => return events,
            Ok(Some(Event::Message(message))) => Observation::Message(message.kind(), message.as_bytes().to_vec()),
            Ok(Some(Event::Ping(payload))) => Observation::Ping(payload.to_vec()),
            Ok(Some(Event::Pong(payload))) => Observation::Pong(payload.to_vec()),
            Ok(Some(Event::Close(close))) => {
                Observation::Close(close.map(|close| (close.code().0, close.reason().to_owned())))
            }
            Err(violation) => Observation::Violation(violation),
        };
        let is_last = matches!(event, Observation::Close(_) | Observation::Violation(_));
        events.push(event);
        if is_last {
            return events;
        }
    }
}

fn payload(record: &Record, name: &str) -> Vec<u8> {
    match record.field(name).map(|field| &field.value) {
        Some(FieldValue::Text { text, left_out: 0 }) => text.clone().into_bytes(),
        Some(FieldValue::Bytes { bytes, left_out: 0 }) => bytes.clone(),
        None => Vec::new(),
        other => panic!("{name}: {other:?}"),
    }
}

fn number(record: &Record, name: &str) -> Option<u64> {
    match record.field(name)?.value {
        FieldValue::Number { value, .. } => Some(value),
        _ => None,
    }
}

/// Reads the event from a complete record without findings. Returns `None` for every fragment but
/// the last.
fn event_of(record: &Record) -> Option<Observation> {
    let fin = record.field("websocket.fin").map(|field| &field.value) == Some(&FieldValue::Flag(true));
    let opcode = number(record, "websocket.opcode").expect("a complete frame has an opcode");
    let opcode = Opcode::from_bits(u8::try_from(opcode).expect("an opcode has four bits"));
    match opcode.expect("a reserved opcode is a finding") {
        Opcode::Ping => Some(Observation::Ping(payload(record, "websocket.payload.ping"))),
        Opcode::Pong => Some(Observation::Pong(payload(record, "websocket.payload.pong"))),
        Opcode::Close => Some(Observation::Close(number(record, "websocket.payload.close.status_code").map(|code| {
            let reason = String::from_utf8(payload(record, "websocket.payload.close.reason")).expect("UTF-8");
            (u16::try_from(code).expect("a code has two bytes"), reason)
        }))),
        Opcode::Continuation | Opcode::Text | Opcode::Binary if !fin => None,
        Opcode::Text => Some(Observation::Message(MessageKind::Text, payload(record, "websocket.payload.text"))),
        Opcode::Binary => Some(Observation::Message(MessageKind::Binary, payload(record, "data.data"))),
        Opcode::Continuation => {
            let message = record
                .walk()
                .map(|(_, field)| field)
                .find(|field| ["Message", "Text", "Data"].contains(&field.label.as_ref()));
            match &message.expect("the last frame shows the message").value {
                FieldValue::Text { text, .. } => {
                    Some(Observation::Message(MessageKind::Text, text.clone().into_bytes()))
                }
                FieldValue::Bytes { bytes, .. } => Some(Observation::Message(MessageKind::Binary, bytes.clone())),
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Compares the engine's events with the records, with the extension `element` in use if there is
/// one.
fn compare(role: Role, element: Option<&str>, wire: &[u8]) -> Result<(), TestCaseError> {
    let direction = if role == Role::Server { ToServer } else { ToClient };
    let mut conversation = Conversation::after_handshake(Options::default());
    if let Some(element) = element {
        conversation = Conversation::new(Options { limits: small_limits(), ..Options::default() });
        for (direction, head) in with_extension(element, &[]) {
            conversation.push(direction, &head, None, &mut |head| assert_eq!(head.findings, []));
        }
    }
    let mut records = Vec::new();
    conversation.push(direction, wire, None, &mut |record| records.push(record));
    records.extend(conversation.partial(direction));
    let mut records = records.iter();
    for event in engine_events(role, element, wire) {
        if let Observation::Violation(violation) = event {
            let record = records.find(|record| !record.findings.is_empty());
            let record = record.unwrap_or_else(|| panic!("{violation:?} is not reported"));
            let expected = BrokenRule::Violation(violation);
            prop_assert!(record.findings.iter().any(|finding| finding.rule == expected), "{expected:?}: {record:?}");
            return Ok(());
        }
        let next = records.by_ref().find_map(|record| {
            assert!(record.complete && record.findings.is_empty(), "{event:?}, but here {:?}", record.findings);
            event_of(record)
        });
        prop_assert_eq!(next.as_ref(), Some(&event));
        if matches!(event, Observation::Close(_)) {
            return Ok(());
        }
    }
    // The engine is waiting for more bytes, so the remaining records must contain no broken rule
    // and no complete message.
    for record in records {
        prop_assert_eq!(&record.findings, &[]);
        prop_assert!(!record.complete || event_of(record).is_none(), "the engine does not see: {}", record.summary);
    }
    Ok(())
}

/// Generates frames that are usually valid, so that the engine does not stop at the first one.
fn frames(role: Role) -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![
        4 => Just(0_u8), 4 => Just(1), 4 => Just(2), 1 => Just(8), 2 => Just(9), 2 => Just(10), 1 => 3..16_u8,
    ];
    let fin = any::<bool>();
    let reserved = prop_oneof![30 => Just(0_u8), 1 => 1..8_u8];
    let masked = prop_oneof![30 => Just(role == Role::Server), 1 => any::<bool>()];
    let payload = prop_oneof![
        8 => "[a-zäß€😀]{0,20}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..10),
        1 => vec(any::<u8>(), 100..200),
        1 => (1000..1020_u16, "[a-z]{0,10}").prop_map(|(code, reason)| [&code.to_be_bytes(), reason.as_bytes()].concat()),
    ];
    let form = prop_oneof![
        30 => Just(None), 1 => Just(Some(LengthForm::Sixteen)), 1 => Just(Some(LengthForm::SixtyFour)),
    ];
    (opcode, fin, reserved, masked, any::<[u8; 4]>(), payload, form).prop_map(
        |(opcode, fin, reserved, masked, key, payload, form)| {
            // Without this, half of all control frames would be fragmented.
            let fin = fin || opcode >= 8;
            let first = u8::from(fin) << 7 | reserved << 4 | opcode;
            let key = masked.then_some(MaskingKey(key));
            match form {
                Some(form) => frame_with_form(first, &payload, key, form),
                None => frame(first, &payload, key),
            }
        },
    )
}

/// A message to be sent in frames, compressed or not, and usually without mistakes.
#[derive(Debug, Clone)]
struct MessageToSend {
    kind: MessageKind,
    message: Vec<u8>,
    compressed: bool,
    /// The positions at which the payload is cut into frames.
    cuts: Vec<Index>,
    /// A byte of the payload to overwrite, and its new value.
    corruption: Option<(Index, u8)>,
    /// Whether RSV1 is set on later frames.
    misplaced_rsv1: bool,
}

fn message() -> impl Strategy<Value = MessageToSend> {
    let content = prop_oneof![
        8 => "([a-z]{1,3}|[äß€😀]){0,20}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..50),
        1 => (any::<u8>(), 90..120_usize).prop_map(|(byte, length)| vec![byte & 0x7F; length]),
    ];
    let kind = prop_oneof![Just(MessageKind::Text), Just(MessageKind::Binary)];
    let compressed = prop_oneof![3 => Just(true), 1 => Just(false)];
    let corruption = prop_oneof![9 => Just(None), 1 => any::<(Index, u8)>().prop_map(Some)];
    let misplaced_rsv1 = prop_oneof![30 => Just(false), 1 => Just(true)];
    (kind, content, compressed, vec(any::<Index>(), 0..3), corruption, misplaced_rsv1).prop_map(
        |(kind, message, compressed, cuts, corruption, misplaced_rsv1)| MessageToSend {
            kind,
            message,
            compressed,
            cuts,
            corruption,
            misplaced_rsv1,
        },
    )
}

/// Returns the frames of these messages, compressed as `element` allows.
fn wire(role: Role, element: &str, messages: &[MessageToSend]) -> Vec<u8> {
    let direction = if role == Role::Server { ToServer } else { ToClient };
    let mut deflater = deflater(direction, element);
    let mut wire = Vec::new();
    for message in messages {
        let mut payload =
            if message.compressed { deflater.deflate(&message.message, true) } else { message.message.clone() };
        if let Some((index, byte)) = &message.corruption
            && !payload.is_empty()
        {
            let at = index.index(payload.len());
            payload[at] = *byte;
        }
        let mut cuts: Vec<usize> = message.cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
        cuts.sort_unstable();
        cuts.push(payload.len());
        let mut start = 0;
        for (number, &end) in cuts.iter().enumerate() {
            let is_last = number + 1 == cuts.len();
            let (opcode, rsv1) = match number {
                0 => (message.kind.opcode().bits(), message.compressed),
                _ => (0, message.misplaced_rsv1),
            };
            let first = u8::from(is_last) << 7 | u8::from(rsv1) << 6 | opcode;
            wire.extend(sent(direction, first, &payload[start..end]).1);
            start = end;
        }
    }
    wire
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn compressed_messages_are_shown_as_they_are_delivered(
        messages in vec(message(), 1..8),
        server in any::<bool>(),
        takeover in any::<bool>(),
        cut in any::<Index>(),
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
    fn frames_to_a_server_are_shown_as_they_are_delivered(
        frames in vec(frames(Role::Server), 1..8),
        cut in any::<Index>(),
    ) {
        let wire = frames.concat();
        compare(Role::Server, None, &wire)?;
        compare(Role::Server, None, &wire[..cut.index(wire.len())])?;
    }

    #[test]
    fn frames_to_a_client_are_shown_as_they_are_delivered(
        frames in vec(frames(Role::Client), 1..8),
        cut in any::<Index>(),
    ) {
        let wire = frames.concat();
        compare(Role::Client, None, &wire)?;
        compare(Role::Client, None, &wire[..cut.index(wire.len())])?;
    }
}

#[test]
fn the_first_two_bytes_break_the_same_rules() {
    for first in 0..=255 {
        for second in 0..=255 {
            for role in [Role::Server, Role::Client] {
                // Try the two bytes alone, and then with zeros after them. The zeros serve as a
                // masking key that changes nothing, and as valid text.
                for zeros in [0, 40] {
                    let wire = [&[first, second], &[0; 40][..zeros]].concat();
                    compare(role, None, &wire).unwrap_or_else(|error| panic!("{first:02x} {second:02x}: {error}"));
                }
            }
        }
    }
}
