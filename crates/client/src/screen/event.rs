//! The input and the output of `update`.

use std::path::PathBuf;

use crossterm::event::{KeyEvent, MouseEvent};

use super::{link_command::LinkCommand, link_event::LinkEvent};

/// Something that may change the screen.
#[derive(Debug)]
pub(crate) enum ScreenEvent {
    /// A key was pressed or released.
    Key(KeyEvent),
    /// The user moved the mouse, clicked or scrolled.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal now has this many columns and rows.
    Resize(u16, u16),
    /// A signal asks the program to stop.
    Stop,
    /// A file was written, or could not be written. Contains a sentence for the user in either
    /// case.
    Saved(Result<String, String>),
    /// Something happened on the connection.
    Link(LinkEvent),
}

/// An action that the run loop carries out. Only the run loop has access to the terminal, the
/// connection and the file system.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Pass this command to the connection.
    Link(LinkCommand),
    /// Write this text to a file.
    Save(PathBuf, String),
    /// Redraw everything, because another program has written to the terminal.
    Redraw,
    /// End the program.
    Quit,
}
