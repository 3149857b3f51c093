//! The time within which a message must arrive.

use std::time::Duration;

/// The time within which a message must be complete, counted from the moment when this endpoint
/// first finds it incomplete: [`base`](Self::base), plus [`per_kib`](Self::per_kib) for each KiB of
/// the message that has arrived.
///
/// Without this limit, a peer could begin a message, send only an occasional byte of it, and so
/// make this endpoint keep the incomplete message forever. Only the payload of data frames extends
/// the time: frame headers, empty fragments, and control frames between the fragments do not. For a
/// compressed message, the compressed bytes count. The limit also applies to an incomplete control
/// frame or frame header.
///
/// The peer is not blamed for time in which this endpoint was not reading. Therefore, if this
/// endpoint notices more than a second late that the time has run out, it gives the peer the whole
/// time again.
///
/// Set [`Config::message_timeout`](crate::Config::message_timeout) to `None` if your peers keep one
/// message open for a long time, for example to send its fragments while a person speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageTimeout {
    /// The fixed part of the time, whatever the size of the message. 60 seconds by default, which
    /// is how long nginx waits for the next part of a request's body (`client_body_timeout`). This
    /// also leaves time for a phone that falls silent while it switches networks.
    pub base: Duration,
    /// The additional time for each KiB (1,024 bytes) that has arrived. 1 second by default: even
    /// GPRS, the slowest mobile network, is several times faster than 1 KiB per second. Apache
    /// requires about half that rate for a request's body (`MinRate=500`). With [`Duration::ZERO`],
    /// `base` is the time for the whole message.
    pub per_kib: Duration,
}

impl MessageTimeout {
    /// The default: 60 seconds, plus 1 second for each KiB.
    pub const DEFAULT: Self = Self { base: Duration::from_secs(60), per_kib: Duration::from_secs(1) };

    /// Returns the time allowed for a message of which `arrived` bytes have been received.
    pub(crate) fn after(&self, arrived: usize) -> Duration {
        let kib = u32::try_from(arrived / 1024).unwrap_or(u32::MAX);
        self.base.saturating_add(self.per_kib.saturating_mul(kib))
    }
}

impl Default for MessageTimeout {
    fn default() -> Self {
        Self::DEFAULT
    }
}
