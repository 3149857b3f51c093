//! The result of polling a handshake.

/// The state of a handshake after processing the bytes that have arrived so far.
///
/// Polling consumes the handshake. The result is either the same handshake, which needs more bytes,
/// or its outcome. A caller can therefore neither continue a completed handshake nor use the
/// outcome of an incomplete one.
#[derive(Debug)]
pub enum Status<Handshake, Outcome> {
    /// More bytes are needed.
    Partial(Handshake),
    /// The head is complete. Holds the outcome of the handshake.
    Complete(Outcome),
}
