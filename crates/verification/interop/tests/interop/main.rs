//! Tests of interoperation with other implementations, each of which runs as a process.

mod deflate;
mod pairings;
mod process;
mod tls;
