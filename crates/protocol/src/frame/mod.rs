//! Frames, the units of data on the wire (sections 5.1 to 5.3).
//!
//! After the handshake the stream is a sequence of frames and nothing else. No byte marks where a
//! frame begins, so a receiver that misreads one header can never find the next frame. Every error
//! in a header therefore ends the connection.
//!
//! | file | what it holds |
//! |---|---|
//! | [`layout`] | the bits of a header, valid or not |
//! | [`rules`] | everything that can be wrong with a header |
//! | [`header`] | a valid header, parsed and encoded |
//! | [`opcode`] | the kinds of frames |
//! | [`length`] | the three forms of the payload length |
//! | [`mask`] | the masking (XOR) of a client's frames |

pub mod header;
pub mod layout;
pub mod length;
pub mod mask;
pub mod opcode;
pub mod rules;

pub use header::FrameHeader;
pub use layout::{RawHeader, ReservedBits};
pub use length::LengthForm;
pub use mask::{MaskingKey, MaskingKeys, apply_mask};
pub use opcode::Opcode;
