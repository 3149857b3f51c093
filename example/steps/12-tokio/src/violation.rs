//! The rules that a peer can break.

/// The code that tells the peer about a broken rule, and the rule in words. The code is an HTTP
/// status before the 101, and a close code after it.
pub(crate) struct Violation(pub(crate) u16, pub(crate) &'static str);

pub(crate) const MESSAGE_TOO_BIG: Violation = Violation(1009, "a message may have at most 1 MiB");
pub(crate) const NOT_UTF8: Violation = Violation(1007, "text must be valid UTF-8");
