//! What messages say in JSON: readable in a line, and their numbers as a chart.

use std::collections::VecDeque;

use serde_json::Value;

/// How many values of each number are kept: as many as the widest chart has columns.
const VALUES_MAX: usize = 240;

/// How many numbers are followed. The first ones: a message may have as many as it likes.
const SERIES_MAX: usize = 12;

/// Messages longer than this are not looked at: a person does not read them, and parsing takes time.
const JSON_MAX: usize = 64 << 10;

/// The members of a JSON object, in the order in which they were sent.
pub(crate) type Members = Vec<(String, Value)>;

/// A message as a JSON object, if it is one.
pub(crate) fn object(text: &str) -> Option<Members> {
    if text.len() > JSON_MAX || !text.trim_start().starts_with('{') {
        return None;
    }
    // `Map` sorts its keys; the sender has chosen an order, and people remember it.
    struct InOrder;
    impl<'de> serde::de::Visitor<'de> for InOrder {
        type Value = Members;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let members = serde::Deserializer::deserialize_map(&mut deserializer, InOrder).ok()?;
    deserializer.end().ok()?;
    Some(members)
}

/// One number over time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    /// Newest last.
    pub(crate) values: VecDeque<f64>,
}

/// The numbers in the messages that arrive.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    pub(crate) series: Vec<Series>,
}

impl Numbers {
    /// Takes the numbers of a message.
    pub(crate) fn add(&mut self, members: &[(String, Value)]) {
        for (name, value) in members {
            let Some(value) = value.as_f64() else { continue };
            let index = self.series.iter().position(|series| series.name == *name);
            let index = match index {
                Some(index) => index,
                None if self.series.len() < SERIES_MAX => {
                    self.series.push(Series { name: name.clone(), values: VecDeque::new() });
                    self.series.len() - 1
                }
                None => continue,
            };
            let values = &mut self.series[index].values;
            if values.len() == VALUES_MAX {
                values.pop_front();
            }
            values.push_back(value);
        }
    }
}

impl Series {
    /// The newest values as bars, at most `width` of them. The lowest value shown has the lowest bar; a number that stands
    /// still is a line in the middle.
    pub(crate) fn bars(&self, width: usize) -> String {
        const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let shown = self.values.iter().skip(self.values.len().saturating_sub(width));
        let (low, high) = shown.clone().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
        shown
            .map(|value| {
                if high <= low {
                    return BARS[3];
                }
                // Between 0 and 7, so nothing is lost.
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let index = ((value - low) / (high - low) * 7.0).round() as usize;
                BARS[index.min(7)]
            })
            .collect()
    }

    /// The newest value, short: `3.002`, `4.71M`.
    pub(crate) fn newest(&self) -> String {
        self.values.back().map_or_else(String::new, |&value| short(value))
    }
}

/// A number in few columns: whole numbers below a million as they are, others with three digits or so.
pub(crate) fn short(value: f64) -> String {
    let size = value.abs();
    for (from, unit) in [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M")] {
        if size >= from {
            return format!("{:.2}{unit}", value / from);
        }
    }
    if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.3}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_the_order_of_the_sender() {
        let members = object(r#" {"z":1,"a":{"b":null},"m":"x"} "#).expect("an object");
        assert_eq!(members.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["z", "a", "m"]);
        for other in ["", "1", "[1]", "{", "{}x", "hello {"] {
            assert_eq!(object(other), None, "{other}");
        }
    }

    #[test]
    fn numbers_are_followed_and_nothing_else() {
        let mut numbers = Numbers::default();
        for value in 0..300 {
            numbers.add(&object(&format!(r#"{{"n":{value},"s":"x","f":0.5}}"#)).unwrap());
        }
        assert_eq!(numbers.series.len(), 2);
        assert_eq!(numbers.series[0].values.len(), VALUES_MAX);
        assert_eq!(numbers.series[0].newest(), "299");
        assert_eq!(numbers.series[0].bars(8), "▁▂▃▄▅▆▇█");
        assert_eq!(numbers.series[1].bars(3), "▄▄▄");
        let many: String = (0..100).map(|n| format!(r#","k{n}":1"#)).collect();
        numbers.add(&object(&format!("{{\"a\":1{many}}}")).unwrap());
        assert_eq!(numbers.series.len(), SERIES_MAX);
    }

    #[test]
    fn large_numbers_take_few_columns() {
        for (value, text) in
            [(0.0, "0"), (-3.0, "-3"), (3.0021, "3.002"), (999_999.0, "999999"), (4_710_400.0, "4.71M")]
        {
            assert_eq!(short(value), text);
        }
    }
}
