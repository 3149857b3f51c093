//! The exploration up to the bounds that a minute allows, and tests of its parts.

mod conversation;
mod every_interleaving;
mod states;
