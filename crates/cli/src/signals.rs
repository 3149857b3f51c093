//! Catches Ctrl-C and SIGTERM, with which a user or a supervisor asks the program to end.
//!
//! By default, either signal ends the process at once. The peer then sees the connection break off
//! (code 1006) instead of receiving a Close frame, so the programs catch both signals and close
//! their connections first.

use std::io;

/// A signal that asks the program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C: SIGINT, number 2.
    Interrupt,
    /// SIGTERM, number 15, which `kill` sends by default. Unix only.
    Terminate,
}

impl Signal {
    /// Returns the exit status that a shell reports for a process ended by this signal: 128 plus
    /// the signal's number.
    #[must_use]
    pub const fn exit_status(self) -> u8 {
        match self {
            Self::Interrupt => 128 + 2,
            Self::Terminate => 128 + 15,
        }
    }
}

/// Receives the signals that ask the program to end.
#[cfg(unix)]
#[derive(Debug)]
pub struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Starts to catch Ctrl-C and SIGTERM. After this call, the two signals no longer end the
    /// process. Instead, [`next`](Self::next) returns them.
    ///
    /// # Errors
    /// Returns an error if the operating system does not let the process install a handler.
    pub fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    /// Cancel-safe: the next call returns a signal that arrives between two calls.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

/// Receives the signals that ask the program to end.
#[cfg(not(unix))]
#[derive(Debug)]
pub struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Prepares to catch Ctrl-C, the only signal that is supported on systems other than Unix. The
    /// first call to [`next`](Self::next) starts catching it.
    ///
    /// # Errors
    /// Never fails.
    pub fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    /// Waits for the next Ctrl-C.
    pub async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            // The handler could not be installed, so Ctrl-C still ends the process. No signal will
            // ever arrive here, so wait forever.
            Err(_) => std::future::pending().await,
        }
    }
}
