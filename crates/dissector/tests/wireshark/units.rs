//! The units that are compared. A unit is a frame, or a head with its body, and consists of fields
//! with values and positions.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::tshark::Json;

/// The fields of a head or a frame, by name. A name may occur several times, as header lines do.
#[derive(Debug, Default)]
pub(crate) struct ComparedUnit(BTreeMap<String, Vec<ComparedField>>);

/// The parts of a field that are compared.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ComparedField {
    /// The value, written as tshark writes it.
    value: String,
    /// The position and the length in bytes, counted from the first byte of the unit; `None` if the
    /// dissector and Wireshark count differently.
    range: Option<(u64, u64)>,
    /// The bits of one byte that the field covers; 0 for whole bytes.
    mask: u64,
}

impl ComparedUnit {
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    pub(crate) fn fields(&self, name: &str) -> &[ComparedField] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    fn add(&mut self, name: &str, value: String, range: Option<(u64, u64)>, mask: u64) {
        self.0.entry(name.to_owned()).or_default().push(ComparedField { value, range, mask });
    }
}

/// The steps from a frame's payload to the message.
#[derive(Debug, Clone, Copy, Default)]
struct PayloadSteps {
    /// Whether the message is joined from several frames.
    is_reassembled: bool,
    /// Whether the message is inflated.
    is_compressed: bool,
}

/// Returns `true` if a field's position is not compared. Wireshark counts from 0 again in a body,
/// in bytes joined from several frames, and in bytes inflated from a payload.
fn has_no_range(name: &str, steps: PayloadSteps) -> bool {
    let is_message = ["websocket.payload.text", "data.data"].contains(&name);
    name == "http.file_data"
        || steps.is_reassembled && (is_message || name == "websocket.payload")
        || steps.is_compressed && is_message
}

// ---- The dissector's JSON -----------------------------------------------------------------------

/// Returns the units in these lines of the dissector's JSON.
pub(crate) fn our_units(lines: &[String]) -> Vec<ComparedUnit> {
    let mut units: Vec<ComparedUnit> = Vec::new();
    for line in lines {
        let record: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("the dissector's JSON: {error}\n{line}"));
        // Wireshark shows a body together with its head.
        if record["kind"] != "body" {
            units.push(ComparedUnit::default());
        }
        let unit = units.last_mut().expect("a body follows a head");
        let line_name = match record["kind"].as_str() {
            Some("request") => Some("http.request.line"),
            Some("response") => Some("http.response.line"),
            _ => None,
        };
        let fields = record["fields"].as_array().expect("every record has fields");
        let has =
            |name: &str, value: Value| fields.iter().any(|field| field["name"] == name && field["value"] == value);
        let steps = PayloadSteps {
            is_reassembled: has("websocket.opcode", 0.into()) && has("websocket.fin", true.into()),
            is_compressed: line.contains("\"label\":\"Compressed\""),
        };
        for field in fields {
            add_ours(unit, field, steps);
        }
        if let Some(line_name) = line_name {
            add_header_lines(unit, line_name, &record, fields);
        }
    }
    units
}

fn add_ours(unit: &mut ComparedUnit, field: &Value, steps: PayloadSteps) {
    let number = |key: &str| field[key].as_u64().unwrap_or(0);
    if let Some(name) = field["name"].as_str() {
        // Wireshark shows no separate value for these bytes.
        let is_group = name == "websocket.masked_payload";
        let value = match &field["value"] {
            Value::Null => String::new(),
            _ if is_group => String::new(),
            Value::Bool(flag) => u8::from(*flag).to_string(),
            // This is the only field that Wireshark writes in hexadecimal.
            Value::Number(bits) if name == "websocket.rsv" => format!("0x{:02x}", bits.as_u64().unwrap_or(0)),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            other => panic!("{name} has the value {other}"),
        };
        let range = (number("start"), number("end") - number("start"));
        unit.add(name, value, (!has_no_range(name, steps)).then_some(range), number("mask"));
    }
    for inner in field["fields"].as_array().into_iter().flatten() {
        add_ours(unit, inner, steps);
    }
}

/// Adds every header line as a whole, even if the header field is known, because Wireshark shows
/// the whole line in addition to the field.
fn add_header_lines(unit: &mut ComparedUnit, name: &str, record: &Value, fields: &[Value]) {
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

// ---- tshark's -----------------------------------------------------------------------------------

/// The fields that Wireshark takes from other packets or computes for its own purposes.
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

/// Returns the units in tshark's JSON.
pub(crate) fn wireshark_units(packets: &Json) -> Vec<ComparedUnit> {
    let mut units: Vec<ComparedUnit> = Vec::new();
    for packet in packets.items() {
        let layers = packet.get("_source").and_then(|source| source.get("layers")).expect("a packet has layers");
        let mut base = Base::default();
        for (name, layer) in layers.entries() {
            match name.as_str() {
                "http" | "websocket" => {
                    units.push(ComparedUnit::default());
                    base = Base::of(layers, layer, name);
                }
                // Wireshark passes these bytes to another dissector, but they belong to the
                // preceding frame.
                "data" => {}
                _ => continue,
            }
            add_theirs(units.last_mut().expect("data follows a frame"), layer, base);
        }
    }
    units
}

/// The positions from which tshark counts.
#[derive(Debug, Clone, Copy, Default)]
struct Base {
    /// The position of the unit's first byte.
    unit: u64,
    /// The length of the header if tshark has unmasked the payload, because it then counts from the
    /// first byte of the payload.
    unmasked: Option<u64>,
    steps: PayloadSteps,
}

impl Base {
    fn of(layers: &Json, layer: &Json, name: &str) -> Self {
        if name == "http" {
            let raw = layers.get("http_raw").expect("-x adds the bytes of each layer");
            return Self { unit: position(raw), ..Self::default() };
        }
        let raw = |name: &str| layer.get(&format!("{name}_raw"));
        let unit = raw("websocket.fin").map_or(0, position);
        let masked = raw("websocket.masked_payload");
        let has = |name: &str, value: &str| layer.get(name).and_then(Json::text) == Some(value);
        let is_first = !has("websocket.opcode", "0");
        let steps = PayloadSteps {
            is_reassembled: !is_first && has("websocket.fin", "1"),
            is_compressed: is_first && has("websocket.pmc", "1"),
        };
        Self { unit, unmasked: masked.map(|raw| position(raw) - unit), steps }
    }
}

fn position(raw: &Json) -> u64 {
    raw.items().get(1).and_then(Json::number).and_then(|number| number.try_into().ok()).expect("a position")
}

fn bytes(raw: &Json) -> u64 {
    raw.items().get(2).and_then(Json::number).and_then(|number| number.try_into().ok()).expect("a length")
}

fn add_theirs(unit: &mut ComparedUnit, layer: &Json, base: Base) {
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
            let range = || match base.unmasked {
                Some(header) if in_payload => (header + position(raw), bytes(raw)),
                _ => (position(raw).wrapping_sub(base.unit), bytes(raw)),
            };
            let mask = raw.items().get(3).and_then(Json::number).and_then(|mask| mask.try_into().ok()).unwrap_or(0);
            let value = value.text().unwrap_or_default().to_owned();
            unit.add(name, value, (!has_no_range(name, base.steps)).then(range), mask);
        }
        // Add the fields of inner trees, except "_ws.expert", which contains only Wireshark's
        // remarks.
        if name != "_ws.expert" {
            add_theirs(unit, value, base);
        }
    }
}
