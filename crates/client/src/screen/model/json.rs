//! Formats messages that are JSON objects as one readable line.

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::{Deserializer, Value};

use super::numbers::short_number;

/// The maximum length in bytes of a message that is parsed. Longer messages take time to parse, and
/// in one line they would be too long to read.
const JSON_MAX: usize = 64 << 10;

/// The members of a JSON object, in the order in which they were sent.
pub(super) type JsonMembers = Vec<(String, Value)>;

/// Parses a message. Returns `None` if it is not a JSON object.
pub(super) fn parse_object(text: &str) -> Option<JsonMembers> {
    if text.len() > JSON_MAX || !text.trim_start().starts_with('{') {
        return None;
    }
    let mut deserializer = Deserializer::from_str(text);
    let members = deserializer.deserialize_map(InOrder).ok()?;
    deserializer.end().ok()?;
    Some(members)
}

/// Keeps the members in the sender's order, which the user expects. `serde_json::Map` would sort
/// the keys.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = JsonMembers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<JsonMembers, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

/// Returns the members in one line: `sequence 3  uptime_seconds 3.002  last_text "hello"`.
pub(super) fn one_line(members: &[(String, Value)]) -> String {
    let mut line = String::new();
    for (name, value) in members {
        let value = match value {
            Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), short_number),
            other => other.to_string(),
        };
        if !line.is_empty() {
            line.push_str("  ");
        }
        line.push_str(name);
        line.push(' ');
        line.push_str(&value);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_the_order_of_the_sender() {
        let members = parse_object(r#" {"z":1,"a":{"b":null},"m":"x"} "#).expect("an object");
        assert_eq!(members.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["z", "a", "m"]);
        for other in ["", "1", "[1]", "{", "{}x", "hello {"] {
            assert_eq!(parse_object(other), None, "{other}");
        }
    }
}
