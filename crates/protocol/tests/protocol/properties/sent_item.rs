//! Random messages and control frames. Each has three forms: the calls that send it, its frames,
//! and the events that the peer observes.

use proptest::{collection::vec, prelude::*, sample::Index};
use protocol::{Connection, Message, MessageKind, Role};
use testkit::{
    frames::{TestFrame, first_byte},
    observed::Observed,
};

/// A message in one or more fragments, with Pings and Pongs between them, or a single Ping or Pong.
#[derive(Debug, Clone)]
pub(super) enum SentItem {
    /// Each fragment's payload, and the control frames that follow the fragment. None follow the
    /// last fragment.
    Message {
        kind: MessageKind,
        fragments: Vec<(Vec<u8>, Vec<Self>)>,
    },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

impl SentItem {
    /// Builds the item's frames, which are not masked yet.
    pub(super) fn frames(&self) -> Vec<TestFrame> {
        match self {
            Self::Ping(payload) => vec![TestFrame::new(first_byte::PING, payload)],
            Self::Pong(payload) => vec![TestFrame::new(first_byte::PONG, payload)],
            Self::Message { kind, fragments } => {
                let mut frames = Vec::new();
                for (at, (payload, between)) in fragments.iter().enumerate() {
                    let opcode = match (at, kind) {
                        (0, MessageKind::Text) => first_byte::FIRST_OF_TEXT,
                        (0, MessageKind::Binary) => first_byte::FIRST_OF_BINARY,
                        _ => first_byte::CONTINUATION,
                    };
                    let is_last = at + 1 == fragments.len();
                    let fin = if is_last { first_byte::FIN } else { 0 };
                    frames.push(TestFrame::new(fin | opcode, payload));
                    if !is_last {
                        frames.extend(between.iter().flat_map(Self::frames));
                    }
                }
                frames
            }
        }
    }

    /// Returns the events that the peer observes.
    pub(super) fn observed(&self) -> Vec<Observed> {
        match self {
            Self::Ping(payload) => vec![Observed::Ping(payload.clone())],
            Self::Pong(payload) => vec![Observed::Pong(payload.clone())],
            Self::Message { kind, fragments } => {
                let (_, all_but_last) = fragments.split_last().unwrap();
                let mut observed: Vec<Observed> =
                    all_but_last.iter().flat_map(|(_, between)| between.iter().flat_map(Self::observed)).collect();
                let payload: Vec<u8> = fragments.iter().flat_map(|(payload, _)| payload.clone()).collect();
                observed.push(match kind {
                    MessageKind::Text => Observed::Text(String::from_utf8(payload).unwrap()),
                    MessageKind::Binary => Observed::Binary(payload),
                });
                observed
            }
        }
    }

    /// Sends the item: a message of one fragment with `send`, and any other message with
    /// `send_fragment`.
    pub(super) fn send(&self, connection: &mut Connection) {
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
                    let is_last = at + 1 == fragments.len();
                    connection.send_fragment(*kind, payload, is_last).unwrap();
                    if !is_last {
                        between.iter().for_each(|item| item.send(connection));
                    }
                }
            }
        }
    }
}

/// Encodes the frames of these items as `sender` sends them. A client uses the keys in turn.
pub(super) fn encode(sender: Role, items: &[SentItem], keys: &[[u8; 4]]) -> Vec<u8> {
    let frames = items.iter().flat_map(SentItem::frames);
    match sender {
        Role::Server => frames.flat_map(|frame| frame.bytes()).collect(),
        Role::Client => {
            frames.zip(keys.iter().cycle()).flat_map(|(frame, key)| frame.masked_with(*key).bytes()).collect()
        }
    }
}

/// Generates payloads of all lengths. Most are short, and some are near the lengths at which a
/// frame header switches to a longer form.
fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    let around = |limit: usize| (limit - 3..limit + 3).prop_flat_map(|length| vec(any::<u8>(), length..=length));
    let large = (65_533..65_539_usize, any::<u8>()).prop_map(|(length, byte)| vec![byte; length]);
    prop_oneof![20 => vec(any::<u8>(), 0..40), 4 => around(126), 1 => large]
}

fn any_text() -> impl Strategy<Value = Vec<u8>> {
    let large = (21_844..21_847_usize).prop_map(|count| "\u{20ac}".repeat(count));
    prop_oneof![20 => any::<String>(), 4 => "[a-z\u{e9}\u{20ac}\u{1d11e}]{0,80}", 1 => large]
        .prop_map(String::into_bytes)
}

/// Generates a Ping or a Pong.
pub(super) fn any_control_frame() -> impl Strategy<Value = SentItem> {
    let payload = || prop_oneof![4 => vec(any::<u8>(), 0..10), 1 => vec(any::<u8>(), 120..=125)];
    prop_oneof![payload().prop_map(SentItem::Ping), payload().prop_map(SentItem::Pong)]
}

/// Generates a message, whole or in fragments.
pub(super) fn any_message() -> impl Strategy<Value = SentItem> {
    let kind_and_payload = prop_oneof![
        any_payload().prop_map(|payload| (MessageKind::Binary, payload)),
        any_text().prop_map(|payload| (MessageKind::Text, payload)),
    ];
    // A message may be split anywhere, even inside a character. Two cuts in the same place make an
    // empty fragment.
    let cuts = prop_oneof![
        2 => vec((any::<Index>(), vec(any_control_frame(), 0..1)), 0..1),
        3 => vec((any::<Index>(), vec(any_control_frame(), 0..3)), 0..5),
    ];
    (kind_and_payload, cuts).prop_map(|((kind, payload), cuts)| {
        let mut cuts: Vec<(usize, Vec<SentItem>)> =
            cuts.into_iter().map(|(cut, between)| (cut.index(payload.len() + 1), between)).collect();
        cuts.sort_by_key(|(cut, _)| *cut);
        let mut fragments = Vec::new();
        let mut start = 0;
        for (cut, between) in cuts {
            fragments.push((payload[start..cut].to_vec(), between));
            start = cut;
        }
        fragments.push((payload[start..].to_vec(), Vec::new()));
        SentItem::Message { kind, fragments }
    })
}
