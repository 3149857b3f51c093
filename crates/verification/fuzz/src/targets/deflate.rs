//! Compressed messages (RFC 7692), as they arrive.

use protocol::{
    Limits, NegotiatedDeflate, Role, Violation,
    extension::{InflateError, Inflater},
    frame::{FrameHeader, Opcode, ReservedBits, apply_mask},
};

use crate::{
    agreement::{agreed, options},
    cuts::seed,
    engine::{Heard, Outcome, connection, feed_in_any_cut, limits},
    inflated::{Inflated, Inflating},
};

/// Any cut gives the same, and messages are what `flate2` makes of their payloads, if that is within the limit.
///
/// # Panics
/// If not.
pub fn to_server(input: &[u8]) {
    to(Role::Server, input);
}

/// As [`to_server`], for a client.
///
/// # Panics
/// If not.
pub fn to_client(input: &[u8]) {
    to(Role::Client, input);
}

fn to(role: Role, input: &[u8]) {
    let Some((seed, rest)) = seed(input) else { return };
    let Some((parameters, bytes)) = rest.split_first() else { return };
    // Twice the largest window.
    let limits = limits(seed, Limits { max_message_bytes: 64 << 10, ..Limits::DEFAULT });
    let options = options(*parameters);
    let compression = agreed(role, &options);
    let outcome = feed_in_any_cut(|| connection(role, &limits).with_deflate(&compression), seed, bytes);
    let takeover = match role {
        Role::Server => !options.client_no_context_takeover,
        Role::Client => !options.server_no_context_takeover,
    };
    compare(&outcome, bytes, Inflating::new(takeover), limits.max_message_bytes);
    assert_bounded(bytes, &compression, limits.max_message_bytes);
}

/// Compares what was heard with what the messages' payloads stand for.
fn compare(outcome: &Outcome, bytes: &[u8], mut inflating: Inflating, limit: usize) {
    let mut heard = outcome.heard.iter().filter(|heard| matches!(heard, Heard::Text(_) | Heard::Binary(_)));
    for Sent { opcode, compressed, payload, whole } in messages(bytes) {
        let should_be = if compressed { inflating.inflate(&payload, whole, limit) } else { Inflated::Message(payload) };
        if let Some(heard) = heard.next() {
            let message = match heard {
                Heard::Text(text) if opcode == Opcode::Text => text.as_bytes(),
                Heard::Binary(message) if opcode == Opcode::Binary => message,
                other => panic!("{other:?} was sent with {opcode:?}"),
            };
            assert!(whole, "{heard:?} has not arrived");
            assert_eq!(Inflated::Message(message.to_vec()), should_be);
            continue;
        }
        // The message with which it ended.
        match (&outcome.violation, should_be) {
            (Some(Violation::DeflateInvalid), should_be) => assert_eq!(should_be, Inflated::Invalid),
            (Some(Violation::MessageTooBig { .. }), should_be) if compressed => {
                assert_eq!(should_be, Inflated::TooBig);
            }
            // Something else was wrong, which may have been before anything was wrong with this.
            (Some(_), _) => {}
            (None, should_be) => {
                assert!(!whole, "{should_be:?} was not heard");
                assert!(matches!(should_be, Inflated::Message(_)), "{should_be:?}, and that was not noticed");
            }
        }
        return;
    }
    assert_eq!(heard.next(), None, "nobody has sent that");
    assert_ne!(outcome.violation, Some(Violation::DeflateInvalid), "all that was sent was heard");
}

/// What has been decompressed of a message never takes more memory than the limit, and the one byte above it that shows
/// that there is more.
fn assert_bounded(bytes: &[u8], compression: &NegotiatedDeflate, limit: usize) {
    let mut inflater = Inflater::new(compression);
    for Sent { payload, whole, .. } in messages(bytes).into_iter().filter(|message| message.compressed) {
        let mut message = Vec::new();
        let result = inflater.inflate(&payload, whole, &mut message, limit);
        assert!(message.capacity() <= limit + 1, "{} bytes for at most {limit}", message.capacity());
        assert!(message.len() <= limit, "{} bytes for at most {limit}", message.len());
        if let Err(error) = result {
            assert!(error == InflateError::Invalid || message.len() == limit, "{} bytes were too many", message.len());
            return;
        }
    }
}

/// A message as its frames say it.
struct Sent {
    opcode: Opcode,
    /// With RSV1.
    compressed: bool,
    /// The payloads of its frames, joined.
    payload: Vec<u8>,
    /// Its last frame has come, all of it.
    whole: bool,
}

/// The messages in these bytes, up to a Close, to where they end, or to where it is not clear whose message a frame is.
/// Whether the frames may be as they are is not looked at.
fn messages(mut bytes: &[u8]) -> Vec<Sent> {
    let mut messages: Vec<Sent> = Vec::new();
    while let Ok(Some((header, len))) = FrameHeader::parse(bytes) {
        let rest = &bytes[len..];
        let arrived = usize::try_from(header.payload_length).unwrap_or(usize::MAX).min(rest.len());
        let (payload, rest) = rest.split_at(arrived);
        bytes = rest;
        let complete = arrived as u64 == header.payload_length;
        let open = messages.last_mut().filter(|message| !message.whole);
        let message = match (header.opcode, open) {
            (Opcode::Ping | Opcode::Pong, _) => continue,
            (Opcode::Text | Opcode::Binary, None) => {
                let compressed = header.reserved == ReservedBits::RSV1;
                messages.push(Sent { opcode: header.opcode, compressed, payload: Vec::new(), whole: false });
                let Some(message) = messages.last_mut() else { break };
                message
            }
            (Opcode::Continuation, Some(message)) => message,
            (Opcode::Close | Opcode::Continuation | Opcode::Text | Opcode::Binary, _) => break,
        };
        let before = message.payload.len();
        message.payload.extend_from_slice(payload);
        if let Some(key) = header.masking_key {
            apply_mask(&mut message.payload[before..], key);
        }
        message.whole = header.fin && complete;
        if !complete {
            break;
        }
    }
    messages
}
