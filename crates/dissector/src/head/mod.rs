//! The heads of the opening handshake, line by line (RFC 6455, section 4; RFC 9112).
//!
//! ```text
//!   GET /chat HTTP/1.1␍␊        the first line: method, target, version; or version, status, phrase
//!   Host: example.org␍␊         header lines
//!   ...
//!   ␍␊                          the empty line that ends it
//! ```
//!
//! Where the lines are is found here, so that a broken head can be shown too. What they say, and whether it is right, is for
//! [`protocol::handshake`]: each head is read by the very code that reads it in a server or in a client.

mod first_line;
mod lines;
mod request;
mod response;

use std::ops::Range;

use http::{HeaderMap, header};
use protocol::{
    Limits, Violation,
    handshake::{Extension, extensions::parse_line},
};

use self::lines::{Line, lines};
pub(crate) use self::{
    request::{Offer, dissect_request},
    response::dissect_response,
};
use crate::{
    field::{Field, Value},
    glossary::{self, Term},
    record::{Fault, Finding},
};

/// A head that is being collected.
#[derive(Debug)]
pub(crate) struct HeadUnit {
    bytes: Vec<u8>,
    /// Bytes of the present line, without CR.
    line: usize,
    /// A line that is not empty was seen. Empty lines in front of a head are passed over (RFC 9112, section 2.2).
    begun: bool,
    ended: bool,
}

/// Where a head stands.
pub(crate) enum Collected {
    /// More is to come.
    Part,
    /// The empty line was seen.
    All,
    /// It has reached the limit, and no end is in sight.
    TooMuch,
}

/// What follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLength {
    None,
    Known(u64),
    /// Everything until the stream ends.
    ToTheEnd,
}

impl HeadUnit {
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new(), line: 0, begun: false, ended: false }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Takes bytes up to the end of the head; says how many.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize) -> (usize, Collected) {
        for (at, &byte) in bytes.iter().enumerate() {
            if self.bytes.len() >= limit {
                return (at, Collected::TooMuch);
            }
            self.bytes.push(byte);
            match byte {
                b'\n' if self.line == 0 && self.begun => {
                    self.ended = true;
                    return (at + 1, Collected::All);
                }
                b'\n' => self.line = 0,
                b'\r' => {}
                _ => {
                    self.begun = true;
                    self.line += 1;
                }
            }
        }
        (bytes.len(), Collected::Part)
    }

    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }
}

/// The header lines as fields. `explain` says what a line means, and what follows from it.
fn header_fields(lines: &[Line<'_>], explain: impl Fn(&'static Term, &str, &mut Field)) -> Vec<Field> {
    let mut fields = Vec::new();
    for line in lines.iter().skip(1) {
        let field = match line {
            Line::Empty(range) => Field::new(&glossary::END_OF_HEAD, range.clone(), Value::Group)
                .labelled("\\r\\n")
                .means("the head ends here"),
            Line::Header { name, value, start, range } => {
                let known = glossary::of_header(name);
                let term = known.unwrap_or(&glossary::OTHER_HEADER);
                let mut field =
                    Field::new(term, range.clone(), Value::text(value.as_ref())).labelled(name.clone().into_owned());
                if std::ptr::eq(term, &glossary::COOKIE) {
                    field.fields = cookies(value, *start);
                }
                explain(term, value, &mut field);
                field
            }
            Line::Other { text, range } => {
                Field::new(&glossary::STRAY_LINE, range.clone(), Value::text(text.as_ref())).means("this is no header")
            }
        };
        fields.push(field);
    }
    fields
}

/// A finding for a rule of the handshake, at the line that breaks it; at the empty line if the line is missing.
fn finding(violation: Violation, lines: &[Line<'_>], first: &[(&Term, Range<u64>)], length: u64) -> Finding {
    let header = |name: &str| {
        let is_it =
            |line: &&Line<'_>| matches!(line, Line::Header { name: other, .. } if other.eq_ignore_ascii_case(name));
        lines.iter().rev().find(is_it).map(|line| line.range().clone())
    };
    let in_first_line =
        |term: &Term| first.iter().find(|(other, _)| std::ptr::eq(*other, term)).map(|(_, range)| range.clone());
    let found = match &violation {
        Violation::HttpVersionTooOld => {
            in_first_line(&glossary::REQUEST_VERSION).or_else(|| in_first_line(&glossary::RESPONSE_VERSION))
        }
        Violation::MethodNotGet(_) => in_first_line(&glossary::METHOD),
        Violation::TargetMalformed => in_first_line(&glossary::TARGET),
        Violation::UpgradeMissing | Violation::UpgradeToSomethingElse => header("upgrade"),
        Violation::ConnectionWithoutUpgrade => header("connection"),
        Violation::HostNotOnce => header("host"),
        Violation::KeyNotOnce | Violation::KeyMalformed => header("sec-websocket-key"),
        Violation::VersionRepeated | Violation::VersionUnsupported(_) => header("sec-websocket-version"),
        Violation::AcceptNotOnce | Violation::AcceptWrong { .. } => header("sec-websocket-accept"),
        Violation::ExtensionsMalformed
        | Violation::ExtensionNotOffered(_)
        | Violation::ExtensionConflict(_)
        | Violation::DeflateAnswerWrong(_) => header("sec-websocket-extensions"),
        Violation::SubprotocolMalformed | Violation::SubprotocolRepeated(_) | Violation::SubprotocolNotOffered(_) => {
            header("sec-websocket-protocol")
        }
        Violation::RequestWithBody => header("transfer-encoding").or_else(|| header("content-length")),
        _ => Some(0..length),
    };
    let missing = || match lines.last() {
        Some(last @ Line::Empty(_)) => last.range().clone(),
        _ => 0..length,
    };
    Finding::new(found.unwrap_or_else(missing), Fault::Violation(violation))
}

/// Reads a head with `parse`, which is the protocol's; `None` while it is incomplete, or what is wrong with its shape.
fn read<T>(
    head: &HeadUnit,
    lines: &[Line<'_>],
    first: &[(&Term, Range<u64>)],
    limits: &Limits,
    parse: impl Fn(&[u8], &Limits) -> Result<Option<T>, Violation>,
) -> Result<Option<T>, Finding> {
    let whole = |violation| Finding::new(0..head.length(), Fault::Violation(violation));
    match parse(&head.bytes, limits) {
        Ok(None) if head.ended => Err(whole(Violation::MalformedHead("it ends too early".to_owned()))),
        Ok(None) if head.bytes.len() >= limits.max_head_bytes => {
            Err(whole(Violation::HeadTooLong { limit: limits.max_head_bytes }))
        }
        Ok(parsed) => Ok(parsed),
        Err(violation @ Violation::MalformedHead(_)) => {
            // The parser does not say where it stumbled: at the first line with which it does.
            let stumbles = |line: &&Line<'_>| {
                let end = usize::try_from(line.range().end).unwrap_or(usize::MAX).min(head.bytes.len());
                parse(&head.bytes[..end], limits).is_err()
            };
            let place = lines.iter().find(stumbles).map_or(0..head.length(), |line| line.range().clone());
            Err(Finding::new(place, Fault::Violation(violation)))
        }
        Err(violation) => Err(finding(violation, lines, first, head.length())),
    }
}

/// What follows a head with these headers.
fn body_length(headers: &HeaderMap, without: BodyLength) -> BodyLength {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return BodyLength::ToTheEnd;
    }
    match headers.get(header::CONTENT_LENGTH) {
        None => without,
        Some(length) => match length.to_str().ok().and_then(|length| length.trim().parse().ok()) {
            Some(0) => BodyLength::None,
            Some(length) => BodyLength::Known(length),
            None => BodyLength::ToTheEnd,
        },
    }
}

/// What the lines say that mean the same in a request and in a response.
fn common_meaning(term: &'static Term, value: &str) -> Option<&'static str> {
    let has = |token: &str| value.split(',').any(|element| element.trim().eq_ignore_ascii_case(token));
    if std::ptr::eq(term, &glossary::UPGRADE) {
        return Some(if has("websocket") { "the next language is WebSocket" } else { "no WebSocket" });
    }
    if std::ptr::eq(term, &glossary::CONNECTION) {
        return Some(if has("upgrade") {
            "Upgrade is meant for whoever is at the other end of this TCP connection"
        } else {
            "does not list Upgrade"
        });
    }
    None
}

/// The cookies of a `Cookie` header whose value begins at `start`.
fn cookies(value: &str, start: u64) -> Vec<Field> {
    // Bytes that are not UTF-8 were replaced, and where something stands cannot be told by counting any more.
    if value.contains(char::REPLACEMENT_CHARACTER) {
        return Vec::new();
    }
    let mut position = start;
    let mut fields = Vec::new();
    for element in value.split(';') {
        let pair = element.trim_start();
        let begin = position + (element.len() - pair.len()) as u64;
        position += element.len() as u64 + 1;
        if !pair.is_empty() {
            fields.push(Field::new(&glossary::COOKIE_PAIR, begin..begin + pair.len() as u64, Value::text(pair)));
        }
    }
    fields
}

/// The extensions that a head names, offered or agreed on; those of a malformed line are none.
fn extensions(headers: &HeaderMap) -> Vec<Extension> {
    let lines = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS);
    lines.iter().filter_map(|line| parse_line(line.to_str().ok()?)).flatten().collect()
}

/// The elements of `Sec-WebSocket-Extensions`, as fields.
fn extension_fields(value: &str, range: &Range<u64>) -> Vec<Field> {
    let field = |extension: Extension| {
        Field::new(&glossary::EXTENSION, range.clone(), Value::text(extension.to_string()))
            .means(match extension.name() {
                "permessage-deflate" => "messages may be compressed one by one; RSV1 marks those that are",
                _ => "not a registered extension",
            })
            .derived()
    };
    parse_line(value).unwrap_or_default().into_iter().map(field).collect()
}
