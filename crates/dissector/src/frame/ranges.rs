//! The byte ranges of a frame.

use std::ops::Range;

use protocol::frame::RawHeader;

/// Returns the range of the payload, counted from the first byte of the frame. If the announced
/// length is close to 2^64, the end of the range saturates instead of overflowing.
pub(super) const fn payload_range(header: &RawHeader) -> Range<u64> {
    let start = header.header_len() as u64;
    start..start.saturating_add(header.payload_length)
}
