//! An open connection: lines go out, messages come in, until it is closed.
//!
//! Four things can happen at any time, and none may keep the others waiting: a line is typed, a message arrives, a
//! signal comes, the reader of our output leaves. So the connection is split, one future sends, one receives, and a loop
//! waits for whatever comes first. `select!` drops the futures that lost; what they await is all cancel-safe, and so a
//! dropped one has taken nothing with it.
//!
//! ```text
//!          end of input, signal, output gone: we send a Close
//!          ┌──────────────────────────────────────────────────┐
//!        OPEN                                                 ▼            the end of TCP, or
//!          │                                               CLOSING ──────────────────────────▶ over
//!          └──────────────────────────────────────────────────▲            silence for too long
//!          the server sends one, or breaks a rule
//! ```

use std::{
    cell::Cell,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};

use cli::{Signal, code_and_reason};
use futures_util::SinkExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    select,
    sync::Notify,
    time::{Instant, Sleep, sleep},
};
use tracing::debug;
use websocket::{
    Error, Event, ReadHalf, WebSocket, WriteHalf,
    protocol::{CloseCode, Message, State},
};

use crate::{
    ending::{Cause, Ending},
    input::Input,
    output::{Output, summary},
    say::say,
    signals::Signals,
};

/// Holds the conversation to its end. `patience` is how long the server may be silent once the connection is closing.
///
/// # Errors
/// The signal, when a second one came and there is no waiting any more.
pub(crate) async fn hold<S: AsyncRead + AsyncWrite + Unpin>(
    connection: WebSocket<S>,
    input: &mut Input,
    output: Output,
    signals: &mut Signals,
    patience: Duration,
) -> Result<Ending, Signal> {
    let (mut reader, mut writer) = connection.split();
    let stop = Notify::new();
    let lines_lost = Cell::new(false);
    let mut sending = pin!(send(&mut writer, input, &stop, &lines_lost));
    let mut sent = false;
    // Set by the first signal: from then on there is a last moment, whatever the server still sends.
    let mut stopping = false;
    let mut last_moment = pin!(sleep(patience));

    let cause = loop {
        let stop_wanted = select! {
            heard = hear(&mut reader, &output, patience) => match heard {
                Some(cause) => break cause,
                None => false,
            },
            () = &mut sending, if !sent => {
                sent = true;
                false
            }
            signal = signals.next() => {
                if stopping || reader.state() != State::Open {
                    return Err(signal);
                }
                true
            }
            () = output.gone(), if !stopping => true,
            () = &mut last_moment, if stopping => break Cause::Silence(patience),
        };
        if stop_wanted {
            stopping = true;
            last_moment.as_mut().reset(Instant::now() + patience);
            stop.notify_one();
        }
    };

    // The same time once more for whoever reads our output; without a signal, all the time in the world.
    last_moment.as_mut().reset(Instant::now() + patience);
    let printed = select! {
        printed = output.finish() => printed,
        signal = signals.next() => return Err(signal),
        () = &mut last_moment, if stopping => Err(io::Error::other("nobody takes it")),
    };
    if let Err(error) = &printed {
        say(format_args!("cannot write to standard output: {error}"));
    }
    Ok(Ending { close_info: reader.close_info(), cause, complete: printed.is_ok() && !lines_lost.get() })
}

/// Sends lines until the input ends or `stop` is notified, then a Close.
async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    writer: &mut WriteHalf<S>,
    input: &mut Input,
    stop: &Notify,
    lines_lost: &Cell<bool>,
) {
    let sent = select! {
        () = stop.notified() => Ok(()),
        sent = send_lines(writer, input, lines_lost) => sent,
    };
    // What went wrong with the connection is told to the half that reads.
    if sent.is_ok() {
        debug!("closing with 1000");
        let _ = writer.close(CloseCode::NORMAL, "").await;
    }
}

/// Sends what the input has, as fast as the server takes it and no faster.
async fn send_lines<S: AsyncRead + AsyncWrite + Unpin>(
    writer: &mut WriteHalf<S>,
    input: &mut Input,
    lines_lost: &Cell<bool>,
) -> Result<(), Error> {
    let mut lines = Vec::new();
    loop {
        input.next(&mut lines).await;
        if lines.is_empty() {
            return Ok(());
        }
        for line in lines.drain(..) {
            match line {
                // `feed` waits for room in the queue, where `send` would wait until the line is written: lines that are
                // here together leave together.
                Ok(line) => writer.feed(Message::text(line)).await?,
                Err(flaw) => {
                    lines_lost.set(true);
                    say(flaw);
                }
            }
        }
        writer.flush().await?;
    }
}

/// Receives the next message and passes it on. Gives the cause when there will be none.
async fn hear<S: AsyncRead + AsyncWrite + Unpin>(
    reader: &mut ReadHalf<S>,
    output: &Output,
    patience: Duration,
) -> Option<Cause> {
    // First a place for the message, then the message: so there is never one in our hands for which there is no place.
    // Without output, messages are read all the same, because the server's Close comes behind them.
    let room = output.room().await;
    let mut silence = None;
    loop {
        match next_event(reader, &mut silence, patience).await {
            Heard::Event(Event::Message(message)) => {
                if let Some(room) = room {
                    room.send(message);
                }
                return None;
            }
            Heard::Event(Event::Ping(payload)) => debug!("received Ping, {}; answered", summary(&payload)),
            Heard::Event(Event::Pong(payload)) => debug!("received Pong, {}", summary(&payload)),
            Heard::Event(Event::Close(None)) => debug!("received Close without a code"),
            Heard::Event(Event::Close(Some(frame))) => {
                debug!("received Close {}", code_and_reason(frame.code, &frame.reason));
            }
            Heard::End => return Some(Cause::End),
            Heard::Failure(error) => return Some(Cause::Failure(error)),
            Heard::Silence => return Some(Cause::Silence(patience)),
        }
    }
}

/// What came next.
pub(crate) enum Heard {
    Event(Event),
    End,
    Failure(Error),
    Silence,
}

/// The next event, or `Silence` when the connection is closing and the timer has run out.
///
/// The library has a deadline of its own, which counts from the Close. But behind a long input there may be more answers
/// than arrive in that time, and each of them shows that the server is at work. So this timer starts anew for each
/// message, and the library's is set so far away that it never comes (see `opening`).
pub(crate) async fn next_event<S: AsyncRead + AsyncWrite + Unpin>(
    reader: &mut ReadHalf<S>,
    timer: &mut Option<Pin<Box<Sleep>>>,
    patience: Duration,
) -> Heard {
    poll_fn(|cx| {
        // A new future for each poll is as good as one for all: it is cancel-safe. And between polls the state can be
        // looked at, which changes when we send a Close, when the server does, or when it breaks a rule.
        match pin!(reader.next_event()).poll(cx) {
            Poll::Ready(Some(Ok(event))) => return Poll::Ready(Heard::Event(event)),
            Poll::Ready(Some(Err(error))) => return Poll::Ready(Heard::Failure(error)),
            Poll::Ready(None) => return Poll::Ready(Heard::End),
            Poll::Pending => {}
        }
        if reader.state() == State::Open {
            return Poll::Pending;
        }
        let timer = timer.get_or_insert_with(|| Box::pin(sleep(patience)));
        timer.as_mut().poll(cx).map(|()| Heard::Silence)
    })
    .await
}
