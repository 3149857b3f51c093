//! The one-shot inflater, on payloads whose content is known.

use fuzz::{
    corpus::bytes,
    one_shot_inflater::{OneShotInflater, OneShotResult},
};

/// Decompresses complete messages, one after another.
fn inflate(takeover: bool, payloads: &[&str]) -> Vec<OneShotResult> {
    let mut inflater = OneShotInflater::new(takeover);
    payloads.iter().map(|digits| inflater.inflate(&bytes(digits).expect("hexadecimal digits"), true, 5)).collect()
}

fn message(text: &str) -> OneShotResult {
    OneShotResult::Message(text.into())
}

#[test]
fn the_rfcs_examples_decompress_to_hello() {
    for payload in [
        "f2 48 cd c9 c9 07 00",
        "00 05 00 fa ff 48 65 6c 6c 6f 00",
        "f3 48 cd c9 c9 07 00 00",
        "f2 48 05 00 00 00 ff ff ca c9 c9 07 00",
    ] {
        assert_eq!(inflate(false, &[payload]), [message("Hello")], "{payload}");
    }
    let twice = ["f2 48 cd c9 c9 07 00", "f2 00 11 00 00"];
    assert_eq!(inflate(true, &twice), [message("Hello"), message("Hello")]);
    assert_eq!(inflate(false, &twice), [message("Hello"), OneShotResult::Invalid]);
    assert_eq!(inflate(true, &["00", "", "f2 48 cd c9 c9 07 00"]), [message(""), message(""), message("Hello")]);
}

#[test]
fn a_payload_that_ends_within_a_block_is_invalid() {
    for payload in [
        "f2 48 cd c9",
        "f2 48 cd c9 c9 07",
        "00 05 00 fa ff 48",
        "07",
        // Within the description of a block's own codes: 19 lengths of codes for lengths, 1 bit for
        // the length 1.
        "04",
    ] {
        assert_eq!(inflate(true, &[payload]), [OneShotResult::Invalid], "{payload}");
    }
}

#[test]
fn one_byte_above_the_limit_is_too_big() {
    assert_eq!(inflate(true, &["00 05 00 fa ff 48 65 6c 6c 6f 00"]), [message("Hello")]);
    assert_eq!(inflate(true, &["00 06 00 f9 ff 48 65 6c 6c 6f 21 00"]), [OneShotResult::TooBig]);
}
