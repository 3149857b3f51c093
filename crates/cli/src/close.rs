//! Formats close codes and reasons, for log lines and for the screen.

use dissector::printable;
use protocol::CloseCode;

/// Returns a code with its name, and the reason if there is one:
/// `1001 (going away) "back at noon"`.
///
/// The reason comes from the peer, so every character that could control the terminal is escaped.
#[must_use]
pub fn code_and_reason(code: CloseCode, reason: &str) -> String {
    if reason.is_empty() { code.to_string() } else { format!("{code} \"{}\"", printable(reason)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_quoted_and_cannot_command_the_terminal() {
        assert_eq!(code_and_reason(CloseCode::GOING_AWAY, ""), "1001 (going away)");
        assert_eq!(code_and_reason(CloseCode::GOING_AWAY, "a\x1b[2Jb"), r#"1001 (going away) "a\u{1b}[2Jb""#);
    }
}
