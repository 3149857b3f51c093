//! Tests of the interoperation with other implementations, as processes.

mod deflate;
mod pairings;
mod process;
mod tls;
