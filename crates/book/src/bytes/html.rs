//! Writes a block of bytes as HTML.
//!
//! ```text
//!   div.wire                      a block; span.wire for bytes in a sentence
//!     div.wire-line
//!       span.wire-label           the text before the bytes
//!       span.wire-unit            the bytes of one unit on this line, with its summary
//!         b.opcode                a byte, or a part of a line of a head; data-f: its entries
//!       span.wire-note            the text after the bytes
//! ```
//!
//! The result is one line, because an empty line would end the HTML in Markdown.

use std::fmt::Write;

use dissector::{Direction, Field, Record, RecordPart};
use protocol::RfcSection;

use super::{
    block::{Block, Line},
    dissection::{Dissected, Unit, fields_at},
    entries::{Entries, Entry, escape, part_name},
    page::Place,
    utf8,
};

/// Returns the HTML for the bytes, and adds their fields to the entries.
pub(super) fn bytes(block: &Block, dissected: &Dissected, place: &Place, entries: &mut Entries) -> String {
    let (indentation, tag, line_tag) = match place {
        Place::Inline => ("", "span", "span"),
        Place::Block { indentation } => (indentation.as_str(), "div", "div"),
    };
    let mut units: Vec<&str> = dissected.units.iter().map(|unit| unit.record.summary.as_str()).collect();
    units.dedup();
    let head = if block.is_head { " wire-head" } else { "" };
    let mut html = format!(
        "{indentation}<{tag} class=\"wire{head}\" data-page=\"{}\" role=\"group\" aria-label=\"Bytes: {}\">",
        entries.page(),
        escape(&units.join("; "))
    );
    let mut skip = dissected.skipped;
    for (index, line) in block.lines.iter().enumerate() {
        let skipped = skip.min(line.bytes.len());
        skip -= skipped;
        let mut bytes = String::new();
        if skipped > 0 {
            bytes += &rest_of_head(&line.bytes[..skipped], entries);
        }
        bytes += &line_bytes(index, block, line, dissected, entries);
        if dissected.has_flushes && !line.bytes.is_empty() {
            bytes += &flush(&line.bytes[line.bytes.len() - 4..], entries);
        }
        if line.is_cut {
            bytes += " …";
        }
        if matches!(place, Place::Inline) {
            html += &bytes;
            continue;
        }
        let _ = write!(html, "<{line_tag} class=\"wire-line\">");
        if !line.label.is_empty() {
            let only = if line.bytes.is_empty() { " wire-only" } else { "" };
            let _ = write!(html, "<span class=\"wire-label{only}\">{}</span> ", escape(&line.label));
        }
        if !line.bytes.is_empty() {
            let _ = write!(html, "<span class=\"wire-bytes\">{}</span>", bytes.trim_end());
        }
        if !line.note.is_empty() {
            let _ = write!(html, " <span class=\"wire-note\">{}</span>", escape(&line.note));
        }
        let _ = write!(html, "</{line_tag}>");
    }
    let _ = write!(html, "</{tag}>");
    if matches!(place, Place::Block { .. }) {
        html += "\n\n";
    }
    html
}

/// Returns the HTML for the bytes on one line of a block, whichever units they belong to.
fn line_bytes(index: usize, block: &Block, line: &Line, dissected: &Dissected, entries: &mut Entries) -> String {
    let mut runs: Vec<_> = dissected
        .units
        .iter()
        .enumerate()
        .flat_map(|(number, unit)| unit.runs.iter().map(move |run| (number, unit, run)))
        .filter(|(_, _, run)| run.line == index)
        .collect();
    runs.sort_by_key(|(_, _, run)| run.bytes.start);
    let mut html = String::new();
    for (number, unit, run) in runs {
        let record = &unit.record;
        let from = match record.direction {
            Direction::ToServer => "from the client",
            Direction::ToClient => "from the server",
        };
        let title = if unit.is_payload { record.summary.clone() } else { format!("{}, {from}", record.summary) };
        let _ = write!(html, "<span class=\"wire-unit\" data-u=\"{number}\" data-s=\"{}\">", escape(&title));
        if block.is_head {
            html += &text_cells(unit, run.position..run.position + run.bytes.len(), entries);
        } else {
            for (at, byte) in run.bytes.clone().enumerate() {
                html += &cell(unit, run.position + at, line.bytes[byte], entries);
            }
        }
        html.truncate(html.trim_end_matches(' ').len());
        html += "</span> ";
    }
    html
}

/// Returns a byte of a frame.
fn cell(unit: &Unit, position: usize, byte: Option<u8>, entries: &mut Entries) -> String {
    let record = &unit.record;
    let fields = fields_at(record, position);
    let Some(byte) = byte else {
        let entry = entries.entry(&Entry {
            part: "length",
            label: "Payload length",
            meaning: "depends on the length of the reason, which each program words in its own way",
            reference: Some(RfcSection { rfc: 6455, section: "5.2" }),
            ..Entry::default()
        });
        return format!("<b class=\"length\" data-f=\"{entry}\">..</b> ");
    };
    let mut numbers = Vec::new();
    if unit.is_utf8 {
        let payload = record.bytes.get(2..).unwrap_or_default();
        numbers.push(utf8::entry(payload, position - 2, entries));
    } else {
        numbers.extend(fields.iter().map(|field| entries.field(field)));
    }
    let broken = broken_rules(record, position, entries);
    let class = class_of(&fields, &broken);
    numbers.extend(broken);
    let key = unmasking(unit, position).map(|key| format!(" data-k=\"{key:02x}\" data-p=\"{:02x}\"", byte ^ key));
    format!("<b class=\"{class}\" data-f=\"{}\"{}>{byte:02x}</b> ", join(&numbers), key.unwrap_or_default())
}

/// Adds an entry for each rule that a byte breaks, and returns the numbers of these entries.
fn broken_rules(record: &Record, position: usize, entries: &mut Entries) -> Vec<usize> {
    let findings = record.findings.iter().filter(|finding| finding.range.contains(&(position as u64)));
    findings.map(|finding| entries.finding(finding)).collect()
}

/// Returns the CSS classes of a byte. Each of the first two bytes of a frame gets a class that
/// shows its bits in several colours.
fn class_of(fields: &[&Field], broken: &[usize]) -> String {
    // A byte can belong to several fields, such as the masked payload and the message in it. Take
    // the last of them, but skip derived fields, which are computed and contain no bytes.
    let last = fields.iter().rfind(|field| !field.derived);
    let class = match fields {
        [first, ..] if first.term.part == RecordPart::Fin => "opcode bits-1",
        [first, ..] if first.mask.is_some() => "length bits-2",
        _ => last.map_or("", |field| part_name(field.term.part)),
    };
    if broken.is_empty() { class.to_owned() } else { format!("{class} broken") }
}

/// Returns the byte of the masking key that masks a given byte of the payload.
fn unmasking(unit: &Unit, position: usize) -> Option<u8> {
    let record = &unit.record;
    let payload = record.field("websocket.masked_payload")?;
    let key = record.field("websocket.masking_key")?;
    let start = usize::try_from(payload.range.start).ok()?;
    let key = &record.bytes[usize::try_from(key.range.start).ok()?..][..4];
    Some(key[position.checked_sub(start)? % 4])
}

/// Returns the HTML for a part of a head, which is shown as text. Neighbouring bytes of the same
/// field share one cell.
fn text_cells(unit: &Unit, range: std::ops::Range<usize>, entries: &mut Entries) -> String {
    let record = &unit.record;
    let mut cells: Vec<(Vec<usize>, String, String)> = Vec::new();
    for position in range {
        let fields = fields_at(record, position);
        let mut numbers: Vec<usize> = fields.iter().map(|field| entries.field(field)).collect();
        let broken = broken_rules(record, position, entries);
        let class = class_of(&fields, &broken);
        numbers.extend(broken);
        let text = match record.bytes[position] {
            b'\r' => "\\r".to_owned(),
            b'\n' => "\\n".to_owned(),
            byte => char::from(byte).to_string(),
        };
        match cells.last_mut() {
            Some((same, _, before)) if *same == numbers => *before += &text,
            _ => cells.push((numbers, class, text)),
        }
    }
    let mut html = String::new();
    for (numbers, class, text) in cells {
        let (text, end) = text.strip_suffix("\\r\\n").map_or((&text[..], false), |text| (text, true));
        let end = if end { "<s>\\r\\n</s>" } else { "" };
        let _ = write!(html, "<b class=\"{class}\" data-f=\"{}\">{}{end}</b>", join(&numbers), escape(text));
    }
    html
}

fn rest_of_head(bytes: &[Option<u8>], entries: &mut Entries) -> String {
    let entry = entries.entry(&Entry {
        part: "header",
        label: "Head of the response",
        meaning: "the end of the HTTP head, which the frames follow",
        why: "An empty line, 0d 0a 0d 0a, ends the head. The next byte is the first of a frame.",
        reference: Some(RfcSection { rfc: 6455, section: "4.2.2" }),
        ..Entry::default()
    });
    plain_cells(bytes, "header", entry, "the end of the response")
}

fn flush(bytes: &[Option<u8>], entries: &mut Entries) -> String {
    let entry = entries.entry(&Entry {
        part: "reserved",
        label: "End of a flush",
        meaning: "an empty stored block, which is not sent",
        why: "These four bytes end every flush. So a sender removes them, and a receiver appends them again.",
        reference: Some(RfcSection { rfc: 7692, section: "7.2.1" }),
        ..Entry::default()
    });
    plain_cells(bytes, "reserved", entry, "the end of a flush")
}

fn plain_cells(bytes: &[Option<u8>], class: &str, entry: usize, title: &str) -> String {
    let mut html = format!("<span class=\"wire-unit\" data-u=\"-1\" data-s=\"{title}\">");
    for byte in bytes.iter().flatten() {
        let _ = write!(html, "<b class=\"{class}\" data-f=\"{entry}\">{byte:02x}</b> ");
    }
    html.truncate(html.trim_end_matches(' ').len());
    html + "</span> "
}

fn join(numbers: &[usize]) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}
