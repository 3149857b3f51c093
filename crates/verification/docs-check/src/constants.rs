//! Evaluates the constants of a source file.
//!
//! The chapters of the book state sizes, limits and time-outs. The checks compare these numbers
//! with the constants in the source. This module therefore evaluates constant expressions without
//! compiling them.
//!
//! ```text
//!   const QUEUE: usize = 320 << 10;                            QUEUE                   327680
//!   const TIMEOUT: Duration = Duration::from_secs(5);          TIMEOUT                 5 s
//!   const DEFAULT: Self = Self { max_headers: 100, .. };       DEFAULT.max_headers     100
//! ```

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::tokens::{self, Token};

/// The value of a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstantValue {
    /// A whole number.
    Number(u128),
    /// A duration.
    Time(Duration),
}

/// Evaluates a constant that `file` defines. `name` may end with a field, as in
/// `DEFAULT.max_headers`.
///
/// The value of the constant may be an expression that refers to other constants. These may be
/// defined in any file of the same crate.
///
/// # Errors
/// Returns a message if the file cannot be read, if it has no such constant, or if the expression
/// is too complicated.
pub fn evaluate(file: &Path, name: &str) -> Result<ConstantValue, String> {
    let source = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let tokens = tokens::rust(&source);
    let (name, field) = match name.split_once('.') {
        Some((name, field)) => (name, Some(field)),
        None => (name, None),
    };
    let name = name.rsplit("::").next().unwrap_or(name);
    let expression =
        definition(&tokens, name).ok_or_else(|| format!("the file does not define a constant `{name}`"))?;
    let expression = match field {
        Some(field) => field_value(expression, field).ok_or_else(|| format!("`{name}` has no field `{field}`"))?,
        None => expression,
    };
    let mut parser = ExpressionParser { file, tokens: expression, at: 0 };
    let value = parser.expression(0)?;
    if parser.at < expression.len() { Err(format!("the expression of `{name}` is too complicated")) } else { Ok(value) }
}

/// Returns the tokens between `=` and `;` in the definition of a constant.
fn definition<'a>(tokens: &'a [Token], name: &str) -> Option<&'a [Token]> {
    let start = tokens
        .windows(2)
        .position(|pair| (pair[0].is_name("const") || pair[0].is_name("static")) && pair[1].is_name(name))?;
    let equals = start + tokens[start..].iter().position(|token| *token == Token::Sign('='))?;
    let mut depth = 0_usize;
    let end = tokens[equals..].iter().position(|token| match token {
        Token::Sign('{' | '(' | '[') => {
            depth += 1;
            false
        }
        Token::Sign('}' | ')' | ']') => {
            depth -= 1;
            false
        }
        token => depth == 0 && *token == Token::Sign(';'),
    })?;
    Some(&tokens[equals + 1..equals + end])
}

/// Returns the tokens of a field's value in `Self { field: value, ... }`.
fn field_value<'a>(expression: &'a [Token], field: &str) -> Option<&'a [Token]> {
    let name = expression.windows(2).position(|pair| pair[0].is_name(field) && pair[1] == Token::Sign(':'))?;
    let value = &expression[name + 2..];
    let mut depth = 0_usize;
    let end = value.iter().position(|token| match token {
        Token::Sign('{' | '(' | '[') => {
            depth += 1;
            false
        }
        Token::Sign('}' | ')' | ']') if depth == 0 => true,
        Token::Sign('}' | ')' | ']') => {
            depth -= 1;
            false
        }
        token => depth == 0 && *token == Token::Sign(','),
    })?;
    Some(&value[..end])
}

/// Parses and evaluates an expression by operator precedence.
struct ExpressionParser<'a> {
    file: &'a Path,
    tokens: &'a [Token],
    at: usize,
}

impl ExpressionParser<'_> {
    /// Evaluates an operand and all operators after it whose precedence is at least `minimum`. The
    /// operators are left-associative.
    fn expression(&mut self, minimum: u8) -> Result<ConstantValue, String> {
        let mut left = self.operand()?;
        while let Some((operator, length, precedence)) = self.operator()
            && precedence >= minimum
        {
            self.at += length;
            let right = self.expression(precedence + 1)?;
            left = apply(operator, left, right)?;
        }
        Ok(left)
    }

    /// Returns the operator at the current position, its length in tokens and its precedence.
    fn operator(&self) -> Option<(char, usize, u8)> {
        match self.tokens.get(self.at..)? {
            [Token::Sign('<'), Token::Sign('<'), ..] => Some(('<', 2, 3)),
            [Token::Sign('>'), Token::Sign('>'), ..] => Some(('>', 2, 3)),
            [Token::Sign('|'), ..] => Some(('|', 1, 1)),
            [Token::Sign(sign @ ('+' | '-')), ..] => Some((*sign, 1, 4)),
            [Token::Sign(sign @ ('*' | '/')), ..] => Some((*sign, 1, 5)),
            _ => None,
        }
    }

    fn operand(&mut self) -> Result<ConstantValue, String> {
        let token = self.tokens.get(self.at).ok_or("the expression ends too early")?;
        self.at += 1;
        let value = match token {
            Token::Number(text) => ConstantValue::Number(number(text)?),
            Token::Sign('(') => {
                let value = self.expression(0)?;
                self.expect(')')?;
                value
            }
            Token::Name(first) => self.path(first)?,
            _ => return Err("the expression is too complicated".to_owned()),
        };
        // Skip casts, because the type does not change the value of a constant in our sources.
        while self.tokens.get(self.at).is_some_and(|token| token.is_name("as")) {
            self.at += 2;
        }
        Ok(value)
    }

    /// Evaluates a path that begins with `first`: another constant, or a function call.
    fn path(&mut self, first: &str) -> Result<ConstantValue, String> {
        let mut segments = vec![first.to_owned()];
        while let Some([Token::Sign(':'), Token::Sign(':'), Token::Name(next), ..]) = self.tokens.get(self.at..) {
            segments.push(next.clone());
            self.at += 3;
        }
        let owner = if segments.len() > 1 { segments[segments.len() - 2].as_str() } else { "" };
        let name = segments[segments.len() - 1].as_str();
        if self.tokens.get(self.at) == Some(&Token::Sign('(')) {
            self.at += 1;
            let argument = self.expression(0)?;
            self.expect(')')?;
            return duration(owner, name, argument);
        }
        match (owner, name) {
            ("u8", "MAX") => Ok(ConstantValue::Number(u8::MAX.into())),
            ("u16", "MAX") => Ok(ConstantValue::Number(u16::MAX.into())),
            ("u32", "MAX") => Ok(ConstantValue::Number(u32::MAX.into())),
            ("u64", "MAX") => Ok(ConstantValue::Number(u64::MAX.into())),
            _ => evaluate(&defining_file(self.file, name)?, name),
        }
    }

    fn expect(&mut self, sign: char) -> Result<(), String> {
        if self.tokens.get(self.at) == Some(&Token::Sign(sign)) {
            self.at += 1;
            Ok(())
        } else {
            Err("the expression is too complicated".to_owned())
        }
    }
}

/// Parses a number with underscores, a prefix such as `0x`, and a suffix such as `usize`.
fn number(text: &str) -> Result<u128, String> {
    let digits = text.replace('_', "");
    let (digits, radix) = match digits.get(..2) {
        Some("0x") => (&digits[2..], 16),
        Some("0b") => (&digits[2..], 2),
        Some("0o") => (&digits[2..], 8),
        _ => (&digits[..], 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    u128::from_str_radix(&digits[..end], radix).map_err(|_| format!("`{text}` is not a whole number"))
}

fn duration(owner: &str, function: &str, argument: ConstantValue) -> Result<ConstantValue, String> {
    let ("Duration", ConstantValue::Number(count)) = (owner, argument) else {
        return Err(format!("the result of `{function}` is unknown"));
    };
    let count = u64::try_from(count).map_err(|_| "the duration is too long".to_owned())?;
    let duration = match function {
        "from_millis" => Duration::from_millis(count),
        "from_secs" => Duration::from_secs(count),
        "from_mins" => Duration::from_secs(count * 60),
        "from_hours" => Duration::from_secs(count * 3600),
        _ => return Err(format!("the result of `Duration::{function}` is unknown")),
    };
    Ok(ConstantValue::Time(duration))
}

fn apply(operator: char, left: ConstantValue, right: ConstantValue) -> Result<ConstantValue, String> {
    use ConstantValue::{Number, Time};
    let overflow = || "the value is too large".to_owned();
    match (left, right) {
        (Number(left), Number(right)) => {
            let shift = || u32::try_from(right).ok().filter(|bits| *bits < 64);
            let value = match operator {
                '<' => shift().map(|bits| left << bits),
                '>' => shift().map(|bits| left >> bits),
                '|' => Some(left | right),
                '+' => left.checked_add(right),
                '-' => left.checked_sub(right),
                '*' => left.checked_mul(right),
                _ => left.checked_div(right),
            };
            value.map(Number).ok_or_else(overflow)
        }
        (Time(time), Number(factor)) if operator == '*' => {
            let factor = u32::try_from(factor).map_err(|_| overflow())?;
            time.checked_mul(factor).map(Time).ok_or_else(overflow)
        }
        _ => Err("the expression is too complicated".to_owned()),
    }
}

/// Finds the file that defines a constant: `file` itself, or another file of its crate.
fn defining_file(file: &Path, name: &str) -> Result<PathBuf, String> {
    let defines =
        |path: &Path| fs::read_to_string(path).is_ok_and(|source| definition(&tokens::rust(&source), name).is_some());
    if defines(file) {
        return Ok(file.to_owned());
    }
    let package = file.ancestors().find(|folder| folder.join("Cargo.toml").is_file());
    let mut folders = vec![package.unwrap_or(Path::new("")).join("src")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") && defines(&path) {
                found.push(path);
            }
        }
    }
    match &found[..] {
        [only] => Ok(only.clone()),
        [] => Err(format!("the constant `{name}` is not defined in this crate")),
        _ => Err(format!("several files of this crate define a constant `{name}`")),
    }
}
