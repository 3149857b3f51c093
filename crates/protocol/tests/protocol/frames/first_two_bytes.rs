//! Sections 5.1 to 5.5: every pair of first bytes, in every situation in which a frame can arrive.

use std::time::Instant;

use protocol::{Config, MessageKind, Role, Violation, frame::Opcode};
use testkit::{
    endpoint::{TestEndpoint, for_both_roles},
    frames::{frames_from, peer_of},
    hex::hex,
    observed::{Observed, binary, empty_close, ping, pong, text},
    transmitted::Transmitted,
};

/// The situation of the receiver when a frame arrives.
#[derive(Debug, Clone, Copy)]
struct Receiving {
    /// The kind of the message whose first fragment, `ab`, has arrived.
    open_message: Option<MessageKind>,
    /// Whether the receiver has sent a Close. The peer may still send frames until it has read the
    /// Close.
    close_sent: bool,
}

impl Receiving {
    const ALL: [Self; 6] = [
        Self { open_message: None, close_sent: false },
        Self { open_message: Some(MessageKind::Text), close_sent: false },
        Self { open_message: Some(MessageKind::Binary), close_sent: false },
        Self { open_message: None, close_sent: true },
        Self { open_message: Some(MessageKind::Text), close_sent: true },
        Self { open_message: Some(MessageKind::Binary), close_sent: true },
    ];

    /// Returns the frames that the peer has already sent.
    fn earlier_bytes(self, receiver: Role) -> Vec<u8> {
        match self.open_message {
            Some(MessageKind::Text) => frames_from(peer_of(receiver), &["01 02 6162"]),
            Some(MessageKind::Binary) => frames_from(peer_of(receiver), &["02 02 6162"]),
            None => Vec::new(),
        }
    }

    fn prepare(self, endpoint: &mut TestEndpoint, earlier_bytes: &[u8]) {
        assert_eq!(endpoint.receive_bytes(earlier_bytes), []);
        if self.close_sent {
            endpoint.close_without_code();
            assert_eq!(endpoint.transmit().len(), 1);
        }
    }
}

/// Returns all rules that a frame with these first two bytes breaks. This is an independent second
/// implementation of the RFC's rules. An endpoint may report any of them.
fn broken_rules(receiver: Role, in_message: bool, first: u8, second: u8) -> Vec<Violation> {
    let mut broken = Vec::new();
    let final_frame = first >= 128;
    let reserved_bits = first & 0b0111_0000;
    if reserved_bits != 0 {
        broken.push(Violation::ReservedBitsSet(reserved_bits));
    }
    let number = first % 16;
    let control = match number {
        8 => Some(Opcode::Close),
        9 => Some(Opcode::Ping),
        10 => Some(Opcode::Pong),
        _ => None,
    };
    if (3..=7).contains(&number) || number >= 11 {
        broken.push(Violation::ReservedOpcode(number));
    }
    if let Some(opcode) = control {
        if !final_frame {
            broken.push(Violation::FragmentedControl(opcode));
        }
        if second % 128 > 125 {
            broken.push(Violation::ControlTooLong(opcode));
        }
    }
    match (receiver, second >= 128) {
        (Role::Server, false) => broken.push(Violation::UnmaskedFrame),
        (Role::Client, true) => broken.push(Violation::MaskedFrame),
        _ => {}
    }
    if number == 0 && !in_message {
        broken.push(Violation::ContinuationOfNothing);
    }
    if (number == 1 || number == 2) && in_message {
        broken.push(Violation::MessageInsideMessage);
    }
    broken
}

/// Returns the events that a valid frame with an empty payload causes.
fn events_of_empty_frame(open_message: Option<MessageKind>, first: u8) -> Vec<Observed> {
    match (first % 16, first >= 128) {
        (8, _) => vec![empty_close()],
        (9, _) => vec![ping("")],
        (10, _) => vec![pong("")],
        (0, true) if open_message == Some(MessageKind::Text) => vec![text("ab")],
        (0, true) if open_message == Some(MessageKind::Binary) => vec![binary("6162")],
        (1, true) => vec![text("")],
        (2, true) => vec![binary("")],
        _ => vec![],
    }
}

/// Returns what the receiver transmits after a valid frame with an empty payload.
fn answer_to_empty_frame(receiver: Role, close_sent: bool, first: u8) -> &'static [&'static str] {
    match (first % 16, close_sent, receiver) {
        (9, _, _) => &["8a 00"],
        (8, false, Role::Server) => &["88 00", "half-close"],
        (8, false, Role::Client) => &["88 00"],
        (8, true, Role::Server) => &["half-close"],
        _ => &[],
    }
}

/// Returns a header that starts with these two bytes, and the length of its payload. The rest of
/// the header is valid: the smallest length of its form, which is within all limits, and the key
/// 00000000.
fn header_from(first: u8, second: u8) -> (Vec<u8>, usize) {
    let mut header = vec![first, second];
    let length = match second % 128 {
        126 => {
            header.extend(hex("007e"));
            126
        }
        127 => {
            header.extend(hex("0000000000010000"));
            65_536
        }
        length => usize::from(length),
    };
    if second >= 128 {
        header.extend([0; 4]);
    }
    (header, length)
}

fn check_all_first_two_bytes(receiver: Role) {
    let now = Instant::now();
    for situation in Receiving::ALL {
        let Receiving { open_message, close_sent } = situation;
        let earlier_bytes = situation.earlier_bytes(receiver);
        let mut invalid_frames = 0_u32;
        for pair in 0..=u16::MAX {
            let [first, second] = pair.to_be_bytes();
            let (header, length) = header_from(first, second);
            let mut endpoint = TestEndpoint::at(now, receiver, Config::default());
            situation.prepare(&mut endpoint, &earlier_bytes);
            let observed = endpoint.receive_bytes(&header);
            let context = || format!("{receiver:?}, {situation:?}, {first:02x} {second:02x}");
            let rules = broken_rules(receiver, open_message.is_some(), first, second);
            if rules.is_empty() {
                let complete = length == 0;
                let expected = if complete { events_of_empty_frame(open_message, first) } else { vec![] };
                assert_eq!(observed, expected, "{}", context());
                assert_eq!(endpoint.connection.payload_remaining(), length, "{}", context());
                let answer = if complete { answer_to_empty_frame(receiver, close_sent, first) } else { &[] };
                assert_eq!(endpoint.transmit(), Transmitted::parse(receiver, answer), "{}", context());
                continue;
            }
            invalid_frames += 1;
            let [Observed::Violation(violation)] = &observed[..] else { panic!("{}: {observed:?}", context()) };
            assert!(rules.contains(violation), "{}: {violation:?} instead of {rules:?}", context());
            if close_sent {
                // An endpoint sends only one Close.
                assert_eq!(endpoint.transmit(), [Transmitted::HalfClose], "{}", context());
            } else {
                endpoint.assert_fails_connection(1002);
            }
        }
        // The valid frames are 3 kinds of control frame with 126 lengths each, and data frames with
        // 128 lengths each. Within a message, 2 first bytes of data frames are valid, and both
        // continue the message; otherwise 4 are valid.
        let data_frames = if open_message.is_some() { 2 } else { 4 };
        assert_eq!(invalid_frames, 65_536 - (3 * 126 + data_frames * 128), "{situation:?}");
    }
}

#[test]
fn a_server_validates_every_pair_of_first_bytes() {
    check_all_first_two_bytes(Role::Server);
}

#[test]
fn a_client_validates_every_pair_of_first_bytes() {
    check_all_first_two_bytes(Role::Client);
}

//= docs/src/rfc6455.md#section-7-1-7
//= type=test
//# After failing the connection, an endpoint MUST NOT process any more data from the peer, not even
//# a Close frame.
#[test]
fn all_frames_are_ignored_after_the_peers_close_or_a_failure() {
    for last in ["88 02 03e8", "83 00"] {
        for_both_roles(|endpoint| {
            assert_eq!(endpoint.receive(&[last]).len(), 1);
            endpoint.transmit();
            for pair in 0..=u16::MAX {
                let [first, second] = pair.to_be_bytes();
                let (header, _) = header_from(first, second);
                assert_eq!(endpoint.receive_bytes(&header), [], "{first:02x} {second:02x}");
                assert_eq!(endpoint.transmit(), [], "{first:02x} {second:02x}");
                assert_eq!(endpoint.connection.payload_remaining(), 0, "{first:02x} {second:02x}");
            }
        });
    }
}
