//! Runs an open connection: sends lines and prints messages until the connection is closed.
//!
//! Four things can happen at any time, and none may delay the others: the user types a line, a
//! message arrives, a signal arrives, or the reader of our output goes away. So the connection is
//! split: one future sends, another receives, and a loop waits for whatever happens first. The
//! sending future lives as long as the loop. The receiving future is created anew in each round,
//! and `select!` drops it if something else happens first. No message is lost then, because that
//! future awaits only cancel-safe operations.
//!
//! ```text
//!    end of input, signal, output closed: we send a Close
//!    ┌────────────────────────────────────────────────────┐
//!  OPEN                                                   ▼     end of TCP, or
//!    │                                                 CLOSING ────────────────────▶ over
//!    └────────────────────────────────────────────────────▲     silence for too long
//!    the server sends a Close, or breaks a rule
//! ```

use std::{cell::Cell, io, pin::pin, time::Duration};

use cli::{Signal, code_and_reason};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    select,
    sync::Notify,
    time::{Instant, sleep},
};
use tracing::debug;
use websocket::{
    Error, Event, ReadHalf, WebSocket, WriteHalf,
    protocol::{CloseCode, State},
};

use crate::{
    byte_summary::byte_summary,
    ending::{Cause, Ending},
    input::InputLines,
    printer::Printer,
    receive::next_event,
    report::report,
    signals::TerminalSignals,
};

/// Two flags that record whether every input line was sent. They are stored outside the future that
/// updates them, so that they are still there if that future is dropped.
#[derive(Debug, Default)]
struct LineAccount {
    /// Whether at least one line could not be sent, for example because it was too long. The user
    /// has been told about each of these lines.
    rejected: Cell<bool>,
    /// Whether any of the lines that were taken out of the queue have not been written yet.
    unwritten: Cell<bool>,
}

/// Runs the conversation until the connection is closed. `close_timeout` is how long the server may
/// be silent while the connection is closing. After a signal, or once the output is closed, it also
/// limits the closing handshake as a whole.
///
/// # Errors
/// Returns a signal that arrives when the connection is already closing or closed. Such a signal
/// stops the client at once, whereas the first signal on an open connection only starts the closing
/// handshake.
pub(crate) async fn run<S: AsyncRead + AsyncWrite + Unpin>(
    connection: WebSocket<S>,
    input: &mut InputLines,
    printer: Printer,
    signals: &mut TerminalSignals,
    close_timeout: Duration,
) -> Result<Ending, Signal> {
    let (mut read_half, mut write_half) = connection.into_split();
    let stop = Notify::new();
    let lines = LineAccount::default();
    let mut sending = pin!(send(&mut write_half, input, &stop, &lines));
    let mut sent = false;
    // The first signal or a closed output sets `stopping`. From then on, `deadline` applies, so
    // that a server that keeps sending cannot keep the client running.
    let mut stopping = false;
    let mut deadline = pin!(sleep(close_timeout));

    let cause = loop {
        let must_stop = select! {
            received = receive(&mut read_half, &printer, close_timeout) => match received {
                Ok(()) => false,
                Err(cause) => break cause,
            },
            () = &mut sending, if !sent => {
                sent = true;
                false
            }
            signal = signals.next() => {
                if stopping || read_half.state() != State::Open {
                    return Err(signal);
                }
                true
            }
            () = printer.closed(), if !stopping => true,
            () = &mut deadline, if stopping => break Cause::Silence(close_timeout),
        };
        if must_stop {
            stopping = true;
            deadline.as_mut().reset(Instant::now() + close_timeout);
            stop.notify_one();
        }
    };

    // If the user stopped the client, there is no need to report that the rest of the input was not
    // sent.
    let is_cut_short = lines.unwritten.get() && !stopping;
    if is_cut_short {
        report("the connection was closed before all lines of the input were sent");
    }
    let printed = print_the_rest(printer, signals, stopping.then_some(close_timeout)).await?;
    let complete = printed && !is_cut_short && !lines.rejected.get();
    Ok(Ending { close_info: read_half.close_info(), cause, complete })
}

/// Sends lines until the input ends or `stop` is notified, then sends a Close.
async fn send<S: AsyncRead + AsyncWrite + Unpin>(
    write_half: &mut WriteHalf<S>,
    input: &mut InputLines,
    stop: &Notify,
    account: &LineAccount,
) {
    let sent = select! {
        () = stop.notified() => Ok(()),
        sent = send_lines(write_half, input, account) => sent,
    };
    // If sending failed, the connection has failed or is already closing. The read half reports
    // how the connection ends, so the error can be dropped here.
    if sent.is_ok() {
        debug!("closing with 1000");
        let _ = write_half.start_close(CloseCode::NORMAL, "").await;
    }
}

/// Sends the lines of the input. When the server does not accept more data, waits until it does.
async fn send_lines<S: AsyncRead + AsyncWrite + Unpin>(
    write_half: &mut WriteHalf<S>,
    input: &mut InputLines,
    account: &LineAccount,
) -> Result<(), Error> {
    let mut lines = Vec::new();
    loop {
        input.next(&mut lines).await;
        if lines.is_empty() {
            return Ok(());
        }
        account.unwritten.set(true);
        for line in lines.drain(..) {
            match line {
                // `feed` waits only for room in the queue, so lines that arrived together are
                // written together. `send` would wait until each line is written.
                Ok(line) => write_half.feed(line).await?,
                Err(error) => {
                    account.rejected.set(true);
                    report(error);
                }
            }
        }
        write_half.flush().await?;
        account.unwritten.set(false);
    }
}

/// Receives the next message and passes it to the printer.
///
/// # Errors
/// Returns the reason why no further message will arrive.
async fn receive<S: AsyncRead + AsyncWrite + Unpin>(
    read_half: &mut ReadHalf<S>,
    printer: &Printer,
    close_timeout: Duration,
) -> Result<(), Cause> {
    // Wait for room in the printer's queue before reading, so that every message that is read can
    // be passed on at once. If the output is closed, the printer drops the messages, but the client
    // keeps reading, because the server's Close arrives after them.
    printer.has_room().await;
    let mut timer = None;
    loop {
        match next_event(read_half, &mut timer, close_timeout).await? {
            Event::Message(message) => {
                printer.print(message);
                return Ok(());
            }
            Event::Ping(payload) => debug!("received Ping, {}; answered", byte_summary(&payload)),
            Event::Pong(payload) => debug!("received Pong, {}", byte_summary(&payload)),
            Event::Close(None) => debug!("received Close without a code"),
            Event::Close(Some(frame)) => debug!("received Close {}", code_and_reason(frame.code(), frame.reason())),
        }
    }
}

/// Waits until every received message is printed, and returns whether that succeeded. `time_limit`
/// is the maximum time to wait for the program that reads our output. With `None`, there is no
/// limit.
///
/// # Errors
/// Returns a signal if one arrives during the wait.
async fn print_the_rest(
    printer: Printer,
    signals: &mut TerminalSignals,
    time_limit: Option<Duration>,
) -> Result<bool, Signal> {
    let expired = async {
        match time_limit {
            Some(limit) => sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let printed = select! {
        printed = printer.finish() => printed,
        signal = signals.next() => return Err(signal),
        () = expired => Err(io::Error::other("nobody reads it")),
    };
    if let Err(error) = &printed {
        report(format_args!("cannot write to standard output: {error}"));
    }
    Ok(printed.is_ok())
}
