//! Receives Ctrl-C and SIGTERM, and starts a new line after the `^C` that a terminal shows.

use std::io::{self, IsTerminal};

use cli::Signal;

use crate::report::report;

/// Receives the signals that ask the program to end.
pub(crate) struct TerminalSignals(cli::Signals);

impl TerminalSignals {
    /// Starts catching the signals, so that they no longer end the process.
    ///
    /// # Errors
    /// Returns the errors of [`cli::Signals::listen`].
    pub(crate) fn listen() -> io::Result<Self> {
        cli::Signals::listen().map(Self)
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    /// If the future is dropped, no signal is lost: see [`cli::Signals::next`].
    pub(crate) async fn next(&mut self) -> Signal {
        let signal = self.0.next().await;
        if signal == Signal::Interrupt && io::stderr().is_terminal() {
            // The terminal has shown `^C`. Write a line break, so that the next message starts on a
            // new line.
            report("");
        }
        signal
    }
}
