//! Breaks the rules of RFC 6455 on purpose, one at a time, and evaluates how a peer reacts.
//!
//! A [`Fault`] is one rule, the bytes that break it, and the reaction that the RFC requires of the
//! receiver. Nearly every fault in a frame can come from either side. A few faults in frames, and
//! all faults in the opening handshake, can come from one side only.
//!
//! | module | what it does |
//! |---|---|
//! | `stages` | defines the stages of the judge in which a check is made |
//! | [`fault`] | defines a fault, and the reaction that the RFC expects |
//! | [`faults`] | lists all faults in one table |
//! | `frame_builder` | builds valid and invalid frames |
//! | `head_editor` | changes a valid HTTP head |
//! | `randomness` | supplies masking keys and nonces |
//! | `payloads` | defines the payloads that nearly every fault sends |
//! | [`reaction`] | represents one thing that the peer sent or did |
//! | `reaction_parser` | finds the reactions in the peer's bytes |
//! | [`observations`] | sums up the reactions as facts |
//! | [`verdict`] | compares the facts with the expected reaction |
//! | [`evaluator`] | finds, sums up and evaluates the reactions on one connection |
//! | [`fault_test`] | prepares the bytes to send and the evaluator of the reaction |
//! | `exchange` | runs a fault test on a stream, within a time limit |
//! | [`mod@probe`] | runs a client that breaks a rule |
//! | [`faulty_server`] | runs a server that breaks a rule |
//! | [`grade`] | judges a server or a client, stage by stage |
//!
//! This crate is not needed to *use* the protocol. The [`protocol`] crate refuses to send anything
//! invalid, so a fault takes the valid bytes that the crate's encoder writes, and changes them as
//! little as possible.
//!
//! # Test one server with one fault
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use laboratory::{Role, faults, probe};
//!
//! let fault = faults::find(Role::Client, "unmasked-frame").ok_or("there is no such fault")?;
//! let evaluation = probe("ws://127.0.0.1:8080/echo", fault).await?;
//! println!("{}: {} ({})", fault.name, evaluation.observations(), evaluation.verdict());
//! # Ok(())
//! # }
//! ```
//!
//! # Use a connection that is already open
//!
//! ```
//! use laboratory::{FaultTest, Reaction, Role, Verdict, faults};
//! use protocol::frame::MaskingKey;
//!
//! let fault = faults::find(Role::Client, "one-byte-close").unwrap();
//! let mut keys = || MaskingKey([0x37, 0xfa, 0x21, 0x3d]);
//! let test = FaultTest::on_connection(fault, Role::Client, &mut keys).unwrap();
//! let FaultTest { bytes, mut evaluator } = test;
//! assert_eq!(bytes, [0x88, 0x81, 0x37, 0xfa, 0x21, 0x3d, 0x03 ^ 0x37]);
//!
//! // Write the bytes to the stream. Pass the peer's bytes or parsed reactions to the evaluator.
//! evaluator.receive(&[0x88, 0x02, 0x03, 0xea]);
//! evaluator.record(&Reaction::Eof);
//! assert_eq!(evaluator.evaluate().verdict(), Verdict::AsExpected);
//! ```

pub mod evaluator;
mod exchange;
pub mod fault;
pub mod fault_test;
pub mod faults;
pub mod faulty_server;
mod frame_builder;
pub mod grade;
mod head_editor;
pub mod observations;
mod payloads;
pub mod probe;
mod randomness;
pub mod reaction;
mod reaction_parser;
mod stages;
pub mod verdict;

pub use protocol::Role;

pub use self::{
    evaluator::{Evaluation, Evaluator},
    fault::{Expectation, Fault, FaultySide, RejectionStatus, RequirementLevel},
    fault_test::FaultTest,
    faulty_server::serve_fault,
    observations::Observations,
    probe::{Probe, probe},
    reaction::{ObservedClose, Reaction},
    stages::Stages,
    verdict::Verdict,
};
