//! Puts deliberate mistakes into a copy of the source, to check that each of them is found.
//!
//! A search that finds no mistake proves little unless it is known to find mistakes that exist. So
//! each [technique] comes with a list of deliberate mistakes that it must find. The mistakes are
//! never put into the repository's own source: [`Scratch`] copies the crates that the techniques
//! need into a separate folder, replaces one piece of source there, and runs the technique on the
//! copy.
//!
//! | module | contents |
//! |---|---|
//! | [`mistake`] | a piece of source, and the piece that replaces it |
//! | [`technique`] | the techniques: how each is run, and the mistakes that it must find |
//! | [`exploration`] | mistakes in the closing handshake, for the exploration of every interleaving |
//! | [`simulation`] | mistakes in the driver, for the simulation of networks |
//! | [`program`] | mistakes in the program `server`, for the simulation of networks |
//! | [`schedules`] | mistakes in how the two tasks of a split connection work together, for the tests that try many orders of their steps |
//! | [`scratch`] | the copy |

pub mod exploration;
pub mod mistake;
pub mod program;
pub mod schedules;
pub mod scratch;
pub mod simulation;
pub mod technique;

#[doc(inline)]
pub use self::{mistake::Mistake, scratch::Scratch, technique::Technique};
