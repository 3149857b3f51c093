//! The payloads that nearly every fault sends.

/// The payload of a frame whose content does not matter. A peer that sends it back has accepted it
/// as a message.
pub(crate) const SAMPLE: &[u8] = b"Hello";

/// The payload of the Ping that follows a fault. A peer that answers it has not failed the
/// connection.
pub(crate) const FOLLOW_UP_PING: &[u8] = b"still there?";
