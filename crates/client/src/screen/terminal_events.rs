//! Reads the terminal's input and receives the signals that the terminal sends.

use std::{io, thread, time::Duration};

use crossterm::{
    event::{self, Event},
    terminal,
};
#[cfg(unix)]
use tokio::select;
use tokio::sync::mpsc;

use super::event::ScreenEvent;

/// Starts listening for changes in the terminal's size, and returns the current size in columns and
/// rows.
pub(super) fn watch_size() -> io::Result<(u16, u16)> {
    // The first call into crossterm installs its signal handler. A change of size before that call
    // would be missed, so ask for the size only afterwards.
    event::poll(Duration::ZERO)?;
    terminal::size()
}

/// Starts a thread that reads the terminal, and returns the receiving end of its channel. The
/// thread may block forever, but the process can exit without waiting for the thread.
pub(super) fn read_terminal() -> mpsc::UnboundedReceiver<io::Result<ScreenEvent>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        loop {
            let event = match event::read() {
                Ok(Event::Key(key)) => Ok(ScreenEvent::Key(key)),
                Ok(Event::Mouse(mouse)) => Ok(ScreenEvent::Mouse(mouse)),
                Ok(Event::Paste(text)) => Ok(ScreenEvent::Paste(text)),
                Ok(Event::Resize(columns, rows)) => Ok(ScreenEvent::Resize(columns, rows)),
                Ok(Event::FocusGained | Event::FocusLost) => continue,
                Err(error) => Err(error),
            };
            let failed = event.is_err();
            if sender.send(event).is_err() || failed {
                return;
            }
        }
    });
    receiver
}

/// The signals SIGHUP and SIGQUIT, whose default action would end the program without restoring the
/// terminal.
#[cfg(unix)]
pub(super) struct HangupSignals([tokio::signal::unix::Signal; 2]);

#[cfg(unix)]
impl HangupSignals {
    pub(super) fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([signal(SignalKind::hangup())?, signal(SignalKind::quit())?]))
    }

    /// Waits for SIGHUP or SIGQUIT.
    ///
    /// # Cancel safety
    /// If the future is dropped, no signal is lost: a signal that arrives between two calls is kept
    /// for the second call.
    pub(super) async fn next(&mut self) {
        let [hangup, quit] = &mut self.0;
        select! {
            _ = hangup.recv() => {}
            _ = quit.recv() => {}
        }
    }
}

#[cfg(not(unix))]
pub(super) struct HangupSignals;

#[cfg(not(unix))]
impl HangupSignals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) async fn next(&mut self) {
        std::future::pending().await
    }
}
