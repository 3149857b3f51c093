//! Leaves the program when the user requests it.

use websocket::protocol::{CloseCode, State};

use crate::screen::{
    event::Effect,
    link_command::LinkCommand,
    model::{Model, transcript::Speaker},
};

/// Starts closing an open connection. Quits immediately if no connection is open, or if the user
/// has already asked to leave.
pub(super) fn stop(model: &mut Model) -> Vec<Effect> {
    if model.quitting || matches!(model.state, State::Connecting | State::Closed) {
        return vec![Effect::Quit];
    }
    model.quitting = true;
    model.transcript.add(Speaker::Notice, "closing; press Ctrl-C again to leave at once");
    vec![Effect::Link(LinkCommand::Close(CloseCode::NORMAL, String::new()))]
}

/// Quits once the connection has ended, if the user has asked to leave.
pub(super) fn quit_if_requested(model: &Model) -> Vec<Effect> {
    if model.quitting { vec![Effect::Quit] } else { Vec::new() }
}
