//! Runs the program `server`, compiled from its own source files and started with its own options,
//! with clients that use three of its paths.
//!
//! | file | what it holds |
//! |---|---|
//! | [`plan`] | the options of the program, and who uses which path |
//! | [`server`] | starts and stops the program |
//! | [`member`] | a client of `/chat` |
//! | [`reader`] | a client of `/`, and an observer of it |
//! | [`chat_account`] | the account of the chat: who must have got what, in which order |
//!
//! The clients of `/echo` run the same code as the clients of this crate's own server.

pub mod chat_account;
pub mod member;
pub mod plan;
pub mod reader;
pub mod server;

pub use self::plan::{ProgramPlan, Service};
