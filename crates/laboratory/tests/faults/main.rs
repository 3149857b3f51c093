//! Tests of the faults: the bytes that they send, and the evaluation of what comes back.

mod evaluator;
mod probe;
#[path = "../common/sent.rs"]
mod sent;
mod sent_bytes;
mod violations;
