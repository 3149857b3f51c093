//! Runs tshark and parses its JSON.

use std::{
    fmt,
    io::Write,
    process::{Command, Stdio},
};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// JSON as tshark writes it. The same key may occur several times in one object, and every
/// occurrence must be kept.
#[derive(Debug, Clone)]
pub(crate) enum Json {
    Text(String),
    Number(i64),
    Null,
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(other, _)| other == key).map(|(_, value)| value)
    }

    pub(crate) fn entries(&self) -> &[(String, Self)] {
        if let Self::Object(entries) = self { entries } else { &[] }
    }

    pub(crate) fn items(&self) -> &[Self] {
        if let Self::List(items) = self { items } else { &[] }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn number(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the JSON that tshark writes")
            }

            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json::Text(text.to_owned()))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Json, E> {
                i64::try_from(number).map(Json::Number).map_err(E::custom)
            }

            fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
                Ok(Json::Number(number))
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Json::List(items))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Json::Object(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// Runs tshark on a capture, and returns its output.
fn run(capture: &[u8], arguments: &[&str]) -> String {
    let mut tshark = Command::new("tshark")
        // The capture comes on standard input, so no temporary file is needed.
        .args(["-r", "-", "-n"])
        .args(arguments)
        // tshark's warnings concern the machine (for example, that tshark runs as root), so show
        // them only if tshark fails.
        .stderr(Stdio::piped())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("tshark cannot be started ({error}); install it: apt-get install tshark"));
    let mut input = tshark.stdin.take().expect("standard input is piped");
    let output = std::thread::scope(|scope| {
        // An error here means that tshark stopped reading; its exit status is more useful.
        scope.spawn(move || drop(input.write_all(capture)));
        tshark.wait_with_output().expect("tshark exits")
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tshark {arguments:?} failed: {}\n{errors}", output.status);
    String::from_utf8(output.stdout).expect("tshark writes UTF-8")
}

/// Returns the packets that contain HTTP or WebSocket, with the bytes of each field.
pub(crate) fn dissect(capture: &[u8]) -> Json {
    let output = run(capture, &["-Y", "http or websocket", "-T", "json", "-x", "-J", "http websocket data"]);
    serde_json::from_str(&output).unwrap_or_else(|error| panic!("tshark's JSON: {error}\n{output}"))
}

/// Returns the packets that Wireshark complains about: wrong checksums, gaps, malformed headers.
pub(crate) fn errors(capture: &[u8]) -> String {
    let filter = "tcp.checksum.status == 0 or ip.checksum.status == 0 or tcp.analysis.flags or _ws.malformed";
    let checks = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-Y", filter];
    run(capture, &checks)
}

/// Returns the lines of Wireshark's tree for each frame, without its remarks in brackets.
pub(crate) fn trees(capture: &[u8]) -> Vec<Vec<String>> {
    let output = run(capture, &["-Y", "websocket", "-O", "websocket"]);
    let mut trees: Vec<Vec<String>> = Vec::new();
    let mut is_frame = false;
    for line in output.lines() {
        if !line.starts_with(' ') {
            is_frame = line == "WebSocket";
            if is_frame {
                trees.push(Vec::new());
            }
        }
        if is_frame && !line.trim_start().starts_with('[') {
            trees.last_mut().expect("a frame has begun").push(line.to_owned());
        }
    }
    trees
}

/// Returns the times of the packets, in seconds since 1970.
pub(crate) fn times(capture: &[u8]) -> Vec<String> {
    run(capture, &["-T", "fields", "-e", "frame.time_epoch"]).lines().map(str::to_owned).collect()
}
