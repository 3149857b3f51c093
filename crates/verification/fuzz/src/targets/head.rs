//! Checks the properties that request heads and response heads have in common.

use bytes::BytesMut;
use protocol::{HandshakeViolation, Limits, handshake::Status};

use crate::splits::pieces;

/// The end of a head: a line ending and then an empty line.
const END: &[u8] = b"\r\n\r\n";

/// Returns limits low enough for a short input to exceed them.
pub(super) const fn limits() -> Limits {
    Limits::DEFAULT.max_head_bytes(1024).max_headers(12)
}

/// The common interface of the two sides of a handshake.
pub(super) trait HandshakeSide: Sized {
    /// The result of a valid head.
    type Done;
    /// The error for an invalid head.
    type Error;

    /// Creates a handshake that has not read any bytes.
    fn new() -> Self;
    fn input(&mut self) -> &mut BytesMut;
    fn poll(self) -> Result<Status<Self, Self::Done>, Self::Error>;
    /// Returns the violation, or `None` if the error is not a violation.
    fn violation(error: &Self::Error) -> Option<&HandshakeViolation>;
    /// Describes the result, but leaves out the bytes after the head, because their number depends
    /// on the split.
    fn describe(result: &Result<Self::Done, Self::Error>) -> String;
}

/// The result of a handshake, or `None` if it needs more bytes.
type HeadResult<H> = Option<Result<<H as HandshakeSide>::Done, <H as HandshakeSide>::Error>>;

/// Parses a head, and checks that the result does not depend on how the bytes are split into reads.
pub(super) fn read_in_any_split<H: HandshakeSide>(seed: u32, bytes: &[u8]) -> HeadResult<H> {
    let whole = read::<H>([bytes]);
    let split = read::<H>(pieces(seed, bytes));
    if describe::<H>(&whole) != describe::<H>(&split) {
        // The engine does not parse an incomplete head after every read, so the split determines
        // when it notices a mistake. Complete the head, because the engine must then notice the
        // mistake no matter how the bytes are split.
        let (whole, split) = (read::<H>([bytes, END]), read::<H>(pieces(seed, bytes).into_iter().chain([END])));
        assert!(
            is_invalid_head::<H>(&whole) && is_invalid_head::<H>(&split),
            "{} in one piece, but {} in {seed:#x} pieces",
            describe::<H>(&whole),
            describe::<H>(&split)
        );
    }
    whole
}

/// Passes the pieces to a new handshake until it has a result.
fn read<'a, H: HandshakeSide>(pieces: impl IntoIterator<Item = &'a [u8]>) -> HeadResult<H> {
    let mut handshake = H::new();
    let mut received = 0;
    for piece in pieces {
        received += piece.len();
        handshake.input().extend_from_slice(piece);
        assert!(
            handshake.input().capacity() <= 2 * received + 1024,
            "memory must grow with the bytes that have arrived"
        );
        match handshake.poll() {
            Ok(Status::Partial(waiting)) => handshake = waiting,
            Ok(Status::Complete(done)) => return Some(Ok(done)),
            Err(error) => return Some(Err(error)),
        }
    }
    None
}

fn describe<H: HandshakeSide>(result: &HeadResult<H>) -> String {
    result.as_ref().map_or_else(|| "more bytes are needed".to_owned(), H::describe)
}

/// Returns `true` if the bytes were rejected because they are not an HTTP head, or because the head
/// exceeds a limit.
///
/// A head can be both malformed and too long, and the split determines which mistake is noticed
/// first. This function therefore does not distinguish between the two.
fn is_invalid_head<H: HandshakeSide>(result: &HeadResult<H>) -> bool {
    let violation = result.as_ref().and_then(|result| result.as_ref().err()).and_then(H::violation);
    matches!(
        violation,
        Some(
            HandshakeViolation::MalformedHead(_)
                | HandshakeViolation::TargetMalformed
                | HandshakeViolation::HeadTooLong { .. }
                | HandshakeViolation::TooManyHeaders { .. }
        )
    )
}
