//! Takes over the terminal for the full screen, and restores it however the program ends.
//!
//! If the program ended with the terminal in raw mode, the shell would no longer show what the user
//! types. So the terminal is restored when the guard is dropped, and by a hook when the program
//! panics. Signals end the program in the usual way, which drops the guard.

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

/// In bytes. A screen with its colours takes about ten thousand, and should leave in one write.
const BUFFER: usize = 64 << 10;

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Standard output while the terminal is ours. Afterwards it discards the rest of the buffer, which
/// would only disturb the shell.
struct GuardedStdout(Stdout);

impl Write for GuardedStdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if TAKEN.load(Ordering::SeqCst) { self.0.write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The guard. The terminal is ours until it is dropped.
pub(crate) struct Tty(Terminal<CrosstermBackend<BufWriter<GuardedStdout>>>);

impl Tty {
    /// Takes over the terminal.
    ///
    /// # Errors
    /// Returns the error of a device that looks like a terminal but does not behave like one.
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

    /// Draws the model. A terminal that supports synchronized updates shows the whole picture at
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

    /// Clears the terminal, because another program has written to it. The next `draw` draws
    /// everything.
    ///
    /// # Errors
    /// Returns an error if the terminal is gone.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        // ratatui's own `clear` asks the terminal for the position of its cursor. The thread that
        // reads the keyboard would receive the answer.
        queue!(self.0.backend_mut(), Clear(ClearType::All))?;
        // Empties the buffer with which ratatui compares the next picture.
        self.0.swap_buffers();
        Ok(())
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        restore();
    }
}

/// Restores the terminal, once.
fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // If this fails, nobody is left to tell.
        let _ = write_restoring(&mut io::stdout());
        let _ = disable_raw_mode();
    }
}

fn write_restoring(output: &mut impl Write) -> io::Result<()> {
    queue!(output, EndSynchronizedUpdate, DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen, Show)?;
    output.flush()
}

/// Installs a hook that restores the terminal before the panic's message is printed. On the
/// alternate screen, the message would be lost.
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
        // Our hook calls this one, in place of the hook that prints the message.
        panic::set_hook(Box::new(|_| SEEN_TAKEN.store(TAKEN.load(Ordering::SeqCst), Ordering::SeqCst)));
        // The real `restore` would write to this test's own terminal, which was never taken over.
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
