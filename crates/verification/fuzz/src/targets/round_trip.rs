//! Messages that are compressed by one side and decompressed by the other.

use std::{sync::Arc, time::Instant};

use bytes::Buf;
use protocol::{
    Config, Connection, DeflateOptions, Limits, Message, MessageKind, PreparedMessage, Role, Transmit,
    extension::Level, frame::MaskingKey,
};

use crate::{
    agreement::{agree, options},
    cuts::{pieces, seed},
    engine::{Heard, owned},
};

/// What one side sends is what the other hears, in either direction, however it is sent and cut.
///
/// # Panics
/// If not.
pub fn run(input: &[u8]) {
    let Some((seed, rest)) = seed(input) else { return };
    let Some((&[parameters, level], mut rest)) = rest.split_first_chunk() else { return };
    let level = Level::new(level % 10).expect("0 to 9");
    let options = DeflateOptions { level, ..options(parameters) };
    let (of_client, of_server) = agree(&options);
    let now = Instant::now();
    let keys = Box::new(move || MaskingKey(seed.to_be_bytes()));
    // No time passes, and each fragment has a Ping.
    let limits = Limits { max_control_frames_per_second: u32::MAX, ..Limits::DEFAULT };
    let config = Arc::new(Config { limits, ..Config::default() });
    let mut client = Connection::client(Arc::clone(&config), keys, now).with_deflate(&of_client);
    let mut server = Connection::server(config, now).with_deflate(&of_server);
    while let Some((task, after)) = Task::read(rest) {
        rest = after;
        let (from, to) = match task.from {
            Role::Client => (&mut client, &mut server),
            Role::Server => (&mut server, &mut client),
        };
        let pings = task.send(from, seed, &options);
        let mut heard = transfer(from, to, seed, now);
        // The answer to a Ping of before.
        heard.retain(|heard| !matches!(heard, Heard::Pong(_)));
        let mut expected = vec![Heard::Ping(Vec::new()); pings];
        expected.push(match task.kind {
            MessageKind::Text => Heard::Text(String::from_utf8(task.message).expect("it was made from one")),
            MessageKind::Binary => Heard::Binary(task.message),
        });
        assert_eq!(heard, expected, "what the {:?} has sent", task.from);
    }
}

/// How a message is handed over.
#[derive(Clone, Copy)]
enum Way {
    Given,
    Lent,
    /// Prepared for many by a server; a client gives it.
    PreparedMessage,
    /// In pieces, with a Ping behind each but the last.
    Fragments,
}

/// A message to be sent.
struct Task {
    from: Role,
    kind: MessageKind,
    way: Way,
    message: Vec<u8>,
}

impl Task {
    /// Reads a task from the front of an input: a byte for who sends it as what and how, one for the length of what
    /// follows, and one for how often that is repeated. Small inputs can fill the largest window so.
    fn read(input: &[u8]) -> Option<(Self, &[u8])> {
        let (&[how, len, repeated], rest) = input.split_first_chunk()?;
        let (chunk, rest) = rest.split_at_checked(len.into())?;
        // Up to 63 times, which is 16 KiB at the most. Larger messages would only be slower.
        let message = chunk.repeat(usize::from(repeated % 64));
        let kind = if how & 2 == 0 { MessageKind::Text } else { MessageKind::Binary };
        let task = Self {
            from: if how & 1 == 0 { Role::Client } else { Role::Server },
            kind,
            way: match how >> 2 & 3 {
                0 => Way::Given,
                1 => Way::Lent,
                2 => Way::PreparedMessage,
                _ => Way::Fragments,
            },
            message: match kind {
                MessageKind::Text => String::from_utf8_lossy(&message).into_owned().into_bytes(),
                MessageKind::Binary => message,
            },
        };
        Some((task, rest))
    }

    /// Sends it; gives how many Pings were sent too.
    fn send(&self, from: &mut Connection, seed: u32, options: &DeflateOptions) -> usize {
        let Self { kind, message, .. } = self;
        let text = || str::from_utf8(message).expect("it was made from one");
        let whole = || match kind {
            MessageKind::Text => Message::text(text()),
            MessageKind::Binary => Message::binary(message.clone()),
        };
        let mut pings = 0;
        let sent = match (self.way, kind) {
            (Way::PreparedMessage, _) if self.from == Role::Server => {
                from.send_prepared(&PreparedMessage::compressed(&whole(), options))
            }
            (Way::Given | Way::PreparedMessage, _) => from.send(whole()),
            (Way::Lent, MessageKind::Text) => from.send_text(text()),
            (Way::Lent, MessageKind::Binary) => from.send_binary(message),
            // An odd seed cuts into larger pieces. Thousands of small ones would only be slow.
            (Way::Fragments, _) => pieces(seed | 1, message)
                .into_iter()
                .try_for_each(|piece| {
                    from.send_fragment(*kind, piece, false)?;
                    pings += 1;
                    from.ping(&[])
                })
                .and_then(|()| from.send_fragment(*kind, &[], true)),
        };
        assert_eq!(sent, Ok(()), "nothing is in the way");
        pings
    }
}

/// Moves what one side sends to the other, in pieces; gives what is heard there.
fn transfer(from: &mut Connection, to: &mut Connection, seed: u32, now: Instant) -> Vec<Heard> {
    let mut wire = Vec::new();
    while let Some(Transmit::Bytes(output)) = from.poll_transmit() {
        wire.extend_from_slice(&output.copy_to_bytes(output.remaining()));
    }
    let mut heard = Vec::new();
    for piece in pieces(seed, &wire) {
        to.receive(piece);
        loop {
            match to.poll_event(now) {
                Ok(Some(event)) => heard.push(owned(event)),
                Ok(None) => break,
                Err(violation) => panic!("our own frames break a rule: {violation}"),
            }
        }
    }
    heard
}
