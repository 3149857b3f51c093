//! Sizes that exceed the limits of most implementations.

/// The length of a long header line, in bytes. Node and this workspace accept 16 KiB for a whole
/// head, and tungstenite 64 KiB. Chromium accepts more than this.
pub(super) const LONG_LINE: usize = 128 << 10;

/// A large number of header lines: ten times the limit of this workspace. Node accepts 2000 and
/// drops the rest.
pub(super) const MANY_LINES: usize = 1000;
