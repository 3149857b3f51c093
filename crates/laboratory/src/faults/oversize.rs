//! Sizes for heads that exceed the limits of most implementations.

/// The length of a long header line, in bytes. Node and this workspace accept a head of at most 16
/// KiB, and tungstenite one of at most 64 KiB. Chromium accepts lines even longer than this one.
pub(super) const LONG_LINE: usize = 128 << 10;

/// A large number of header lines: ten times this workspace's limit. Node accepts 2000 lines and
/// drops the rest.
pub(super) const MANY_LINES: usize = 1000;
