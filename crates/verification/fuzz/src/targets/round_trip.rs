//! Checks messages that one side compresses and the other side decompresses.

use std::{sync::Arc, time::Instant};

use bytes::Buf;
use protocol::{
    Config, Connection, DeflateOptions, Limits, Message, MessageKind, PreparedMessage, Role, Transmit,
    extension::Level, frame::MaskingKey,
};

use crate::{
    engine::{ReceivedEvent, owned},
    negotiation::{negotiate, options},
    splits::{pieces, seed},
};

/// Checks that each side receives exactly the messages that the other side sends, regardless of how
/// they are sent and how they are split into reads.
///
/// # Panics
/// Panics if one of these checks fails.
pub fn run(input: &[u8]) {
    let Some((seed, rest)) = seed(input) else { return };
    let Some((&[parameters, level], mut rest)) = rest.split_first_chunk() else { return };
    let level = Level::new(level % 10).expect("0 to 9");
    let options = options(parameters).level(level);
    let (of_client, of_server) = negotiate(&options);
    let now = Instant::now();
    let keys = Box::new(move || MaskingKey(seed.to_be_bytes()));
    // A Ping follows each fragment except the last. The clock never advances, so all these Pings
    // arrive within the same second. Disable the limit on control frames per second, because the
    // Pings could exceed it.
    let limits = Limits::DEFAULT.max_control_frames_per_second(u32::MAX);
    let config = Arc::new(Config::default().limits(limits));
    let mut client = Connection::client(Arc::clone(&config), keys, now).with_deflate(&of_client);
    let mut server = Connection::server(config, now).with_deflate(&of_server);
    while let Some((task, after)) = SendTask::read(rest) {
        rest = after;
        let (from, to) = match task.from {
            Role::Client => (&mut client, &mut server),
            Role::Server => (&mut server, &mut client),
        };
        let pings = task.send(from, seed, &options);
        let mut events = transfer(from, to, seed, now);
        // Ignore Pongs. They answer Pings that were sent with earlier messages, so they do not
        // belong to this message.
        events.retain(|event| !matches!(event, ReceivedEvent::Pong(_)));
        let mut expected = vec![ReceivedEvent::Ping(Vec::new()); pings];
        expected.push(match task.kind {
            MessageKind::Text => {
                ReceivedEvent::Text(String::from_utf8(task.message).expect("the message was made from text"))
            }
            MessageKind::Binary => ReceivedEvent::Binary(task.message),
        });
        assert_eq!(events, expected, "sent by the {:?}", task.from);
    }
}

/// The method by which a message is sent.
#[derive(Clone, Copy)]
enum SendForm {
    Owned,
    Borrowed,
    /// As a prepared message, which is encoded once for many connections. A client sends an owned
    /// message instead.
    PreparedMessage,
    /// In fragments, with a Ping after each one except the last.
    Fragments,
}

/// A message to be sent.
struct SendTask {
    from: Role,
    kind: MessageKind,
    form: SendForm,
    message: Vec<u8>,
}

impl SendTask {
    /// Reads a task from the beginning of an input.
    ///
    /// The first byte determines who sends the message, whether it is text or binary, and which
    /// method sends it. The second byte is the length of the chunk that follows, and the third byte
    /// determines how often the chunk is repeated. The repetition lets even a small input produce a
    /// large message.
    fn read(input: &[u8]) -> Option<(Self, &[u8])> {
        let (&[mode, len, repetitions], rest) = input.split_first_chunk()?;
        let (chunk, rest) = rest.split_at_checked(len.into())?;
        // Repeat the chunk at most 63 times, so that the result is shorter than 16 KiB. Longer
        // messages would make the target slower without testing anything else.
        let message = chunk.repeat(usize::from(repetitions % 64));
        let kind = if mode & 2 == 0 { MessageKind::Text } else { MessageKind::Binary };
        let task = Self {
            from: if mode & 1 == 0 { Role::Client } else { Role::Server },
            kind,
            form: match mode >> 2 & 3 {
                0 => SendForm::Owned,
                1 => SendForm::Borrowed,
                2 => SendForm::PreparedMessage,
                _ => SendForm::Fragments,
            },
            message: match kind {
                MessageKind::Text => String::from_utf8_lossy(&message).into_owned().into_bytes(),
                MessageKind::Binary => message,
            },
        };
        Some((task, rest))
    }

    /// Sends the message. Returns the number of Pings sent between its fragments.
    fn send(&self, from: &mut Connection, seed: u32, options: &DeflateOptions) -> usize {
        let Self { kind, message, .. } = self;
        let text = || str::from_utf8(message).expect("the message was made from text");
        let whole = || match kind {
            MessageKind::Text => Message::text(text()),
            MessageKind::Binary => Message::binary(message.clone()),
        };
        let mut pings = 0;
        let sent = match (self.form, kind) {
            (SendForm::PreparedMessage, _) if self.from == Role::Server => {
                from.send_prepared(&PreparedMessage::compressed(&whole(), options))
            }
            (SendForm::Owned | SendForm::PreparedMessage, _) => from.send(whole()),
            (SendForm::Borrowed, MessageKind::Text) => from.send_text(text()),
            (SendForm::Borrowed, MessageKind::Binary) => from.send_binary(message),
            // Make the seed odd, so that `pieces()` returns larger pieces. Thousands of small
            // fragments would make the target slower without testing anything else.
            (SendForm::Fragments, _) => pieces(seed | 1, message)
                .into_iter()
                .try_for_each(|piece| {
                    from.send_fragment(*kind, piece, false)?;
                    pings += 1;
                    from.ping(&[])
                })
                .and_then(|()| from.send_fragment(*kind, &[], true)),
        };
        assert_eq!(sent, Ok(()), "the connection is open");
        pings
    }
}

/// Transfers the output of `from` to `to` in pieces. Returns the events that `to` reports.
fn transfer(from: &mut Connection, to: &mut Connection, seed: u32, now: Instant) -> Vec<ReceivedEvent> {
    let mut bytes = Vec::new();
    while let Some(Transmit::Bytes(output)) = from.poll_transmit() {
        bytes.extend_from_slice(&output.copy_to_bytes(output.remaining()));
    }
    let mut events = Vec::new();
    for piece in pieces(seed, &bytes) {
        to.receive(piece);
        loop {
            match to.poll_event(now) {
                Ok(Some(event)) => events.push(owned(event)),
                Ok(None) => break,
                Err(violation) => panic!("our own frames break a rule: {violation}"),
            }
        }
    }
    events
}
