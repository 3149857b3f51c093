//! Parses a number with or without a unit, as it appears on a page: `320 KiB`, `5 seconds`,
//! `10,000`.

use std::time::Duration;

use crate::constants::ConstantValue;

/// The units of sizes, and the number of bytes in each. `NANOSECONDS` below contains the units of
/// time.
const BYTES: [(&[&str], u128); 4] =
    [(&["B", "byte", "bytes"], 1), (&["KiB"], 1 << 10), (&["MiB"], 1 << 20), (&["GiB"], 1 << 30)];
const NANOSECONDS: [(&[&str], u128); 4] = [
    (&["ms", "millisecond", "milliseconds"], 1_000_000),
    (&["s", "second", "seconds"], 1_000_000_000),
    (&["min", "minute", "minutes"], 60_000_000_000),
    (&["h", "hour", "hours"], 3_600_000_000_000),
];

/// The numbers from 1 to 10 as words, which a page may use instead of digits.
const WORDS: [&str; 10] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/// Parses a quantity. A word that is not a unit, as in `100 headers`, is ignored. Returns `None` if
/// the text does not begin with a number.
#[must_use]
pub fn parse(text: &str) -> Option<ConstantValue> {
    let text = text.trim();
    let (number, rest) = match text.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.') {
        Some(0) => {
            let word = text.split_whitespace().next()?;
            let value = WORDS.iter().position(|known| *known == word)? + 1;
            (value.to_string(), &text[word.len()..])
        }
        Some(end) => (text[..end].replace(',', ""), &text[end..]),
        None => (text.replace(',', ""), ""),
    };
    let unit = rest.split_whitespace().next().unwrap_or_default();
    let factor =
        |units: &[(&[&str], u128)]| units.iter().find(|(names, _)| names.contains(&unit)).map(|(_, factor)| *factor);
    if let Some(factor) = factor(&NANOSECONDS) {
        let nanoseconds = u64::try_from(scaled(&number, factor)?).ok()?;
        return Some(ConstantValue::Time(Duration::from_nanos(nanoseconds)));
    }
    scaled(&number, factor(&BYTES).unwrap_or(1)).map(ConstantValue::Number)
}

/// Multiplies a decimal number by a factor. Returns `None` if the result is not a whole number.
fn scaled(number: &str, factor: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let denominator = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let digits: u128 = format!("{whole}{fraction}").parse().ok()?;
    let product = digits.checked_mul(factor)?;
    (product % denominator == 0).then(|| product / denominator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_times_and_counts_are_parsed() {
        assert_eq!(parse("320 KiB"), Some(ConstantValue::Number(320 << 10)));
        assert_eq!(parse("64 MiB each"), Some(ConstantValue::Number(64 << 20)));
        assert_eq!(parse("1.5 KiB"), Some(ConstantValue::Number(1536)));
        assert_eq!(parse("10,000 control frames"), Some(ConstantValue::Number(10_000)));
        assert_eq!(parse("100"), Some(ConstantValue::Number(100)));
        assert_eq!(parse("5 seconds"), Some(ConstantValue::Time(Duration::from_secs(5))));
        assert_eq!(parse("five seconds"), Some(ConstantValue::Time(Duration::from_secs(5))));
        assert_eq!(parse("0.5 s"), Some(ConstantValue::Time(Duration::from_millis(500))));
        assert_eq!(parse("250 ms"), Some(ConstantValue::Time(Duration::from_millis(250))));
    }

    #[test]
    fn other_texts_are_no_quantities() {
        for text in ["", "the limit", "KiB", "several seconds", "1.5 bytes"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
