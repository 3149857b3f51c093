//! The actions that an input line can request.

use std::path::PathBuf;

use crate::screen::{lesson::progress::LessonCommand, link_command::LinkCommand};

/// The options of `/reconnect`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReconnectOptions {
    /// The server's address, or a path on the same server. `None` reconnects to the same address.
    pub(crate) address: Option<String>,
    /// Whether to offer compression.
    pub(crate) deflate: bool,
    /// A subprotocol to offer.
    pub(crate) subprotocol: Option<String>,
}

/// An action that an input line requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Pass this command to the connection.
    Link(LinkCommand),
    /// Close the connection and open a new one.
    Reconnect(ReconnectOptions),
    /// Write the recorded heads and frames to a file.
    Save(PathBuf),
    /// Show, hide or change the lesson.
    Lesson(LessonCommand),
    /// Show the help.
    Help,
}
