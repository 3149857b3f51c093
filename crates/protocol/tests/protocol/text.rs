//! Sections 5.6 and 8.1: text messages must be UTF-8, and binary messages may contain any bytes.

use protocol::{
    Message, MessageKind, UsageError, Utf8Bytes, Violation,
    utf8::{InvalidUtf8, Utf8Validator},
};
use testkit::{
    endpoint::{TestEndpoint, for_both_roles},
    frames::{frame_from, peer_of},
    hex::hex,
    observed::{Observed, ping, text, violated},
};

/// Valid UTF-8, including characters at the limits of what is valid.
const VALID: [(&str, &str); 14] = [
    ("", ""),
    ("48656c6c6f", "Hello"),
    ("00", "\0"),
    ("7f", "\u{7f}"),
    ("c280", "\u{80}"),
    ("dfbf", "\u{7ff}"),
    ("e0a080", "\u{800}"),
    ("e282ac", "\u{20ac}"),
    ("ed9fbf ee8080", "\u{d7ff}\u{e000}"), // the last character before the surrogates, and the first after them
    ("efbbbf 61", "\u{feff}a"),            // a byte order mark is kept
    ("efbfbe efbfbf", "\u{fffe}\u{ffff}"), // noncharacters are valid
    ("f0908080", "\u{10000}"),
    ("f48fbfbf", "\u{10ffff}"),
    ("ceba e1bdb9 cf83 cebc ceb5", "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}"), // the word that Autobahn's tests use
];

/// Invalid UTF-8, with the number of bytes after which no further bytes can make it valid. 0 means
/// that the text lacks only the end of a character.
const INVALID: [(&str, usize); 24] = [
    ("80", 1),
    ("bf", 1),
    ("c080", 1),
    ("c0af", 1), // an overlong slash, with which old web servers could be made to serve any file
    ("c1bf", 1),
    ("c328", 2),
    ("c3c3", 2),
    ("e08080", 2),
    ("e09fbf", 2),
    ("e28228", 3),
    ("eda080", 2), // half a surrogate pair
    ("edbfbf", 2),
    ("eda080 edb080", 2), // a whole surrogate pair
    ("f0808080", 2),
    ("f08fbfbf", 2),
    ("f09d8428", 4),
    ("f4908080", 2), // above U+10FFFF
    ("f5808080", 1),
    ("fe", 1),
    ("ff", 1),
    ("48656c6c6f ff", 6),
    ("e282", 0),
    ("48c3", 0),
    ("f09d84", 0),
];

#[test]
fn valid_text_is_delivered_unchanged() {
    for (bytes, expected) in VALID {
        for_both_roles(|endpoint| {
            let bytes = frame_from(peer_of(endpoint.role()), 0x81, hex(bytes));
            assert_eq!(endpoint.receive_bytes(&bytes), [text(expected)]);
        });
    }
}

//= docs/src/rfc6455.md#section-5-6
//= type=test
//# A text message as a whole MUST be valid UTF-8.
//= docs/src/rfc6455.md#section-8-1
//= type=test
//# An endpoint that must interpret bytes as UTF-8, and finds that they are not valid UTF-8, MUST
//# fail the connection.
#[test]
fn a_text_that_is_not_utf_8_fails_the_connection_with_1007() {
    for (bytes, _) in INVALID {
        for_both_roles(|endpoint| {
            let frame = frame_from(peer_of(endpoint.role()), 0x81, hex(bytes));
            assert_eq!(endpoint.receive_bytes(&frame), [violated(Violation::TextNotUtf8)], "{bytes}");
            endpoint.assert_fails_connection(1007);
        });
    }
}

//= docs/src/rfc6455.md#section-5-6
//= type=test
//# **Binary** is arbitrary bytes, and only the application defines their meaning.
#[test]
fn a_binary_message_may_have_any_bytes() {
    for (bytes, _) in INVALID {
        for_both_roles(|endpoint| {
            let payload = hex(bytes);
            let whole = frame_from(peer_of(endpoint.role()), 0x82, &payload);
            assert_eq!(endpoint.receive_bytes(&whole), [Observed::Binary(payload.clone())]);
            let (first, second) = payload.split_at(payload.len() / 2);
            let sender = peer_of(endpoint.role());
            let fragments = [frame_from(sender, 0x02, first), frame_from(sender, 0x80, second)].concat();
            assert_eq!(endpoint.receive_bytes(&fragments), [Observed::Binary(payload)]);
        });
    }
}

//= docs/src/rfc6455.md#section-5-6
//= type=test
//# A single text frame may end in the middle of a character.
#[test]
fn a_fragment_may_end_within_a_character() {
    for_both_roles(|endpoint| assert_eq!(endpoint.receive(&["01 01 e2", "00 01 82", "80 01 ac"]), [text("\u{20ac}")]));
    for (bytes, expected) in VALID {
        let bytes = hex(bytes);
        for cut in 0..=bytes.len() {
            for_both_roles(|endpoint| {
                let sender = peer_of(endpoint.role());
                let fragments =
                    [frame_from(sender, 0x01, &bytes[..cut]), frame_from(sender, 0x80, &bytes[cut..])].concat();
                assert_eq!(endpoint.receive_bytes(&fragments), [text(expected)], "{expected:?} cut at {cut}");
            });
        }
    }
}

#[test]
fn a_character_may_be_cut_by_empty_fragments_and_control_frames() {
    for_both_roles(|endpoint| {
        assert_eq!(
            endpoint.receive(&["01 01 e2", "00 00", "89 02 c328", "00 01 82", "8a 01 ff", "80 01 ac"]),
            [ping("c328"), Observed::Pong(vec![0xFF]), text("\u{20ac}")]
        );
    });
}

#[test]
fn a_read_may_end_within_a_character() {
    for_both_roles(|endpoint| {
        let observed = endpoint.receive_byte_by_byte(&["81 07 e282ac f09d849e"]);
        assert_eq!(observed, [text("\u{20ac}\u{1d11e}")]);
    });
}

//= docs/src/rfc6455.md#section-5-6
//= type=test
//# A text message as a whole MUST be valid UTF-8.
#[test]
fn a_fragment_need_not_be_utf_8() {
    // Neither fragment is valid UTF-8.
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 02 c3bc", "00 01 c3", "80 02 bc61"]), [text("\u{fc}\u{fc}a")]);
    });
}

#[test]
fn a_character_cannot_be_completed_by_the_next_message() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["81 01 e2", "81 02 82ac"]), [violated(Violation::TextNotUtf8)]);
    });
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 01 e2", "80 00", "81 02 82ac"]), [violated(Violation::TextNotUtf8)]);
    });
}

#[test]
fn validation_starts_over_with_every_message() {
    for_both_roles(|endpoint| {
        assert_eq!(
            endpoint.receive(&["01 01 c3", "80 01 bc", "81 01 61", "82 01 c3", "81 01 62"]),
            [text("\u{fc}"), text("a"), Observed::Binary(vec![0xC3]), text("b")]
        );
    });
}

//= docs/src/rfc6455.md#section-8-1
//= type=test
//# An endpoint that must interpret bytes as UTF-8, and finds that they are not valid UTF-8, MUST
//# fail the connection.
#[test]
fn invalid_text_fails_the_connection_at_its_first_invalid_byte() {
    // The text arrives byte by byte, in a frame that is never complete. The violation is reported
    // with the first byte that makes the text invalid, not earlier and not later.
    for (bytes, fails_after) in INVALID {
        let bytes = hex(bytes);
        if fails_after == 0 {
            continue;
        }
        for_both_roles(|endpoint| {
            endpoint.receive(&["81 7e0400"]);
            for (at, byte) in bytes.iter().enumerate() {
                let observed = endpoint.receive_bytes(&[*byte]);
                if at + 1 < fails_after {
                    assert_eq!(observed, [], "{bytes:02x?} at {at}");
                } else {
                    assert_eq!(observed, [violated(Violation::TextNotUtf8)], "{bytes:02x?} at {at}");
                    return;
                }
            }
            panic!("{bytes:02x?} did not fail");
        });
    }
}

#[test]
fn invalid_text_fails_the_connection_in_its_fragment() {
    for_both_roles(|endpoint| assert_eq!(endpoint.receive(&["01 04 f4908080"]), [violated(Violation::TextNotUtf8)]));
    for_both_roles(|endpoint| assert_eq!(endpoint.receive(&["01 02 eda0"]), [violated(Violation::TextNotUtf8)]));
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 01 f4"]), []);
        assert_eq!(endpoint.receive(&["00 01 90"]), [violated(Violation::TextNotUtf8)]);
    });
}

#[test]
fn an_incomplete_character_fails_the_connection_at_the_end_of_the_message() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.receive(&["01 02 e282", "00 00"]), []);
        assert_eq!(endpoint.receive(&["80 00"]), [violated(Violation::TextNotUtf8)]);
        endpoint.assert_fails_connection(1007);
    });
}

#[test]
fn a_large_text_is_validated_to_its_end() {
    // The characters have three bytes, so that the boundaries of an implementation's blocks fall
    // within characters.
    for_both_roles(|endpoint| {
        let valid_text = "\u{20ac}".repeat(40_000);
        let header = endpoint.peer_frames(&["81 7f000000000001d4c0"]);
        assert_eq!(
            endpoint.receive_bytes(&[&header, valid_text.as_bytes()].concat()),
            [Observed::Text(valid_text.clone())]
        );
        for at in [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 119_998, 119_999] {
            let mut endpoint = TestEndpoint::new(endpoint.role(), protocol::Config::default());
            let mut invalid_text = valid_text.clone().into_bytes();
            invalid_text[at] = 0xFF;
            assert_eq!(
                endpoint.receive_bytes(&[&header[..], &invalid_text].concat()),
                [violated(Violation::TextNotUtf8)],
                "at {at}"
            );
        }
    });
}

// ---- All valid and invalid sequences ------------------------------------------------------------

/// The smallest and the largest value of each byte that must follow.
type ContinuationRanges = &'static [(u8, u8)];

/// Returns the ranges of the bytes that must follow a first byte, from table 3-7 of the Unicode
/// Standard, which lists all well-formed UTF-8.
fn continuation_ranges(first: u8) -> Option<ContinuationRanges> {
    const ANY: (u8, u8) = (0x80, 0xBF);
    Some(match first {
        0x00..=0x7F => &[],
        0xC2..=0xDF => &[ANY],
        0xE0 => &[(0xA0, 0xBF), ANY], // smaller bytes are overlong forms
        0xED => &[(0x80, 0x9F), ANY], // larger bytes are surrogates
        0xE1..=0xEF => &[ANY, ANY],
        0xF0 => &[(0x90, 0xBF), ANY, ANY], // smaller bytes are overlong forms
        0xF1..=0xF3 => &[ANY, ANY, ANY],
        0xF4 => &[(0x80, 0x8F), ANY, ANY], // larger bytes are above U+10FFFF
        0x80..=0xC1 | 0xF5..=0xFF => return None,
    })
}

/// Returns all incomplete characters, each with the ranges of the bytes that must still follow. For
/// a third byte, only the smallest and the largest value are included.
fn incomplete_characters() -> Vec<(Vec<u8>, ContinuationRanges)> {
    let mut all = Vec::new();
    for first in 0..=255 {
        let Some(following @ [second, rest @ ..]) = continuation_ranges(first) else { continue };
        all.push((vec![first], following));
        let [third, ..] = rest else { continue };
        for second in second.0..=second.1 {
            all.push((vec![first, second], rest));
            if rest.len() == 2 {
                all.extend([third.0, third.1].map(|third| (vec![first, second, third], &rest[1..])));
            }
        }
    }
    all
}

#[test]
fn the_validator_accepts_exactly_the_sequences_of_the_unicode_standard() {
    let incomplete_characters = incomplete_characters();
    // 51 first bytes require further bytes. 960 valid pairs of bytes start a three-byte character,
    // and 256 start a four-byte character. Each of these 256 occurs with two values of its third
    // byte.
    assert_eq!(incomplete_characters.len(), 51 + 960 + 256 + 2 * 256);
    for first in 0..=255 {
        let mut check = Utf8Validator::new();
        let allowed = continuation_ranges(first);
        assert_eq!(check.push(&[first]).is_ok(), allowed.is_some(), "{first:02x}");
        if let Some(more) = allowed {
            assert_eq!(check.is_complete(), more.is_empty(), "{first:02x}");
        }
    }
    for (bytes, rest) in incomplete_characters {
        for next in 0..=255 {
            let (low, high) = rest[0];
            let allowed = (low..=high).contains(&next);
            let mut pieces = Utf8Validator::new();
            assert_eq!(pieces.push(&bytes), Ok(()));
            assert!(!pieces.is_complete());
            assert_eq!(pieces.push(&[next]).is_ok(), allowed, "{bytes:02x?}, then {next:02x}");
            let mut whole = Utf8Validator::new();
            assert_eq!(whole.push(&[&bytes[..], &[next]].concat()).is_ok(), allowed, "{bytes:02x?} with {next:02x}");
            if allowed {
                assert_eq!(pieces.is_complete(), rest.len() == 1, "{bytes:02x?}, then {next:02x}");
                assert_eq!(whole.is_complete(), rest.len() == 1, "{bytes:02x?} with {next:02x}");
            }
        }
    }
}

//= docs/src/rfc6455.md#section-8-1
//= type=test
//# An endpoint that must interpret bytes as UTF-8, and finds that they are not valid UTF-8, MUST
//# fail the connection.
#[test]
fn no_incomplete_character_is_valid_at_the_end_of_a_text() {
    for (bytes, _) in incomplete_characters() {
        for_both_roles(|endpoint| {
            let whole = frame_from(peer_of(endpoint.role()), 0x81, &bytes);
            assert_eq!(endpoint.receive_bytes(&whole), [violated(Violation::TextNotUtf8)], "{bytes:02x?}");
        });
        for_both_roles(|endpoint| {
            let sender = peer_of(endpoint.role());
            let fragments = [frame_from(sender, 0x01, &bytes), frame_from(sender, 0x80, [])].concat();
            assert_eq!(
                endpoint.receive_bytes(&fragments),
                [violated(Violation::TextNotUtf8)],
                "{bytes:02x?} and no more"
            );
        });
    }
}

//= docs/src/rfc6455.md#section-5-6
//= type=test
//# A text message as a whole MUST be valid UTF-8.
#[test]
fn every_unicode_character_is_delivered() {
    let all: String = ('\0'..=char::MAX).collect();
    assert_eq!(all.chars().count(), 0x11_0000 - 0x800, "not all code points but the surrogates");
    // The length of each read is a prime number, so that characters of every length are split.
    for_both_roles(|endpoint| {
        let header = endpoint.peer_frames(&[&format!("81 7f {:016x}", all.len())]);
        let mut observed = endpoint.receive_bytes(&header);
        observed.extend(all.as_bytes().chunks(8191).flat_map(|piece| endpoint.receive_bytes(piece)));
        assert_eq!(observed, [Observed::Text(all.clone())]);
    });
}

// ---- Sending ------------------------------------------------------------------------------------

#[test]
fn a_text_can_be_sent_in_fragments_cut_within_a_character() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_fragment(MessageKind::Text, &[0xE2], false).unwrap();
        endpoint.connection.send_fragment(MessageKind::Text, &[0x82], false).unwrap();
        endpoint.connection.send_fragment(MessageKind::Text, &[0xAC], true).unwrap();
        endpoint.assert_transmits(&["01 01 e2", "00 01 82", "80 01 ac"]);
    });
}

#[test]
fn a_fragment_that_is_not_utf_8_is_not_sent() {
    for_both_roles(|endpoint| {
        assert_eq!(endpoint.connection.send_fragment(MessageKind::Text, &[0xFF], false), Err(UsageError::NotUtf8));
        // This text lacks only the end of a character.
        assert_eq!(endpoint.connection.send_fragment(MessageKind::Text, &[0xE2], true), Err(UsageError::NotUtf8));
        endpoint.assert_transmits_nothing();

        endpoint.connection.send_fragment(MessageKind::Text, &[0xE2], false).unwrap();
        assert_eq!(endpoint.connection.send_fragment(MessageKind::Text, &[0x28], false), Err(UsageError::NotUtf8));
        assert_eq!(endpoint.connection.send_fragment(MessageKind::Text, &[0x82], true), Err(UsageError::NotUtf8));
        // The open message is unchanged, and can still be completed.
        endpoint.connection.send_fragment(MessageKind::Text, &[0x82, 0xAC], true).unwrap();
        endpoint.assert_transmits(&["01 01 e2", "80 02 82ac"]);
    });
}

#[test]
fn fragments_of_a_binary_message_may_have_any_bytes() {
    for_both_roles(|endpoint| {
        endpoint.connection.send_fragment(MessageKind::Binary, &[0xC3], false).unwrap();
        endpoint.connection.send_fragment(MessageKind::Binary, &[0x28], true).unwrap();
        endpoint.assert_transmits(&["02 01 c3", "80 01 28"]);
    });
}

// ---- Types --------------------------------------------------------------------------------------

#[test]
fn utf8_bytes_are_valid_utf_8() {
    for (bytes, expected) in VALID {
        let text = Utf8Bytes::from_utf8(hex(bytes).into()).unwrap();
        assert_eq!(text.as_str(), expected);
        assert_eq!(Message::Text(text).as_text(), Some(expected));
    }
    for (bytes, _) in INVALID {
        assert_eq!(Utf8Bytes::from_utf8(hex(bytes).into()), Err(InvalidUtf8));
    }
}

#[test]
fn the_validator_accepts_the_same_texts_in_pieces() {
    let valid_text = VALID.iter().map(|(bytes, _)| (hex(bytes), true));
    let invalid_text = INVALID.iter().map(|(bytes, _)| (hex(bytes), false));
    for (bytes, valid) in valid_text.chain(invalid_text) {
        for cut in 0..=bytes.len() {
            let mut check = Utf8Validator::new();
            let passed = check.push(&bytes[..cut]).is_ok() && check.push(&bytes[cut..]).is_ok() && check.is_complete();
            assert_eq!(passed, valid, "{bytes:02x?} cut at {cut}");
        }
    }
}
