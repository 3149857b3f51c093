//! Tests of the faults: the bytes that they send, and the evaluation of what comes back.

mod evaluator;
mod probe;
mod sent_bytes;
mod violations;
