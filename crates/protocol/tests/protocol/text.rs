//! Sections 5.6 and 8.1: text is UTF-8, binary is anything.

use crate::common::{End, Heard, both, broken, hex, masked, peer_of, ping, text, wire};
use protocol::{
    MessageKind, Role, UsageError, Violation,
    message::{Message, Utf8Bytes},
    utf8::{InvalidUtf8, Utf8Validator},
};

/// Texts that are right, some of them at the borders of what is.
const GOOD: [(&str, &str); 14] = [
    ("", ""),
    ("48656c6c6f", "Hello"),
    ("00", "\0"),
    ("7f", "\u{7f}"),
    ("c280", "\u{80}"),
    ("dfbf", "\u{7ff}"),
    ("e0a080", "\u{800}"),
    ("e282ac", "\u{20ac}"),
    ("ed9fbf ee8080", "\u{d7ff}\u{e000}"), // the last before the surrogates and the first behind them
    ("efbbbf 61", "\u{feff}a"),            // a byte order mark is kept
    ("efbfbe efbfbf", "\u{fffe}\u{ffff}"), // noncharacters are characters here
    ("f0908080", "\u{10000}"),
    ("f48fbfbf", "\u{10ffff}"),
    ("ceba e1bdb9 cf83 cebc ceb5", "\u{3ba}\u{1f79}\u{3c3}\u{3bc}\u{3b5}"), // Autobahn's favourite word
];

/// Bytes that are no text, with the number of bytes after which nothing can mend them; 0 for those that only lack an end.
const BAD: [(&str, usize); 24] = [
    ("80", 1),
    ("bf", 1),
    ("c080", 1),
    ("c0af", 1), // a slash in two bytes: the overlong form that once opened locked directories
    ("c1bf", 1),
    ("c328", 2),
    ("c3c3", 2),
    ("e08080", 2),
    ("e09fbf", 2),
    ("e28228", 3),
    ("eda080", 2), // half a surrogate pair
    ("edbfbf", 2),
    ("eda080 edb080", 2), // a whole one
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

/// A message in one frame with this payload, as `sender` sends it.
fn frame(sender: Role, first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    assert!(length <= 125);
    let frame = [&[first, length], payload].concat();
    if sender == Role::Client { masked(frame) } else { frame }
}

#[test]
fn a_text_is_delivered_as_it_was_written() {
    for (bytes, expected) in GOOD {
        both(|end| {
            let bytes = frame(peer_of(end.role()), 0x81, &hex(bytes));
            assert_eq!(end.hears_bytes(&bytes), [text(expected)]);
        });
    }
}

//= docs/src/rfc6455.md#section-5-6
//= type=test
//# The whole of a text message MUST be valid UTF-8.
//= docs/src/rfc6455.md#section-8-1
//= type=test
//# An endpoint that is to read bytes as UTF-8 and finds that they are none MUST fail the connection.
#[test]
fn a_text_that_is_not_utf_8_fails_the_connection_with_1007() {
    for (bytes, _) in BAD {
        both(|end| {
            let frame = frame(peer_of(end.role()), 0x81, &hex(bytes));
            assert_eq!(end.hears_bytes(&frame), [broken(Violation::TextNotUtf8)], "{bytes}");
            end.transmits_failure(1007);
        });
    }
}

//= docs/src/rfc6455.md#section-5-6
//= type=test
//# **Binary** is any bytes, and what they mean is the application's affair alone.
#[test]
fn binary_is_opaque() {
    for (bytes, _) in BAD {
        both(|end| {
            let payload = hex(bytes);
            let whole = frame(peer_of(end.role()), 0x82, &payload);
            assert_eq!(end.hears_bytes(&whole), [Heard::Binary(payload.clone())]);
            let (first, second) = payload.split_at(payload.len() / 2);
            let sender = peer_of(end.role());
            let fragments = [frame(sender, 0x02, first), frame(sender, 0x80, second)].concat();
            assert_eq!(end.hears_bytes(&fragments), [Heard::Binary(payload)]);
        });
    }
}

//= docs/src/rfc6455.md#section-5-6
//= type=test
//# A single frame of it may end in the middle of a character.
#[test]
fn a_fragment_may_end_inside_a_character() {
    both(|end| assert_eq!(end.hears(&["01 01 e2", "00 01 82", "80 01 ac"]), [text("\u{20ac}")]));
    for (bytes, expected) in GOOD {
        let bytes = hex(bytes);
        for cut in 0..=bytes.len() {
            both(|end| {
                let sender = peer_of(end.role());
                let fragments = [frame(sender, 0x01, &bytes[..cut]), frame(sender, 0x80, &bytes[cut..])].concat();
                assert_eq!(end.hears_bytes(&fragments), [text(expected)], "{expected:?} cut at {cut}");
            });
        }
    }
}

#[test]
fn a_character_may_be_cut_by_empty_fragments_and_control_frames() {
    both(|end| {
        assert_eq!(
            end.hears(&["01 01 e2", "00 00", "89 02 c328", "00 01 82", "8a 01 ff", "80 01 ac"]),
            [ping("c328"), Heard::Pong(vec![0xFF]), text("\u{20ac}")]
        );
    });
}

#[test]
fn a_read_may_end_inside_a_character() {
    both(|end| {
        let bytes = wire(peer_of(end.role()), &["81 07 e282ac f09d849e"]);
        let heard: Vec<Heard> = bytes.iter().flat_map(|byte| end.hears_bytes(&[*byte])).collect();
        assert_eq!(heard, [text("\u{20ac}\u{1d11e}")]);
    });
}

//= docs/src/rfc6455.md#section-5-6
//= type=test
//# The whole of a text message MUST be valid UTF-8.
#[test]
fn only_the_whole_message_has_to_be_utf_8() {
    // Neither fragment is.
    both(|end| assert_eq!(end.hears(&["01 02 c3bc", "00 01 c3", "80 02 bc61"]), [text("\u{fc}\u{fc}a")]));
}

#[test]
fn a_character_cannot_be_completed_by_the_next_message() {
    both(|end| {
        assert_eq!(end.hears(&["81 01 e2", "81 02 82ac"]), [broken(Violation::TextNotUtf8)]);
    });
    both(|end| {
        assert_eq!(end.hears(&["01 01 e2", "80 00", "81 02 82ac"]), [broken(Violation::TextNotUtf8)]);
    });
}

#[test]
fn the_check_begins_anew_with_every_message() {
    both(|end| {
        assert_eq!(
            end.hears(&["01 01 c3", "80 01 bc", "81 01 61", "82 01 c3", "81 01 62"]),
            [text("\u{fc}"), text("a"), Heard::Binary(vec![0xC3]), text("b")]
        );
    });
}

//= docs/src/rfc6455.md#section-8-1
//= type=test
//# An endpoint that is to read bytes as UTF-8 and finds that they are none MUST fail the connection.
#[test]
fn bad_text_fails_as_soon_as_nothing_can_mend_it() {
    // In the middle of a frame of which the rest never comes, byte by byte: not before, and not after.
    for (bytes, fails_after) in BAD {
        let bytes = hex(bytes);
        if fails_after == 0 {
            continue;
        }
        both(|end| {
            end.hears(&["81 7e0400"]);
            for (at, byte) in bytes.iter().enumerate() {
                let heard = end.hears_bytes(&[*byte]);
                if at + 1 < fails_after {
                    assert_eq!(heard, [], "{bytes:02x?} at {at}");
                } else {
                    assert_eq!(heard, [broken(Violation::TextNotUtf8)], "{bytes:02x?} at {at}");
                    return;
                }
            }
            panic!("{bytes:02x?} did not fail");
        });
    }
}

#[test]
fn bad_text_fails_in_the_fragment_that_has_it() {
    both(|end| assert_eq!(end.hears(&["01 04 f4908080"]), [broken(Violation::TextNotUtf8)]));
    both(|end| assert_eq!(end.hears(&["01 02 eda0"]), [broken(Violation::TextNotUtf8)]));
    both(|end| {
        assert_eq!(end.hears(&["01 01 f4"]), []);
        assert_eq!(end.hears(&["00 01 90"]), [broken(Violation::TextNotUtf8)]);
    });
}

#[test]
fn a_text_that_lacks_its_end_fails_with_its_last_fragment() {
    both(|end| {
        assert_eq!(end.hears(&["01 02 e282", "00 00"]), []);
        assert_eq!(end.hears(&["80 00"]), [broken(Violation::TextNotUtf8)]);
        end.transmits_failure(1007);
    });
}

#[test]
fn a_large_text_is_checked_to_its_end() {
    // Characters of three bytes, so that they are cut at every border that an implementation may draw.
    both(|end| {
        let good = "\u{20ac}".repeat(40_000);
        let header = wire(peer_of(end.role()), &["81 7f000000000001d4c0"]);
        assert_eq!(end.hears_bytes(&[&header, good.as_bytes()].concat()), [Heard::Text(good.clone())]);
        for at in [0, 1, 16_383, 16_384, 16_385, 65_535, 65_536, 119_998, 119_999] {
            let mut end = End::new(end.role(), protocol::Config::default());
            let mut bad = good.clone().into_bytes();
            bad[at] = 0xFF;
            assert_eq!(end.hears_bytes(&[&header[..], &bad].concat()), [broken(Violation::TextNotUtf8)], "at {at}");
        }
    });
}

// ---- Every border -----------------------------------------------------------------------------------------------------

/// The smallest and the largest of each of the bytes that may follow.
type Following = &'static [(u8, u8)];

/// What may follow a first byte: the table of well-formed UTF-8 in the Unicode Standard (3-7).
fn may_follow(first: u8) -> Option<Following> {
    const ANY: (u8, u8) = (0x80, 0xBF);
    Some(match first {
        0x00..=0x7F => &[],
        0xC2..=0xDF => &[ANY],
        0xE0 => &[(0xA0, 0xBF), ANY], // below would be an overlong form
        0xED => &[(0x80, 0x9F), ANY], // above are the surrogates
        0xE1..=0xEF => &[ANY, ANY],
        0xF0 => &[(0x90, 0xBF), ANY, ANY], // overlong below
        0xF1..=0xF3 => &[ANY, ANY, ANY],
        0xF4 => &[(0x80, 0x8F), ANY, ANY], // nothing above U+10FFFF
        0x80..=0xC1 | 0xF5..=0xFF => return None,
    })
}

/// All beginnings of a character that lack something; of the third byte, the smallest and the largest only.
fn beginnings() -> Vec<(Vec<u8>, Following)> {
    let mut all = Vec::new();
    for first in 0..=255 {
        let Some([second, rest @ ..]) = may_follow(first) else { continue };
        all.push((vec![first], may_follow(first).unwrap()));
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
fn each_beginning_of_a_character_goes_on_with_the_bytes_that_the_table_allows_and_no_others() {
    let beginnings = beginnings();
    // 51 first bytes that need more; with the seconds that may follow 960 in three bytes and 256 in four; two thirds each.
    assert_eq!(beginnings.len(), 51 + 960 + 256 + 2 * 256);
    for first in 0..=255 {
        let mut check = Utf8Validator::new();
        let allowed = may_follow(first);
        assert_eq!(check.push(&[first]).is_ok(), allowed.is_some(), "{first:02x}");
        if let Some(more) = allowed {
            assert_eq!(check.is_complete(), more.is_empty(), "{first:02x}");
        }
    }
    for (bytes, rest) in beginnings {
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
//# An endpoint that is to read bytes as UTF-8 and finds that they are none MUST fail the connection.
#[test]
fn no_text_ends_with_the_beginning_of_a_character() {
    for (bytes, _) in beginnings() {
        both(|end| {
            let whole = frame(peer_of(end.role()), 0x81, &bytes);
            assert_eq!(end.hears_bytes(&whole), [broken(Violation::TextNotUtf8)], "{bytes:02x?}");
        });
        both(|end| {
            let sender = peer_of(end.role());
            let fragments = [frame(sender, 0x01, &bytes), frame(sender, 0x80, &[])].concat();
            assert_eq!(end.hears_bytes(&fragments), [broken(Violation::TextNotUtf8)], "{bytes:02x?} and no more");
        });
    }
}

//= docs/src/rfc6455.md#section-5-6
//= type=test
//# The whole of a text message MUST be valid UTF-8.
#[test]
fn every_character_there_is_arrives() {
    let all: String = ('\0'..=char::MAX).collect();
    assert_eq!(all.chars().count(), 0x11_0000 - 0x800, "all numbers but the surrogates");
    // Reads of a prime length, so that cuts fall into characters of each length.
    both(|end| {
        let header = wire(peer_of(end.role()), &[&format!("81 7f {:016x}", all.len())]);
        let mut heard = end.hears_bytes(&header);
        heard.extend(all.as_bytes().chunks(8191).flat_map(|piece| end.hears_bytes(piece)));
        assert_eq!(heard, [Heard::Text(all.clone())]);
    });
}

// ---- Sending --------------------------------------------------------------------------------------------------------

#[test]
fn a_fragmented_text_may_be_cut_inside_a_character() {
    both(|end| {
        end.connection.send_fragment(MessageKind::Text, &[0xE2], false).unwrap();
        end.connection.send_fragment(MessageKind::Text, &[0x82], false).unwrap();
        end.connection.send_fragment(MessageKind::Text, &[0xAC], true).unwrap();
        end.transmits(&["01 01 e2", "00 01 82", "80 01 ac"]);
    });
}

#[test]
fn a_fragmented_text_that_is_not_utf_8_is_not_sent() {
    both(|end| {
        assert_eq!(end.connection.send_fragment(MessageKind::Text, &[0xFF], false), Err(UsageError::NotUtf8));
        assert_eq!(
            end.connection.send_fragment(MessageKind::Text, &[0xE2], true),
            Err(UsageError::NotUtf8),
            "it lacks its end"
        );
        end.transmits_nothing();

        end.connection.send_fragment(MessageKind::Text, &[0xE2], false).unwrap();
        assert_eq!(end.connection.send_fragment(MessageKind::Text, &[0x28], false), Err(UsageError::NotUtf8));
        assert_eq!(end.connection.send_fragment(MessageKind::Text, &[0x82], true), Err(UsageError::NotUtf8));
        // The message is as it was before: it can be ended rightly.
        end.connection.send_fragment(MessageKind::Text, &[0x82, 0xAC], true).unwrap();
        end.transmits(&["01 01 e2", "80 02 82ac"]);
    });
}

#[test]
fn a_fragmented_binary_may_have_any_bytes() {
    both(|end| {
        end.connection.send_fragment(MessageKind::Binary, &[0xC3], false).unwrap();
        end.connection.send_fragment(MessageKind::Binary, &[0x28], true).unwrap();
        end.transmits(&["02 01 c3", "80 01 28"]);
    });
}

// ---- The types ------------------------------------------------------------------------------------------------------

#[test]
fn bytes_become_text_only_if_they_are() {
    for (bytes, expected) in GOOD {
        let text = Utf8Bytes::from_utf8(hex(bytes).into()).unwrap();
        assert_eq!(text.as_str(), expected);
        assert_eq!(Message::Text(text).as_text(), Some(expected));
    }
    for (bytes, _) in BAD {
        assert_eq!(Utf8Bytes::from_utf8(hex(bytes).into()), Err(InvalidUtf8));
    }
}

#[test]
fn the_check_in_pieces_agrees_with_the_check_of_the_whole() {
    let good = GOOD.iter().map(|(bytes, _)| (hex(bytes), true));
    let bad = BAD.iter().map(|(bytes, _)| (hex(bytes), false));
    for (bytes, valid) in good.chain(bad) {
        for cut in 0..=bytes.len() {
            let mut check = Utf8Validator::new();
            let passed = check.push(&bytes[..cut]).is_ok() && check.push(&bytes[cut..]).is_ok() && check.is_complete();
            assert_eq!(passed, valid, "{bytes:02x?} cut at {cut}");
        }
    }
}
