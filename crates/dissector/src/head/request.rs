//! The request: what the client asks for (RFC 6455, sections 4.1 and 4.2.1).

use std::ops::Range;

use http::{HeaderMap, Method, header};
use protocol::{
    Limits, Violation,
    handshake::{
        ClientHandshake, ClientRequest, Extension, Nonce, ReceivedRequest, ServerHandshake, Status, VERSION,
        accept_digest, accept_key, key::GUID,
    },
};

use super::{
    BodyLength, HeadUnit, body_length, common_meaning, extension_fields, extensions, finding,
    first_line::{FirstLine, first_line, summary},
    header_fields, lines, read,
};
use crate::{
    field::{Field, Value},
    glossary::{self, Term},
    record::RecordKind,
    stream::Dissection,
};

/// What a request asked for, as far as the response is judged by it.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    headers: HeaderMap,
    method: Method,
    wants_websocket: bool,
}

/// What a request means for what follows it.
#[derive(Debug)]
pub(crate) struct RequestFacts {
    pub(crate) offer: Offer,
    pub(crate) body: BodyLength,
}

impl Offer {
    fn new(request: &ReceivedRequest) -> Self {
        let headers = request.headers().clone();
        // A request that got Upgrade wrong but speaks of WebSocket all the same is a WebSocket request with a mistake.
        let speaks_of_it = headers.keys().any(|name| name.as_str().starts_with("sec-websocket-"));
        let wants_websocket = request.wants_websocket() || speaks_of_it;
        Self { headers, method: request.head().method().clone(), wants_websocket }
    }

    pub(crate) const fn wants_websocket(&self) -> bool {
        self.wants_websocket
    }

    /// Whether the response has no body whatever its headers say.
    pub(super) fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// The extensions that it offered.
    pub(super) fn extensions(&self) -> Vec<Extension> {
        extensions(&self.headers)
    }

    /// The key, if there is one and no more.
    pub(super) fn key(&self) -> Option<&str> {
        let mut lines = self.headers.get_all(header::SEC_WEBSOCKET_KEY).iter();
        match (lines.next(), lines.next()) {
            (Some(key), None) => key.to_str().ok().map(str::trim),
            _ => None,
        }
    }

    /// A client that has sent this request and waits for the answer.
    pub(super) fn client(&self, limits: &Limits) -> Option<ClientHandshake> {
        // Where the request went does not matter for the answer.
        let mut request = ClientRequest::new("ws://observed.invalid/".parse().ok()?);
        for line in self.headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
            for name in line.to_str().ok()?.split(',').map(str::trim).filter(|name| !name.is_empty()) {
                // What is no name, or comes twice, was no offer.
                request = request.clone().subprotocol(name).unwrap_or(request);
            }
        }
        for extension in self.extensions() {
            request = request.extension(extension);
        }
        Some(request.handshake(Nonce([0; 16]), limits.clone()).expecting_answer_to(self.key()?))
    }
}

/// Reads a request as a server does.
fn parse(head: &[u8], limits: &Limits) -> Result<Option<ReceivedRequest>, Violation> {
    let mut handshake = ServerHandshake::new(limits.clone());
    handshake.input().extend_from_slice(head);
    Ok(match handshake.poll()? {
        Status::Complete(request) => Some(request),
        Status::Partial(_) => None,
    })
}

/// Takes a request apart, complete or not. The facts are there when it can be read.
pub(crate) fn dissect_request(head: &HeadUnit, limits: &Limits) -> (Dissection, Option<RequestFacts>) {
    let length = head.length();
    let lines = lines(&head.bytes);
    let (first, parts) = first_line(&lines, &head.bytes, &glossary::REQUEST_LINE, split);
    let mut findings = Vec::new();
    let mut facts = None;
    match read(head, &lines, &parts, limits, parse) {
        Ok(Some(request)) => {
            let offer = Offer::new(&request);
            if offer.wants_websocket
                && let Err(violation) = request.check_upgrade()
            {
                findings.push(finding(violation, &lines, &parts, length));
            }
            let body = body_length(request.headers(), BodyLength::None);
            facts = Some(RequestFacts { offer, body });
        }
        Ok(None) => {}
        Err(finding) => findings.push(finding),
    }
    let mut fields: Vec<Field> = first.into_iter().collect();
    fields.extend(header_fields(&lines, explain));
    let summary = summary(&lines);
    let dissection =
        Dissection { kind: RecordKind::Request, bytes: head.bytes.clone(), length, summary, fields, findings };
    (dissection, facts)
}

/// Method, target and version.
fn split(line: &mut FirstLine<'_>) -> Vec<Field> {
    let bytes = line.bytes;
    let is_space = |byte: &u8| *byte == b' ';
    let Some(first) = bytes.iter().position(is_space) else { return Vec::new() };
    let method = if &bytes[..first] == b"GET" { "as every WebSocket request" } else { "WebSocket asks for GET" };
    let mut fields = vec![line.part(&glossary::METHOD, 0, first).means(method)];
    // A target has no space in it. In a broken line it may, and then it is whatever lies between the first and the last.
    let last = bytes.iter().rposition(is_space).filter(|&last| last > first).unwrap_or(bytes.len());
    let target = &bytes[first + 1..last];
    let mut inner = Vec::new();
    if let Some(query) = target.iter().position(|&byte| byte == b'?') {
        inner.push(line.part(&glossary::PATH, first + 1, first + 1 + query));
        inner.push(line.part(&glossary::QUERY, first + 2 + query, last));
    }
    let target = line.part(&glossary::TARGET, first + 1, last).means("which service of the host is meant");
    fields.push(target.holding(inner));
    if last < bytes.len() {
        fields.push(line.part(&glossary::REQUEST_VERSION, last + 1, bytes.len()));
    }
    fields
}

/// What a header line of a request means.
fn explain(term: &'static Term, value: &str, field: &mut Field) {
    let is = |other: &Term| std::ptr::eq(term, other);
    let range = field.range.clone();
    if let Some(meaning) = common_meaning(term, value) {
        field.meaning = meaning.into();
    } else if is(&glossary::HOST) {
        field.meaning = "the server that is meant, and its port unless it is the usual one".into();
    } else if is(&glossary::KEY) {
        field.meaning = match Nonce::from_key(value) {
            Some(_) => "16 random bytes in Base64; the response has to answer them".into(),
            None => "not the Base64 of 16 bytes".into(),
        };
        field.fields = way_to_the_answer(value, &range);
    } else if is(&glossary::VERSION) {
        field.meaning = if value == VERSION { "RFC 6455" } else { "not the version of RFC 6455, which is 13" }.into();
    } else if is(&glossary::PROTOCOL) {
        field.meaning = "languages that the client speaks, the best first".into();
    } else if is(&glossary::EXTENSIONS) {
        field.meaning = "what the client would like to use".into();
        field.fields = extension_fields(value, &range);
    } else if is(&glossary::ORIGIN) {
        field.meaning = "the page that asks".into();
    }
}

/// From the key to the answer, step by step.
fn way_to_the_answer(key: &str, range: &Range<u64>) -> Vec<Field> {
    let step = |term, value| Field::new(term, range.clone(), value).derived();
    let mut steps = Vec::new();
    if let Some(Nonce(nonce)) = Nonce::from_key(key) {
        steps.push(step(&glossary::NONCE, Value::bytes(&nonce, 0)).means("what the Base64 stands for"));
    }
    steps.push(
        step(&glossary::KEY_AND_GUID, Value::text(format!("{key}{GUID}"))).means("the characters, not the bytes"),
    );
    steps.push(step(&glossary::DIGEST, Value::bytes(&accept_digest(key), 0)).means("of the line above"));
    steps.push(step(&glossary::EXPECTED_ACCEPT, Value::text(accept_key(key))).means("the digest in Base64"));
    steps
}
