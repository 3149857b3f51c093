//! Runs one open connection: carries out commands and reports events until the connection is
//! closed.

use std::{pin::pin, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    select,
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep},
};
use websocket::{Event, ReadHalf, protocol::State};

use super::transmitter::Transmitter;
use crate::{
    ending::{Cause, Ending},
    receive::next_event,
    screen::{
        fault_test::FaultReport,
        injector::InjectableStream,
        link_command::{LinkCommand, NewConnection},
        link_event::LinkEvent,
    },
};

/// The time limit for closing the old connection before opening a new one.
const RECONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs the session until the connection has ended. Returns the connection to open next, if the
/// user requested one.
pub(super) async fn run<S>(
    read_half: &mut ReadHalf<InjectableStream<S>>,
    mut transmitter: Transmitter<'_, S>,
    commands: &mut UnboundedReceiver<LinkCommand>,
    close_timeout: Duration,
) -> Option<NewConnection>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (events, fault_tester) = (transmitter.events, transmitter.fault_tester);
    let mut state = State::Open;
    let mut timer = None;
    let mut requested = None;
    let mut commands_over = false;
    let mut reconnect_deadline = pin!(sleep(RECONNECT_TIMEOUT));
    let cause = {
        let mut transmitting = pin!(transmitter.run(commands));
        loop {
            // While the queue of events is full, the link does not read from the server, so that
            // memory use stays bounded.
            let receive = async {
                events.has_room().await;
                next_event(read_half, &mut timer, close_timeout).await
            };
            select! {
                received = receive => {
                    if let Some(report) = fault_tester.observe(&received) {
                        events.send(fault_event(report));
                    }
                    match received {
                        Ok(Event::Message(message)) => {
                            events.send(LinkEvent::Message(message));
                            timer = None;
                        }
                        // The other events are control frames. Their records have already been
                        // reported, so there is nothing to do.
                        Ok(_) => {}
                        Err(cause) => break cause,
                    }
                }
                report = fault_tester.expired() => events.send(fault_event(report)),
                connection = &mut transmitting, if !commands_over => {
                    commands_over = true;
                    requested = connection;
                    reconnect_deadline.as_mut().reset(Instant::now() + RECONNECT_TIMEOUT);
                }
                () = &mut reconnect_deadline, if requested.is_some() => break Cause::Silence(RECONNECT_TIMEOUT),
            }
            if read_half.state() != state {
                state = read_half.state();
                events.send(LinkEvent::State(state));
            }
        }
    };
    events.send(LinkEvent::Ended(Ending { close_info: read_half.close_info(), cause, complete: true }));
    requested
}

/// Returns the event that reports the result of a fault test. If the server violated a MUST, the
/// result is shown as an error.
fn fault_event(report: FaultReport) -> LinkEvent {
    if report.breaks_a_must { LinkEvent::Failed(report.sentence) } else { LinkEvent::Done(report.sentence) }
}
