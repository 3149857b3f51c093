//! The link between the screen and the server: takes commands and reports events.
//!
//! ```text
//!   screen ── LinkCommand ──▶ ┌──────┐ ──▶ engine ──▶ injector ──▶ tap ──▶ server
//!                             │ link │                              │
//!   screen ◀── LinkEvent ──── └──────┘ ◀─────────── Record ─────────┘
//! ```

pub(crate) mod event_queue;
mod masking_key;
mod session;
mod transmitter;

use cli::{Observer, Tracer};
use dissector::tap::Tapped;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc::UnboundedReceiver,
};
use websocket::{WebSocket, observer::choose_masking_keys, protocol::Role};

use self::{event_queue::LinkEventSender, masking_key::NextMaskingKey, transmitter::Transmitter};
use super::{
    fault_test::FaultTester,
    injector::{InjectableStream, Injector, injectable},
    link_command::{LinkCommand, NewConnection},
    link_event::LinkEvent,
};
use crate::{args::ClientArgs, opening, trace::start_capture};

/// Opens a connection, and another after each [`LinkCommand::Reconnect`]. Returns once the command
/// sender has been dropped.
pub(crate) async fn run(
    mut args: ClientArgs,
    tracer: Option<Tracer>,
    mut commands: UnboundedReceiver<LinkCommand>,
    events: LinkEventSender,
) {
    let next_key = NextMaskingKey::default();
    let (always_deflate, always_offered) = (args.deflate, args.subprotocols.clone());
    loop {
        events.send(LinkEvent::Connecting);
        let requested = match open(&args, tracer.as_ref(), &next_key, &events).await {
            Ok(OpenLink { connection, injector }) => {
                let extensions = connection.extensions().iter().map(ToString::to_string).collect();
                let subprotocol = connection.subprotocol().map(str::to_owned);
                let destination = opening::destination(&args, &connection).unwrap_or_else(|_| args.url.clone());
                events.send(LinkEvent::Connected { destination, subprotocol, extensions });
                let (mut read_half, write_half) = connection.into_split();
                let fault_tester = FaultTester::default();
                let transmitter = Transmitter {
                    args: &args,
                    write_half,
                    injector,
                    events: &events,
                    next_key: &next_key,
                    fault_tester: &fault_tester,
                };
                session::run(&mut read_half, transmitter, &mut commands, args.close_timeout).await
            }
            Err(sentence) => {
                events.send(LinkEvent::NotConnected(sentence));
                None
            }
        };
        let requested = match requested {
            Some(connection) => Some(connection),
            None => wait_for_reconnect(&mut commands, &events, &next_key).await,
        };
        let Some(NewConnection { url, deflate, subprotocol }) = requested else { return };
        args.url = url;
        args.deflate = always_deflate || deflate;
        args.subprotocols.clone_from(&always_offered);
        // The same subprotocol must not be offered twice.
        args.subprotocols.extend(subprotocol.filter(|name| !always_offered.contains(name)));
    }
}

/// Waits for a command to reconnect. Returns `None` if the command sender has been dropped.
async fn wait_for_reconnect(
    commands: &mut UnboundedReceiver<LinkCommand>,
    events: &LinkEventSender,
    next_key: &NextMaskingKey,
) -> Option<NewConnection> {
    loop {
        match commands.recv().await? {
            LinkCommand::Reconnect(connection) => return Some(connection),
            LinkCommand::Mask(key) => next_key.choose(key, events),
            _ => events.send(LinkEvent::Failed("not sent: the connection is CLOSED".to_owned())),
        }
    }
}

/// An open connection, with a handle for writing raw bytes to its stream.
struct OpenLink<S> {
    connection: WebSocket<InjectableStream<S>>,
    injector: Injector<S>,
}

/// Opens a connection that reports its records as events, and whose stream accepts raw bytes.
///
/// # Errors
/// Returns a sentence that explains why the connection did not open.
async fn open(
    args: &ClientArgs,
    tracer: Option<&Tracer>,
    next_key: &NextMaskingKey,
    events: &LinkEventSender,
) -> Result<OpenLink<impl AsyncRead + AsyncWrite + Unpin>, String> {
    let keys = next_key.clone();
    let connector = choose_masking_keys(opening::connector(args)?, move || keys.take());
    let mut injector = None;
    let connection = opening::connect(args, connector, |stream| {
        let records = events.clone();
        let observer = Observer::new(move |record| records.send(LinkEvent::Record(record)));
        let observer = match tracer {
            Some(tracer) => {
                let failures = events.clone();
                let report = move |sentence: &str| failures.send(LinkEvent::Failed(sentence.to_owned()));
                start_capture(tracer, observer, &stream, report)
            }
            None => observer,
        };
        let (stream, handle) = injectable(Tapped::new(stream, Role::Client, observer));
        injector = Some(handle);
        stream
    });
    let connection = connection.await?;
    Ok(OpenLink { connection, injector: injector.ok_or("the connection has no stream")? })
}
