//! RFC 7692, section 7.2.1: compressing messages.

use protocol::{
    DeflateOptions,
    extension::{Deflater, Level, WindowBits},
};
use testkit::{
    deflate::{ReferenceInflater, incompressible_bytes, negotiate},
    hex::hex,
};

use super::{NO_TAKEOVER, TAKEOVER, assert_inflates, both_directions, client_to_server};

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# The four bytes MUST NOT be removed from a fragment that is not the last.
#[test]
fn a_fragment_that_is_not_the_last_keeps_its_four_bytes() {
    for (mut deflater, mut inflater) in both_directions(&TAKEOVER) {
        let first = deflater.deflate(b"He", false);
        let empty = deflater.deflate(b"", false);
        let second = deflater.deflate(b"llo", false);
        let last = deflater.deflate(b"", true);
        assert!(first.ends_with(&hex("00 00 ff ff")) && second.ends_with(&hex("00 00 ff ff")));
        assert_eq!(empty, hex(""));
        assert_eq!(last, hex("00"));
        let payload = [first, second, last].concat();
        assert_eq!(ReferenceInflater::default().inflate(&payload), b"Hello");
        assert_inflates(&mut inflater, &payload, b"Hello");
    }
}

#[test]
fn another_decoder_reads_the_compressed_messages() {
    for level in 0..=9 {
        let options = TAKEOVER.level(Level::new(level).unwrap());
        for (mut deflater, mut inflater) in both_directions(&options) {
            let mut other = ReferenceInflater::default();
            for message in [&b"Hello"[..], b"", &[b'x'; 10_000], &incompressible_bytes(10_000), b"Hello, Hello, Hello"]
            {
                let payload = deflater.deflate(message, true);
                assert!(other.inflate(&payload) == message, "level {level}, {} bytes", message.len());
                assert_inflates(&mut inflater, &payload, message);
            }
            // No block is final, so each message can refer to the earlier ones.
            assert!(other.blocks.iter().all(|(last, _)| !last), "{:?}", other.blocks);
        }
    }
}

/// The message repeats incompressible bytes at a distance that is slightly too large for one
/// window. Only a compressor with a larger window finds the previous copy.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# A compressor MUST NOT refer back more than 32,768 bytes.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# If `client_max_window_bits` was agreed on with the value `w`, the client MUST NOT refer back
//# more than `2^w` bytes.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# If `server_max_window_bits` was agreed on with the value `w`, the server MUST NOT refer back
//# more than `2^w` bytes.
#[test]
fn a_compressor_refers_back_no_farther_than_the_negotiated_window() {
    for bits in [8, 9, 10, 12, 15] {
        let window = WindowBits::new(bits).unwrap();
        let beyond = incompressible_bytes(window.bytes() + 40).repeat(3);
        let near = incompressible_bytes(window.bytes() / 4).repeat(3);
        // Each of these levels uses a different algorithm.
        for level in [1, 2, 3, 6, 9] {
            let options = TAKEOVER
                .client_max_window_bits(window)
                .server_max_window_bits(window)
                .level(Level::new(level).unwrap());
            let negotiated = negotiate(&options, &options);
            for parameters in [negotiated.client, negotiated.server] {
                let mut deflater = Deflater::new(&parameters);
                let mut other = ReferenceInflater::default();
                for message in [&beyond, &near] {
                    assert!(other.inflate(&deflater.deflate(message, true)) == *message);
                }
                assert!(other.farthest <= window.bytes(), "{} back with {bits} bits, level {level}", other.farthest);
                assert!(
                    other.farthest >= window.bytes() / 4,
                    "{} back with {bits} bits, level {level}",
                    other.farthest
                );
            }
        }
    }
}

//= docs/src/rfc7692.md#section-7-3
//= type=test
//# A window of at least 1,024 bytes is RECOMMENDED.
#[test]
fn the_windows_have_at_least_1024_bytes_unless_the_caller_limits_them() {
    for options in [DeflateOptions::DEFAULT, DeflateOptions::FRUGAL] {
        assert!(options.client_max_window_bits.bytes() >= 1024 && options.server_max_window_bits.bytes() >= 1024);
        for (mut deflater, _) in both_directions(&options) {
            // The distance is within a window of 1,024 bytes, but too large for the next smaller
            // window.
            let message = incompressible_bytes(700).repeat(2);
            let mut other = ReferenceInflater::default();
            assert!(other.inflate(&deflater.deflate(&message, true)) == message);
            assert_eq!(other.farthest, 700);
        }
    }
}

#[test]
fn a_compressor_uses_the_smaller_window() {
    let noise = incompressible_bytes(2000);
    let sizes = [9, 15].map(|bits| {
        let options = TAKEOVER.client_max_window_bits(WindowBits::new(bits).unwrap());
        client_to_server(&options).0.deflate(&noise.repeat(2), true).len()
    });
    assert!(sizes[0] > 4000 && sizes[1] < 2200, "{sizes:?}");
}

#[test]
fn the_buffer_of_a_compressed_message_is_bounded_by_the_message() {
    let text = b"What compresses well is made to fit into a third of its size at first. ".repeat(2000);
    let noise = incompressible_bytes(100_000);
    for (message, most) in [(&text, text.len() / 2), (&noise, 2 * noise.len())] {
        let compressed = client_to_server(&NO_TAKEOVER).0.deflate(message, true);
        assert!(compressed.capacity() <= most, "{} bytes for {}", compressed.capacity(), message.len());
    }
}

#[test]
fn a_higher_level_compresses_better() {
    let text: String = (0..2000).map(|number| format!("{{\"sequence\":{number},\"of\":{}}}\n", number % 17)).collect();
    let sizes = [0, 1, 9].map(|level| {
        let options = TAKEOVER.level(Level::new(level).unwrap());
        client_to_server(&options).0.deflate(text.as_bytes(), true).len()
    });
    assert!(sizes[0] >= text.len() && sizes[1] < text.len() / 3 && sizes[2] < sizes[1], "{sizes:?} of {}", text.len());
}

#[test]
fn without_takeover_no_message_refers_to_another() {
    let message = incompressible_bytes(500);
    for (mut deflater, _) in both_directions(&NO_TAKEOVER) {
        for _ in 0..3 {
            let payload = deflater.deflate(&message, true);
            assert_eq!(ReferenceInflater::default().inflate(&payload), message);
        }
    }
}

#[test]
fn with_takeover_a_repeated_message_is_small() {
    let message = incompressible_bytes(500);
    for (mut deflater, _) in both_directions(&TAKEOVER) {
        assert!(deflater.deflate(&message, true).len() > 500);
        assert!(deflater.deflate(&message, true).len() < 20);
    }
}
