//! Renders records as JSON, one line per record.
//!
//! ```text
//!   {"number":0,"direction":"to_server","kind":"frame","offset":0,"length":11,"complete":true,
//!    "bytes":"81:85:37:fa:21:3d:7f:9f:4d:51:58","summary":"Text, 5 bytes: Hello",
//!    "fields":[{"name":"websocket.fin","label":"Fin","start":0,"end":1,"mask":128,"value":true,
//!               "part":"fin","meaning":"...","why":"...","rfc":6455,"section":"5.2"}, ...],
//!    "findings":[{"rule":"UnmaskedFrame","sentence":"...","rfc":6455,"section":"5.1",
//!                 "field":"websocket.mask","start":1,"end":2}]}
//! ```
//!
//! Bytes are written as in Wireshark, in hexadecimal with colons. `left_out` is the number of bytes
//! that were not kept. Empty members are omitted: a field of whole bytes has no `mask`, a field
//! without inner fields has no `fields`, and a finding about one of the receiver's limits has no
//! `rfc` and no `section`. A finding has a `field` if its bytes do not identify the field that
//! breaks the rule. `started_at` and `ended_at` are in seconds since 1970. `part` determines the
//! colour.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    field::{Field, FieldValue},
    glossary::RecordPart,
    printable::printable_json,
    record::{Direction, Finding, Record, RecordKind},
};

/// Renders the record as one line of JSON, without a line break at the end. Characters that could
/// control a terminal are escaped.
#[must_use]
pub fn json(record: &Record) -> String {
    // Serialisation cannot fail, because all keys of a record's maps are strings, and writing to a
    // string never fails. The default is therefore never used.
    let json = serde_json::to_string(record).unwrap_or_default();
    printable_json(&json).into_owned()
}

fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(":")
}

/// Formats a time as seconds since 1970 with six decimal places.
fn seconds(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}.{:06}", since.as_secs(), since.subsec_micros())
}

impl Serialize for Record {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("number", &self.number)?;
        map.serialize_entry("direction", &self.direction)?;
        map.serialize_entry("kind", &self.kind)?;
        map.serialize_entry("offset", &self.offset)?;
        map.serialize_entry("length", &self.length)?;
        map.serialize_entry("complete", &self.complete)?;
        for (key, time) in [("started_at", self.started_at), ("ended_at", self.ended_at)] {
            if let Some(time) = time {
                map.serialize_entry(key, &seconds(time))?;
            }
        }
        map.serialize_entry("bytes", &colons(&self.bytes))?;
        map.serialize_entry("summary", &self.summary)?;
        map.serialize_entry("fields", &self.fields)?;
        map.serialize_entry("findings", &self.findings)?;
        map.end()
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(name) = self.term.name {
            map.serialize_entry("name", name)?;
        }
        map.serialize_entry("label", &self.label)?;
        map.serialize_entry("start", &self.range.start)?;
        map.serialize_entry("end", &self.range.end)?;
        if let Some(mask) = self.mask {
            map.serialize_entry("mask", &mask)?;
        }
        if self.derived {
            map.serialize_entry("derived", &true)?;
        }
        match &self.value {
            FieldValue::Group => {}
            FieldValue::Flag(flag) => map.serialize_entry("value", flag)?,
            FieldValue::Bits(bits) => map.serialize_entry("value", bits)?,
            FieldValue::Number { value, name } => {
                map.serialize_entry("value", value)?;
                if let Some(name) = name {
                    map.serialize_entry("value_name", name)?;
                }
            }
            FieldValue::Text { text, left_out } => {
                map.serialize_entry("value", text)?;
                left_out_entry(&mut map, *left_out)?;
            }
            FieldValue::Bytes { bytes, left_out } => {
                map.serialize_entry("value", &colons(bytes))?;
                left_out_entry(&mut map, *left_out)?;
            }
        }
        map.serialize_entry("part", &self.term.part)?;
        if !self.meaning.is_empty() {
            map.serialize_entry("meaning", &self.meaning)?;
        }
        map.serialize_entry("why", self.term.why)?;
        map.serialize_entry("rfc", &self.term.reference.rfc)?;
        map.serialize_entry("section", self.term.reference.section)?;
        if !self.fields.is_empty() {
            map.serialize_entry("fields", &self.fields)?;
        }
        map.end()
    }
}

fn left_out_entry<M: SerializeMap>(map: &mut M, left_out: u64) -> Result<(), M::Error> {
    if left_out == 0 { Ok(()) } else { map.serialize_entry("left_out", &left_out) }
}

impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rule", &self.rule.name())?;
        map.serialize_entry("sentence", &self.rule.to_string())?;
        if let Some(section) = self.rule.section() {
            map.serialize_entry("rfc", &section.rfc)?;
            map.serialize_entry("section", section.section)?;
        }
        if let Some(field) = self.rule.field() {
            map.serialize_entry("field", field)?;
        }
        map.serialize_entry("start", &self.range.start)?;
        map.serialize_entry("end", &self.range.end)?;
        map.end()
    }
}

impl Serialize for RecordPart {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Fin => "fin",
            Self::Reserved => "reserved",
            Self::Opcode => "opcode",
            Self::Mask => "mask",
            Self::Length => "length",
            Self::Payload => "payload",
            Self::StartLine => "start_line",
            Self::Handshake => "handshake",
            Self::Header => "header",
        })
    }
}

impl Serialize for Direction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::ToServer => "to_server",
            Self::ToClient => "to_client",
        })
    }
}

impl Serialize for RecordKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Body => "body",
            Self::Frame => "frame",
            Self::Unknown => "unknown",
        })
    }
}
