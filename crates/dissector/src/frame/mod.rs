//! Collects, checks and dissects frames (RFC 6455, sections 5.1 to 5.5).
//!
//! ```text
//!   ┌── header, 2 to 14 bytes ──────┬── payload ────────────────────────────────── - -
//!   │ checked when it is complete   │ unmasked and checked as it arrives; the beginning is kept
//!   └───────────────────────────────┴───────────────────────────────────────────── - -
//! ```
//!
//! | file | contents |
//! |---|---|
//! | `unit` | collects a frame |
//! | `rules` | the rules that a header can break |
//! | `ranges` | the byte ranges of a frame |
//! | `dissect` | the dissection |
//! | `header_fields`, `payload_fields` | the fields |
//! | `summary` | the summary in one line |

mod dissect;
mod header_fields;
mod payload_fields;
mod ranges;
mod rules;
mod summary;
mod unit;

pub(crate) use self::{dissect::dissect_frame, unit::FrameUnit};
