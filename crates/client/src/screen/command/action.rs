//! The actions that an input line can request.

use std::path::PathBuf;

use crate::screen::link_command::LinkCommand;

/// An action that an input line requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Pass this command to the connection.
    Link(LinkCommand),
    /// Close the connection and open a new one.
    Reconnect {
        /// The server's address or a path on the same server, or `None` for the same address.
        address: Option<String>,
        /// Whether to offer compression.
        deflate: bool,
    },
    /// Write the recorded heads and frames to a file.
    Save(PathBuf),
    /// Show the help.
    Help,
}
