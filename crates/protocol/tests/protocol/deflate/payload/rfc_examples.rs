//! RFC 7692, section 7.2.3: the examples.

use super::{NO_TAKEOVER, TAKEOVER, assert_inflates, both_directions, inflater};
use testkit::hex::hex;

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# To compress a message, an endpoint MUST compress all its bytes with DEFLATE.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# The compressed data MUST end with an empty uncompressed block, which the endpoint adds if it is
//# missing.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# The endpoint MUST remove the last four bytes, 00 00 FF FF.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# To decompress a message, an endpoint MUST append 00 00 FF FF to its payload.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# The endpoint MUST then decompress the result with DEFLATE.
#[test]
fn hello_in_one_block() {
    for (mut deflater, mut inflater) in both_directions(&TAKEOVER) {
        assert_eq!(deflater.deflate(b"Hello", true), hex("f2 48 cd c9 c9 07 00"));
        assert_inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
    }
}

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# Otherwise, the client MAY continue with the window of the last compressed message.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# Otherwise, the server MAY continue with the window of the last compressed message.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# Otherwise, the client MUST decompress each message with the window of the last compressed
//# message.
//= docs/src/rfc7692.md#section-7-2-2
//= type=test
//# Otherwise, the server MUST decompress each message with the window of the last compressed
//# message, even if the client offered the parameter.
#[test]
fn hello_again_refers_to_the_first() {
    for (mut deflater, mut inflater) in both_directions(&TAKEOVER) {
        assert_eq!(deflater.deflate(b"Hello", true), hex("f2 48 cd c9 c9 07 00"));
        // The RFC's compressor writes H and then a reference to the other four bytes. This
        // compressor refers to all five.
        assert_eq!(deflater.deflate(b"Hello", true), hex("02 13 00 00"));
        assert_inflates(&mut inflater, &hex("f2 48 cd c9 c9 07 00"), b"Hello");
        assert_inflates(&mut inflater, &hex("f2 00 11 00 00"), b"Hello");
        assert_inflates(&mut inflater, &hex("02 13 00 00"), b"Hello");
    }
}

//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# If `client_no_context_takeover` was agreed on, the client MUST compress each message with an
//# empty window at the start.
//= docs/src/rfc7692.md#section-7-2-1
//= type=test
//# If `server_no_context_takeover` was agreed on, the server MUST compress each message with an
//# empty window at the start.
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
//# A block with BFINAL set that does not end on a byte boundary MUST be padded with zero bits to
//# the next one.
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
