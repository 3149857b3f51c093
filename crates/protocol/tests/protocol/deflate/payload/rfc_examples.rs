//! RFC 7692, section 7.2.3: the examples.

use super::{NO_TAKEOVER, TAKEOVER, assert_inflates, both_directions, inflater};
use testkit::hex::hex;

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
    for (mut deflater, mut inflater) in both_directions(&TAKEOVER) {
        assert_eq!(deflater.deflate(b"Hello", true), hex("f2 48 cd c9 c9 07 00"));
        assert_inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
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
    for (mut deflater, mut inflater) in both_directions(&TAKEOVER) {
        assert_eq!(deflater.deflate(b"Hello", true), hex("f2 48 cd c9 c9 07 00"));
        // The RFC's compressor writes H and a reference to the other four bytes. This one refers to
        // all five.
        assert_eq!(deflater.deflate(b"Hello", true), hex("02 13 00 00"));
        assert_inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
        assert_inflates(&mut inflater, &hex("f2 00 11 00 00"), b"Hello");
        assert_inflates(&mut inflater, &hex("02 13 00 00"), b"Hello");
    }
}

//= docs/src/rfc7692.md#section-7-1-1-2
//= type=test
//# A client MUST be able to do without takeover when the response says so.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# If `client_no_context_takeover` was agreed on, the client MUST begin each message with an empty window.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# If `server_no_context_takeover` was agreed on, the server MUST begin each message with an empty window.
#[test]
fn hello_again_without_takeover_is_the_same_bytes() {
    for (mut deflater, mut inflater) in both_directions(&NO_TAKEOVER) {
        for _ in 0..3 {
            assert_eq!(deflater.deflate(b"Hello", true), hex("f2 48 cd c9 c9 07 00"));
            assert_inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
        }
    }
}

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# An endpoint MAY use blocks of any type.
#[test]
fn hello_in_a_stored_block() {
    assert_inflates(&mut inflater(), &hex("00 05 00 fa ff 48 65 6c 6c 6f 00"), b"Hello");
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
    assert_inflates(&mut inflater, &hex("f3 48 cd c9 c9 07 00 00"), b"Hello");
    // Later messages are decompressed too.
    assert_inflates(&mut inflater, &hex("f3 48 cd c9 c9 07 00 00"), b"Hello");
    assert_inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
    assert_inflates(&mut inflater, &hex("f2 00 11 00 00"), b"Hello");
}

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# An endpoint MAY use several blocks for one message.
#[test]
fn hello_in_two_blocks() {
    assert_inflates(&mut inflater(), &hex("f2 48 05 00 00 00 ff ff ca c9 c9 07 00"), b"Hello");
}

#[test]
fn an_empty_message_is_one_byte() {
    for (mut deflater, mut inflater) in both_directions(&TAKEOVER) {
        for _ in 0..3 {
            assert_eq!(deflater.deflate(b"", true), hex("00"));
            assert_inflates(&mut inflater, &hex("00"), b"");
        }
        assert_eq!(deflater.deflate(b"Hello", true), hex("f2 48 cd c9 c9 07 00"));
        assert_eq!(deflater.deflate(b"", true), hex("00"));
        assert_eq!(deflater.deflate(b"Hello", true), hex("02 13 00 00"));
    }
}
