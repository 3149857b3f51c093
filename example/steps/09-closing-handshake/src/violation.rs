//! The rules that a client can break.

/// The close code that tells the client about a broken rule, and the rule in words.
pub(crate) struct Violation(pub(crate) u16, pub(crate) &'static str);

pub(crate) const NOT_UTF8: Violation = Violation(1007, "text must be valid UTF-8");
