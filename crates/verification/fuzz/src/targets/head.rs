//! What both sides' heads have in common.

use bytes::BytesMut;
use protocol::{Limits, Violation, handshake::Status};

use crate::cuts::pieces;

/// What makes a head complete, if it is one at all.
const END: &[u8] = b"\r\n\r\n";

/// Small enough that an input can go beyond them.
pub(super) fn limits() -> Limits {
    Limits { max_head_bytes: 1024, max_headers: 12, ..Limits::DEFAULT }
}

/// A handshake that reads a head, with what its two sides call the same.
pub(super) trait Reading: Sized {
    /// What a head that is right gives.
    type Done;
    /// What is wrong with another.
    type Error;

    /// One that has read nothing.
    fn new() -> Self;
    fn input(&mut self) -> &mut BytesMut;
    fn poll(self) -> Result<Status<Self, Self::Done>, Self::Error>;
    /// The rule that was broken.
    fn violation(error: &Self::Error) -> Option<&Violation>;
    /// What can be compared. What lies behind the head depends on the cut.
    fn told(outcome: &Result<Self::Done, Self::Error>) -> String;
}

type Outcome<H> = Option<Result<<H as Reading>::Done, <H as Reading>::Error>>;

/// What comes out, after making sure that it is the same in any cut.
pub(super) fn read_in_any_cut<H: Reading>(seed: u32, bytes: &[u8]) -> Outcome<H> {
    let whole = read::<H>([bytes]);
    let cut = read::<H>(pieces(seed, bytes));
    if told::<H>(&whole) != told::<H>(&cut) {
        // An incomplete head is looked at only now and then, so it depends on the cut when a fault in it is noticed. It
        // must be one that is noticed in any cut once the head is complete.
        let (whole, cut) = (read::<H>([bytes, END]), read::<H>(pieces(seed, bytes).into_iter().chain([END])));
        assert!(
            is_no_head::<H>(&whole) && is_no_head::<H>(&cut),
            "{} in one piece, but {} in {seed:#x} pieces",
            told::<H>(&whole),
            told::<H>(&cut)
        );
    }
    whole
}

/// The first thing that comes out.
fn read<'a, H: Reading>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome<H> {
    let mut handshake = H::new();
    let mut received = 0;
    for piece in pieces {
        received += piece.len();
        handshake.input().extend_from_slice(piece);
        assert!(handshake.input().capacity() <= 2 * received + 1024, "memory grows with what arrives");
        match handshake.poll() {
            Ok(Status::Partial(waiting)) => handshake = waiting,
            Ok(Status::Complete(done)) => return Some(Ok(done)),
            Err(error) => return Some(Err(error)),
        }
    }
    None
}

fn told<H: Reading>(outcome: &Outcome<H>) -> String {
    outcome.as_ref().map_or_else(|| "more is needed".to_owned(), H::told)
}

/// Whether it was refused for what it is, before anybody asked what it means: what came is not a head of HTTP, or too
/// long a one. A head can be both, and the cut decides which is noticed first.
fn is_no_head<H: Reading>(outcome: &Outcome<H>) -> bool {
    let violation = outcome.as_ref().and_then(|outcome| outcome.as_ref().err()).and_then(H::violation);
    matches!(
        violation,
        Some(
            Violation::MalformedHead(_)
                | Violation::TargetMalformed
                | Violation::HeadTooLong { .. }
                | Violation::TooManyHeaders { .. }
        )
    )
}
