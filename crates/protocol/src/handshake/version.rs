//! The version of the protocol.

/// The version that RFC 6455 describes. Versions 0 to 8 were drafts, and 9 to 12 were never used
/// (section 11.6).
pub const VERSION: &str = "13";
