//! The terminal: taken for the full screen, and given back on every way out.
//!
//! A program that ends with the terminal in raw mode leaves behind a shell in which nothing can be seen that is typed. So
//! the terminal is restored when the guard is dropped, and by a hook when the program panics; signals end the program in
//! the ordinary way, through the guard.

use std::{
    io::{self, BufWriter, Stdout, Write},
    panic,
    sync::atomic::{AtomicBool, Ordering},
};

use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::Show,
        event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture},
        queue,
        terminal::{
            BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
            LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
        },
    },
};

use super::{model::Model, view};

/// A screen is some ten thousand bytes with its colours; it should leave in one write.
const BUFFER: usize = 64 << 10;

/// Whether the terminal is ours.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Standard output, for as long as the terminal is ours. What a buffer still held when it was given back would only disturb
/// those who have it now.
struct Screen(Stdout);

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if TAKEN.load(Ordering::SeqCst) { self.0.write(bytes) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The terminal, for as long as this lives.
pub(crate) struct Tty(Terminal<CrosstermBackend<BufWriter<Screen>>>);

impl Tty {
    /// Takes the terminal.
    ///
    /// # Errors
    /// It cannot be done: what seems to be a terminal may be none.
    pub(crate) fn take() -> io::Result<Self> {
        restore_on_panic(restore);
        TAKEN.store(true, Ordering::SeqCst);
        let taken = enable_raw_mode().and_then(|()| {
            let mut output = BufWriter::with_capacity(BUFFER, Screen(io::stdout()));
            queue!(output, EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste)?;
            output.flush()?;
            Terminal::new(CrosstermBackend::new(output))
        });
        taken.map(Self).inspect_err(|_| restore())
    }

    /// Draws what the model has to show. Where the terminal knows how, it shows all of it at once.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(crate) fn draw(&mut self, model: &Model) -> io::Result<()> {
        queue!(self.0.backend_mut(), BeginSynchronizedUpdate)?;
        self.0.draw(|frame| view::draw(model, frame))?;
        queue!(self.0.backend_mut(), EndSynchronizedUpdate)?;
        self.0.backend_mut().flush()
    }

    /// Forgets what the terminal shows: something else has written on it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(crate) fn clear(&mut self) -> io::Result<()> {
        // The library's own way asks the terminal where its cursor is, and the answer would come to the thread that reads
        // the keyboard.
        queue!(self.0.backend_mut(), Clear(ClearType::All))?;
        // The buffer of what was shown is emptied.
        self.0.swap_buffers();
        Ok(())
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        restore();
    }
}

/// Gives the terminal back, once.
fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // There is nobody to tell if this fails.
        let _ = write_restoring(&mut io::stdout());
        let _ = disable_raw_mode();
    }
}

fn write_restoring(output: &mut impl Write) -> io::Result<()> {
    queue!(output, EndSynchronizedUpdate, DisableBracketedPaste, DisableMouseCapture, LeaveAlternateScreen, Show)?;
    output.flush()
}

/// First the terminal, then the message: on the alternate screen it would be lost.
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
    fn a_panic_gives_the_terminal_back_before_it_tells_anything() {
        static SEEN_TAKEN: AtomicBool = AtomicBool::new(true);
        let original = panic::take_hook();
        // The hook that ours calls: what it sees is what a reader of the message would.
        panic::set_hook(Box::new(|_| SEEN_TAKEN.store(TAKEN.load(Ordering::SeqCst), Ordering::SeqCst)));
        // This test's terminal, if it has one, was never taken.
        restore_on_panic(|| TAKEN.store(false, Ordering::SeqCst));
        TAKEN.store(true, Ordering::SeqCst);
        let panicked = std::thread::spawn(|| panic!("on purpose")).join();
        panic::set_hook(original);
        assert!(panicked.is_err());
        assert!(!SEEN_TAKEN.load(Ordering::SeqCst));
    }

    #[test]
    fn everything_that_was_switched_on_is_switched_off() {
        let mut output = Vec::new();
        write_restoring(&mut output).unwrap();
        let output = String::from_utf8(output).unwrap();
        // Bracketed paste, mouse, alternate screen, cursor: xterm's private modes.
        for mode in ["?2004l", "?1000l", "?1006l", "?1049l", "?25h"] {
            assert!(output.contains(mode), "{mode}: {output:?}");
        }
    }
}
