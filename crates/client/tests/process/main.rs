//! The client as its users meet it: a process with arguments, standard streams, signals and an exit
//! status. The servers do what each test tells them.
//!
//! Everything runs on loopback, on ports that the kernel chose. No test sleeps in the hope that
//! something will have happened by then, and every wait has a time limit.
//!
//! Only Unix has the signals and the pseudo-terminals that some of the tests need.

mod closing;
mod conversation;
mod deflate;
#[cfg(unix)]
mod every_byte;
mod failures;
mod grade;
mod hostile_server;
#[cfg(all(feature = "http2", unix))]
mod http2;
#[cfg(unix)]
mod lessons;
mod pipes;
mod probe;
mod proxies;
mod redirects;
#[cfg(unix)]
mod screen;
#[cfg(unix)]
mod screen_commands;
#[cfg(unix)]
mod screen_reading;
#[cfg(unix)]
mod screen_terminal;
#[cfg(unix)]
mod signals;
mod support;
#[cfg(unix)]
mod terminal;
mod tls;
mod trace;
#[cfg(unix)]
mod unix_sockets;
