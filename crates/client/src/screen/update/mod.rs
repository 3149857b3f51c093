//! Changes the model: `update(model, event)` returns the effects that the run loop carries out.
//! Like the model, `update` works without a terminal, a socket or a clock.

mod completion_list;
mod entry;
mod keys;
mod leaving;
mod mouse;
mod scrolling;

use std::process::ExitCode;

use websocket::protocol::State;

use super::{
    event::{Effect, ScreenEvent},
    link_event::LinkEvent,
    model::{Model, focus::Focus, transcript::Speaker},
};

/// Updates the model after an event, and returns the effects.
pub(crate) fn update(model: &mut Model, event: ScreenEvent) -> Vec<Effect> {
    match event {
        ScreenEvent::Key(key) => return keys::handle(model, key),
        ScreenEvent::Mouse(mouse) => mouse::handle(model, mouse),
        ScreenEvent::Paste(text) => {
            model.hint = None;
            model.next_completion = 0;
            model.focus = Focus::Input;
            // Terminals send each line ending of a paste as `\r`, like the Enter key. Convert each
            // to `\n`, which separates the lines of a message.
            model.editor.insert(&text.replace("\r\n", "\n").replace('\r', "\n"));
        }
        ScreenEvent::Resize(columns, rows) => {
            model.size = (columns, rows);
            scrolling::clamp(model);
        }
        ScreenEvent::Stop => return leaving::stop(model),
        ScreenEvent::Saved(Ok(sentence)) => model.transcript.add(Speaker::Notice, &sentence),
        ScreenEvent::Saved(Err(sentence)) => model.transcript.add(Speaker::Error, &sentence),
        ScreenEvent::Link(event) => return update_link(model, event),
    }
    Vec::new()
}

fn update_link(model: &mut Model, event: LinkEvent) -> Vec<Effect> {
    match event {
        LinkEvent::Connecting => {
            model.wire_log.reset();
            model.abandon_sending();
            model.state = State::Connecting;
            model.ended = None;
            (model.subprotocol, model.extensions) = (None, Vec::new());
            model.transcript.add(Speaker::Notice, &format!("connecting to {}", model.url));
        }
        LinkEvent::Connected { destination, subprotocol, extensions } => {
            model.state = State::Open;
            (model.subprotocol, model.extensions) = (subprotocol, extensions);
            // The user has already seen the URL, so show the destination only if the route or a
            // redirect makes it different.
            let to = if destination == model.url { String::new() } else { format!(" to {destination}") };
            let notice = format!("connected{to}: Enter sends what you type, /help lists the commands");
            model.transcript.add(Speaker::Notice, &notice);
        }
        LinkEvent::NotConnected(sentence) => {
            model.state = State::Closed;
            model.transcript.add(Speaker::Error, &format!("{sentence}; /reconnect tries again"));
            model.ended = Some((sentence, ExitCode::FAILURE));
            return leaving::quit_if_requested(model);
        }
        LinkEvent::Record(record) => model.add_record(record),
        LinkEvent::Sending(frames) => model.start_sending(frames),
        LinkEvent::Sent => model.end_sending(),
        LinkEvent::Message(message) => model.add_message(&message),
        LinkEvent::State(state) => model.state = state,
        LinkEvent::Ended(ending) => {
            model.state = State::Closed;
            model.transcript.add(Speaker::Notice, &format!("{ending}; /reconnect opens a new connection"));
            model.ended = Some((ending.to_string(), ending.status()));
            return leaving::quit_if_requested(model);
        }
        LinkEvent::Failed(sentence) => model.transcript.add(Speaker::Error, &sentence),
        LinkEvent::Done(sentence) => model.transcript.add(Speaker::Notice, &sentence),
    }
    Vec::new()
}

#[cfg(test)]
mod tests;
