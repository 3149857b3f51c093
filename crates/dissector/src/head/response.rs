//! The dissection of a response (RFC 6455, sections 4.1 and 4.2.2).

use http::StatusCode;
use protocol::{
    HandshakeViolation, Limits,
    handshake::{Extension, HandshakeError, Status, accept_digest, accept_key, parse_response},
};

use super::{
    body::{BodyLength, body_length},
    credentials::shown_bytes,
    first_line::{FirstLine, dissect_first_line, summary},
    header_fields::{common_meaning, extension_fields, header_fields},
    lines::split_lines,
    parse::{locate, parse_head},
    unit::HeadUnit,
};
use crate::{
    context::{RequestContext, extensions_of},
    field::{Field, FieldValue},
    glossary::{self, Term},
    inflate::ObservedDeflate,
    options::Options,
    record::RecordKind,
    unit::Dissection,
};

/// The facts about a response that are needed to dissect later units.
#[derive(Debug)]
pub(crate) struct ResponseFacts {
    pub(super) status: u16,
    pub(super) extensions: Vec<Extension>,
    pub(super) deflate: Option<ObservedDeflate>,
    pub(super) body: BodyLength,
}

/// Dissects the head of a response, which may be incomplete. Also returns the facts that later
/// units need, if the head is complete and well formed. `request` is the corresponding request, if
/// it was observed.
pub(crate) fn dissect_response(
    head: &HeadUnit,
    request: Option<&RequestContext>,
    options: &Options,
) -> (Dissection, Option<ResponseFacts>) {
    let length = head.length();
    let limits = &options.limits;
    // Hide values only in the bytes to display. The checks below use the original bytes.
    let shown = shown_bytes(head.bytes(), options);
    let lines = split_lines(&shown);
    let (first, parts) = dissect_first_line(&lines, &shown, &glossary::STATUS_LINE, split_status_line);
    let mut findings = Vec::new();
    let mut facts = None;
    match parse_head(head, &lines, &parts, limits, parse_response) {
        Ok(Some((response, _))) => {
            let extensions = extensions_of(response.headers());
            let offered = request.map(RequestContext::extensions);
            let (deflate, deflate_violation) = ObservedDeflate::negotiated(offered.as_deref(), &extensions);
            // The WebSocket rules apply only to a 101 response to a WebSocket request. Any other
            // response is ordinary HTTP, so do not check it.
            if response.status() == StatusCode::SWITCHING_PROTOCOLS
                && let Some(request) = request.filter(|request| request.wants_websocket())
                && let Some(violation) = validate(head.bytes(), request, limits).or(deflate_violation)
            {
                findings.push(locate(violation, &lines, &parts, length));
            }
            let body = match response.status() {
                StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED => BodyLength::None,
                _ if request.is_some_and(RequestContext::is_head) => BodyLength::None,
                _ => body_length(response.headers(), BodyLength::UntilEnd),
            };
            facts = Some(ResponseFacts { status: response.status().as_u16(), extensions, deflate, body });
        }
        Ok(None) => {}
        Err(finding) => findings.push(finding),
    }
    let mut fields: Vec<Field> = first.into_iter().collect();
    fields.extend(header_fields(&lines, options, |term, value, field| explain(term, value, field, request)));
    let dissection = Dissection {
        kind: RecordKind::Response,
        bytes: shown.to_vec(),
        length,
        summary: summary(&lines),
        fields,
        findings,
    };
    (dissection, facts)
}

/// Validates a 101 response as the client that sent the request would. Returns the first rule that
/// the response breaks.
fn validate(head: &[u8], request: &RequestContext, limits: &Limits) -> Option<HandshakeViolation> {
    let mut client = request.client(limits)?;
    client.input().extend_from_slice(head);
    match client.poll() {
        Ok(Status::Complete(_) | Status::Partial(_)) | Err(HandshakeError::Rejected(_)) => None,
        Err(HandshakeError::Violation(violation)) => Some(violation),
    }
}

/// Splits the status line into version, status and phrase.
fn split_status_line(line: &mut FirstLine<'_>) -> Vec<Field> {
    let bytes = line.bytes;
    let mut spaces = bytes.iter().enumerate().filter(|(_, byte)| **byte == b' ').map(|(at, _)| at);
    let Some(first) = spaces.next() else { return Vec::new() };
    let second = spaces.next().unwrap_or(bytes.len());
    let digits = String::from_utf8_lossy(&bytes[first + 1..second]);
    let mut status = line.part(&glossary::STATUS, first + 1, second).with_meaning(match digits.as_ref() {
        "101" => "the server agrees: from the next byte on, this connection speaks WebSocket",
        "426" => "the server wants another protocol, or another version of it",
        _ if digits.starts_with('1') => "an interim response; the final one is still to come",
        _ => "not a WebSocket: this is ordinary HTTP",
    });
    if let Ok(number) = digits.parse() {
        status.value = FieldValue::number(number);
    }
    let mut fields = vec![line.part(&glossary::RESPONSE_VERSION, 0, first), status];
    if second < bytes.len() {
        fields.push(line.part(&glossary::PHRASE, second + 1, bytes.len()));
    }
    fields
}

/// Adds the meaning and any inner fields to the field for a header line in a response.
fn explain(term: &'static Term, value: &str, field: &mut Field, request: Option<&RequestContext>) {
    let is = |other: &Term| std::ptr::eq(term, other);
    let range = field.range.clone();
    if let Some(meaning) = common_meaning(term, value) {
        field.meaning = meaning.into();
    } else if is(&glossary::ACCEPT) {
        let Some(key) = request.and_then(RequestContext::key) else {
            field.meaning = "the answer to a key that was not observed".into();
            return;
        };
        let expected = accept_key(key);
        field.meaning =
            if value == expected { "the correct answer to the key" } else { "not the answer to the key" }.into();
        let digest = FieldValue::bytes(&accept_digest(key), 0);
        field.fields = vec![
            Field::new(&glossary::DIGEST, range.clone(), digest)
                .with_meaning("of the request's key and the GUID")
                .derived(),
            Field::new(&glossary::EXPECTED_ACCEPT, range, FieldValue::text(expected))
                .with_meaning("the digest in Base64")
                .derived(),
        ];
    } else if is(&glossary::VERSION) {
        field.meaning = "the versions that the server supports".into();
    } else if is(&glossary::PROTOCOL) {
        field.meaning = "the subprotocol that both sides will use in their messages".into();
    } else if is(&glossary::EXTENSIONS) {
        field.meaning = "the extensions that both sides will use".into();
        field.fields = extension_fields(value, &range);
    }
}
