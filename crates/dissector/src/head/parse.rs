//! Parses a head with the parsers of the `protocol` crate, and finds the bytes that break a rule.

use std::ops::Range;

use protocol::{HandshakeViolation, Limits};

use super::{first_line::FirstLineParts, lines::HeadLine, unit::HeadUnit};
use crate::{
    glossary::{self, Term},
    record::Finding,
};

/// Parses a head with `parse`, a parser from the `protocol` crate. Returns `None` while the head is
/// incomplete, and returns a finding as the error if the head breaks a rule.
pub(super) fn parse_head<T>(
    head: &HeadUnit,
    lines: &[HeadLine<'_>],
    parts: &FirstLineParts,
    limits: &Limits,
    parse: impl Fn(&[u8], &Limits) -> Result<Option<T>, HandshakeViolation>,
) -> Result<Option<T>, Finding> {
    let whole = |violation| Finding::handshake(0..head.length(), violation);
    match parse(head.bytes(), limits) {
        Ok(None) if head.has_ended() => Err(whole(HandshakeViolation::MalformedHead("it ends too early".to_owned()))),
        Ok(None) if head.bytes().len() >= limits.max_head_bytes => {
            Err(whole(HandshakeViolation::HeadTooLong { limit: limits.max_head_bytes }))
        }
        Ok(parsed) => Ok(parsed),
        Err(violation @ HandshakeViolation::MalformedHead(_)) => {
            // The parser does not report which line is malformed. Find that line by parsing
            // prefixes of the head: the shortest prefix that fails to parse ends with the malformed
            // line. Every longer prefix fails too, so a binary search finds it. A head may have
            // 8,000 lines, and parsing a prefix for each of them would take seconds.
            let succeeds = |line: &HeadLine<'_>| {
                let end = usize::try_from(line.range().end).unwrap_or(usize::MAX).min(head.bytes().len());
                parse(&head.bytes()[..end], limits).is_ok()
            };
            let malformed = lines.get(lines.partition_point(succeeds));
            let range = malformed.map_or(0..head.length(), |line| line.range().clone());
            Err(Finding::handshake(range, violation))
        }
        Err(violation) => Err(locate(violation, lines, parts, head.length())),
    }
}

/// Creates a finding for a broken rule of the handshake. Its range is the line, or the part of the
/// first line, that breaks the rule. If a required line is missing, the range is the empty line
/// that ends the head. For any other broken rule, the range is the whole head.
pub(super) fn locate(
    violation: HandshakeViolation,
    lines: &[HeadLine<'_>],
    parts: &FirstLineParts,
    length: u64,
) -> Finding {
    let header = |name: &str| {
        let has_name = |line: &&HeadLine<'_>| matches!(line, HeadLine::Header { name: other, .. } if other.eq_ignore_ascii_case(name));
        lines.iter().rev().find(has_name).map(|line| line.range().clone())
    };
    let part = |term: &Term| parts.iter().find(|(other, _)| std::ptr::eq(*other, term)).map(|(_, range)| range.clone());
    let found: Option<Range<u64>> = match &violation {
        HandshakeViolation::HttpVersionTooOld => {
            part(&glossary::REQUEST_VERSION).or_else(|| part(&glossary::RESPONSE_VERSION))
        }
        HandshakeViolation::MethodNotGet(_) => part(&glossary::METHOD),
        HandshakeViolation::TargetMalformed => part(&glossary::TARGET),
        HandshakeViolation::UpgradeMissing | HandshakeViolation::UpgradeToSomethingElse => header("upgrade"),
        HandshakeViolation::ConnectionWithoutUpgrade => header("connection"),
        HandshakeViolation::HostNotOnce | HandshakeViolation::HostMalformed(_) => header("host"),
        HandshakeViolation::KeyNotOnce | HandshakeViolation::KeyMalformed => header("sec-websocket-key"),
        HandshakeViolation::VersionRepeated | HandshakeViolation::VersionUnsupported(_) => {
            header("sec-websocket-version")
        }
        HandshakeViolation::AcceptNotOnce | HandshakeViolation::AcceptWrong { .. } => header("sec-websocket-accept"),
        HandshakeViolation::ExtensionsMalformed
        | HandshakeViolation::ExtensionNotOffered(_)
        | HandshakeViolation::ExtensionConflict(_)
        | HandshakeViolation::DeflateAnswerWrong(_) => header("sec-websocket-extensions"),
        HandshakeViolation::SubprotocolMalformed
        | HandshakeViolation::SubprotocolRepeated(_)
        | HandshakeViolation::SubprotocolNotOffered(_) => header("sec-websocket-protocol"),
        HandshakeViolation::RequestWithBody => header("transfer-encoding").or_else(|| header("content-length")),
        _ => Some(0..length),
    };
    let end_of_head = || match lines.last() {
        Some(last @ HeadLine::Empty(_)) => last.range().clone(),
        _ => 0..length,
    };
    Finding::handshake(found.unwrap_or_else(end_of_head), violation)
}
