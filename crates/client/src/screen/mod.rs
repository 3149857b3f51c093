//! The full screen: the conversation, the wire, and each frame taken apart while it all goes on.
//!
//! ```text
//!   keyboard ─▶ thread ─┐                       ┌─▶ draw(model) ─▶ terminal, at most 30 times a second
//!                       ├─▶ update(event) ─▶ model
//!   server ◀─▶ link ────┘        └─▶ effects: orders to the link, files, the end
//! ```
//!
//! | file | what it does |
//! |---|---|
//! | `model` | what is shown and how it changes, without I/O |
//! | `command` | the commands of the input line |
//! | `layout` | what stands where |
//! | `view` | drawing, without I/O |
//! | `link` | the connection |
//! | `lane` | raw bytes and slow writing beneath the engine |
//! | `trial` | a rule that was broken, and the verdict |
//! | `tty` | taking the terminal, and giving it back |
//!
//! The loop below asks for input first, then whether it is time to draw, and only then what the server has sent: a server
//! that floods makes the picture change quickly, and nothing else.

mod command;
mod lane;
mod layout;
mod link;
mod model;
mod trial;
mod tty;
mod view;

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
    thread,
    time::Duration,
};

use cli::{Signal, Tracer, use_colours};
use ratatui::crossterm::{event, terminal};
use tokio::{
    select,
    sync::mpsc,
    time::{Instant, sleep_until},
};

use self::{
    model::{Effect, Event, Model},
    tty::Tty,
};
use crate::{args::Args, opening, say::say, signals::Signals};

/// From one picture to the next at least: 30 in a second are as many as anybody can follow.
const FRAME: Duration = Duration::from_millis(33);

/// Happenings that are taken at once, between two looks at the keyboard.
const BATCH: usize = 256;

/// Holds a conversation on the full screen, until its user leaves.
pub(crate) async fn run(args: &Args, signals: &mut Signals, tracer: Option<Tracer>) -> ExitCode {
    // Arguments that cannot be used are told on the ordinary screen.
    if let Err(sentence) = opening::connector(args, opening::NEVER) {
        say(sentence);
        return ExitCode::FAILURE;
    }
    let (outcome, model) = match Tty::take().and_then(|tty| Ok((tty, terminal::size()?))) {
        Ok((mut tty, size)) => {
            let mut model = Model::new(&args.url, size, use_colours(&io::stdout()));
            (hold(args, signals, tracer, &mut tty, &mut model).await, model)
        }
        Err(error) => {
            say(format_args!("cannot use the terminal: {error}; --plain works line by line"));
            return ExitCode::FAILURE;
        }
    };
    match (outcome, model.ended) {
        (Err(error), _) => {
            say(format_args!("stopped: {error}"));
            ExitCode::FAILURE
        }
        (Ok(_), Some((sentence, status))) => {
            say(sentence);
            status
        }
        (Ok(signal), None) => {
            say("stopped without waiting any longer");
            signal.exit_status().into()
        }
    }
}

/// The loop. Gives what ended it, if it was not the connection's end.
async fn hold(
    args: &Args,
    signals: &mut Signals,
    tracer: Option<Tracer>,
    tty: &mut Tty,
    model: &mut Model,
) -> io::Result<Signal> {
    let (orders, orders_in) = mpsc::unbounded_channel();
    let (outbox, mut inbox) = link::channel();
    let mut link = tokio::spawn(link::run(args.clone(), tracer, orders_in, outbox));
    let mut input = read_input();
    let mut others = OtherSignals::listen()?;
    let mut happenings = Vec::with_capacity(BATCH);
    let mut stale = true;
    let mut next_frame = Instant::now();
    let mut ended_by = Signal::Interrupt;
    loop {
        let mut events = Vec::new();
        select! {
            biased;
            event = input.recv() => match event {
                Some(event) => events.push(event?),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            },
            signal = signals.next() => {
                ended_by = signal;
                // The handler may have written on the screen.
                tty.clear()?;
                events.push(Event::Stop);
            }
            () = others.next() => return Ok(Signal::Terminate),
            () = sleep_until(next_frame), if stale => {
                tty.draw(model)?;
                stale = false;
                next_frame = Instant::now() + FRAME;
            }
            _ = inbox.take(&mut happenings, BATCH) => events.extend(happenings.drain(..).map(Event::Link)),
            // It goes on for as long as there are orders; otherwise it has panicked.
            _ = &mut link => return Err(io::Error::other("the connection's task has failed")),
        }
        stale |= !events.is_empty();
        for event in events {
            for effect in model.update(event) {
                match effect {
                    Effect::Order(order) => {
                        let _ = orders.send(order);
                    }
                    Effect::Save(path, text) => {
                        model.update(Event::Saved(save(&path, &text)));
                    }
                    Effect::Redraw => tty.clear()?,
                    Effect::Quit => return Ok(ended_by),
                }
            }
        }
    }
}

fn save(path: &Path, text: &str) -> Result<String, String> {
    // What is there already may be wanted.
    let written = std::fs::File::create_new(path).and_then(|mut file| file.write_all(text.as_bytes()));
    match written {
        Ok(()) => Ok(format!("saved to {}", path.display())),
        Err(error) => Err(format!("{} was not written: {error}; /save takes the path of a new file", path.display())),
    }
}

/// What comes from the terminal. A thread of its own waits for it, and may wait for ever: the process ends without it.
fn read_input() -> mpsc::UnboundedReceiver<io::Result<Event>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        loop {
            let event = match event::read() {
                Ok(event::Event::Key(key)) => Ok(Event::Key(key)),
                Ok(event::Event::Mouse(mouse)) => Ok(Event::Mouse(mouse)),
                Ok(event::Event::Paste(text)) => Ok(Event::Paste(text)),
                Ok(event::Event::Resize(columns, rows)) => Ok(Event::Resize(columns, rows)),
                Ok(event::Event::FocusGained | event::Event::FocusLost) => continue,
                Err(error) => Err(error),
            };
            let over = event.is_err();
            if sender.send(event).is_err() || over {
                return;
            }
        }
    });
    receiver
}

/// Signals that would end the program without giving the terminal back: SIGHUP and SIGQUIT.
#[cfg(unix)]
struct OtherSignals([tokio::signal::unix::Signal; 2]);

#[cfg(unix)]
impl OtherSignals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self([signal(SignalKind::hangup())?, signal(SignalKind::quit())?]))
    }

    /// Waits for one. Cancel-safe.
    async fn next(&mut self) {
        let [hangup, quit] = &mut self.0;
        select! {
            _ = hangup.recv() => {}
            _ = quit.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct OtherSignals;

#[cfg(not(unix))]
impl OtherSignals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) {
        std::future::pending().await
    }
}
