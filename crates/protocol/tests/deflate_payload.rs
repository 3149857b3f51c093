//! RFC 7692, section 7.2: from messages to compressed payloads and back, without frames.

mod common;

use common::{
    deflate::{Inflated, agree, cut_in_its_tables, from_far_back, stored},
    hex, to_hex,
};
use proptest::prelude::*;
use protocol::{
    DeflateOptions,
    extension::{Deflater, InflateError, Inflater, Level, WindowBits},
};

/// A client's compressor and the server's decompressor for it.
fn client_to_server(options: &DeflateOptions) -> (Deflater, Inflater) {
    let (client, server) = agree(options, &DeflateOptions::DEFAULT);
    (Deflater::new(&client), Inflater::new(&server))
}

/// A server's compressor and the client's decompressor for it.
fn server_to_client(options: &DeflateOptions) -> (Deflater, Inflater) {
    let (client, server) = agree(options, &DeflateOptions::DEFAULT);
    (Deflater::new(&server), Inflater::new(&client))
}

fn both_ways(options: &DeflateOptions) -> [(Deflater, Inflater); 2] {
    [client_to_server(options), server_to_client(options)]
}

fn inflater() -> Inflater {
    client_to_server(&DeflateOptions::DEFAULT).1
}

const LIMIT: usize = 1 << 20;

/// One whole payload.
fn inflate(inflater: &mut Inflater, payload: &[u8]) -> Result<Vec<u8>, InflateError> {
    let mut output = Vec::new();
    inflater.inflate(payload, true, &mut output, LIMIT).map(|()| output)
}

#[track_caller]
fn inflates(inflater: &mut Inflater, payload: &[u8], expected: &[u8]) {
    match inflate(inflater, payload) {
        Ok(message) => assert!(message == expected, "{} gave {}", to_hex(payload), to_hex(&message)),
        Err(error) => panic!("{}: {error}", to_hex(payload)),
    }
}

/// Bytes that no compressor can make smaller, always the same.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[5]
        })
        .collect()
}

const TAKEOVER: DeflateOptions = DeflateOptions::DEFAULT;
const NO_TAKEOVER: DeflateOptions = DeflateOptions::FRUGAL;

#[test]
fn whether_a_decompressor_keeps_its_window_can_be_asked() {
    for (options, takes_over) in [(&TAKEOVER, true), (&NO_TAKEOVER, false)] {
        for (_, inflater) in both_ways(options) {
            assert_eq!(inflater.takes_over(), takes_over);
        }
    }
}

#[test]
fn a_decompressor_that_is_told_to_forget_begins_anew() {
    // After a whole message: what refers to it is not understood any more.
    let mut inflater = inflater();
    inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
    inflater.forget();
    assert_eq!(inflate(&mut inflater, &hex("f2 00 11 00 00")), Err(InflateError::Invalid));
    // After what could not be inflated, and in the middle of a message: the next payload is read from its own beginning,
    // and an empty one ends nothing.
    for next in ["f2 48 cd c9 c9 07 00", ""] {
        inflater.forget();
        inflater.inflate(&hex("f2 48 cd"), false, &mut Vec::new(), LIMIT).unwrap();
        inflater.forget();
        inflates(&mut inflater, &hex(next), if next.is_empty() { b"" } else { b"Hello" });
    }
}

// ---- The RFC's examples (section 7.2.3) -------------------------------------------------------------------------------

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# To compress a message, an endpoint MUST compress all its bytes with DEFLATE.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# The compressed data MUST end in an empty block without compression, which is added if it is not there.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# The last four bytes, 00 00 FF FF, MUST be taken away.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# To decompress a message, an endpoint MUST put 00 00 FF FF behind its payload.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# The endpoint MUST then decompress the whole with DEFLATE.
#[test]
fn hello_in_one_block() {
    for (mut deflater, mut inflater) in both_ways(&TAKEOVER) {
        assert_eq!(deflater.deflate(b"Hello", true), hex("f2 48 cd c9 c9 07 00"));
        inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
    }
}

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# Without that, the client MAY go on with the window of the last compressed message.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# Without that, the server MAY go on with the window of the last compressed message.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# Without that, the client MUST decompress each message with the window of the last compressed message.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# Without that, the server MUST decompress each message with the window of the last compressed message, even if the
//# client had offered the parameter.
#[test]
fn hello_again_refers_to_the_first() {
    for (mut deflater, mut inflater) in both_ways(&TAKEOVER) {
        assert_eq!(deflater.deflate(b"Hello", true), hex("f2 48 cd c9 c9 07 00"));
        // The RFC's compressor writes H and repeats the other four; ours repeats all five.
        assert_eq!(deflater.deflate(b"Hello", true), hex("02 13 00 00"));
        inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
        inflates(&mut inflater, &hex("f2 00 11 00 00"), b"Hello");
        inflates(&mut inflater, &hex("02 13 00 00"), b"Hello");
    }
}

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# If `client_no_context_takeover` was agreed on, the client MUST begin each message with an empty window.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# If `server_no_context_takeover` was agreed on, the server MUST begin each message with an empty window.
#[test]
fn hello_again_without_takeover_is_the_same_bytes() {
    for (mut deflater, mut inflater) in both_ways(&NO_TAKEOVER) {
        for _ in 0..3 {
            assert_eq!(deflater.deflate(b"Hello", true), hex("f2 48 cd c9 c9 07 00"));
            inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
        }
    }
}

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# An endpoint MAY use blocks of any type.
#[test]
fn hello_in_a_stored_block() {
    inflates(&mut inflater(), &hex("00 05 00 fa ff 48 65 6c 6c 6f 00"), b"Hello");
}

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# An endpoint MAY use blocks with BFINAL set and blocks with BFINAL unset.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# A block with BFINAL set that does not end on a byte MUST be padded with zeros to the next byte.
#[test]
fn hello_in_a_final_block() {
    let mut inflater = inflater();
    inflates(&mut inflater, &hex("f3 48 cd c9 c9 07 00 00"), b"Hello");
    // And the next message is not lost.
    inflates(&mut inflater, &hex("f3 48 cd c9 c9 07 00 00"), b"Hello");
    inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
    inflates(&mut inflater, &hex("f2 00 11 00 00"), b"Hello");
}

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# An endpoint MAY use several blocks for one message.
#[test]
fn hello_in_two_blocks() {
    inflates(&mut inflater(), &hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), b"Hello");
}

#[test]
fn nothing_is_one_byte() {
    for (mut deflater, mut inflater) in both_ways(&TAKEOVER) {
        for _ in 0..3 {
            assert_eq!(deflater.deflate(b"", true), hex("00"));
            inflates(&mut inflater, &hex("00"), b"");
        }
        assert_eq!(deflater.deflate(b"Hello", true), hex("f2 48 cd c9 c9 07 00"));
        assert_eq!(deflater.deflate(b"", true), hex("00"));
        assert_eq!(deflater.deflate(b"Hello", true), hex("02 13 00 00"));
    }
}

// ---- Compressing (section 7.2.1) --------------------------------------------------------------------------------------

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# The four bytes MUST NOT be taken away from a fragment that is not the last.
#[test]
fn a_fragment_that_is_not_the_last_keeps_its_four_bytes() {
    for (mut deflater, mut inflater) in both_ways(&TAKEOVER) {
        let first = deflater.deflate(b"He", false);
        let empty = deflater.deflate(b"", false);
        let second = deflater.deflate(b"llo", false);
        let last = deflater.deflate(b"", true);
        assert!(first.ends_with(&hex("00 00 ff ff")) && second.ends_with(&hex("00 00 ff ff")));
        assert_eq!(empty, hex(""));
        assert_eq!(last, hex("00"));
        let payload = [first, second, last].concat();
        assert_eq!(Inflated::default().read(&payload), b"Hello");
        inflates(&mut inflater, &payload, b"Hello");
    }
}

#[test]
fn what_was_compressed_is_read_by_another_deflate() {
    for level in 0..=9 {
        let options = DeflateOptions { level: Level::new(level).unwrap(), ..TAKEOVER };
        for (mut deflater, mut inflater) in both_ways(&options) {
            let mut other = Inflated::default();
            for message in [&b"Hello"[..], b"", &[b'x'; 10_000], &noise(10_000), b"Hello, Hello, Hello"] {
                let payload = deflater.deflate(message, true);
                assert!(other.read(&payload) == message, "level {level}, {} bytes", message.len());
                inflates(&mut inflater, &payload, message);
            }
            // No final block is ever used: each message can go on where the last one ended.
            assert!(other.blocks.iter().all(|(last, _)| !last), "{:?}", other.blocks);
        }
    }
}

/// Copies of a block of noise that is just too long for one window, so that only a compressor with a larger one finds
/// the copy before.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# A compressor MUST NOT refer back more than 32,768 bytes.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# If `client_max_window_bits` was agreed on, the client MUST NOT refer back more than 2 to the power of that.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# If `server_max_window_bits` was agreed on, the server MUST NOT refer back more than 2 to the power of that.
#[test]
fn a_compressor_refers_back_no_farther_than_the_window_agreed_on() {
    for bits in [8, 9, 10, 12, 15] {
        let window = WindowBits::new(bits).unwrap();
        let beyond = noise(window.bytes() + 40).repeat(3);
        let near = noise(window.bytes() / 4).repeat(3);
        // Each of these is another algorithm.
        for level in [1, 2, 3, 6, 9] {
            let options = DeflateOptions {
                client_max_window_bits: window,
                server_max_window_bits: window,
                level: Level::new(level).unwrap(),
                ..TAKEOVER
            };
            let (client, server) = agree(&options, &options);
            for compression in [client, server] {
                let mut deflater = Deflater::new(&compression);
                let mut other = Inflated::default();
                for message in [&beyond, &near] {
                    assert!(other.read(&deflater.deflate(message, true)) == *message);
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
fn the_windows_are_at_least_1024_bytes_unless_the_caller_limits_them() {
    for options in [DeflateOptions::DEFAULT, DeflateOptions::FRUGAL] {
        assert!(options.client_max_window_bits.bytes() >= 1024 && options.server_max_window_bits.bytes() >= 1024);
        for (mut deflater, _) in both_ways(&options) {
            // Within a window of 1,024 bytes, and outside the next smaller one.
            let message = noise(700).repeat(2);
            let mut other = Inflated::default();
            assert!(other.read(&deflater.deflate(&message, true)) == message);
            assert_eq!(other.farthest, 700);
        }
    }
}

#[test]
fn the_larger_of_two_windows_is_not_used() {
    let noise = noise(2000);
    let sizes = [9, 15].map(|bits| {
        let options = DeflateOptions { client_max_window_bits: WindowBits::new(bits).unwrap(), ..TAKEOVER };
        client_to_server(&options).0.deflate(&noise.repeat(2), true).len()
    });
    assert!(sizes[0] > 4000 && sizes[1] < 2200, "{sizes:?}");
}

#[test]
fn compressing_takes_no_more_memory_than_the_message_has() {
    let text = b"What compresses well is made to fit into a third of its size at first. ".repeat(2000);
    let noise = noise(100_000);
    for (message, most) in [(&text, text.len() / 2), (&noise, 2 * noise.len())] {
        let compressed = client_to_server(&NO_TAKEOVER).0.deflate(message, true);
        assert!(compressed.capacity() <= most, "{} bytes for {}", compressed.capacity(), message.len());
    }
}

#[test]
fn a_higher_level_makes_less_of_the_same() {
    let text: String = (0..2000).map(|number| format!("{{\"sequence\":{number},\"of\":{}}}\n", number % 17)).collect();
    let sizes = [0, 1, 9].map(|level| {
        let options = DeflateOptions { level: Level::new(level).unwrap(), ..TAKEOVER };
        client_to_server(&options).0.deflate(text.as_bytes(), true).len()
    });
    assert!(sizes[0] >= text.len() && sizes[1] < text.len() / 3 && sizes[2] < sizes[1], "{sizes:?} of {}", text.len());
}

#[test]
fn without_takeover_no_message_refers_to_another() {
    let message = noise(500);
    for (mut deflater, _) in both_ways(&NO_TAKEOVER) {
        for _ in 0..3 {
            let payload = deflater.deflate(&message, true);
            assert_eq!(Inflated::default().read(&payload), message);
        }
    }
}

#[test]
fn with_takeover_the_second_of_two_is_small() {
    let message = noise(500);
    for (mut deflater, _) in both_ways(&TAKEOVER) {
        assert!(deflater.deflate(&message, true).len() > 500);
        assert!(deflater.deflate(&message, true).len() < 20);
    }
}

// ---- Decompressing (section 7.2.2) ------------------------------------------------------------------------------------

//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# A client that does not offer `server_max_window_bits` MUST be able to read messages that refer back 32,768 bytes.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# A server that does not respond with `client_max_window_bits` MUST be able to read messages that refer back 32,768
//# bytes.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# Without that, the client MUST keep a window of 32,768 bytes.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# Without that, the server MUST keep a window of 32,768 bytes, whatever the client had hinted.
#[test]
fn a_reference_as_far_back_as_deflate_goes_is_understood_whatever_window_was_hinted() {
    let before = noise(32768);
    for bits in [8, 9, 12, 15] {
        let window = WindowBits::new(bits).unwrap();
        let options = DeflateOptions { client_max_window_bits: window, server_max_window_bits: window, ..TAKEOVER };
        for (_, mut inflater) in both_ways(&options) {
            let payload = [stored(&before), vec![0]].concat();
            inflates(&mut inflater, &payload, &before);
            inflates(&mut inflater, &from_far_back(), &before[..3]);
        }
    }
}

//= docs/src/rfc7692.md#section-7-1-1-1
//= type=test
//# A client that does not offer `server_no_context_takeover` MUST be able to read messages that refer to earlier ones.
//= docs/src/rfc7692.md#section-7-1-1-2
//= type=test
//# A server that does not respond with `client_no_context_takeover` MUST be able to read messages that refer to earlier
//# ones.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# If `server_no_context_takeover` was agreed on, the client MAY begin each message with an empty window.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# If `client_no_context_takeover` was agreed on, the server MAY begin each message with an empty window.
#[test]
fn the_window_lives_as_long_as_takeover_says() {
    let hello = hex("f2 48 cd c9 c9 07 00");
    let again = hex("f2 00 11 00 00");
    for (_, mut inflater) in both_ways(&TAKEOVER) {
        inflates(&mut inflater, &hello, b"Hello");
        inflates(&mut inflater, &hex("00"), b"");
        inflates(&mut inflater, &again, b"Hello");
    }
    // Without takeover the sender has promised not to refer back, and nothing is kept for it.
    for (_, mut inflater) in both_ways(&NO_TAKEOVER) {
        inflates(&mut inflater, &hello, b"Hello");
        assert_eq!(inflate(&mut inflater, &again), Err(InflateError::Invalid));
    }
}

#[test]
fn a_final_block_ends_a_stream_and_another_begins() {
    let mut inflater = inflater();
    let hello = hex("f3 48 cd c9 c9 07 00");
    // Two streams in one message; and blocks behind a final one.
    inflates(&mut inflater, &[&hello[..], &hello, &[0]].concat(), b"HelloHello");
    inflates(&mut inflater, &[&hello[..], &stored(b", "), &hex("f2 48 cd c9 c9 07 00")].concat(), b"Hello, Hello");
    // What comes before a final block is not there for what comes after.
    assert_eq!(inflate(&mut inflater, &[&hello[..], &hex("f2 00 11 00 00")].concat()), Err(InflateError::Invalid));
}

#[test]
fn a_final_block_may_be_the_empty_one_itself() {
    let mut inflater = inflater();
    for _ in 0..2 {
        inflates(&mut inflater, &[&stored(b"Hello")[..], &[1]].concat(), b"Hello");
        inflates(&mut inflater, &hex("01"), b"");
    }
}

#[test]
fn a_missing_empty_block_is_forgiven_where_nothing_else_can_be_meant() {
    let mut inflater = inflater();
    inflates(&mut inflater, b"", b"");
    inflates(&mut inflater, &hex("f3 48 cd c9 c9 07 00"), b"Hello");
    inflates(&mut inflater, b"", b"");
    inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
    inflates(&mut inflater, b"", b"");
    inflates(&mut inflater, &hex("f2 00 11 00 00"), b"Hello");
}

#[test]
fn what_is_not_deflate_is_refused() {
    for payload in ["ff ff ff", "07", "06 00", "00 05 00 00 00", "f2 00 11 00 00", "04 00 fe ff 00"] {
        assert_eq!(inflate(&mut inflater(), &hex(payload)), Err(InflateError::Invalid), "{payload}");
    }
}

#[test]
fn a_payload_that_stops_too_early_is_refused() {
    let whole = hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00");
    for end in 1..whole.len() {
        // After eight bytes all is in order: this is what an unfinished message looks like.
        let expected = if end == 4 { Ok(b"He".to_vec()) } else { Err(InflateError::Invalid) };
        assert_eq!(inflate(&mut inflater(), &whole[..end]), expected, "{}", to_hex(&whole[..end]));
    }
    let whole = [stored(b"Hello"), vec![0]].concat();
    for end in 2..whole.len() - 1 {
        assert_eq!(inflate(&mut inflater(), &whole[..end]), Err(InflateError::Invalid), "{}", to_hex(&whole[..end]));
    }
}

#[test]
fn a_payload_that_stops_while_a_block_describes_its_codes_is_refused() {
    // A block with as many codes as there can be, and a length of 1 or 2 in each further bit, up to 316 of them.
    let endless = hex("ec fd 01 00 00 00 00 40 10 00");
    for end in 1..endless.len() {
        let payload = &endless[..end];
        assert_eq!(inflate(&mut inflater(), payload), Err(InflateError::Invalid), "{}", to_hex(payload));
    }
    // What a compressor makes, cut anywhere in the description and some way into the data.
    let hardest = DeflateOptions { level: Level::new(9).unwrap(), ..NO_TAKEOVER };
    let message: String =
        (0..300).map(|number: u32| format!("{number} is the root of {}; ", number * number)).collect();
    let payload = client_to_server(&hardest).0.deflate(message.as_bytes(), true);
    assert_eq!(payload[0] & 7, 0b100, "a block with codes of its own");
    for end in 1..200 {
        let payload = &payload[..end];
        assert_eq!(inflate(&mut inflater(), payload), Err(InflateError::Invalid), "{}", to_hex(payload));
    }
}

#[test]
fn the_four_bytes_that_are_added_complete_nothing_but_the_empty_block() {
    // A final block whose end, seven zeros, is cut; the added bytes begin with zeros.
    for payload in ["03", "f3 48 cd c9 c9 07"] {
        assert_eq!(inflate(&mut inflater(), &hex(payload)), Err(InflateError::Invalid), "{payload}");
    }
    // A block that is cut in the middle of its tables. The added bytes complete those, and then look like data.
    assert_eq!(inflate(&mut inflater(), &cut_in_its_tables()), Err(InflateError::Invalid));
}

#[test]
fn why_a_payload_cannot_be_inflated_is_told_in_a_sentence() {
    assert_eq!(InflateError::Invalid.to_string(), "the payload is not valid DEFLATE");
    assert_eq!(InflateError::TooBig.to_string(), "the payload inflates to more than the limit");
}

#[test]
fn a_payload_may_come_in_any_two_pieces() {
    let message = b"Hello, Hello, this is a message of several blocks".repeat(20);
    for (mut deflater, _) in both_ways(&TAKEOVER) {
        let payload = [
            deflater.deflate(&message[..100], false),
            stored(b", stored and not known to the compressor"),
            hex("00"),
            hex("00 00 ff ff"),
        ]
        .concat();
        let payload = &payload[..payload.len() - 4];
        let expected = [&message[..100], b", stored and not known to the compressor"].concat();
        for cut in 0..=payload.len() {
            let (mut inflater, mut output) = (inflater(), Vec::new());
            inflater.inflate(&payload[..cut], false, &mut output, LIMIT).unwrap();
            inflater.inflate(&payload[cut..], true, &mut output, LIMIT).unwrap();
            assert_eq!(output, expected, "cut at {cut}");
        }
    }
}

#[test]
fn the_limit_is_exact() {
    let mut deflater = client_to_server(&NO_TAKEOVER).0;
    for size in [0, 1, 5, 1023, 1024, 1025, 4096, 100_000] {
        let payload = deflater.deflate(&vec![b'x'; size], true);
        let mut output = Vec::new();
        assert_eq!(inflater().inflate(&payload, true, &mut output, size), Ok(()));
        assert_eq!(output.len(), size);
        if size > 0 {
            let mut output = Vec::new();
            assert_eq!(inflater().inflate(&payload, true, &mut output, size - 1), Err(InflateError::TooBig));
            assert_eq!(output.len(), size - 1, "all below the limit, and nothing above it");
            assert!(output.capacity() <= size, "{} for {size}", output.capacity());
        }
    }
}

#[test]
fn what_is_too_big_is_too_big_even_if_what_follows_is_invalid() {
    let payload = [stored(b"Hello!"), hex("07")].concat();
    for size in 1..=payload.len() {
        let (mut inflater, mut output) = (inflater(), Vec::new());
        let mut pieces = payload.chunks(size);
        let stopped = pieces.find_map(|piece| inflater.inflate(piece, false, &mut output, 5).err());
        assert_eq!(stopped, Some(InflateError::TooBig), "in pieces of {size}");
    }
}

#[test]
fn the_room_that_the_output_happens_to_have_makes_no_difference() {
    // A stream may end just when there is no more room for what it gives, and the next one begin behind it.
    let final_hello = hex("f3 48 cd c9 c9 07 00");
    // Six bytes of nine bits each: the last byte of the payload has one bit of the sixth, and the end of the block.
    let final_six = hex("7b f2 ed cf cb 17 f7 01");
    for (payload, message) in [
        ([&final_six[..], &final_six, &[0]].concat(), hex("e4 f6 fc e9 e8 df").repeat(2)),
        ([&final_hello[..], &final_hello, &[0]].concat(), b"HelloHello".to_vec()),
        ([&final_hello[..], &stored(b", "), &final_hello].concat(), b"Hello, Hello".to_vec()),
        (hex("f2 48 cd c9 c9 07 00"), b"Hello".to_vec()),
        ([stored(&[7; 3000]), hex("01")].concat(), vec![7; 3000]),
    ] {
        for room in (0..30).chain([1023, 1024, 1025, 2999, 3000, 3001]) {
            let (mut inflater, mut output) = (inflater(), Vec::with_capacity(room));
            assert_eq!(inflater.inflate(&payload, true, &mut output, LIMIT), Ok(()), "room for {room}");
            assert_eq!(output, message, "room for {room}");
        }
    }
}

#[test]
fn a_bomb_is_stopped_while_it_inflates() {
    let hardest = DeflateOptions { level: Level::new(9).unwrap(), ..NO_TAKEOVER };
    let bomb = client_to_server(&hardest).0.deflate(&vec![0; 16 << 20], true);
    assert!(bomb.len() < 20 << 10, "16 MiB in {} bytes", bomb.len());
    let mut output = Vec::new();
    assert_eq!(inflater().inflate(&bomb, true, &mut output, LIMIT), Err(InflateError::TooBig));
    assert!(output.capacity() <= LIMIT + 1, "{}", output.capacity());
}

#[test]
fn a_message_in_many_small_pieces_is_held_to_the_limit_too() {
    let bomb = client_to_server(&NO_TAKEOVER).0.deflate(&vec![0; 4 << 20], true);
    let (mut inflater, mut output) = (inflater(), Vec::new());
    let stopped = bomb.chunks(7).find_map(|piece| inflater.inflate(piece, false, &mut output, LIMIT).err());
    assert_eq!(stopped, Some(InflateError::TooBig));
    assert!(output.capacity() <= LIMIT + 1, "{}", output.capacity());
}

// ---- Any messages, cut anywhere ---------------------------------------------------------------------------------------

fn any_options() -> impl Strategy<Value = DeflateOptions> {
    (any::<(bool, bool)>(), 8..=15_u8, 8..=15_u8, 0..=9_u8).prop_map(
        |((server, client), of_server, of_client, level)| DeflateOptions {
            server_no_context_takeover: server,
            client_no_context_takeover: client,
            server_max_window_bits: WindowBits::new(of_server).unwrap(),
            client_max_window_bits: WindowBits::new(of_client).unwrap(),
            level: Level::new(level).unwrap(),
            threshold: 0,
        },
    )
}

/// Messages with repetitions in them and between them.
fn any_messages() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let piece = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        (any::<u8>(), 0..600_usize).prop_map(|(byte, count)| vec![byte; count]),
        Just(b"{\"sequence\":1,\"text\":\"Hello\"}".to_vec()),
    ];
    let message = proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    proptest::collection::vec(message, 1..8)
}

proptest! {
    #[test]
    fn what_is_compressed_and_inflated_is_what_it_was(
        client in any_options(),
        server in any_options(),
        messages in any_messages(),
        cuts in proptest::collection::vec(1..64_usize, 1..20),
    ) {
        let (of_client, of_server) = agree(&client, &server);
        for (sender, receiver) in [(&of_client, &of_server), (&of_server, &of_client)] {
            let (mut deflater, mut inflater) = (Deflater::new(sender), Inflater::new(receiver));
            for message in &messages {
                // Some messages in fragments, all payloads in pieces.
                let (first, second) = message.split_at(message.len() / 3);
                let payload = match message.len() % 2 {
                    0 => deflater.deflate(message, true),
                    _ => [deflater.deflate(first, false), deflater.deflate(second, true)].concat(),
                };
                let mut output = Vec::new();
                let (mut rest, mut sizes) = (&payload[..], cuts.iter().cycle());
                while !rest.is_empty() {
                    let (piece, more) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
                    inflater.inflate(piece, more.is_empty(), &mut output, LIMIT).unwrap();
                    rest = more;
                }
                prop_assert_eq!(&output, message);
            }
        }
    }

    #[test]
    fn any_bytes_inflate_within_the_limit_or_are_refused(
        payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..5),
        limit in 0..5000_usize,
    ) {
        let mut inflater = inflater();
        for payload in payloads {
            let mut output = Vec::new();
            let outcome = inflater.inflate(&payload, true, &mut output, limit);
            prop_assert!(output.capacity() <= limit + 1);
            if outcome.is_err() {
                break;
            }
            prop_assert!(output.len() <= limit);
        }
    }
}
