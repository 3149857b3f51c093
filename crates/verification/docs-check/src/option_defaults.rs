//! Finds the default of a program's option.
//!
//! ```text
//!   #[arg(long, default_value = "1M", ...)]        --max-message            1048576
//!   pub(crate) max_message: usize,
//!   #[arg(long, default_value = "10s", ...)]       --handshake-timeout      10 s
//!   #[arg(long, default_value_t = 20_000)]         --max-connections        20000
//! ```

use std::{fs, path::Path};

use crate::{constants::ConstantValue, quantity};

/// The suffixes of sizes on a command line, and the units that they stand for.
const SUFFIXES: [(char, &str); 3] = [('K', "KiB"), ('M', "MiB"), ('G', "GiB")];

/// Returns the default of an option that `file` declares as a field with a clap attribute. `option`
/// begins with two hyphens.
///
/// # Errors
/// Returns a message if the file cannot be read, if it has no such option, or if the option's
/// default is missing or is not a quantity.
pub fn evaluate(file: &Path, option: &str) -> Result<ConstantValue, String> {
    let source = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let default = default_value(&source, option)?;
    parse(&default).ok_or_else(|| format!("the default of `{option}` is `{default}`, which is not a quantity"))
}

/// Returns the default as it is written in the attribute.
fn default_value(source: &str, option: &str) -> Result<String, String> {
    let field = format!(" {}: ", option.trim_start_matches('-').replace('-', "_"));
    let end = source.find(&field).ok_or_else(|| format!("the file has no option `{option}`"))?;
    // A field's attribute is the last one before the field, because every option has an attribute.
    let attribute = source[..end].rfind("#[arg(").map_or("", |start| &source[start..end]);
    let text = |name: &str, end: [char; 2]| {
        let (_, rest) = attribute.split_once(name)?;
        rest.split(end).next().map(str::to_owned)
    };
    text("default_value = \"", ['"', '"'])
        .or_else(|| text("default_value_t = ", [',', ')']).map(|number| number.replace('_', "")))
        .ok_or_else(|| format!("the option `{option}` has no default"))
}

/// Parses a command-line value, such as `1M`, `10s` or `20000`.
fn parse(value: &str) -> Option<ConstantValue> {
    let unit = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
    let (number, unit) = value.split_at(unit);
    let suffix = SUFFIXES.iter().find(|(suffix, _)| unit.chars().eq([*suffix]));
    quantity::parse(&format!("{number} {}", suffix.map_or(unit, |(_, unit)| unit)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SOURCE: &str = r#"
    /// No default
    #[arg(long)]
    pub(crate) deflate: bool,

    /// A size
    #[arg(
        long,
        value_name = "SIZE",
        default_value = "1M"
    )]
    pub(crate) max_message: usize,

    #[arg(long, default_value_t = 20_000)]
    pub(crate) max_connections: usize,
"#;

    #[test]
    fn a_default_is_a_text_or_a_number() {
        assert_eq!(default_value(SOURCE, "--max-message"), Ok("1M".to_owned()));
        assert_eq!(default_value(SOURCE, "--max-connections"), Ok("20000".to_owned()));
    }

    #[test]
    fn a_missing_option_and_a_missing_default_are_errors() {
        assert_eq!(default_value(SOURCE, "--deflate"), Err("the option `--deflate` has no default".to_owned()));
        assert_eq!(default_value(SOURCE, "--inflate"), Err("the file has no option `--inflate`".to_owned()));
    }

    #[test]
    fn values_of_the_command_line_are_quantities() {
        assert_eq!(parse("1M"), Some(ConstantValue::Number(1 << 20)));
        assert_eq!(parse("20000"), Some(ConstantValue::Number(20_000)));
        assert_eq!(parse("10s"), Some(ConstantValue::Time(Duration::from_secs(10))));
        assert_eq!(parse("none"), None);
    }
}
