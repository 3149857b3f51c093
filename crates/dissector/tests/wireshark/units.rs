//! What there is to compare: a unit is a head with its body, or a frame; it has fields, each with what it says and where.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::tshark::Json;

/// A head or a frame, by the name of its fields. A name may come several times: header lines do.
#[derive(Debug, Default)]
pub(crate) struct Unit(BTreeMap<String, Vec<Seen>>);

/// A field as it was seen.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// As tshark writes it.
    value: String,
    /// First byte and number of bytes, counted from the first byte of the unit; `None` where the two sides count
    /// differently.
    place: Option<(u64, u64)>,
    /// The bits of one byte that it is, 0 for whole bytes.
    mask: u64,
}

impl Unit {
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn fields(&self, name: &str) -> &[Seen] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    fn add(&mut self, name: &str, value: String, place: Option<(u64, u64)>, mask: u64) {
        self.0.entry(name.to_owned()).or_default().push(Seen { value, place, mask });
    }
}

/// How a frame's payload becomes a message.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    /// It was put together from several frames.
    is_reassembled: bool,
    /// It was inflated.
    is_compressed: bool,
}

/// Fields whose place is not compared: they lie in what was put together from several frames or from a body, or in what a
/// payload was inflated to, and there Wireshark begins to count again.
fn has_no_place(name: &str, way: Way) -> bool {
    let is_message = ["websocket.payload.text", "data.data"].contains(&name);
    name == "http.file_data"
        || way.is_reassembled && (is_message || name == "websocket.payload")
        || way.is_compressed && is_message
}

// ---- Our JSON ---------------------------------------------------------------------------------------------------

/// The units in lines of our JSON.
pub(crate) fn ours(lines: &[String]) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for line in lines {
        let record: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("our JSON: {error}\n{line}"));
        // Wireshark shows a body together with its head.
        if record["kind"] != "body" {
            units.push(Unit::default());
        }
        let unit = units.last_mut().expect("a body comes behind a head");
        let line_name = match record["kind"].as_str() {
            Some("request") => Some("http.request.line"),
            Some("response") => Some("http.response.line"),
            _ => None,
        };
        let fields = record["fields"].as_array().expect("a record has fields");
        let says = |name: &str, what: Value| fields.iter().any(|field| field["name"] == name && field["value"] == what);
        let way = Way {
            is_reassembled: says("websocket.opcode", 0.into()) && says("websocket.fin", true.into()),
            is_compressed: line.contains("\"label\":\"Compressed\""),
        };
        for field in fields {
            add_ours(unit, field, way);
        }
        if let Some(line_name) = line_name {
            add_header_lines(unit, line_name, &record, fields);
        }
    }
    units
}

fn add_ours(unit: &mut Unit, field: &Value, way: Way) {
    let number = |key: &str| field[key].as_u64().unwrap_or(0);
    if let Some(name) = field["name"].as_str() {
        // What a payload consists of is in the fields of it; Wireshark gives its bytes no value.
        let is_group = name == "websocket.masked_payload";
        let value = match &field["value"] {
            Value::Null => String::new(),
            _ if is_group => String::new(),
            Value::Bool(flag) => u8::from(*flag).to_string(),
            // The one field that Wireshark writes in hexadecimal.
            Value::Number(bits) if name == "websocket.rsv" => format!("0x{:02x}", bits.as_u64().unwrap_or(0)),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            other => panic!("{name} has the value {other}"),
        };
        let place = (number("start"), number("end") - number("start"));
        unit.add(name, value, (!has_no_place(name, way)).then_some(place), number("mask"));
    }
    for inner in field["fields"].as_array().into_iter().flatten() {
        add_ours(unit, inner, way);
    }
}

/// Every header line as a whole, the known ones too.
fn add_header_lines(unit: &mut Unit, name: &str, record: &Value, fields: &[Value]) {
    let wire = record["bytes"].as_str().expect("a record has bytes");
    let wire: Vec<u8> = wire.split(':').map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal")).collect();
    let is_header = |field: &&Value| {
        let label = field["label"].as_str().unwrap_or_default();
        !["Request line", "Status line", "\\r\\n"].contains(&label)
    };
    for field in fields.iter().filter(is_header) {
        let (start, end) = (field["start"].as_u64().expect("a number"), field["end"].as_u64().expect("a number"));
        let line = &wire[usize::try_from(start).expect("small")..usize::try_from(end).expect("small")];
        unit.add(name, String::from_utf8_lossy(line).into_owned(), Some((start, end - start)), 0);
    }
}

// ---- tshark's -----------------------------------------------------------------------------------------------------

/// What Wireshark knows from other packets or computes for its own purposes.
const COMPUTED: [&str; 16] = [
    "http.chat",
    "http.content_length",
    "http.next_request_in",
    "http.next_response_in",
    "http.prev_request_in",
    "http.prev_response_in",
    "http.request",
    "http.request.full_uri",
    "http.request.uri.query.parameter",
    "http.request_in",
    "http.request_number",
    "http.response",
    "http.response.code.desc",
    "http.response_for.uri",
    "http.response_in",
    "http.response_number",
];

/// The units in tshark's JSON.
pub(crate) fn theirs(packets: &Json) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    for packet in packets.items() {
        let layers = packet.get("_source").and_then(|source| source.get("layers")).expect("a packet has layers");
        let mut base = Base::default();
        for (name, layer) in layers.entries() {
            match name.as_str() {
                "http" | "websocket" => {
                    units.push(Unit::default());
                    base = Base::of(layers, layer, name);
                }
                // What Wireshark gives to another dissector is still a part of the frame before it.
                "data" => {}
                _ => continue,
            }
            add_theirs(units.last_mut().expect("data comes behind a frame"), layer, base);
        }
    }
    units
}

/// From where tshark counts.
#[derive(Debug, Clone, Copy, Default)]
struct Base {
    /// The position of the unit's first byte.
    unit: u64,
    /// Bytes of the header, if the payload was unmasked: then it counts from the payload's first byte.
    unmasked: Option<u64>,
    way: Way,
}

impl Base {
    fn of(layers: &Json, layer: &Json, name: &str) -> Self {
        if name == "http" {
            let raw = layers.get("http_raw").expect("-x gives the bytes of each layer");
            return Self { unit: position(raw), ..Self::default() };
        }
        let raw = |name: &str| layer.get(&format!("{name}_raw"));
        let unit = raw("websocket.fin").map_or(0, position);
        let masked = raw("websocket.masked_payload");
        let says = |name: &str, what: &str| layer.get(name).and_then(Json::text) == Some(what);
        let is_first = !says("websocket.opcode", "0");
        let way = Way {
            is_reassembled: !is_first && says("websocket.fin", "1"),
            is_compressed: is_first && says("websocket.pmc", "1"),
        };
        Self { unit, unmasked: masked.map(|raw| position(raw) - unit), way }
    }
}

fn position(raw: &Json) -> u64 {
    raw.items().get(1).and_then(Json::number).and_then(|number| number.try_into().ok()).expect("a position")
}

fn bytes(raw: &Json) -> u64 {
    raw.items().get(2).and_then(Json::number).and_then(|number| number.try_into().ok()).expect("a length")
}

fn add_theirs(unit: &mut Unit, layer: &Json, base: Base) {
    let mut raw = None;
    for (name, value) in layer.entries() {
        if let Some(of) = name.strip_suffix("_raw") {
            raw = Some((of, value));
            continue;
        }
        let is_field = ["http.", "websocket."].iter().any(|protocol| name.starts_with(protocol)) || name == "data.data";
        let is_tree = name.ends_with("_tree");
        if is_field && !is_tree && !COMPUTED.contains(&name.as_str()) && name != "http.time" {
            let (_, raw) = raw.filter(|(of, _)| of == name).unwrap_or_else(|| panic!("{name} has no bytes"));
            let in_payload =
                name.starts_with("websocket.payload.") || name == "websocket.payload" || name == "data.data";
            let place = || match base.unmasked {
                Some(header) if in_payload => (header + position(raw), bytes(raw)),
                _ => (position(raw).wrapping_sub(base.unit), bytes(raw)),
            };
            let mask = raw.items().get(3).and_then(Json::number).and_then(|mask| mask.try_into().ok()).unwrap_or(0);
            let value = value.text().unwrap_or_default().to_owned();
            unit.add(name, value, (!has_no_place(name, base.way)).then(place), mask);
        }
        // Trees within: "_ws.expert" is Wireshark's own opinion and no field.
        if name != "_ws.expert" {
            add_theirs(unit, value, base);
        }
    }
}
