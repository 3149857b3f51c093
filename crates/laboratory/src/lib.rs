//! The rules of RFC 6455, broken on purpose, one at a time.
//!
//! An [`Experiment`] is one rule, the bytes that break it, and what the RFC asks of whoever receives them. Nearly every
//! rule of the frames can be broken by either side; a few, and the mistakes in the opening handshake, belong to one.
//!
//! | file | what it holds |
//! |---|---|
//! | [`experiment`] | what an experiment is |
//! | [`rules`] | all of them, in one table |
//! | `wire` | frames, right and wrong |
//! | `head` | a right HTTP head, to be made wrong |
//! | [`judge`] | what came back, and whether it is what the RFC asks |
//! | `run` | bytes out, answers in, within a time |
//! | [`mod@probe`] | a client that breaks a rule |
//! | [`mod@mirror`] | a server that breaks a rule |
//!
//! Nothing here is needed to *speak* the protocol: the [`protocol`] crate refuses to send what is wrong. Its encoder
//! writes what is right, and the experiments change as little of that as they can.
//!
//! # One rule, against one server
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use laboratory::{Role, probe, rules};
//!
//! let experiment = rules::find(Role::Client, "unmasked-frame").ok_or("no such rule")?;
//! let outcome = probe("ws://127.0.0.1:8080/echo", experiment).await?;
//! println!("{}: {} ({})", experiment.name, outcome.seen(), outcome.verdict());
//! # Ok(())
//! # }
//! ```
//!
//! # On a connection that is open already
//!
//! ```
//! use laboratory::{Heard, Role, Verdict, rules};
//! use protocol::frame::MaskingKey;
//!
//! let experiment = rules::find(Role::Client, "one-byte-close").unwrap();
//! let mut keys = || MaskingKey([0x37, 0xfa, 0x21, 0x3d]);
//! let (bytes, mut judge) = experiment.on_connection(Role::Client, &mut keys).unwrap();
//! assert_eq!(bytes, [0x88, 0x81, 0x37, 0xfa, 0x21, 0x3d, 0x03 ^ 0x37]);
//!
//! // Write the bytes to the stream, and tell the judge what comes back: bytes, or what they mean.
//! judge.feed(&[0x88, 0x02, 0x03, 0xea]);
//! judge.hear(&Heard::End);
//! assert_eq!(judge.outcome().verdict(), Verdict::AsAsked);
//! ```

pub mod experiment;
mod head;
pub mod judge;
pub mod mirror;
pub mod probe;
pub mod rules;
mod run;
mod wire;

pub use protocol::Role;

pub use self::{
    experiment::{Asks, By, Demand, Experiment, Refusal},
    judge::{Heard, Judge, Outcome, Seen, Verdict},
    mirror::mirror,
    probe::{Probe, probe},
};
