//! Runs clients and a server of the crate `websocket`, or the program `server`, on simulated
//! networks whose faults are drawn from a seed, and checks invariants in every run. The page
//! [Simulated networks](../../../../docs/src/simulation.md) explains what is simulated, and what
//! was found.
//!
//! ```text
//!   seed ──▶ Scenario ──▶ run ──▶ server ─┐             ┌─▶ Totals
//!                          │      clients ─┼─▶ Network   │
//!                          │      observer ┘     │       │
//!                          └─▶ faults ───────────┘       │
//!                                  Ledger ◀── every message, acknowledgement and end
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [`scenario`] | what happens in a run, drawn from the seed |
//! | [`network`] | hosts, links and TCP connections in memory |
//! | [`ledger`] | the account of a run, and the invariants |
//! | [`server`], [`client`], [`observer`] | a server on the library, and its clients |
//! | [`program`] | the program `server`, and its clients |
//! | [`faults`] | breaks hosts, links and connections |
//! | [`run`] | one run |
//! | [`journal`] | the record of a run, and its printed form |
//! | [`message`] | numbered messages |

pub mod client;
pub mod faults;
pub mod journal;
pub mod ledger;
pub mod message;
pub mod network;
pub mod observer;
pub mod program;
pub mod run;
pub mod scenario;
pub mod server;
