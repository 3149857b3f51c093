//! `/break`: a rule that was broken on this connection, and the judge who listens to what follows.
//!
//! The half of the link that writes begins a trial; the half that reads tells the judge what it hears. There is a verdict
//! when nothing that may still come can change it, or when the time is up.

use std::{
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use laboratory::{
    Experiment, Judge, Role,
    judge::{self, CloseSeen},
};
use tokio::{
    select,
    sync::Notify,
    time::{Instant, sleep_until},
};
use websocket::{Error, Event, protocol::frame::MaskingKey};

use crate::conversation::Heard;

/// Somebody who has gone on as if nothing had happened gets this part of the patience to notice after all.
const SECOND_THOUGHTS: u32 = 4;

/// The trial that is on, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Trials {
    present: Mutex<Option<Trial>>,
    changed: Notify,
}

#[derive(Debug)]
struct Trial {
    judge: Judge,
    patience: Duration,
    deadline: Instant,
}

/// What came of a trial.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    pub(crate) text: String,
    /// Whether the server did what it must not.
    pub(crate) against_a_must: bool,
}

impl Trials {
    fn lock(&self) -> MutexGuard<'_, Option<Trial>> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a trial, in place of the one that may be on. Gives the bytes that break the rule; `key` is the masking key of
    /// the first frame if one was chosen. `None` for a rule of the handshake.
    pub(crate) fn begin(
        &self,
        rule: &'static Experiment,
        mut key: Option<MaskingKey>,
        patience: Duration,
    ) -> Option<Vec<u8>> {
        let mut keys = move || key.take().unwrap_or_else(|| MaskingKey(rand::random()));
        let (bytes, judge) = rule.on_connection(Role::Client, &mut keys)?;
        *self.lock() = Some(Trial { judge, patience, deadline: Instant::now() + patience });
        self.changed.notify_one();
        Some(bytes)
    }

    /// Tells the judge what was heard. Gives the verdict if that settles it.
    pub(crate) fn hear(&self, heard: &Heard) -> Option<Sentence> {
        let mut present = self.lock();
        let trial = present.as_mut()?;
        let said = match heard {
            Heard::Event(Event::Message(message)) => judge::Heard::Data(message.as_bytes().to_vec()),
            Heard::Event(Event::Pong(payload)) => judge::Heard::Pong(payload.to_vec()),
            Heard::Event(Event::Close(frame)) => {
                judge::Heard::Close(frame.as_ref().map_or_else(CloseSeen::default, |frame| CloseSeen {
                    code: Some(frame.code.0),
                    reason: frame.reason.clone(),
                }))
            }
            Heard::Failure(Error::Io(error)) if error.kind() == io::ErrorKind::ConnectionReset => judge::Heard::Reset,
            Heard::Failure(Error::Violation(violation)) => judge::Heard::Garbage(violation.to_string()),
            Heard::End | Heard::Failure(_) => judge::Heard::End,
            // A Ping says nothing, and silence says it by itself.
            Heard::Event(_) | Heard::Silence => return None,
        };
        trial.judge.hear(&said);
        if trial.judge.is_settled() {
            return present.take().map(|trial| trial.sentence());
        }
        if trial.judge.has_gone_on() {
            trial.deadline = trial.deadline.min(Instant::now() + trial.patience / SECOND_THOUGHTS);
            self.changed.notify_one();
        }
        None
    }

    /// Waits until a trial's time is up, and gives the verdict. Cancel-safe.
    pub(crate) async fn expired(&self) -> Sentence {
        loop {
            let deadline = self.lock().as_ref().map(|trial| trial.deadline);
            let time_up = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            select! {
                () = self.changed.notified() => {}
                () = time_up => if let Some(trial) = self.lock().take() {
                    return trial.sentence();
                },
            }
        }
    }
}

impl Trial {
    fn sentence(&self) -> Sentence {
        let outcome = self.judge.outcome();
        let rule = outcome.experiment();
        let text = format!(
            "{}: {} RFC 6455, section {}, asks for {} ({}); seen: {}; verdict: {}",
            rule.name,
            rule.broken,
            rule.section,
            rule.asks,
            rule.demand,
            outcome.seen(),
            outcome.verdict()
        );
        Sentence { text, against_a_must: outcome.breaks_a_must() }
    }
}
