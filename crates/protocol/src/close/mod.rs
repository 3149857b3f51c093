//! The content of a Close frame (sections 5.5.1 and 7.4).
//!
//! | file | what it holds |
//! |---|---|
//! | [`code`] | the registry of close codes |
//! | [`frame`] | the body: a code and a reason |

pub mod code;
pub mod frame;

pub use self::{code::CloseCode, frame::CloseFrame};
