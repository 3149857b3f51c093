//! Renders a record as an SVG figure that needs no script, style sheet or font.
//!
//! ```text
//!   ┌──────────────────────────────────────────────┐
//!   │ Text, 5 bytes: Hello                         │  the summary
//!   │ [81][85][37][fa][21][3d][7f][9f][4d][51][58] │  the bytes, in the colours of their fields;
//!   │                                              │  underlined if they break a rule
//!   │ 1 000 0001  1 0000101                        │  the first two bytes of a frame, bit by bit
//!   │ ▪ 1... .... = Fin: True     the whole ...    │  the fields, with meaning and section
//!   └──────────────────────────────────────────────┘
//! ```

use std::fmt::{Display, Write};

use super::{
    palette::{self, Colour},
    text::own_bits,
    tree,
};
use crate::{
    field::Field,
    glossary::RecordPart,
    printable::is_harmful,
    record::{Direction, Record, RecordKind},
};

const WIDTH: usize = 960;
const MARGIN: usize = 28;
/// The number of bytes per row.
const ROW: usize = 16;
/// The maximum number of bytes to draw: four rows. A reader could not take in more at a glance.
const BYTES: usize = 4 * ROW;
/// The size of a byte's tile in pixels, and the distance from one tile to the next.
const TILE: (usize, usize) = (44, 56);
/// The size of a bit's tile in pixels, and the distance from one tile to the next.
const BIT: (usize, usize) = (44, 48);
/// The gap, in pixels, between the bits of the first and the second byte.
const BYTE_GAP: usize = 24;
/// The height of a line of text in pixels.
const LINE: usize = 22;
/// The x position, in pixels, at which a field's meaning begins.
const MEANING: usize = 430;
/// The maximum lengths in the two columns. The first, in fixed-width characters, applies to a
/// field's text if its meaning is on the same line. The second, in sans-serif characters, applies
/// to each line of the meaning.
const COLUMNS: (usize, usize) = (45, 50);
/// The maximum length, in fixed-width characters, of a field's text if its meaning is on a separate
/// line. This leaves room for the reference to the RFC at the right edge.
const WHOLE_LINE: usize = 92;

const PANEL: &str = "#101a30";
const LIGHT: &str = "#ffffff";
const SOFT: &str = "#a9bad6";
const WARNING: &str = "#ffd75f";
const SANS: &str = "Inter, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";
const MONO: &str = "'Fira Code', 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/// Renders the record as an SVG figure. The figure includes a dark background, so it looks the same
/// on light and dark pages.
///
/// The `desc` element contains the [tree](super::tree), for readers who cannot see the figure.
#[must_use]
pub fn svg(record: &Record) -> String {
    let mut figure = SvgFigure { elements: String::new(), y: MARGIN };
    figure.heading(record);
    // The fields of a head already show its text, so do not draw its bytes as well.
    if !matches!(record.kind, RecordKind::Request | RecordKind::Response) {
        figure.bytes(record);
    }
    if record.kind == RecordKind::Frame && record.bytes.len() >= 2 {
        figure.bits(record);
    }
    figure.y += 12;
    for (depth, field) in record.walk() {
        figure.field(depth, field);
    }
    figure.y += if record.findings.is_empty() { 0 } else { 10 };
    for finding in &record.findings {
        for part in tree::wrap(&finding.to_string(), 110) {
            figure.y += LINE;
            figure.text(MARGIN, figure.y, Font { size: 15, ..Font::SANS }, WARNING, &part);
        }
    }
    let height = figure.y + MARGIN;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n<title>{}</title>\n<desc>{}</desc>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" rx=\"14\" fill=\"{PANEL}\"/>\n{}</svg>\n",
        Escaped(&record.summary),
        Escaped(&tree(record)),
        figure.elements,
    )
}

/// A figure that is being drawn: its elements so far, and the y position of the next one.
struct SvgFigure {
    elements: String,
    y: usize,
}

#[derive(Clone, Copy)]
struct Font {
    family: &'static str,
    size: usize,
    weight: usize,
    anchor: &'static str,
}

impl Font {
    const SANS: Self = Self { family: SANS, size: 14, weight: 400, anchor: "start" };
    const MONO: Self = Self { family: MONO, size: 14, weight: 500, anchor: "start" };
    const CENTRED: Self = Self { anchor: "middle", ..Self::MONO };
}

impl SvgFigure {
    fn heading(&mut self, record: &Record) {
        self.y += 8;
        let font = Font { size: 18, weight: 600, ..Font::SANS };
        self.text(MARGIN, self.y, font, LIGHT, &truncate(&record.summary, 90));
        let sender = match record.direction {
            Direction::ToServer => "from the client",
            Direction::ToClient => "from the server",
        };
        let right = Font { anchor: "end", ..Font::SANS };
        self.text(WIDTH - MARGIN, self.y, right, SOFT, sender);
        self.y += 18;
    }

    fn bytes(&mut self, record: &Record) {
        let shown = &record.bytes[..record.bytes.len().min(BYTES)];
        for (row, bytes) in shown.chunks(ROW).enumerate() {
            for (column, byte) in bytes.iter().enumerate() {
                let position = row * ROW + column;
                let x = MARGIN + column * TILE.1;
                self.tile(x, TILE.0, colour_of(record, position), &format!("{byte:02x}"));
                if record.findings.iter().any(|finding| finding.range.contains(&(position as u64))) {
                    self.underline(x, TILE.0);
                }
            }
            self.y += TILE.1;
        }
        let more = record.length - shown.len() as u64;
        if more > 0 {
            self.y += LINE;
            self.text(MARGIN, self.y - 6, Font::SANS, SOFT, &format!("… and {more} bytes more"));
        }
    }

    /// Draws the first two bytes of a frame bit by bit: a tile for each bit, and the label of each
    /// field below its bits.
    fn bits(&mut self, record: &Record) {
        self.y += 12;
        let position = |byte: usize, bit: usize| MARGIN + (byte * 8 + bit) * BIT.1 + byte * BYTE_GAP;
        for field in &record.fields {
            let (Some(mask), Ok(byte)) = (field.mask, usize::try_from(field.range.start)) else { continue };
            let Some(&value) = record.bytes.get(byte) else { continue };
            let fill = palette::of(field.term.part);
            let first = mask.leading_zeros() as usize;
            let count = mask.count_ones() as usize;
            for bit in first..first + count {
                self.tile(position(byte, bit), BIT.0, fill, if value << bit & 0x80 == 0 { "0" } else { "1" });
            }
            let middle = (position(byte, first) + position(byte, first + count - 1) + BIT.0) / 2;
            let font = Font { family: SANS, ..Font::CENTRED };
            self.text(middle, self.y + BIT.0 + 20, font, &fill.hex(), &field.label);
        }
        self.y += BIT.0 + 28;
    }

    fn field(&mut self, depth: usize, field: &Field) {
        let line = tree::line(field);
        let is_long = line.chars().count() > COLUMNS.0.saturating_sub(2 * depth);
        let line = truncate(&line, WHOLE_LINE.saturating_sub(2 * depth));
        let colour = palette::of(field.term.part);
        self.y += LINE;
        let x = MARGIN + depth * 17;
        let _ = writeln!(self.elements, "<g><title>{}</title>", Escaped(field.term.why));
        let _ = writeln!(
            self.elements,
            "<rect x=\"{x}\" y=\"{}\" width=\"8\" height=\"16\" rx=\"3\" fill=\"{}\"/>",
            self.y - 13,
            colour.hex()
        );
        self.text(x + 16, self.y, Font::MONO, LIGHT, &line);
        let right = Font { anchor: "end", size: 12, ..Font::SANS };
        let reference = field.term.reference;
        self.text(WIDTH - MARGIN, self.y, right, SOFT, &format!("RFC {}, {}", reference.rfc, reference.section));
        for (index, part) in tree::wrap(&field.meaning, COLUMNS.1).iter().enumerate() {
            self.y += if index == 0 && !is_long { 0 } else { LINE - 4 };
            self.text(MEANING, self.y, Font::SANS, SOFT, part);
        }
        self.elements.push_str("</g>\n");
    }

    fn tile(&mut self, x: usize, width: usize, fill: Colour, text: &str) {
        let y = self.y;
        let _ = writeln!(
            self.elements,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" rx=\"6\" fill=\"{}\"/>",
            TILE.0,
            fill.hex()
        );
        let font = Font { size: 17, weight: 600, ..Font::CENTRED };
        self.text(x + width / 2, y + TILE.0 / 2 + 6, font, &palette::INK.hex(), text);
    }

    /// Underlines a byte that breaks a rule.
    fn underline(&mut self, x: usize, width: usize) {
        let y = self.y + TILE.0 + 3;
        let _ =
            writeln!(self.elements, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"5\" fill=\"{WARNING}\"/>");
    }

    fn text(&mut self, x: usize, y: usize, font: Font, fill: &str, text: &str) {
        let Font { family, size, weight, anchor } = font;
        let _ = writeln!(
            self.elements,
            "<text x=\"{x}\" y=\"{y}\" fill=\"{fill}\" font-family=\"{family}\" font-size=\"{size}\" \
             font-weight=\"{weight}\" text-anchor=\"{anchor}\" xml:space=\"preserve\">{}</text>",
            Escaped(text)
        );
    }
}

/// Returns the colour of a byte's widest field. In a frame, this is the opcode for the first byte
/// and the length for the second.
fn colour_of(record: &Record, position: usize) -> Colour {
    let position = position as u64;
    let holds = |field: &&Field| !field.derived && field.range.contains(&position);
    let width = |field: &&Field| own_bits(field).map_or(8, |(_, mask)| mask.count_ones());
    let field = record.fields.iter().filter(holds).max_by_key(width);
    palette::of(field.map_or(RecordPart::Header, |field| field.term.part))
}

/// Returns the text. If it has more than `length` characters, returns its beginning and an
/// ellipsis.
fn truncate(text: &str, length: usize) -> String {
    if text.chars().count() <= length {
        return text.to_owned();
    }
    text.chars().take(length.saturating_sub(1)).chain(['…']).collect()
}

/// Writes text so that it is safe as the content of an XML element. The five characters that XML
/// reserves are escaped. Characters that XML does not allow, or that could hide or reorder the text
/// around them, are replaced.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&apos;")?,
                '\n' | '\t' => f.write_char(character)?,
                '\u{FFFE}' | '\u{FFFF}' => f.write_char('\u{FFFD}')?,
                character if is_harmful(character) => f.write_char('\u{FFFD}')?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}
