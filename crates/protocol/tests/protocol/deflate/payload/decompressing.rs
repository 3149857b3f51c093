//! RFC 7692, section 7.2.2: decompressing payloads.

use protocol::extension::{InflateError, Level, WindowBits};
use testkit::{
    deflate::{far_back_reference, incompressible_bytes, stored_block, truncated_code_tables},
    hex::{hex, to_hex},
};

use super::{LIMIT, NO_TAKEOVER, TAKEOVER, assert_inflates, both_directions, client_to_server, inflate, inflater};

#[test]
fn takes_over_reports_whether_the_window_is_kept() {
    for (options, takes_over) in [(&TAKEOVER, true), (&NO_TAKEOVER, false)] {
        for (_, inflater) in both_directions(options) {
            assert_eq!(inflater.takes_over(), takes_over);
        }
    }
}

#[test]
fn forget_discards_the_window() {
    // Forget after a complete message: a reference to that message is now invalid.
    let mut inflater = inflater();
    assert_inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
    inflater.forget();
    assert_eq!(inflate(&mut inflater, &hex("f2 00 11 00 00")), Err(InflateError::Invalid));
    // Forget after an invalid payload, and within a message: the next payload starts a new stream,
    // and an empty payload does not complete the old stream.
    for next in ["f2 48 cd c9 c9 07 00", ""] {
        inflater.forget();
        inflater.inflate(&hex("f2 48 cd"), false, &mut Vec::new(), LIMIT).unwrap();
        inflater.forget();
        assert_inflates(&mut inflater, &hex(next), if next.is_empty() { b"" } else { b"Hello" });
    }
}

//= docs/src/rfc7692.md#section-7-1-2-1
//= type=test
//# A client that does not offer `server_max_window_bits` MUST be able to decompress messages that
//# refer back up to 32,768 bytes.
//= docs/src/rfc7692.md#section-7-1-2-2
//= type=test
//# A server that does not respond with `client_max_window_bits` MUST be able to decompress messages
//# that refer back up to 32,768 bytes.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# Otherwise, the client MUST keep a window of 32,768 bytes.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# Otherwise, the server MUST keep a window of 32,768 bytes, regardless of the client's hint.
#[test]
fn a_reference_to_the_full_window_is_valid_whatever_window_was_hinted() {
    let before = incompressible_bytes(32768);
    for bits in [8, 9, 12, 15] {
        let window = WindowBits::new(bits).unwrap();
        let options = TAKEOVER.client_max_window_bits(window).server_max_window_bits(window);
        for (_, mut inflater) in both_directions(&options) {
            let payload = [stored_block(&before), vec![0]].concat();
            assert_inflates(&mut inflater, &payload, &before);
            assert_inflates(&mut inflater, &far_back_reference(), &before[..3]);
        }
    }
}

//= docs/src/rfc7692.md#section-7-1-1-1
//= type=test
//# A client that does not offer `server_no_context_takeover` MUST be able to decompress messages
//# that refer to earlier ones.
//= docs/src/rfc7692.md#section-7-1-1-2
//= type=test
//# A server that does not respond with `client_no_context_takeover` MUST be able to decompress
//# messages that refer to earlier ones.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# If `server_no_context_takeover` was agreed on, the client MAY decompress each message with an
//# empty window at the start.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# If `client_no_context_takeover` was agreed on, the server MAY decompress each message with an
//# empty window at the start.
#[test]
fn the_window_is_kept_only_with_takeover() {
    let hello = hex("f2 48 cd c9 c9 07 00");
    let again = hex("f2 00 11 00 00");
    for (_, mut inflater) in both_directions(&TAKEOVER) {
        assert_inflates(&mut inflater, &hello, b"Hello");
        assert_inflates(&mut inflater, &hex("00"), b"");
        assert_inflates(&mut inflater, &again, b"Hello");
    }
    // Without takeover the sender has promised not to refer back, so the window is not kept.
    for (_, mut inflater) in both_directions(&NO_TAKEOVER) {
        assert_inflates(&mut inflater, &hello, b"Hello");
        assert_eq!(inflate(&mut inflater, &again), Err(InflateError::Invalid));
    }
}

#[test]
fn a_new_stream_may_follow_a_final_block() {
    let mut inflater = inflater();
    let hello = hex("f3 48 cd c9 c9 07 00");
    // Two streams in one message, and blocks after a final block.
    assert_inflates(&mut inflater, &[&hello[..], &hello, &[0]].concat(), b"HelloHello");
    assert_inflates(
        &mut inflater,
        &[&hello[..], &stored_block(b", "), &hex("f2 48 cd c9 c9 07 00")].concat(),
        b"Hello, Hello",
    );
    // A block after a final block cannot refer to the bytes before it.
    assert_eq!(inflate(&mut inflater, &[&hello[..], &hex("f2 00 11 00 00")].concat()), Err(InflateError::Invalid));
}

#[test]
fn the_empty_block_may_be_final() {
    let mut inflater = inflater();
    for _ in 0..2 {
        assert_inflates(&mut inflater, &[&stored_block(b"Hello")[..], &[1]].concat(), b"Hello");
        assert_inflates(&mut inflater, &hex("01"), b"");
    }
}

#[test]
fn a_missing_empty_block_is_accepted_after_a_final_block_or_in_an_empty_payload() {
    let mut inflater = inflater();
    assert_inflates(&mut inflater, b"", b"");
    assert_inflates(&mut inflater, &hex("f3 48 cd c9 c9 07 00"), b"Hello");
    assert_inflates(&mut inflater, b"", b"");
    assert_inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
    assert_inflates(&mut inflater, b"", b"");
    assert_inflates(&mut inflater, &hex("f2 00 11 00 00"), b"Hello");
}

#[test]
fn invalid_deflate_is_an_error() {
    for payload in ["ff ff ff", "07", "06 00", "00 05 00 00 00", "f2 00 11 00 00", "04 00 fe ff 00"] {
        assert_eq!(inflate(&mut inflater(), &hex(payload)), Err(InflateError::Invalid), "{payload}");
    }
}

#[test]
fn a_truncated_payload_is_an_error() {
    let whole = hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00");
    for end in 1..whole.len() {
        // The first four bytes and the four added bytes form a complete block, so the payload looks
        // like that of "He".
        let expected = if end == 4 { Ok(b"He".to_vec()) } else { Err(InflateError::Invalid) };
        assert_eq!(inflate(&mut inflater(), &whole[..end]), expected, "{}", to_hex(&whole[..end]));
    }
    let whole = [stored_block(b"Hello"), vec![0]].concat();
    for end in 2..whole.len() - 1 {
        assert_eq!(inflate(&mut inflater(), &whole[..end]), Err(InflateError::Invalid), "{}", to_hex(&whole[..end]));
    }
}

#[test]
fn a_payload_truncated_within_its_code_tables_is_an_error() {
    // The largest possible code tables. Each bit after the header encodes a code length of 1 or 2,
    // and there can be up to 316 lengths.
    let endless = hex("ec fd 01 00 00 00 00 40 10 00");
    for end in 1..endless.len() {
        let payload = &endless[..end];
        assert_eq!(inflate(&mut inflater(), payload), Err(InflateError::Invalid), "{}", to_hex(payload));
    }
    // The output of a compressor, cut anywhere in its code tables and in the first part of the
    // data.
    let hardest = NO_TAKEOVER.level(Level::new(9).unwrap());
    let message: String =
        (0..300).map(|number: u32| format!("{number} is the root of {}; ", number * number)).collect();
    let payload = client_to_server(&hardest).0.deflate(message.as_bytes(), true);
    assert_eq!(payload[0] & 7, 0b100, "a block with dynamic codes");
    for end in 1..200 {
        let payload = &payload[..end];
        assert_eq!(inflate(&mut inflater(), payload), Err(InflateError::Invalid), "{}", to_hex(payload));
    }
}

#[test]
fn the_added_bytes_complete_nothing_but_the_empty_block() {
    // The final block lacks its end, which is seven zero bits. The added bytes start with zeros.
    for payload in ["03", "f3 48 cd c9 c9 07"] {
        assert_eq!(inflate(&mut inflater(), &hex(payload)), Err(InflateError::Invalid), "{payload}");
    }
    // A block that ends within its code tables. The added bytes complete the tables and then look
    // like data.
    assert_eq!(inflate(&mut inflater(), &truncated_code_tables()), Err(InflateError::Invalid));
}

#[test]
fn each_inflate_error_is_a_sentence() {
    assert_eq!(InflateError::Invalid.to_string(), "the payload is not valid DEFLATE");
    assert_eq!(InflateError::TooBig.to_string(), "the payload inflates to more than the limit");
}

#[test]
fn a_payload_may_arrive_in_any_two_pieces() {
    let message = b"Hello, Hello, this is a message of several blocks".repeat(20);
    for (mut deflater, _) in both_directions(&TAKEOVER) {
        let payload = [
            deflater.deflate(&message[..100], false),
            stored_block(b", stored and not known to the compressor"),
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
fn the_limit_on_decompressed_bytes_is_exact() {
    let mut deflater = client_to_server(&NO_TAKEOVER).0;
    for size in [0, 1, 5, 1023, 1024, 1025, 4096, 100_000] {
        let payload = deflater.deflate(&vec![b'x'; size], true);
        let mut output = Vec::new();
        assert_eq!(inflater().inflate(&payload, true, &mut output, size), Ok(()));
        assert_eq!(output.len(), size);
        if size > 0 {
            let mut output = Vec::new();
            assert_eq!(inflater().inflate(&payload, true, &mut output, size - 1), Err(InflateError::TooBig));
            assert_eq!(output.len(), size - 1, "not the part below the limit");
            assert!(output.capacity() <= size, "{} for {size}", output.capacity());
        }
    }
}

#[test]
fn too_much_data_is_reported_before_invalid_deflate_after_it() {
    let payload = [stored_block(b"Hello!"), hex("07")].concat();
    for size in 1..=payload.len() {
        let (mut inflater, mut output) = (inflater(), Vec::new());
        let mut pieces = payload.chunks(size);
        let error = pieces.find_map(|piece| inflater.inflate(piece, false, &mut output, 5).err());
        assert_eq!(error, Some(InflateError::TooBig), "in pieces of {size} bytes");
    }
}

#[test]
fn the_capacity_of_the_output_makes_no_difference() {
    // The output may become full exactly when one stream ends and the next one starts.
    let final_hello = hex("f3 48 cd c9 c9 07 00");
    // Six literals of nine bits each. The last byte of the payload holds the last bit of the sixth
    // literal, and the end of the block.
    let final_six = hex("7b f2 ed cf cb 17 f7 01");
    for (payload, message) in [
        ([&final_six[..], &final_six, &[0]].concat(), hex("e4 f6 fc e9 e8 df").repeat(2)),
        ([&final_hello[..], &final_hello, &[0]].concat(), b"HelloHello".to_vec()),
        ([&final_hello[..], &stored_block(b", "), &final_hello].concat(), b"Hello, Hello".to_vec()),
        (hex("f2 48 cd c9 c9 07 00"), b"Hello".to_vec()),
        ([stored_block(&[7; 3000]), hex("01")].concat(), vec![7; 3000]),
    ] {
        for capacity in (0..30).chain([1023, 1024, 1025, 2999, 3000, 3001]) {
            let (mut inflater, mut output) = (inflater(), Vec::with_capacity(capacity));
            assert_eq!(inflater.inflate(&payload, true, &mut output, LIMIT), Ok(()), "capacity {capacity}");
            assert_eq!(output, message, "capacity {capacity}");
        }
    }
}

#[test]
fn a_bomb_is_stopped_at_the_limit() {
    let hardest = NO_TAKEOVER.level(Level::new(9).unwrap());
    let bomb = client_to_server(&hardest).0.deflate(&vec![0; 16 << 20], true);
    assert!(bomb.len() < 20 << 10, "16 MiB in {} bytes", bomb.len());
    let mut output = Vec::new();
    assert_eq!(inflater().inflate(&bomb, true, &mut output, LIMIT), Err(InflateError::TooBig));
    assert!(output.capacity() <= LIMIT + 1, "{}", output.capacity());
}

#[test]
fn a_bomb_in_small_pieces_is_stopped_at_the_limit() {
    let bomb = client_to_server(&NO_TAKEOVER).0.deflate(&vec![0; 4 << 20], true);
    let (mut inflater, mut output) = (inflater(), Vec::new());
    let error = bomb.chunks(7).find_map(|piece| inflater.inflate(piece, false, &mut output, LIMIT).err());
    assert_eq!(error, Some(InflateError::TooBig));
    assert!(output.capacity() <= LIMIT + 1, "{}", output.capacity());
}
