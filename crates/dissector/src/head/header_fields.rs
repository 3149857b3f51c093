//! Creates the fields of header lines, for both requests and responses.

use std::ops::Range;

use protocol::handshake::{Extension, extensions::parse_line};

use super::{credentials::is_hidden, lines::HeadLine};
use crate::{
    field::{Field, FieldValue},
    glossary::{self, Term},
    options::Options,
};

/// The maximum number of fields, including inner fields, for the header lines of a head. It is more
/// than twice the number of header fields that [`Limits`](protocol::Limits) allows by default.
///
/// A cookie without a name takes two bytes, but its field takes a hundred times as much memory.
/// Without this limit, a head of 16 KiB could have 8,000 fields, and its JSON would take 1.5 MB.
const MAX_FIELDS: usize = 256;

/// Creates the fields for the header lines: at most [`MAX_FIELDS`], plus one for each group of
/// parts that are counted instead of shown. `explain` adds the meaning and any inner fields to the
/// field for a line.
pub(super) fn header_fields(
    lines: &[HeadLine<'_>],
    options: &Options,
    explain: impl Fn(&'static Term, &str, &mut Field),
) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut room = MAX_FIELDS;
    let lines = lines.get(1..).unwrap_or_default();
    for (index, line) in lines.iter().enumerate() {
        if room == 0 {
            let range = line.range().start..lines[lines.len() - 1].range().end;
            fields.push(further_parts(lines.len() - index, range));
            break;
        }
        let field = match line {
            HeadLine::Empty(range) => Field::new(&glossary::END_OF_HEAD, range.clone(), FieldValue::Group)
                .with_label("\\r\\n")
                .with_meaning("the head ends here"),
            HeadLine::Header { name, value, value_start, folded, range } => {
                let term = glossary::term_for_header(name).unwrap_or(&glossary::OTHER_HEADER);
                let mut field = Field::new(term, range.clone(), FieldValue::text(value.as_ref()))
                    .with_label(name.clone().into_owned());
                if is_hidden(name, options) {
                    field.with_meaning("hidden, because it may hold a credential")
                } else {
                    if std::ptr::eq(term, &glossary::COOKIE) && !folded {
                        field.fields = cookie_fields(value, *value_start);
                    }
                    explain(term, value, &mut field);
                    shorten(&mut field.fields, room - 1);
                    field
                }
            }
            HeadLine::Other { text, range } => {
                Field::new(&glossary::STRAY_LINE, range.clone(), FieldValue::text(text.as_ref()))
                    .with_meaning("not a header: there is no colon")
            }
        };
        room = room.saturating_sub(field.walk().count());
        fields.push(field);
    }
    fields
}

/// Replaces the fields after the first `count` with a single field, unless only one field follows.
fn shorten(fields: &mut Vec<Field>, count: usize) {
    if let [first, .., last] = &fields[count.min(fields.len())..] {
        let mut rest = further_parts(fields.len() - count, first.range.start..last.range.end);
        rest.derived = first.derived;
        fields.truncate(count);
        fields.push(rest);
    }
}

/// Creates one field that stands for the remaining `count` parts of a head.
fn further_parts(count: usize, range: Range<u64>) -> Field {
    Field::new(&glossary::FURTHER_PARTS, range, FieldValue::Group).with_label(format!("… {count} more"))
}

/// Returns the meaning of a header line that means the same in requests and responses. Returns
/// `None` for any other header line.
pub(super) fn common_meaning(term: &'static Term, value: &str) -> Option<&'static str> {
    let has = |token: &str| value.split(',').any(|element| element.trim().eq_ignore_ascii_case(token));
    if std::ptr::eq(term, &glossary::UPGRADE) {
        return Some(if has("websocket") { "the next protocol is WebSocket" } else { "not WebSocket" });
    }
    if std::ptr::eq(term, &glossary::CONNECTION) {
        return Some(if has("upgrade") {
            "Upgrade is meant for the machine at the other end of this TCP connection"
        } else {
            "does not list Upgrade"
        });
    }
    None
}

/// Creates a field for each element of `Sec-WebSocket-Extensions`.
pub(super) fn extension_fields(value: &str, range: &Range<u64>) -> Vec<Field> {
    let field = |extension: Extension| {
        Field::new(&glossary::EXTENSION, range.clone(), FieldValue::text(extension.to_string()))
            .with_meaning(match extension.name() {
                "permessage-deflate" => "messages may be compressed one by one; RSV1 marks the compressed ones",
                _ => "not a registered extension",
            })
            .derived()
    };
    parse_line(value).unwrap_or_default().into_iter().map(field).collect()
}

/// Creates a field for each cookie in a `Cookie` header field whose value begins at `start`.
fn cookie_fields(value: &str, start: u64) -> Vec<Field> {
    // U+FFFD has replaced each sequence of bytes that is not UTF-8, and may be longer or shorter
    // than the replaced bytes. Positions in the text may then differ from positions in the head, so
    // create no fields.
    if value.contains(char::REPLACEMENT_CHARACTER) {
        return Vec::new();
    }
    let mut position = start;
    let mut fields = Vec::new();
    for element in value.split(';') {
        let pair = element.trim_start();
        let pair_start = position + (element.len() - pair.len()) as u64;
        position += element.len() as u64 + 1;
        if !pair.is_empty() {
            let range = pair_start..pair_start + pair.len() as u64;
            fields.push(Field::new(&glossary::COOKIE_PAIR, range, FieldValue::text(pair)));
        }
    }
    fields
}
