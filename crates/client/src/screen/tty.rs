//! Takes over the terminal for full-screen mode, and restores it at the end, even after a panic.
//!
//! If the program ended with the terminal in raw mode, the shell would no longer show what the user
//! types. The guard therefore restores the terminal when it is dropped, and a hook restores it when
//! the program panics. When the program catches a signal, the run loop ends and the guard is
//! dropped as well.

use std::{
    io::{self, BufWriter, Stdout, Write},
    panic,
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    cursor::Show,
    event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture},
    queue,
    terminal::{
        BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{Terminal, backend::CrosstermBackend};

use super::{model::Model, view};

/// The size of the output buffer in bytes. A screen with its colours takes about ten thousand bytes
/// and should be output in a single write.
const BUFFER: usize = 64 << 10;

/// Whether this program has taken over the terminal.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Standard output while the terminal is taken over. After the terminal is restored, this writer
/// discards the rest of the buffer, which would otherwise appear in the shell.
struct GuardedStdout(Stdout);

impl Write for GuardedStdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if TAKEN.load(Ordering::SeqCst) { self.0.write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// A guard that exists for as long as the program controls the terminal. Dropping the guard
/// restores the terminal.
pub(crate) struct Tty(Terminal<CrosstermBackend<BufWriter<GuardedStdout>>>);

impl Tty {
    /// Takes over the terminal.
    ///
    /// # Errors
    /// Returns an error if the terminal does not support raw mode or cannot be written to.
    pub(crate) fn take() -> io::Result<Self> {
        restore_on_panic(restore);
        TAKEN.store(true, Ordering::SeqCst);
        let taken = enable_raw_mode().and_then(|()| {
            let mut output = BufWriter::with_capacity(BUFFER, GuardedStdout(io::stdout()));
            queue!(output, EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste)?;
            output.flush()?;
            Terminal::new(CrosstermBackend::new(output))
        });
        taken.map(Self).inspect_err(|_| restore())
    }

    /// Draws the model. A terminal that supports synchronised updates shows the whole picture at
    /// once.
    ///
    /// # Errors
    /// Returns an error if the terminal is gone.
    pub(crate) fn draw(&mut self, model: &Model) -> io::Result<()> {
        queue!(self.0.backend_mut(), BeginSynchronizedUpdate)?;
        self.0.draw(|frame| view::draw(model, frame))?;
        queue!(self.0.backend_mut(), EndSynchronizedUpdate)?;
        self.0.backend_mut().flush()
    }

    /// Clears the terminal after another program has written to it. The next call to `draw` redraws
    /// everything.
    ///
    /// # Errors
    /// Returns an error if the terminal is gone.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        // Do not use ratatui's own `clear`. It asks the terminal for the position of the cursor,
        // and the thread that reads the keyboard would receive the answer.
        queue!(self.0.backend_mut(), Clear(ClearType::All))?;
        // Empty the buffer that ratatui compares with the next picture, so that it redraws every
        // cell.
        self.0.swap_buffers();
        Ok(())
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        restore();
    }
}

/// Restores the terminal. Does nothing if the terminal is not taken over.
fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // Errors are ignored: the only place to report them is the terminal, which is what has
        // failed.
        let _ = write_restoring(&mut io::stdout());
        let _ = disable_raw_mode();
    }
}

fn write_restoring(output: &mut impl Write) -> io::Result<()> {
    queue!(output, EndSynchronizedUpdate, DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen, Show)?;
    output.flush()
}

/// Installs a hook that restores the terminal before the panic message is printed. Otherwise, the
/// message would be lost on the alternate screen.
fn restore_on_panic(restore: fn()) {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        restore();
        previous(info);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_restores_the_terminal_before_it_prints_its_message() {
        static SEEN_TAKEN: AtomicBool = AtomicBool::new(true);
        let original = panic::take_hook();
        // The hook under test restores the terminal and then calls the previous hook, which prints
        // the message. The hook set here stands in for the previous one, and records whether the
        // terminal is still taken over at that point.
        panic::set_hook(Box::new(|_| SEEN_TAKEN.store(TAKEN.load(Ordering::SeqCst), Ordering::SeqCst)));
        // Do not use the real `restore`, which would write to the terminal in which the test runs.
        // That terminal was never taken over.
        restore_on_panic(|| TAKEN.store(false, Ordering::SeqCst));
        TAKEN.store(true, Ordering::SeqCst);
        let panicked = std::thread::spawn(|| panic!("on purpose")).join();
        panic::set_hook(original);
        assert!(panicked.is_err());
        assert!(!SEEN_TAKEN.load(Ordering::SeqCst));
    }

    #[test]
    fn every_mode_that_is_enabled_is_disabled_again() {
        let mut output = Vec::new();
        write_restoring(&mut output).unwrap();
        let output = String::from_utf8(output).unwrap();
        // xterm's private modes: bracketed paste, mouse, alternate screen, cursor.
        for mode in ["?2004l", "?1000l", "?1006l", "?1049l", "?25h"] {
            assert!(output.contains(mode), "{mode}: {output:?}");
        }
    }
}
