//! Records that hide credentials.

use dissector::{
    Conversation, Direction,
    Direction::{ToClient, ToServer},
    Options, Record, render,
};

use crate::common::{REQUEST, RESPONSE, dissect, labelled, text, with_line};

/// Returns the records of these bytes, with the credentials hidden.
fn dissect_hidden(parts: &[(Direction, &[u8])]) -> Vec<Record> {
    let mut conversation = Conversation::new(Options { hide_credentials: true, ..Options::default() });
    let mut records = Vec::new();
    for (direction, bytes) in parts {
        conversation.push(*direction, bytes, None, &mut |record| records.push(record));
    }
    for direction in Direction::BOTH {
        records.extend(conversation.partial(direction));
        conversation.end(direction, None, &mut |record| records.push(record));
    }
    records
}

/// Asserts that neither the JSON, the tree nor the `Debug` output of the records contains `secret`,
/// as text or in hexadecimal.
#[track_caller]
fn assert_hidden(records: &[Record], secret: &str) {
    let hexadecimal = |separator| secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(separator);
    for record in records {
        for rendering in [render::json(record), render::tree(record), format!("{record:?}")] {
            for form in [secret.to_owned(), hexadecimal(":"), hexadecimal(" "), hexadecimal("")] {
                assert!(!rendering.contains(&form), "{rendering}");
            }
            // `Debug` prints bytes as a list of numbers.
            assert!(!rendering.contains(&format!("{:?}", secret.as_bytes()).replace(['[', ']'], "")), "{rendering}");
        }
    }
}

#[test]
fn the_values_of_credentials_are_hidden_in_the_fields_and_in_the_bytes() {
    for name in [
        "Cookie",
        "cookie",
        "Authorization",
        "PROXY-AUTHORIZATION",
        "X-Api-Key",
        "X-Forwarded-User",
        "Cf-Access-Jwt-Assertion",
        "Forwarded",
    ] {
        let head = with_line(REQUEST, &format!("{name}: s3cret=v4lue; a=b\r\nOrigin: http://a.example"));
        let records = dissect_hidden(&[(ToServer, head.as_bytes())]);
        assert_hidden(&records, "s3cret");
        assert_hidden(&records, "v4lue");
        let field = labelled(&records[0], name);
        assert_eq!((&field.value, field.fields.len()), (&text(&"*".repeat(17)), 0));
        assert_eq!(field.meaning, "hidden, because it may hold a credential");
        // Hiding a value moves no field, and all other fields are shown.
        let plain = dissect(&[(ToServer, head.clone().into_bytes())]).swap_remove(0);
        assert_eq!(records[0].bytes.len(), head.len());
        assert_eq!((records[0].length, &records[0].summary), (plain.length, &plain.summary));
        for (shown, original) in records[0].fields.iter().zip(&plain.fields) {
            assert_eq!(shown.range, original.range);
            assert!(shown == original || shown.label == name, "{shown:?}");
        }
    }
}

#[test]
fn cookies_that_a_response_sets_are_hidden() {
    for name in ["Set-Cookie", "Www-Authenticate", "Authentication-Info", "Location"] {
        let head = with_line(RESPONSE, &format!("{name}: s3cret"));
        let records = dissect_hidden(&[(ToServer, REQUEST.as_bytes()), (ToClient, head.as_bytes())]);
        assert_hidden(&records, "s3cret");
        // The response is still checked against the request.
        assert_eq!(records[1].findings, []);
        assert_eq!(labelled(&records[1], "Sec-WebSocket-Accept").meaning, "the correct answer to the key");
    }
}

#[test]
fn credentials_are_hidden_in_heads_that_are_cut_off_folded_or_malformed() {
    let head = with_line(REQUEST, "Cookie: a=s3cret");
    for cut in 0..head.len() {
        assert_hidden(&dissect_hidden(&[(ToServer, &head.as_bytes()[..cut])]), "s3cret");
    }
    for lines in [
        "Cookie:\r\n s3cret",
        "Cookie: a=b;\r\n\ts3cret=c:d",
        "Cookie: a=b;\n  s3cret",
        "X:\r\n \r\n s3cret",
        "s3cret",
        "s3cret\r\nX: y",
        "Cookie : s3cret",
        "X: y\r\n Host: s3cret",
        "Cookie: \u{fffd}s3cret\u{e9}",
    ] {
        for (direction, head) in [(ToServer, REQUEST), (ToClient, RESPONSE)] {
            let head = with_line(head, lines);
            assert_hidden(&dissect_hidden(&[(direction, head.as_bytes())]), "s3cret");
        }
    }
}

/// The white space at the beginning of a folded line stays, so the line can still be recognised as
/// a continuation of the line before it.
#[test]
fn a_folded_line_whose_value_is_hidden_stays_folded() {
    let head = with_line(RESPONSE, "Set-Cookie: a=b;\r\n\t s3cret; c");
    let records = dissect_hidden(&[(ToServer, REQUEST.as_bytes()), (ToClient, head.as_bytes())]);
    let shown = String::from_utf8_lossy(&records[1].bytes);
    assert!(shown.contains("Set-Cookie: ****\r\n\t *********\r\n\r\n"), "{shown}");
}

#[test]
fn credentials_are_shown_by_default() {
    let head = with_line(REQUEST, "Cookie: a=s3cret");
    let record = dissect(&[(ToServer, head.clone().into_bytes())]).swap_remove(0);
    assert_eq!(record.bytes, head.as_bytes());
    assert_eq!(labelled(&record, "Cookie").value, text("a=s3cret"));
}
