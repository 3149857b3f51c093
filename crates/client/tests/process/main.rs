//! The client as its users meet it: a process with arguments, standard streams, signals and an exit status, against
//! servers that do what the test says.
//!
//! Everything is on loopback and on ports that the kernel chose. Nothing sleeps in the hope that something will have
//! happened; every wait has an end.

mod closing;
mod conversation;
mod deflate;
mod failures;
mod pipes;
mod probe;
#[cfg(unix)]
mod screen;
mod signals;
mod support;
#[cfg(unix)]
mod terminal;
mod trace;
