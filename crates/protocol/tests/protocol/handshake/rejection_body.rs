//! The body of a rejection (RFC 9112, sections 6.3 and 7.1).

use protocol::{
    Limits,
    handshake::{ResponseBody, parse_response},
};

/// A limit that no body in these tests reaches.
const ENOUGH: usize = 1 << 10;

fn body_after(head: &str, limit: usize) -> ResponseBody {
    let head = format!("HTTP/1.1 {head}\r\n\r\n");
    let (head, _) = parse_response(head.as_bytes(), &Limits::DEFAULT).expect("valid").expect("complete");
    ResponseBody::new(&head, limit)
}

/// Returns the body that `bytes` contain, and whether it is complete. The result must not depend on
/// where the bytes are split.
#[track_caller]
fn decode(head: &str, bytes: &[u8]) -> (String, bool) {
    let decode_in = |size: usize| {
        let mut body = body_after(head, ENOUGH);
        for piece in bytes.chunks(size) {
            body.push(piece);
        }
        let is_complete = body.is_complete();
        (String::from_utf8(body.into_bytes().to_vec()).expect("text"), is_complete)
    };
    let whole = decode_in(bytes.len().max(1));
    for size in 1..bytes.len() {
        assert_eq!(decode_in(size), whole, "in pieces of {size} bytes");
    }
    whole
}

const CHUNKED: &str = "403 Forbidden\r\nTransfer-Encoding: chunked";

#[test]
fn the_chunks_of_a_body_are_joined() {
    for bytes in [
        &b"9\r\nnot today\r\n0\r\n\r\n"[..],
        b"3\r\nnot\r\n6\r\n today\r\n0\r\n\r\n",
        b"0003;name=value\r\nnot\r\n6 \r\n today\r\n000\r\nTrailer: x\r\n\r\n",
    ] {
        assert_eq!(decode(CHUNKED, bytes), ("not today".to_owned(), true), "{}", bytes.escape_ascii());
    }
    let hexadecimal = format!("1F\r\n{}\r\n0\r\n\r\n", "x".repeat(31));
    assert_eq!(decode(CHUNKED, hexadecimal.as_bytes()), ("x".repeat(31), true));
}

#[test]
fn a_body_that_is_cut_off_is_kept_up_to_the_cut() {
    for (bytes, kept) in [
        (&b""[..], ""),
        (b"9", ""),
        (b"9\r\n", ""),
        (b"9\r\nnot t", "not t"),
        (b"9\r\nnot today", "not today"),
        (b"9\r\nnot today\r", "not today"),
        (b"9\r\nnot today\r\n0", "not today"),
    ] {
        assert_eq!(decode(CHUNKED, bytes), (kept.to_owned(), false), "{}", bytes.escape_ascii());
    }
    assert_eq!(decode("403 Forbidden\r\nContent-Length: 9", b"not t"), ("not t".to_owned(), false));
}

#[test]
fn a_malformed_body_ends_where_it_is_malformed() {
    for (bytes, kept) in [
        (&b"<h1>no chunks</h1>\r\n"[..], ""),
        (b"-1\r\nx", ""),
        (b"3\r\nnotnot\r\n0\r\n\r\n", "not"),
        (b"3\r\nnot\r\nx\r\n today", "not"),
        (b"3\r\nnotx\r\n6\r\n today\r\n0\r\n\r\n", "not"),
        (b"3\r\nnotx", "not"),
        (b"11111111111111111\r\nx", ""),
    ] {
        assert_eq!(decode(CHUNKED, bytes), (kept.to_owned(), true), "{}", bytes.escape_ascii());
    }
    // A chunk-size line that never ends uses no memory.
    let endless = [&b"3;"[..], &[b'x'; 10_000]].concat();
    assert_eq!(decode(CHUNKED, &endless[..1000]), (String::new(), true));
    let mut body = body_after(CHUNKED, ENOUGH);
    body.push(&endless);
    assert!(body.is_complete());
}

#[test]
fn the_body_has_the_announced_length() {
    let announced = |lines: &str| format!("403 Forbidden\r\n{lines}");
    for (lines, expected) in [
        ("Content-Length: 3", ("not", true)),
        ("Content-Length: 3, 3", ("not", true)),
        ("Content-Length: 3\r\nContent-Length: 3", ("not", true)),
        ("Content-Length: 0", ("", true)),
        ("Content-Length: 99999999999999999999", ("not today", false)),
        // None of these header lines gives a valid length, so the body lasts until the TCP
        // connection ends.
        ("Content-Length: 3, 4", ("not today", false)),
        ("Content-Length: +3", ("not today", false)),
        ("Content-Length: x", ("not today", false)),
        ("X: y", ("not today", false)),
        ("Transfer-Encoding: gzip", ("not today", false)),
    ] {
        let (body, is_complete) = decode(&announced(lines), b"not today");
        assert_eq!((body.as_str(), is_complete), expected, "{lines}");
    }
    // The chunks determine the length of the body, whatever length is announced.
    for lines in
        ["Content-Length: 3\r\nTransfer-Encoding: chunked", "Transfer-Encoding: x\r\nTransfer-Encoding: Chunked"]
    {
        assert_eq!(decode(&announced(lines), b"9\r\nnot today\r\n0\r\n"), ("not today".to_owned(), true), "{lines}");
    }
}

#[test]
fn some_responses_have_no_body() {
    for status in ["204 No Content", "304 Not Modified"] {
        for line in ["Content-Length: 5", "Transfer-Encoding: chunked", "X: y"] {
            assert_eq!(decode(&format!("{status}\r\n{line}"), b"hello"), (String::new(), true), "{status}, {line}");
        }
    }
}

#[test]
fn a_huge_body_is_kept_up_to_the_limit() {
    let huge = [b'x'; 100];
    let chunk = [&b"64\r\n"[..], &huge].concat();
    let gigantic = [&b"FFFFFFFFFFFFFFF\r\n"[..], &huge].concat();
    let length = "200 OK\r\nContent-Length: 18446744073709551615";
    for (head, bytes) in [("200 OK", &huge[..]), (length, &huge), (CHUNKED, &chunk), (CHUNKED, &gigantic)] {
        let mut body = body_after(head, 10);
        body.push(bytes);
        assert!(body.is_complete(), "{head}");
        assert_eq!(body.into_bytes(), "x".repeat(10), "{head}");
    }
}
