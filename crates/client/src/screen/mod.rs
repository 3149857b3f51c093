//! Full-screen mode: shows the transcript, the wire, and the fields of each frame while the
//! connection is in use.
//!
//! ```text
//!   keyboard ─▶ thread ─┐                         ┌─▶ draw(model) ─▶ terminal, 30 times a second
//!                       ├─▶ update(model, event) ─┤
//!   server ◀─▶ link ────┘                         └─▶ effects: commands, files, the end
//! ```
//!
//! | file | purpose |
//! |---|---|
//! | `model` | the state of the screen |
//! | `event`, `update` | the events, which change the model and cause effects, without I/O |
//! | `view`, `layout`, `text` | draw the model, without I/O |
//! | `command` | the commands of the input line |
//! | `link`, `link_command`, `link_event` | the connection: takes commands, reports events |
//! | `lesson` | small tasks that the user does on the connection |
//! | `frame_fields` | reads the fields of a frame in its record |
//! | `record_size` | the memory that a record takes, for the queue of events and the log of the wire |
//! | `injector` | writes raw bytes between frames, and slows down the engine's writes |
//! | `fault_test` | breaks a rule and evaluates how the server reacts |
//! | `terminal_events` | the keyboard, the mouse, and the terminal's signals |
//! | `tty` | takes over the terminal and restores it |
//!
//! The run loop handles the user's input first, then redraws the screen if a redraw is due, and
//! only then takes events from the link. A server that floods the client can therefore delay
//! keyboard input by at most one batch of events.

mod command;
mod event;
mod fault_test;
mod frame_fields;
mod injector;
mod layout;
pub(crate) mod lesson;
mod link;
mod link_command;
mod link_event;
mod model;
mod record_size;
mod terminal_events;
mod text;
mod tty;
mod update;
mod view;

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use cli::{Signal, Tracer, create_new_file, use_colours};
use tokio::{
    select,
    sync::mpsc,
    time::{Instant, sleep_until},
};

use self::{
    event::{Effect, ScreenEvent},
    lesson::progress::LessonCommand,
    link::event_queue::event_queue,
    model::Model,
    terminal_events::{HangupSignals, read_terminal, watch_size},
    tty::Tty,
    update::update,
};
use crate::{args::ClientArgs, opening, report::report, signals::TerminalSignals};

/// The minimum time between two redraws. The user could not follow more than 30 changes per second.
const FRAME_TIME: Duration = Duration::from_millis(33);

/// The maximum number of events that the run loop takes from the link before it handles the
/// keyboard again.
const BATCH: usize = 256;

/// Runs full-screen mode until the user leaves.
pub(crate) async fn run(args: &ClientArgs, signals: &mut TerminalSignals, tracer: Option<Tracer>) -> ExitCode {
    // Check the arguments before taking over the terminal. Otherwise, the message about an invalid
    // argument would be lost on the alternate screen.
    let uri = match opening::connector(args).and_then(|_| opening::uri(args)) {
        Ok(uri) => uri,
        Err(sentence) => {
            report(sentence);
            return ExitCode::FAILURE;
        }
    };
    let (stopped_by, model) = match Tty::take().and_then(|tty| Ok((tty, watch_size()?))) {
        Ok((mut tty, size)) => {
            let mut model = Model::new(&uri.to_string(), size, use_colours(&io::stdout()));
            if let Some(number) = args.lesson {
                model.command_lessons(LessonCommand::Jump(number - 1));
            }
            (run_loop(args, signals, tracer, &mut tty, &mut model).await, model)
        }
        Err(error) => {
            report(format_args!("cannot use the terminal: {error}; --plain works line by line"));
            return ExitCode::FAILURE;
        }
    };
    match (stopped_by, model.ended) {
        (Err(error), _) => {
            report(format_args!("stopped: {error}"));
            ExitCode::FAILURE
        }
        (Ok(_), Some((sentence, status))) => {
            report(sentence);
            status
        }
        (Ok(signal), None) => {
            report("stopped without waiting any longer");
            signal.exit_status().into()
        }
    }
}

/// Runs the loop until the user leaves. Returns a signal, which determines the program's exit
/// status unless the connection has ended by then.
async fn run_loop(
    args: &ClientArgs,
    signals: &mut TerminalSignals,
    tracer: Option<Tracer>,
    tty: &mut Tty,
    model: &mut Model,
) -> io::Result<Signal> {
    let (commands, command_receiver) = mpsc::unbounded_channel();
    let (event_sender, mut link_events) = event_queue();
    let mut link = tokio::spawn(link::run(args.clone(), tracer, command_receiver, event_sender));
    let mut terminal = read_terminal();
    let mut hangups = HangupSignals::listen()?;
    let mut received = Vec::with_capacity(BATCH);
    let mut stale = true;
    let mut next_frame = Instant::now();
    let mut stopped_by = Signal::Interrupt;
    loop {
        let mut events = Vec::new();
        select! {
            biased;
            event = terminal.recv() => match event {
                Some(event) => events.push(event?),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            },
            signal = signals.next() => {
                stopped_by = signal;
                // After Ctrl-C, `signals` may have written a line break to the terminal, so redraw
                // everything.
                tty.clear()?;
                events.push(ScreenEvent::Stop);
            }
            () = hangups.next() => return Ok(Signal::Terminate),
            () = sleep_until(next_frame), if stale => {
                tty.draw(model)?;
                stale = false;
                next_frame = Instant::now() + FRAME_TIME;
            }
            _ = link_events.recv_many(&mut received, BATCH) => events.extend(received.drain(..).map(ScreenEvent::Link)),
            // The link's task returns only after `commands` has been dropped. Because `commands`
            // still exists here, the task must have panicked.
            _ = &mut link => return Err(io::Error::other("the connection's task has failed")),
        }
        stale |= !events.is_empty();
        for event in events {
            for effect in update(model, event) {
                match effect {
                    Effect::Link(command) => {
                        let _ = commands.send(command);
                    }
                    Effect::Save(path, text) => {
                        update(model, ScreenEvent::Saved(save(&path, &text)));
                    }
                    Effect::Redraw => tty.clear()?,
                    Effect::Quit => return Ok(stopped_by),
                }
            }
        }
    }
}

/// Writes `text` to a new file. Returns a sentence for the user that reports success or failure.
fn save(path: &Path, text: &str) -> Result<String, String> {
    let written = create_new_file(path).and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => Ok(format!("saved to {}", path.display())),
        Err(error) => Err(format!("cannot save to {} ({error}); name a new file", path.display())),
    }
}
