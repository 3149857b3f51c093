//! The dissection of a request (RFC 6455, sections 4.1 and 4.2.1).

use std::ops::Range;

use protocol::{
    HandshakeViolation, Limits,
    handshake::{Nonce, ReceivedRequest, ServerHandshake, Status, VERSION, accept_digest, accept_key, key::GUID},
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
    context::RequestContext,
    field::{Field, FieldValue},
    glossary::{self, Term},
    options::Options,
    record::RecordKind,
    unit::Dissection,
};

/// The facts about a request that are needed to dissect later units.
#[derive(Debug)]
pub(crate) struct RequestFacts {
    pub(super) context: RequestContext,
    pub(super) body: BodyLength,
}

/// Dissects the head of a request, which may be incomplete. Also returns the facts that later units
/// need, if the head is complete and well formed.
pub(crate) fn dissect_request(head: &HeadUnit, options: &Options) -> (Dissection, Option<RequestFacts>) {
    let length = head.length();
    let limits = &options.limits;
    // Hide values only in the bytes to display. The checks below use the original bytes.
    let shown = shown_bytes(head.bytes(), options);
    let lines = split_lines(&shown);
    let (first, parts) = dissect_first_line(&lines, &shown, &glossary::REQUEST_LINE, split_request_line);
    let mut findings = Vec::new();
    let mut facts = None;
    match parse_head(head, &lines, &parts, limits, parse_request) {
        Ok(Some(request)) => {
            let context = RequestContext::new(&request);
            // The WebSocket rules apply only to WebSocket requests. Any other request, such as a
            // request for a web page, is ordinary HTTP, so do not check it.
            if context.wants_websocket()
                && let Err(violation) = request.check_upgrade()
            {
                findings.push(locate(violation, &lines, &parts, length));
            }
            let body = body_length(request.headers(), BodyLength::None);
            facts = Some(RequestFacts { context, body });
        }
        Ok(None) => {}
        Err(finding) => findings.push(finding),
    }
    let mut fields: Vec<Field> = first.into_iter().collect();
    fields.extend(header_fields(&lines, options, explain));
    let dissection = Dissection {
        kind: RecordKind::Request,
        bytes: shown.to_vec(),
        length,
        summary: summary(&lines),
        fields,
        findings,
    };
    (dissection, facts)
}

/// Parses a request as a server does.
fn parse_request(head: &[u8], limits: &Limits) -> Result<Option<ReceivedRequest>, HandshakeViolation> {
    let mut handshake = ServerHandshake::new(limits.clone());
    handshake.input().extend_from_slice(head);
    Ok(match handshake.poll()? {
        Status::Complete(request) => Some(request),
        Status::Partial(_) => None,
    })
}

/// Splits the request line into method, target and version.
fn split_request_line(line: &mut FirstLine<'_>) -> Vec<Field> {
    let bytes = line.bytes;
    let is_space = |byte: &u8| *byte == b' ';
    let Some(first) = bytes.iter().position(is_space) else { return Vec::new() };
    let is_get = &bytes[..first] == b"GET";
    let meaning = if is_get { "the method of every WebSocket request" } else { "a WebSocket request needs GET" };
    let mut fields = vec![line.part(&glossary::METHOD, 0, first).with_meaning(meaning)];
    // A valid target contains no spaces. If an invalid line contains more than two spaces, the
    // target is everything between the first and the last one.
    let last = bytes.iter().rposition(is_space).filter(|&last| last > first).unwrap_or(bytes.len());
    let target = &bytes[first + 1..last];
    let mut inner = Vec::new();
    if let Some(query) = target.iter().position(|&byte| byte == b'?') {
        inner.push(line.part(&glossary::PATH, first + 1, first + 1 + query));
        inner.push(line.part(&glossary::QUERY, first + 2 + query, last));
    }
    let target = line.part(&glossary::TARGET, first + 1, last).with_meaning("the requested service of the host");
    fields.push(target.with_fields(inner));
    if last < bytes.len() {
        fields.push(line.part(&glossary::REQUEST_VERSION, last + 1, bytes.len()));
    }
    fields
}

/// Fills in the meaning of `field`, which is a header line of a request, and its inner fields, if
/// it has any.
fn explain(term: &'static Term, value: &str, field: &mut Field) {
    let is = |other: &Term| std::ptr::eq(term, other);
    let range = field.range.clone();
    if let Some(meaning) = common_meaning(term, value) {
        field.meaning = meaning.into();
    } else if is(&glossary::HOST) {
        field.meaning = "the requested host, and its port unless that is the default one".into();
    } else if is(&glossary::KEY) {
        field.meaning = match Nonce::from_key(value) {
            Some(_) => "16 random bytes in Base64; the response must contain the value that follows from them".into(),
            None => "not the Base64 of 16 bytes".into(),
        };
        field.fields = accept_steps(value, &range);
    } else if is(&glossary::VERSION) {
        field.meaning = if value == VERSION { "RFC 6455" } else { "not the version of RFC 6455, which is 13" }.into();
    } else if is(&glossary::PROTOCOL) {
        field.meaning = "the subprotocols that the client supports, the preferred one first".into();
    } else if is(&glossary::EXTENSIONS) {
        field.meaning = "the extensions that the client would like to use".into();
        field.fields = extension_fields(value, &range);
    } else if is(&glossary::ORIGIN) {
        field.meaning = "the page that makes the request".into();
    }
}

/// Creates a field for each step of the computation from the key to the accept value.
fn accept_steps(key: &str, range: &Range<u64>) -> Vec<Field> {
    let step = |term, value| Field::new(term, range.clone(), value).derived();
    let mut steps = Vec::new();
    if let Some(Nonce(nonce)) = Nonce::from_key(key) {
        steps.push(
            step(&glossary::NONCE, FieldValue::bytes(&nonce, 0)).with_meaning("the bytes that the Base64 encodes"),
        );
    }
    let joined = FieldValue::text(format!("{key}{GUID}"));
    steps.push(step(&glossary::KEY_AND_GUID, joined).with_meaning("the key in Base64, not the bytes that it encodes"));
    let digest = FieldValue::bytes(&accept_digest(key), 0);
    steps.push(step(&glossary::DIGEST, digest).with_meaning("of the line above"));
    let accept = FieldValue::text(accept_key(key));
    steps.push(step(&glossary::EXPECTED_ACCEPT, accept).with_meaning("the digest in Base64"));
    steps
}
