//! Finds the fields to which each byte of a block belongs.

use std::ops::Range;

use dissector::{Conversation, Direction, Field, Options, Record};

use super::{
    block::{Block, Line},
    mark::{Mark, PayloadKind},
};

/// The opening handshake that is assumed to precede a block whose mark says `compressed`.
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";

/// The length assumed for `..`, a length byte that the page does not state. It is the maximum for a
/// control frame. A block with `..` shows fewer bytes than that, so the frame is dissected as
/// incomplete.
const UNKNOWN_LENGTH: u8 = 125;

/// The four bytes at the end of a DEFLATE flush. A sender removes them (RFC 7692, section 7.2.1).
const FLUSH: [u8; 4] = [0x00, 0x00, 0xFF, 0xFF];

/// A unit of a block (a head or a frame), and the ranges of its bytes.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) record: Record,
    /// Those bytes of the record that the block shows, in order and grouped into runs of adjacent
    /// bytes.
    pub(super) runs: Vec<Run>,
    /// Whether the bytes are a payload whose header the page does not show.
    pub(super) is_payload: bool,
    /// Whether to explain the bytes as parts of UTF-8 characters.
    pub(super) is_utf8: bool,
}

/// Adjacent bytes of one unit on one line. `bytes` is their range on the line, and `position` is
/// the index of the first of them in the record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) line: usize,
    pub(super) bytes: Range<usize>,
    pub(super) position: usize,
}

/// The result of a dissection.
#[derive(Debug, Default)]
pub(super) struct Dissected {
    pub(super) units: Vec<Unit>,
    /// The number of bytes at the beginning of the block that belong to the end of a head.
    pub(super) skipped: usize,
    /// Whether each line ends with the four bytes that end a flush.
    pub(super) has_flushes: bool,
}

/// The conversation of the previous block on the page, which the next block may continue.
#[derive(Default)]
pub(super) struct PageConversation(Option<Stream>);

/// A conversation, and the places in the block where its bytes are shown.
struct Stream {
    conversation: Conversation,
    /// For each byte in each direction, the line and the index at which the block shows it, or
    /// `None` if the block does not show it.
    places: [Vec<Option<(usize, usize)>>; 2],
}

impl Stream {
    fn new(mark: &Mark, is_head: bool) -> Self {
        let options = Options::default();
        let mut stream = Self {
            conversation: if is_head || mark.compressed {
                Conversation::new(options)
            } else {
                Conversation::after_handshake(options)
            },
            places: [Vec::new(), Vec::new()],
        };
        if mark.compressed {
            stream.push(Direction::ToServer, REQUEST, None, &mut Vec::new());
            stream.push(Direction::ToClient, RESPONSE, None, &mut Vec::new());
        }
        stream
    }

    /// Adds bytes to the conversation. `place` is where the block shows the first of them, or
    /// `None` if it does not show them.
    fn push(&mut self, direction: Direction, bytes: &[u8], place: Option<(usize, usize)>, records: &mut Vec<Record>) {
        let places = (0..bytes.len()).map(|index| place.map(|(line, first)| (line, first + index)));
        self.places[direction as usize].extend(places);
        self.conversation.push(direction, bytes, None, &mut |record| records.push(record));
    }

    /// Returns a unit for each record of which the block shows at least one byte.
    fn units(&self, records: Vec<Record>, mark: &Mark) -> Vec<Unit> {
        let is_payload = mark.payload.is_some();
        records
            .into_iter()
            .filter_map(|record| {
                let start = usize::try_from(record.offset).ok()?;
                let places = &self.places[record.direction as usize][start..][..record.bytes.len()];
                let mut runs: Vec<Run> = Vec::new();
                for (position, place) in places.iter().enumerate() {
                    let Some((line, byte)) = *place else { continue };
                    match runs.last_mut() {
                        Some(run) if run.line == line && run.bytes.end == byte => run.bytes.end += 1,
                        _ => runs.push(Run { line, bytes: byte..byte + 1, position }),
                    }
                }
                let is_utf8 = mark.payload == Some(PayloadKind::Text);
                (!runs.is_empty()).then_some(Unit { record, runs, is_payload, is_utf8 })
            })
            .collect()
    }

    /// Adds a record for each incomplete unit to `records`, and returns `true` if there are any.
    fn cut_off(&self, records: &mut Vec<Record>) -> bool {
        let partial: Vec<Record> =
            Direction::BOTH.into_iter().filter_map(|direction| self.conversation.partial(direction)).collect();
        let is_cut_off = !partial.is_empty();
        records.extend(partial);
        is_cut_off
    }
}

impl PageConversation {
    /// Dissects a block, and compares the result with the block's mark.
    pub(super) fn dissect(&mut self, mark: &Mark, block: &Block) -> Result<Dissected, String> {
        let lines: Vec<(usize, &Line)> =
            block.lines.iter().enumerate().filter(|(_, line)| !line.bytes.is_empty()).collect();
        if lines.is_empty() {
            return Err("there are no bytes where the mark says so; see `labels` for bytes after words".to_owned());
        }
        let directions = match &mark.directions[..] {
            [] => vec![Direction::ToClient; lines.len()],
            [one] => vec![*one; lines.len()],
            several if several.len() == lines.len() => several.to_vec(),
            several => {
                return Err(format!("the mark has {} directions for {} lines with bytes", several.len(), lines.len()));
            }
        };
        let mut stream = match self.0.take() {
            Some(stream) if mark.continued => {
                Stream { places: stream.places.map(|places| vec![None; places.len()]), ..stream }
            }
            None if mark.continued => return Err("there is no block that this one can continue".to_owned()),
            _ => Stream::new(mark, block.is_head),
        };
        let mut dissected = Dissected {
            skipped: mark.skip,
            has_flushes: mark.payload == Some(PayloadKind::Flushed),
            ..Dissected::default()
        };
        let mut records = Vec::new();
        let mut skip = mark.skip;
        let mut is_incomplete = false;
        for (&(line, content), direction) in lines.iter().zip(directions) {
            let first = skip.min(content.bytes.len());
            skip -= first;
            let bytes = bytes_of(&content.bytes, direction);
            let place = Some((line, first));
            match mark.payload {
                None => stream.push(direction, &bytes[first..], place, &mut records),
                Some(kind) => {
                    let payload = match kind {
                        PayloadKind::Flushed => bytes
                            .strip_suffix(&FLUSH)
                            .ok_or("a compressed payload with its flush ends in `00 00 ff ff`")?,
                        _ => &bytes[..],
                    };
                    let length = u8::try_from(payload.len()).ok().filter(|length| *length < 126);
                    let length = length.ok_or("a payload without its header has at most 125 bytes")?;
                    let first = if kind == PayloadKind::Text { 0x81 } else { 0xC1 };
                    stream.push(direction, &[first, length], None, &mut records);
                    stream.push(direction, payload, place, &mut records);
                }
            }
            let is_last = line == lines[lines.len() - 1].0;
            // If the line is cut off, or if each line is a separate connection, the connection ends
            // here.
            if content.is_cut || mark.each || is_last {
                let is_cut_off = stream.cut_off(&mut records);
                is_incomplete |= is_cut_off && !content.is_cut;
                dissected.units.extend(stream.units(std::mem::take(&mut records), mark));
                if !is_last {
                    stream = Stream::new(mark, block.is_head);
                }
            }
        }
        self.0 = Some(stream);
        check(mark, block, &dissected, is_incomplete)?;
        Ok(dissected)
    }
}

/// Returns the bytes of a line. A byte that the page does not state is assumed to be the length of
/// a frame.
fn bytes_of(bytes: &[Option<u8>], direction: Direction) -> Vec<u8> {
    let mask = if direction == Direction::ToServer { 0x80 } else { 0 };
    bytes.iter().map(|byte| byte.unwrap_or(mask | UNKNOWN_LENGTH)).collect()
}

/// Compares a dissection with the block's mark.
fn check(mark: &Mark, block: &Block, dissected: &Dissected, is_incomplete: bool) -> Result<(), String> {
    let found: Vec<_> = dissected.units.iter().flat_map(|unit| &unit.record.findings).collect();
    let unexpected: Vec<String> =
        found.iter().filter(|finding| !mark.breaks.contains(&finding.rule.name())).map(ToString::to_string).collect();
    if !unexpected.is_empty() {
        return Err(format!(
            "the bytes break rules that the mark does not name after `breaks`: {}",
            unexpected.join("; ")
        ));
    }
    if let Some(name) = mark.breaks.iter().find(|name| !found.iter().any(|finding| finding.rule.name() == **name)) {
        return Err(format!("the mark says that the bytes break `{name}`, but they do not"));
    }
    match (mark.incomplete, is_incomplete) {
        (true, false) => return Err("the mark says `incomplete`, but no unit is".to_owned()),
        (false, true) => return Err("the last unit is incomplete, and the mark does not say `incomplete`".to_owned()),
        _ => {}
    }
    let shown: usize = block.lines.iter().map(|line| line.bytes.len()).sum();
    let flushes =
        if dissected.has_flushes { block.lines.iter().filter(|line| !line.bytes.is_empty()).count() * 4 } else { 0 };
    let explained: usize = dissected.units.iter().flat_map(|unit| &unit.runs).map(|run| run.bytes.len()).sum::<usize>()
        + mark.skip
        + flushes;
    if explained != shown {
        return Err(format!("{explained} of {shown} bytes belong to a unit"));
    }
    for unit in &dissected.units {
        for run in &unit.runs {
            for index in 0..run.bytes.len() {
                if fields_at(&unit.record, run.position + index).is_empty() {
                    return Err(format!(
                        "byte {} of `{}` belongs to no field",
                        run.position + index,
                        unit.record.summary
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Returns the innermost fields that contain a byte, each followed by the fields that are computed
/// from it. A byte has several innermost fields if each of them covers only some of its bits, if
/// the byte is masked, or if it is part of both a fragment and a message.
pub(super) fn fields_at(record: &Record, position: usize) -> Vec<&Field> {
    let mut found = Vec::new();
    add_innermost(&record.fields, position as u64, &mut found);
    found
}

fn add_innermost<'a>(fields: &'a [Field], position: u64, found: &mut Vec<&'a Field>) {
    for field in fields.iter().filter(|field| !field.derived && field.range.contains(&position)) {
        let before = found.len();
        add_innermost(&field.fields, position, found);
        if found.len() == before {
            found.push(field);
            found.extend(field.fields.iter().filter(|inner| inner.derived));
        }
    }
}
