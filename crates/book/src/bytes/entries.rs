//! The explanations of all fields on a page.
//!
//! A page explains each field once, in a hidden list at its end. Each byte refers to its entries in
//! the list by number, and `assets/bytes.js` shows these entries in a card near the byte.

use std::{collections::HashMap, fmt::Write};

use dissector::{Field, RecordPart, record::Finding, render};
use protocol::RfcSection;

use crate::source::RFC_PAGES;

/// The entries of a page, without duplicates.
pub(super) struct Entries {
    /// The page's name, as used in the `id` of the list.
    page: String,
    /// The path from the page to the folder that contains the pages.
    to_root: String,
    list: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Entries {
    /// Creates an empty list for the page with this path.
    pub(super) fn new(path: &str) -> Self {
        let page = path.trim_end_matches(".md").replace(|character: char| !character.is_ascii_alphanumeric(), "-");
        let to_root = "../".repeat(path.matches('/').count());
        Self { page, to_root, list: Vec::new(), numbers: HashMap::new() }
    }

    /// Returns the page's name, as used in the `id` of the list.
    pub(super) fn page(&self) -> &str {
        &self.page
    }

    /// Adds a field, and returns its number.
    pub(super) fn field(&mut self, field: &Field) -> usize {
        let value = render::value_text(field);
        let label = match field.derived {
            true => format!("{} (computed)", field.label),
            false => field.label.to_string(),
        };
        let reference = field.term.reference;
        let name = field.term.name.unwrap_or_default();
        let mask = field.mask.unwrap_or_default();
        self.entry(&Entry {
            part: part_name(field.term.part),
            label: &label,
            value: &value,
            meaning: &field.meaning,
            why: field.term.why,
            reference: Some(reference),
            name,
            mask,
        })
    }

    /// Adds a broken rule, and returns its number.
    pub(super) fn finding(&mut self, finding: &Finding) -> usize {
        self.entry(&Entry {
            part: "broken",
            label: &format!("Broken rule: {}", finding.rule.name()),
            meaning: &finding.rule.to_string(),
            reference: finding.rule.section(),
            ..Entry::default()
        })
    }

    /// Adds an entry if the list does not contain it yet, and returns its number.
    pub(super) fn entry(&mut self, entry: &Entry) -> usize {
        let html = self.item(entry);
        let next = self.list.len();
        *self.numbers.entry(html).or_insert_with_key(|html| {
            self.list.push(html.clone());
            next
        })
    }

    fn item(&self, entry: &Entry) -> String {
        let Entry { part, label, value, meaning, why, reference, name, mask } = *entry;
        let mut html = format!("<li class=\"{part}\"");
        if mask != 0 {
            let _ = write!(html, " data-mask=\"{mask}\"");
        }
        let _ = write!(html, "><p><b>{}</b>", escape(label));
        if !value.is_empty() {
            let _ = write!(html, " <samp>{}</samp>", escape(value));
        }
        if !meaning.is_empty() {
            let _ = write!(html, " <span>{}</span>", escape(meaning));
        }
        html += "</p>";
        if !why.is_empty() {
            let _ = write!(html, "<p>{}</p>", escape(why));
        }
        if let Some(RfcSection { rfc, section }) = reference {
            let rules = format!("rfc{rfc}");
            let page = if RFC_PAGES.contains(&&*rules) {
                format!("{}{rules}.html#section-{}", self.to_root, section.replace('.', "-"))
            } else {
                format!("https://www.rfc-editor.org/rfc/rfc{rfc}#section-{section}")
            };
            let _ = write!(html, "<p><a href=\"{page}\">RFC {rfc}, section {section}</a>");
            if !name.is_empty() {
                let _ = write!(html, " <i>{}</i>", escape(name));
            }
            html += "</p>";
        }
        html + "</li>"
    }

    /// Returns the list as HTML, or an empty string if the page has no bytes.
    pub(super) fn html(&self) -> String {
        if self.list.is_empty() {
            return String::new();
        }
        // Put the list into a script element, because mdBook leaves the content of script elements
        // out of its search index.
        format!("\n\n<script type=\"text/html\" id=\"wire-{}\"><ol>{}</ol></script>\n", self.page, self.list.concat())
    }
}

/// The parts of an entry.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry<'a> {
    /// The CSS class of the part, which sets its colour.
    pub(super) part: &'a str,
    pub(super) label: &'a str,
    pub(super) value: &'a str,
    /// The meaning of the value.
    pub(super) meaning: &'a str,
    /// The reason why the field exists.
    pub(super) why: &'a str,
    pub(super) reference: Option<RfcSection>,
    /// The name in Wireshark.
    pub(super) name: &'a str,
    /// A mask for the bits of the byte that belong to the field, or 0 if all of them do.
    pub(super) mask: u8,
}

/// Returns the class of a part.
pub(super) const fn part_name(part: RecordPart) -> &'static str {
    match part {
        RecordPart::Fin => "fin",
        RecordPart::Reserved => "reserved",
        RecordPart::Opcode => "opcode",
        RecordPart::Mask => "mask",
        RecordPart::Length => "length",
        RecordPart::Payload => "payload",
        RecordPart::StartLine => "start",
        RecordPart::Handshake => "handshake",
        RecordPart::Header => "header",
    }
}

/// Escapes text for HTML and for Markdown. In Markdown, a vertical bar would end a cell of a table,
/// and an asterisk, an underscore or a bracket could begin inline markup.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' | '<' | '>' | '"' | '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '~' | '\n' => {
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}
