//! Ctrl-C and SIGTERM, as the program at a terminal receives them.

use std::io::{self, IsTerminal};

use cli::Signal;

use crate::report::report;

/// Receives the signals that ask the program to end.
pub(crate) struct TerminalSignals(cli::Signals);

impl TerminalSignals {
    /// Starts to catch the signals. From now on they no longer end the process.
    ///
    /// # Errors
    /// Returns the errors of [`cli::Signals::listen`].
    pub(crate) fn listen() -> io::Result<Self> {
        cli::Signals::listen().map(Self)
    }

    /// Waits for the next signal.
    ///
    /// # Cancel safety
    /// This method is cancel-safe, like [`cli::Signals::next`].
    pub(crate) async fn next(&mut self) -> Signal {
        let signal = self.0.next().await;
        if signal == Signal::Interrupt && io::stderr().is_terminal() {
            // The terminal has shown `^C`. The next message should start on a line of its own.
            report("");
        }
        signal
    }
}
