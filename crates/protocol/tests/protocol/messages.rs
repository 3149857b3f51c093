//! The types of messages and their texts: conversions and comparisons.

use std::{borrow::Borrow, collections::HashSet};

use bytes::Bytes;
use protocol::{CloseCode, CloseFrame, Message, Utf8Bytes, utf8::InvalidUtf8};

#[test]
fn a_message_knows_its_length_in_bytes() {
    for (message, len) in [(Message::text("€"), 3), (Message::binary(vec![0; 2]), 2), (Message::text(""), 0)] {
        assert_eq!((message.len(), message.is_empty()), (len, len == 0), "{message:?}");
    }
}

#[test]
fn only_a_text_message_can_be_turned_into_text() {
    assert_eq!(Message::text("a").into_text(), Ok(Utf8Bytes::from("a")));
    assert_eq!(Message::binary("a").into_text(), Err(Message::binary("a")));
}

#[test]
fn a_message_is_printed_as_its_text_or_its_size() {
    assert_eq!(Message::text("€").to_string(), "€");
    assert_eq!(Message::binary(vec![0; 2]).to_string(), "<2 bytes>");
}

#[test]
fn a_close_is_printed_as_its_code_and_its_reason() {
    let close = |reason| CloseFrame::new(CloseCode::GOING_AWAY, reason).expect("a valid Close").to_string();
    assert_eq!(close("it's \u{7}"), r#"1001 (going away) "it's \u{7}""#);
    assert_eq!(close(""), "1001 (going away)");
}

#[test]
fn a_text_converts_to_and_from_the_standard_types() {
    let text = Utf8Bytes::from(&"€".to_owned());
    assert_eq!((text.as_ref() as &str, text.as_ref() as &[u8]), ("€", "€".as_bytes()));
    assert_eq!(Utf8Bytes::try_from("€".as_bytes().to_vec()), Ok(text.clone()));
    assert_eq!(Utf8Bytes::try_from(Bytes::from("€")), Ok(text.clone()));
    assert_eq!(Utf8Bytes::try_from(vec![0xff]), Err(InvalidUtf8));
    assert_eq!(Utf8Bytes::try_from(Bytes::from_static(&[0xff])), Err(InvalidUtf8));
    assert_eq!(String::from(text.clone()), "€");
    assert_eq!(Bytes::from(text), "€".as_bytes());
    assert_eq!(InvalidUtf8.to_string(), "the bytes are not valid UTF-8");
}

#[test]
fn a_text_is_compared_as_a_string() {
    let (text, euro, dollar) = (Utf8Bytes::from("€"), "€".to_owned(), "$".to_owned());
    assert!(text == "€" && text == *"€" && text == euro);
    assert!(text != "$" && text != *"$" && text != dollar);
    // A set of texts can be searched for a string, because both have the same hash.
    assert_eq!(Borrow::<str>::borrow(&text), "€");
    assert!(HashSet::from([text]).contains("€"));
}
