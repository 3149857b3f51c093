//! One file for each thing that takes bytes from outside.

pub mod beside_tungstenite;
pub mod frames;
pub mod request;
pub mod response;
pub mod uri;

use protocol::Violation;

/// What makes a head complete, if it is one at all.
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Whether what came is not a head of HTTP, or too long a one. A head can be both, and the cut decides which is noticed
/// first.
const fn breaks_grammar(violation: &Violation) -> bool {
    matches!(
        violation,
        Violation::MalformedHead(_)
            | Violation::TargetMalformed
            | Violation::HeadTooLong { .. }
            | Violation::TooManyHeaderLines { .. }
    )
}
