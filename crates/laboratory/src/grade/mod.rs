//! The judge, which grades a reader's server or client stage by stage.
//!
//! The stages correspond to the steps in the *Build* part of the book. Each stage has checks:
//! conversations that a program must be able to hold, and [faults](crate::faults) that it must
//! reject. The judge stops after the first stage with a failed check, and reports what it sent,
//! what it expected and what came back.
//!
//! ```text
//!   checks, faults ──▶ Script ──▶ perform ──▶ Peer ──▶ Recorder ──▶ the program
//!                                    │
//!                                    ▼
//!                       Failure ──▶ CheckResult ──▶ StageResult ──▶ the caller prints it
//! ```
//!
//! # Judge a server
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use laboratory::grade::{Selection, ServerJudge};
//! use protocol::handshake::ClientRequest;
//!
//! let judge = ServerJudge::new(ClientRequest::new("ws://127.0.0.1:9001/".parse()?));
//! let has_passed = judge
//!     .run(Selection::All, |result| {
//!         println!("stage {}: {} passed", result.stage.number, result.passed());
//!         for explanation in result.checks.iter().filter_map(|check| check.explanation()) {
//!             println!("{explanation}");
//!         }
//!     })
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Judge a client
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use laboratory::grade::{ClientJudge, Selection};
//! use tokio::net::TcpListener;
//!
//! let judge = ClientJudge::new(TcpListener::bind("127.0.0.1:0").await?);
//! println!("start your client with ws://{}/", judge.local_addr()?);
//! let has_passed = judge.run(Selection::All, |result| println!("{}", result.stage.title)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Modules
//!
//! | module | what it does |
//! |---|---|
//! | `stage` | lists the stages |
//! | `selection` | selects the checks that are made |
//! | `check` | defines a check, and hints about the likely mistakes |
//! | [`checks`] | lists all checks |
//! | `script` | represents a conversation |
//! | `symptom` | represents what is wrong with a program |
//! | `key_diagnosis` | recognises mistakes in `Sec-WebSocket-Key` and `Sec-WebSocket-Accept` |
//! | `head_diagnosis` | recognises mistakes in the line ends of an HTTP head |
//! | `header_diagnosis` | recognises mistakes in a frame header |
//! | `mask_diagnosis` | recognises mistakes with the masking key |
//! | `payload_diagnosis` | recognises mistakes in a payload that came back |
//! | `peer` | reads the program's frames, and compares them with what is expected |
//! | `perform` | plays a script on a connection |
//! | `variants` | lists the faults that only the judge sends |
//! | `recorder` | records the bytes of a connection |
//! | `fault_check` | decides whether the reaction to a fault is good enough for a stage |
//! | `dialer` | opens connections to a server |
//! | `server_judge` | judges a server |
//! | `client_judge` | judges a client |
//! | `result` | represents the results |
//! | `words` | writes payloads, sizes and times into sentences |

mod check;
pub mod checks;
mod client_judge;
mod dialer;
mod fault_check;
mod head_diagnosis;
mod header_diagnosis;
mod key_diagnosis;
mod mask_diagnosis;
mod payload_diagnosis;
mod peer;
mod perform;
mod recorder;
mod result;
mod script;
mod selection;
mod server_judge;
mod stage;
mod symptom;
mod variants;
mod words;

pub use self::{
    check::Check,
    checks::ListedCheck,
    client_judge::ClientJudge,
    recorder::{RecordedPiece, Recording},
    result::{CheckResult, FailedCheck, StageResult},
    selection::Selection,
    server_judge::ServerJudge,
    stage::Stage,
    symptom::{Failure, Symptom},
};
