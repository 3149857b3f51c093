//! `/break`: breaks a rule on an open connection and evaluates how the server reacts.
//!
//! The transmitter starts a fault test, and the session then passes each event to the test's
//! evaluator. The verdict is final when no further event can change it, or when the time limit has
//! passed.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use laboratory::{Evaluator, Fault, FaultTest, ObservedClose, Reaction, Role};
use tokio::{
    select,
    sync::Notify,
    time::{Instant, sleep_until},
};
use websocket::{Error, Event, protocol::frame::MaskingKey};

use crate::ending::Cause;

/// A server that has continued as if nothing had happened may still notice the fault, so the test
/// then waits a little longer: at most the time limit divided by this number.
const GRACE_DIVISOR: u32 = 4;

/// Runs one fault test at a time.
#[derive(Debug, Default)]
pub(crate) struct FaultTester {
    current: Mutex<Option<RunningTest>>,
    changed: Notify,
}

#[derive(Debug)]
struct RunningTest {
    evaluator: Evaluator,
    time_limit: Duration,
    deadline: Instant,
}

/// The result of a fault test.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FaultReport {
    /// One sentence that states the rule, the RFC's requirement, the server's reaction, and the
    /// verdict.
    pub(crate) sentence: String,
    /// Whether the server violated a MUST.
    pub(crate) breaks_a_must: bool,
}

impl FaultTester {
    fn lock(&self) -> MutexGuard<'_, Option<RunningTest>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a fault test, and abandons the previous test if it is still running. Returns the
    /// bytes that break the rule, or `None` if the rule belongs to the handshake. The first frame
    /// is masked with `key` or, if that is `None`, with a random key.
    pub(crate) fn start(
        &self,
        fault: &'static Fault,
        mut key: Option<MaskingKey>,
        time_limit: Duration,
    ) -> Option<Vec<u8>> {
        let mut keys = move || key.take().unwrap_or_else(|| MaskingKey(rand::random()));
        let FaultTest { bytes, evaluator } = FaultTest::on_connection(fault, Role::Client, &mut keys)?;
        *self.lock() = Some(RunningTest { evaluator, time_limit, deadline: Instant::now() + time_limit });
        self.changed.notify_one();
        Some(bytes)
    }

    /// Passes a received event, or the end of the connection, to the evaluator. Returns the report
    /// if this makes the verdict final.
    pub(crate) fn observe(&self, received: &Result<Event, Cause>) -> Option<FaultReport> {
        let mut current = self.lock();
        let test = current.as_mut()?;
        let reaction = match received {
            Ok(Event::Message(message)) => Reaction::Data(message.as_bytes().to_vec()),
            Ok(Event::Pong(payload)) => Reaction::Pong(payload.to_vec()),
            Ok(Event::Close(frame)) => Reaction::Close(frame.as_ref().map_or_else(ObservedClose::default, |frame| {
                ObservedClose { code: Some(frame.code().0), reason: frame.reason().to_owned() }
            })),
            Err(Cause::Failure(Error::Io(error))) if error.kind() == io::ErrorKind::ConnectionReset => Reaction::Reset,
            Err(Cause::Failure(Error::Violation(violation))) => Reaction::Garbage(violation.to_string()),
            Err(Cause::End | Cause::Failure(_)) => Reaction::Eof,
            // Ignore a Ping, because it is not a reaction to the fault. Also ignore an expired
            // closing time-out, because the test has its own deadline for a silent server.
            Ok(Event::Ping(_)) | Err(Cause::Silence(_)) => return None,
        };
        test.evaluator.record(&reaction);
        if test.evaluator.is_final() {
            return current.take().map(|test| test.report());
        }
        if test.evaluator.peer_has_continued() {
            test.deadline = test.deadline.min(Instant::now() + test.time_limit / GRACE_DIVISOR);
            self.changed.notify_one();
        }
        None
    }

    /// Waits until the time limit of the running fault test has passed, and returns the test's
    /// report.
    ///
    /// # Cancel safety
    /// If the future is dropped, the test continues.
    pub(crate) async fn expired(&self) -> FaultReport {
        loop {
            let deadline = self.lock().as_ref().map(|test| test.deadline);
            let time_up = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            select! {
                // Another test has started, or the deadline has moved. Continue the loop, which
                // reads the new deadline.
                () = self.changed.notified() => {}
                () = time_up => if let Some(test) = self.lock().take() {
                    return test.report();
                },
            }
        }
    }
}

impl RunningTest {
    fn report(&self) -> FaultReport {
        let evaluation = self.evaluator.evaluate();
        let fault = evaluation.fault();
        let sentence = format!(
            "{}: {} RFC 6455, section {}, requires {} ({}); seen: {}; verdict: {}",
            fault.name,
            fault.description,
            fault.section,
            fault.expected,
            fault.level,
            evaluation.observations(),
            evaluation.verdict()
        );
        FaultReport { sentence, breaks_a_must: evaluation.violates_must() }
    }
}
