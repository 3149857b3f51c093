//! The actions that an input line can request.

use std::path::PathBuf;

use crate::screen::link_command::LinkCommand;

/// An action that an input line requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Pass this command to the connection.
    Link(LinkCommand),
    /// Write the recorded heads and frames to a file.
    Save(PathBuf),
    /// Show the help.
    Help,
}
