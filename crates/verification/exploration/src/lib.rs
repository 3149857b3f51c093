//! Tries every interleaving of the steps of a client and a server, up to a bound.
//!
//! The two sides are real engines of the crate `protocol`. Only the wire, the clocks, the drivers
//! and the applications are simulated. This is possible because the engine takes bytes, the time
//! and masking keys as arguments.
//!
//! ```text
//!   application   application          causes: send, close, abandon, break a rule,
//!        │             │                       lose the transport, reach a deadline
//!   ┌────▼───┐     ┌───▼────┐
//!   │ client │     │ server │          real engines, each with a clock of its own
//!   └────┬───┘     └───┬────┘
//!        └──── wire ───┘               delays, cuts, ends
//! ```
//!
//! An **interleaving** is a sequence of [steps](action). A **cause** is a step that comes from
//! outside. All other steps are taken by the drivers and the wire on their own. The
//! [bound](world::Bound) limits only the causes. Because the other steps only process what a cause
//! has produced, the number of states is finite, and the [search] visits all of them. In every
//! state, the search checks whether the [properties](property) hold and whether the connection [can
//! end](ending).
//!
//! | module | contents |
//! |---|---|
//! | [`action`] | the steps |
//! | [`property`] | the properties |
//! | [`frames`] | the bytes of one direction, divided into frames |
//! | [`account`] | what one side has done, and the checks of each frame and event |
//! | [`wire`] | one direction of the wire |
//! | [`side`] | a real engine, its driver and its application |
//! | [`world`] | two sides and the wire between them; the bounds |
//! | [`ending`] | the ways in which an interleaving is continued to its end |
//! | [`search`](mod@search) | the search |
//! | [`conversation`] | a counterexample, in the words of the dissector |

#![allow(clippy::missing_panics_doc, reason = "an engine that rejects what its state allows must stop the exploration")]

pub mod account;
pub mod action;
pub mod conversation;
pub mod ending;
pub mod frames;
pub mod property;
pub mod search;
pub mod side;
pub mod wire;
pub mod world;
