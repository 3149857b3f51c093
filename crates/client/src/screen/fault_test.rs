//! `/break`: breaks a rule on an open connection and judges how the server reacts.
//!
//! The part of the link that writes starts a fault test. The part that reads passes each event to
//! the judge. The verdict is final when no further event can change it, or when the time is up.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use laboratory::{
    Experiment, Judge, Role,
    judge::{CloseSeen, Heard},
};
use tokio::{
    select,
    sync::Notify,
    time::{Instant, sleep_until},
};
use websocket::{Error, Event, protocol::frame::MaskingKey};

use crate::ending::Cause;

/// A server that has carried on as if nothing had happened may still notice the fault. It gets this
/// fraction of the time limit: a quarter.
const GRACE_DIVISOR: u32 = 4;

/// Runs one fault test at a time.
#[derive(Debug, Default)]
pub(crate) struct FaultTester {
    current: Mutex<Option<FaultTest>>,
    changed: Notify,
}

#[derive(Debug)]
struct FaultTest {
    judge: Judge,
    time_limit: Duration,
    deadline: Instant,
}

/// The result of a fault test.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FaultReport {
    /// One sentence: the rule, the RFC's requirement, the server's reaction, and the verdict.
    pub(crate) sentence: String,
    /// Whether the server violated a MUST.
    pub(crate) breaks_a_must: bool,
}

impl FaultTester {
    fn lock(&self) -> MutexGuard<'_, Option<FaultTest>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a fault test, and abandons one that is still running. Returns the bytes that break
    /// the rule, or `None` for a rule of the handshake. The first frame has the masking key `key`,
    /// or else a random one.
    pub(crate) fn start(
        &self,
        rule: &'static Experiment,
        mut key: Option<MaskingKey>,
        time_limit: Duration,
    ) -> Option<Vec<u8>> {
        let mut keys = move || key.take().unwrap_or_else(|| MaskingKey(rand::random()));
        let (bytes, judge) = rule.on_connection(Role::Client, &mut keys)?;
        *self.lock() = Some(FaultTest { judge, time_limit, deadline: Instant::now() + time_limit });
        self.changed.notify_one();
        Some(bytes)
    }

    /// Passes what was received to the judge. Returns the report if the verdict is final.
    pub(crate) fn observe(&self, received: &Result<Event, Cause>) -> Option<FaultReport> {
        let mut current = self.lock();
        let test = current.as_mut()?;
        let heard = match received {
            Ok(Event::Message(message)) => Heard::Data(message.as_bytes().to_vec()),
            Ok(Event::Pong(payload)) => Heard::Pong(payload.to_vec()),
            Ok(Event::Close(frame)) => Heard::Close(frame.as_ref().map_or_else(CloseSeen::default, |frame| {
                CloseSeen { code: Some(frame.code().0), reason: frame.reason().to_owned() }
            })),
            Err(Cause::Failure(Error::Io(error))) if error.kind() == io::ErrorKind::ConnectionReset => Heard::Reset,
            Err(Cause::Failure(Error::Violation(violation))) => Heard::Garbage(violation.to_string()),
            Err(Cause::End | Cause::Failure(_)) => Heard::End,
            // A Ping is not a reaction to the fault. For silence, the test has its own deadline.
            Ok(Event::Ping(_)) | Err(Cause::Silence(_)) => return None,
        };
        test.judge.hear(&heard);
        if test.judge.is_settled() {
            return current.take().map(|test| test.report());
        }
        if test.judge.has_gone_on() {
            test.deadline = test.deadline.min(Instant::now() + test.time_limit / GRACE_DIVISOR);
            self.changed.notify_one();
        }
        None
    }

    /// Waits until the time of a fault test is up, and returns its report.
    ///
    /// # Cancel safety
    /// A dropped future has not ended the test.
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
                // Another test has started, or the deadline has moved: compute it again.
                () = self.changed.notified() => {}
                () = time_up => if let Some(test) = self.lock().take() {
                    return test.report();
                },
            }
        }
    }
}

impl FaultTest {
    fn report(&self) -> FaultReport {
        let outcome = self.judge.outcome();
        let rule = outcome.experiment();
        let sentence = format!(
            "{}: {} RFC 6455, section {}, requires {} ({}); seen: {}; verdict: {}",
            rule.name,
            rule.broken,
            rule.section,
            rule.asks,
            rule.demand,
            outcome.seen(),
            outcome.verdict()
        );
        FaultReport { sentence, breaks_a_must: outcome.breaks_a_must() }
    }
}
