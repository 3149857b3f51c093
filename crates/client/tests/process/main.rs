//! The client as its users meet it: a process with arguments, standard streams, signals and an exit
//! status. The servers do what each test tells them.
//!
//! Everything runs on loopback, on ports that the kernel chose. No test sleeps and hopes that
//! something has happened meanwhile; every wait has a time limit.

mod closing;
mod conversation;
mod deflate;
mod failures;
mod grade;
mod pipes;
mod probe;
#[cfg(unix)]
mod screen;
#[cfg(unix)]
mod screen_commands;
#[cfg(unix)]
mod screen_terminal;
mod signals;
mod support;
#[cfg(unix)]
mod terminal;
mod trace;
