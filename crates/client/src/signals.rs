//! Ctrl-C and SIGTERM: the wish of a person, or of a supervisor, that the program end.
//!
//! Left alone, either would end the process on the spot, and the server would see a connection that broke off (1006).

use std::{
    io::{self, IsTerminal},
    process::ExitCode,
};

use crate::report::report;

/// A wish to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Ctrl-C: SIGINT, number 2.
    Interrupt,
    /// SIGTERM, number 15: the default of `kill`.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there is only Ctrl-C"))]
    Terminate,
}

impl Signal {
    /// The status of a process that such a signal ended, as a shell reports it: 128 and the signal's number.
    pub(crate) fn status(self) -> ExitCode {
        match self {
            Self::Interrupt => ExitCode::from(130),
            Self::Terminate => ExitCode::from(143),
        }
    }
}

#[cfg(unix)]
pub(crate) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From now on signals end nothing by themselves; they wait for [`next`](Self::next).
    pub(crate) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Cancel-safe: a signal that came while nobody waited is not forgotten.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => {
                if io::stderr().is_terminal() {
                    // The terminal has shown `^C`: what we say next begins on a line of its own.
                    report("");
                }
                Signal::Interrupt
            }
            _ = self.terminate.recv() => Signal::Terminate,
        }
    }
}

#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}
