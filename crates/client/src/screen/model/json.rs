//! Reads messages that are JSON objects.

use std::{fmt, iter};

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::{Deserializer, Value, value::RawValue};

/// The maximum length, in bytes, of a message that is parsed. A longer message would take time to
/// parse and be too long to read on one line.
const JSON_MAX: usize = 64 << 10;

/// A message that is a JSON object.
#[derive(Debug)]
pub(super) struct JsonObject<'a> {
    text: &'a str,
    /// The members in the order in which they were sent, each with its value exactly as sent.
    members: Vec<(String, &'a RawValue)>,
}

/// A token of a JSON text. White space between tokens is skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    /// A string, with its quotation marks.
    String(&'a str),
    Number(&'a str),
    /// A punctuation mark, `true`, `false` or `null`.
    Other(&'a str),
}

impl<'a> JsonObject<'a> {
    /// Parses a message. Returns `None` if it is not a JSON object, or is longer than [`JSON_MAX`].
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if text.len() > JSON_MAX || !text.trim_start().starts_with('{') {
            return None;
        }
        let mut deserializer = Deserializer::from_str(text);
        let members = deserializer.deserialize_map(InOrder).ok()?;
        deserializer.end().ok()?;
        Some(Self { text, members })
    }

    /// Returns the members that are numbers.
    pub(super) fn numbers(&self) -> impl Iterator<Item = (&str, f64)> {
        let number = |value: &RawValue| match tokens(value.get()).next() {
            Some(Token::Number(number)) => number.parse().ok(),
            _ => None,
        };
        self.members.iter().filter_map(move |(name, value)| Some((name.as_str(), number(value)?)))
    }

    /// Returns the message with each number replaced by `0` and the white space between tokens
    /// removed. Two messages that differ only in these respects have the same shape.
    pub(super) fn shape(&self) -> String {
        tokens(self.text)
            .map(|token| match token {
                Token::String(part) | Token::Other(part) => part,
                Token::Number(_) => "0",
            })
            .collect()
    }

    /// Returns the names of the members, without their values.
    pub(super) fn names(&self) -> Vec<&str> {
        self.members.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// Returns the members in one line: `sequence 3  uptime_seconds 3.002  last_text "hello"`.
    pub(super) fn one_line(&self) -> String {
        let mut line = String::new();
        for (name, value) in &self.members {
            if !line.is_empty() {
                line.push_str("  ");
            }
            line.push_str(name);
            line.push(' ');
            for token in tokens(value.get()) {
                match token {
                    // Show the decoded text, because a sender may write `ü` as `\u00fc`, which is
                    // hard to read.
                    Token::String(string) => match serde_json::from_str(string) {
                        Ok(text) => line.push_str(&Value::String(text).to_string()),
                        Err(_) => line.push_str(string),
                    },
                    Token::Number(part) | Token::Other(part) => line.push_str(part),
                }
            }
        }
        line
    }
}

/// Keeps the members in the order in which they were sent, as the user expects. `serde_json::Map`
/// would sort the keys.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

/// Splits a valid JSON text into tokens.
fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = text;
    iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let first = rest.chars().next()?;
        let end_of = |belongs: fn(char) -> bool| rest.find(|character| !belongs(character)).unwrap_or(rest.len());
        let length = match first {
            '"' => string_length(rest),
            '-' | '0'..='9' => end_of(|character| matches!(character, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')),
            'a'..='z' => end_of(|character| character.is_ascii_lowercase()),
            _ => first.len_utf8(),
        };
        let (part, after) = rest.split_at(length);
        rest = after;
        Some(match first {
            '"' => Token::String(part),
            '-' | '0'..='9' => Token::Number(part),
            _ => Token::Other(part),
        })
    })
}

/// Returns the length, in bytes, of the string at the start of `text`, including its quotation
/// marks.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (position, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return position + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> JsonObject<'_> {
        JsonObject::parse(text).unwrap_or_else(|| panic!("{text} is an object"))
    }

    #[test]
    fn members_keep_the_order_of_the_sender() {
        assert_eq!(parse(r#" {"z":1,"a":{"y":2, "b":null},"m":"x"} "#).one_line(), r#"z 1  a {"y":2,"b":null}  m "x""#);
        for other in ["", "1", "[1]", "{", "{}x", "hello {", r#"{"a":}"#, r#"{"a":01}"#] {
            assert!(JsonObject::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn every_value_is_shown_as_it_was_sent() {
        for (sent, shown) in [
            ("1234567", "1234567"),
            ("12345678901234567890123", "12345678901234567890123"),
            ("1.10", "1.10"),
            ("-1e3", "-1e3"),
            (r#""Gr\u00fc\u00dfe \"x\" \\""#, r#""Grüße \"x\" \\""#),
            (r#"[true , 2,"a, b"]"#, r#"[true,2,"a, b"]"#),
            (r#"{"k":1,"k":2}"#, r#"{"k":1,"k":2}"#),
        ] {
            assert_eq!(parse(&format!(r#"{{"v":{sent}}}"#)).one_line(), format!("v {shown}"));
        }
    }

    #[test]
    fn only_numbers_are_left_out_of_the_shape() {
        let shape = |text| parse(text).shape();
        let first = r#"{"n":1,"list":[1,{"deep":2.5}],"s":"a","yes":true,"none":null}"#;
        assert_eq!(
            shape(first),
            shape(r#"{ "n": -9e9, "list": [0, {"deep": 7}], "s": "a", "yes": true, "none": null }"#)
        );
        for other in [
            r#"{"n":1,"list":[1,{"deep":2.5}],"s":"b","yes":true,"none":null}"#,
            r#"{"n":1,"list":[1,{"deep":2.5}],"s":"a","yes":false,"none":null}"#,
            r#"{"n":1,"list":[1,{"deep":2.5}],"s":"a","yes":true,"none":0}"#,
            r#"{"n":1,"list":[1,{"deep":"2.5"}],"s":"a","yes":true,"none":null}"#,
            r#"{"n":1,"list":[1,2,{"deep":2.5}],"s":"a","yes":true,"none":null}"#,
            r#"{"n":"1","list":[1,{"deep":2.5}],"s":"a","yes":true,"none":null}"#,
        ] {
            assert_ne!(shape(first), shape(other), "{other}");
        }
        // Digits in a string are text, even after an escaped quotation mark.
        assert_ne!(shape(r#"{"s":"\" 1"}"#), shape(r#"{"s":"\" 2"}"#));
    }

    #[test]
    fn the_numbers_are_those_of_the_outermost_members() {
        let object = parse(r#"{"a":1.5,"s":"2","list":[3],"none":null,"b":-4}"#);
        assert_eq!(object.numbers().collect::<Vec<_>>(), [("a", 1.5), ("b", -4.0)]);
    }
}
