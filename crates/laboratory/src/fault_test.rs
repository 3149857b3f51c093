//! Prepares a fault for one connection: creates the bytes to send and the evaluator for the peer's
//! reactions.

use protocol::{Role, frame::MaskingKeys};

use crate::{
    evaluator::Evaluator,
    fault::{Fault, Injection},
    frame_builder::FrameBuilder,
    head_editor::HeadEditor,
};

/// A fault that is ready to be sent on one connection.
///
/// The caller writes the [bytes](Self::bytes) to the stream, and passes everything that comes back
/// to the [evaluator](Self::evaluator).
#[derive(Debug)]
pub struct FaultTest {
    /// The bytes to send.
    pub bytes: Vec<u8>,
    /// The evaluator of the peer's reaction.
    pub evaluator: Evaluator,
}

impl FaultTest {
    /// Prepares a fault that `role` sends on an open connection. Returns `None` for a fault of the
    /// opening handshake.
    ///
    /// The faulty bytes are followed by a Ping, unless they contain a Close, after which nothing
    /// more may be sent. A peer that has failed the connection ignores the Ping. A peer that
    /// answers the Ping has not noticed the fault, or tolerates it.
    #[must_use]
    pub fn on_connection(fault: &'static Fault, role: Role, keys: &mut dyn MaskingKeys) -> Option<Self> {
        let Injection::Frames(inject) = fault.injection else { return None };
        let mut frames = FrameBuilder::new(role, keys);
        inject(&mut frames);
        frames.follow_up_ping();
        let evaluator = Evaluator::new(fault, frames.close_sent());
        Some(Self { bytes: frames.into_bytes(), evaluator })
    }

    /// Prepares a fault of the opening handshake, to be sent instead of `valid`, which is a
    /// client's valid request or a server's valid response. Returns `None` for a fault that needs
    /// an open connection.
    ///
    /// If a lenient client could accept the faulty response, a Ping follows it, for the same
    /// purpose as [on an open connection](Self::on_connection).
    #[must_use]
    pub fn in_handshake(fault: &'static Fault, role: Role, valid: &[u8], keys: &mut dyn MaskingKeys) -> Option<Self> {
        let Injection::Head(inject) = fault.injection else { return None };
        let mut head = HeadEditor::parse(valid);
        inject(&mut head);
        let mut bytes = head.to_bytes();
        if role == Role::Server && head.may_open_connection() {
            let mut frames = FrameBuilder::new(role, keys);
            frames.follow_up_ping();
            bytes.extend(frames.into_bytes());
        }
        Some(Self { bytes, evaluator: Evaluator::new(fault, None) })
    }
}
