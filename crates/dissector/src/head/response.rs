//! The response: what the server makes of the request (RFC 6455, sections 4.1 and 4.2.2).

use http::StatusCode;
use protocol::{
    Limits, Violation,
    handshake::{Extension, HandshakeError, Status, accept_digest, accept_key, parse_response},
};

use super::{
    BodyLength, HeadUnit, Offer, body_length, common_meaning, extension_fields, extensions, finding,
    first_line::{FirstLine, first_line, summary},
    header_fields, lines, read,
};
use crate::{
    field::{Field, Value},
    glossary::{self, Term},
    inflating::Deflate,
    record::RecordKind,
    stream::Dissection,
};

/// What a response means for what follows it.
#[derive(Debug)]
pub(crate) struct ResponseFacts {
    pub(crate) status: u16,
    pub(crate) extensions: Vec<Extension>,
    pub(crate) deflate: Option<Deflate>,
    pub(crate) body: BodyLength,
}

/// Takes a response apart, complete or not. The facts are there when it can be read.
pub(crate) fn dissect_response(
    head: &HeadUnit,
    offer: Option<&Offer>,
    limits: &Limits,
) -> (Dissection, Option<ResponseFacts>) {
    let length = head.length();
    let lines = lines(&head.bytes);
    let (first, parts) = first_line(&lines, &head.bytes, &glossary::STATUS_LINE, split);
    let mut findings = Vec::new();
    let mut facts = None;
    match read(head, &lines, &parts, limits, parse_response) {
        Ok(Some((response, _))) => {
            let extensions = extensions(response.headers());
            let offered = offer.map(Offer::extensions);
            let (deflate, broken) = Deflate::negotiated(offered.as_deref(), &extensions);
            if response.status() == StatusCode::SWITCHING_PROTOCOLS
                && let Some(offer) = offer.filter(|offer| offer.wants_websocket())
                && let Some(violation) = judge(&head.bytes, offer, limits).or(broken)
            {
                findings.push(finding(violation, &lines, &parts, length));
            }
            let without = match response.status() {
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => BodyLength::None,
                _ => BodyLength::ToTheEnd,
            };
            let body = match without {
                BodyLength::ToTheEnd if !offer.is_some_and(Offer::is_head) => body_length(response.headers(), without),
                _ => BodyLength::None,
            };
            facts = Some(ResponseFacts { status: response.status().as_u16(), extensions, deflate, body });
        }
        Ok(None) => {}
        Err(finding) => findings.push(finding),
    }
    let mut fields: Vec<Field> = first.into_iter().collect();
    fields.extend(header_fields(&lines, |term, value, field| explain(term, value, field, offer)));
    let summary = summary(&lines);
    let dissection =
        Dissection { kind: RecordKind::Response, bytes: head.bytes.clone(), length, summary, fields, findings };
    (dissection, facts)
}

/// The first rule that a 101 breaks, as the client sees it that sent the request.
fn judge(head: &[u8], offer: &Offer, limits: &Limits) -> Option<Violation> {
    let mut client = offer.client(limits)?;
    client.input().extend_from_slice(head);
    match client.poll() {
        Ok(Status::Complete(_) | Status::Partial(_)) | Err(HandshakeError::Rejected(_)) => None,
        Err(HandshakeError::Violation(violation)) => Some(violation),
    }
}

/// Version, status and phrase.
fn split(line: &mut FirstLine<'_>) -> Vec<Field> {
    let bytes = line.bytes;
    let mut spaces = bytes.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at);
    let Some(first) = spaces.next() else { return Vec::new() };
    let second = spaces.next().unwrap_or(bytes.len());
    let digits = String::from_utf8_lossy(&bytes[first + 1..second]);
    let mut status = line.part(&glossary::STATUS, first + 1, second).means(match digits.as_ref() {
        "101" => "the server agrees: from the next byte on this connection speaks WebSocket",
        "426" => "the server wants another protocol, or another version of it",
        _ if digits.starts_with('1') => "an announcement; the answer is still to come",
        _ => "no WebSocket: this is ordinary HTTP",
    });
    if let Ok(number) = digits.parse() {
        status.value = Value::number(number);
    }
    let mut fields = vec![line.part(&glossary::RESPONSE_VERSION, 0, first), status];
    if second < bytes.len() {
        fields.push(line.part(&glossary::PHRASE, second + 1, bytes.len()));
    }
    fields
}

/// What a header line of a response means.
fn explain(term: &'static Term, value: &str, field: &mut Field, offer: Option<&Offer>) {
    let is = |other: &Term| std::ptr::eq(term, other);
    let range = field.range.clone();
    if let Some(meaning) = common_meaning(term, value) {
        field.meaning = meaning.into();
    } else if is(&glossary::ACCEPT) {
        let Some(key) = offer.and_then(Offer::key) else {
            field.meaning = "the answer to a key that was not seen".into();
            return;
        };
        let expected = accept_key(key);
        field.meaning =
            if value == expected { "the right answer to the key" } else { "not the answer to the key" }.into();
        let digest = Value::bytes(&accept_digest(key), 0);
        field.fields = vec![
            Field::new(&glossary::DIGEST, range.clone(), digest).means("of the request's key and the GUID").derived(),
            Field::new(&glossary::EXPECTED_ACCEPT, range, Value::text(expected))
                .means("the digest in Base64")
                .derived(),
        ];
    } else if is(&glossary::VERSION) {
        field.meaning = "the versions that the server speaks".into();
    } else if is(&glossary::PROTOCOL) {
        field.meaning = "the language that both sides will use in their messages".into();
    } else if is(&glossary::EXTENSIONS) {
        field.meaning = "what both sides will use".into();
        field.fields = extension_fields(value, &range);
    }
}
