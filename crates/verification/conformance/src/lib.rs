//! Runs the Autobahn testsuite against our server and our client, and against other
//! implementations.
//!
//! The suite consists of 517 conversations. In each conversation, it plays one side, usually
//! following the rules but sometimes breaking them on purpose, and rates the other side's reaction.
//! `cargo run --release -p conformance` installs the suite, runs it against our server and our
//! client, and compares its verdicts with those in `baselines/`. The chapter
//! `docs/src/conformance.md` explains what the suite covers and what it does not.
//!
//! ```text
//!   role    the suite is             it tests
//!   server  a client that connects   `/echo` of crates/server
//!   client  a server that waits      the agent: a client that echoes, one connection for each case
//! ```
//!
//! | module | contents |
//! |---|---|
//! | [`suite`] | installs the suite and runs it |
//! | [`tested_role`] | server or client |
//! | [`implementation`] | the programs to test: ours, ours on hyper and axum, ours in HTTP/2, those with tungstenite, and those with `ws` |
//! | [`agent`] | the client to test |
//! | [`axum_server`] | the server to test on axum |
//! | [`bridge`] | the bridge between the suite and the programs that are tested in HTTP/2 |
//! | [`process`] | child processes with a log and a time limit |
//! | [`case_id`] | the identifier of a case, and the choice of cases to run |
//! | [`verdict`] | the suite's verdicts |
//! | [`baseline`] | the verdicts of an earlier run |
//! | [`table`] | verdicts by groups of cases |
//!
//! The folder `suite/` contains the installation script, and `ws/` contains two small programs that
//! use the npm package `ws`.

pub mod agent;
pub mod axum_server;
pub mod baseline;
pub mod bridge;
pub mod case_id;
pub mod implementation;
pub mod process;
pub mod suite;
pub mod table;
pub mod tested_role;
pub mod verdict;
