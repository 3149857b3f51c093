//! The actions that an input line can request.

use std::path::PathBuf;

use crate::screen::link_command::LinkCommand;

/// The meaning of an input line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Pass this command to the connection.
    Link(LinkCommand),
    /// Write the recorded heads and frames to a file.
    Save(PathBuf),
    /// Show the help.
    Help,
}
