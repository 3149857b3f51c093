//! Frames, the unit that travels (sections 5.1 to 5.3).
//!
//! After the handshake the stream is nothing but frames, one behind the other. Nothing marks where one begins, so a
//! receiver that has once lost count can never find its place again: every error in a header is the end of the
//! connection.
//!
//! | file | what it holds |
//! |---|---|
//! | [`header`] | the bits before the payload, read and written |
//! | [`opcode`] | what a frame is for |
//! | [`length`] | the three forms of the payload length |
//! | [`mask`] | the XOR that every frame of a client goes through |

pub mod header;
pub mod length;
pub mod mask;
pub mod opcode;

pub use header::{FrameHeader, ReservedBits};
pub use length::LengthForm;
pub use mask::{MaskingKey, MaskingKeys, apply_mask};
pub use opcode::Opcode;
