//! Checks compressed messages (RFC 7692) that come from a peer.

use protocol::{
    Limits, NegotiatedDeflate, Role, Violation,
    extension::{InflateError, Inflater},
    frame::{FrameHeader, Opcode, ReservedBits, apply_mask},
};

use crate::{
    engine::{EngineRecord, ReceivedEvent, connection, feed_in_any_split, limits},
    negotiation::{negotiated_by, options},
    one_shot_inflater::{OneShotInflater, OneShotResult},
    splits::seed,
};

/// Checks that a server's events, output and close information do not depend on how the bytes are
/// split into reads, that `flate2` decompresses the payloads to the same messages, and that memory
/// stays within the limit.
///
/// # Panics
/// Panics if one of these checks fails.
pub fn to_server(input: &[u8]) {
    to(Role::Server, input);
}

/// Checks the same properties as [`to_server`], but for a client.
///
/// # Panics
/// Panics if one of these checks fails.
pub fn to_client(input: &[u8]) {
    to(Role::Client, input);
}

fn to(role: Role, input: &[u8]) {
    let Some((seed, rest)) = seed(input) else { return };
    let Some((parameters, bytes)) = rest.split_first() else { return };
    // 64 KiB is twice the largest window, so a message within this limit can be longer than any
    // window.
    let limits = limits(seed, Limits::DEFAULT.max_message_bytes(64 << 10));
    let options = options(*parameters);
    let negotiated = negotiated_by(role, &options);
    let record = feed_in_any_split(|| connection(role, &limits).with_deflate(&negotiated), seed, bytes);
    let takeover = match role {
        Role::Server => !options.client_no_context_takeover,
        Role::Client => !options.server_no_context_takeover,
    };
    compare(&record, bytes, OneShotInflater::new(takeover), limits.max_message_bytes);
    assert_bounded(bytes, &negotiated, limits.max_message_bytes);
}

/// Compares the messages that the engine received with those that the one-shot inflater returns for
/// the same payloads.
fn compare(record: &EngineRecord, bytes: &[u8], mut inflater: OneShotInflater, limit: usize) {
    let is_message = |event: &&ReceivedEvent| matches!(event, ReceivedEvent::Text(_) | ReceivedEvent::Binary(_));
    let mut events = record.events.iter().filter(is_message);
    for SentMessage { opcode, is_compressed, payload, is_complete } in messages(bytes) {
        let expected = if is_compressed {
            inflater.inflate(&payload, is_complete, limit)
        } else {
            OneShotResult::Message(payload)
        };
        if let Some(event) = events.next() {
            let message = match event {
                ReceivedEvent::Text(text) if opcode == Opcode::Text => text.as_bytes(),
                ReceivedEvent::Binary(message) if opcode == Opcode::Binary => message,
                other => panic!("{other:?} was sent with {opcode:?}"),
            };
            assert!(is_complete, "{event:?} has not arrived completely");
            assert_eq!(OneShotResult::Message(message.to_vec()), expected);
            continue;
        }
        // The engine did not return this message. So either the engine must have failed the
        // connection, or the message must be incomplete.
        match (&record.violation, expected) {
            (Some(Violation::DeflateInvalid), expected) => assert_eq!(expected, OneShotResult::Invalid),
            (Some(Violation::MessageTooBig { .. }), expected) if is_compressed => {
                assert_eq!(expected, OneShotResult::TooBig);
            }
            // The bytes broke a rule that the inflater does not check, and may have broken it
            // before the end of this message. So the inflater's result cannot be compared with the
            // violation.
            (Some(_), _) => {}
            (None, expected) => {
                assert!(!is_complete, "{expected:?} was not received");
                assert!(matches!(expected, OneShotResult::Message(_)), "{expected:?} was not noticed");
            }
        }
        return;
    }
    assert_eq!(events.next(), None, "this message was not sent");
    assert_ne!(record.violation, Some(Violation::DeflateInvalid), "all sent messages were received");
}

/// Checks that decompressing a message never needs more memory than the limit plus one byte. The
/// additional byte is needed to notice that the message exceeds the limit.
fn assert_bounded(bytes: &[u8], negotiated: &NegotiatedDeflate, limit: usize) {
    let mut inflater = Inflater::new(negotiated);
    let compressed = messages(bytes).into_iter().filter(|message| message.is_compressed);
    for SentMessage { payload, is_complete, .. } in compressed {
        let mut message = Vec::new();
        let result = inflater.inflate(&payload, is_complete, &mut message, limit);
        assert!(message.capacity() <= limit + 1, "{} bytes for at most {limit}", message.capacity());
        assert!(message.len() <= limit, "{} bytes for at most {limit}", message.len());
        if let Err(error) = result {
            assert!(
                error == InflateError::Invalid || message.len() == limit,
                "{} bytes are not too many",
                message.len()
            );
            return;
        }
    }
}

/// A message, assembled from its frames without decompression.
struct SentMessage {
    opcode: Opcode,
    /// Whether RSV1 is set on its first frame.
    is_compressed: bool,
    /// The payloads of its frames, joined.
    payload: Vec<u8>,
    /// Whether the last frame has arrived completely.
    is_complete: bool,
}

/// Returns the messages in these bytes, up to a Close frame, a frame that does not belong to a
/// message, or the end of the bytes. Does not check whether the frames are valid.
fn messages(mut bytes: &[u8]) -> Vec<SentMessage> {
    let mut messages: Vec<SentMessage> = Vec::new();
    while let Ok(Some((header, len))) = FrameHeader::parse(bytes) {
        let rest = &bytes[len..];
        let arrived = usize::try_from(header.payload_length).unwrap_or(usize::MAX).min(rest.len());
        let (payload, rest) = rest.split_at(arrived);
        bytes = rest;
        let complete = arrived as u64 == header.payload_length;
        let open = messages.last_mut().filter(|message| !message.is_complete);
        let message = match (header.opcode, open) {
            (Opcode::Ping | Opcode::Pong, _) => continue,
            (Opcode::Text | Opcode::Binary, None) => {
                messages.push(SentMessage {
                    opcode: header.opcode,
                    is_compressed: header.reserved == ReservedBits::RSV1,
                    payload: Vec::new(),
                    is_complete: false,
                });
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
        message.is_complete = header.fin && complete;
        if !complete {
            break;
        }
    }
    messages
}
