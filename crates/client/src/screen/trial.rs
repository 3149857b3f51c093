//! `/break`: a rule that was broken on this connection, and the judge who listens to what follows.
//!
//! The half of the link that writes begins a trial; the half that reads tells the judge what it hears. There is a verdict
//! when nothing that may still come can change it, or when the time is up.

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
    evaluator: Evaluator,
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
        rule: &'static Fault,
        mut key: Option<MaskingKey>,
        patience: Duration,
    ) -> Option<Vec<u8>> {
        let mut keys = move || key.take().unwrap_or_else(|| MaskingKey(rand::random()));
        let FaultTest { bytes, evaluator } = FaultTest::on_connection(rule, Role::Client, &mut keys)?;
        *self.lock() = Some(Trial { evaluator, patience, deadline: Instant::now() + patience });
        self.changed.notify_one();
        Some(bytes)
    }

    /// Tells the judge what was heard. Gives the verdict if that settles it.
    pub(crate) fn hear(&self, heard: &Heard) -> Option<Sentence> {
        let mut present = self.lock();
        let trial = present.as_mut()?;
        let said = match heard {
            Heard::Event(Event::Message(message)) => Reaction::Data(message.as_bytes().to_vec()),
            Heard::Event(Event::Pong(payload)) => Reaction::Pong(payload.to_vec()),
            Heard::Event(Event::Close(frame)) => {
                Reaction::Close(frame.as_ref().map_or_else(ObservedClose::default, |frame| ObservedClose {
                    code: Some(frame.code.0),
                    reason: frame.reason.clone(),
                }))
            }
            Heard::Failure(Error::Io(error)) if error.kind() == io::ErrorKind::ConnectionReset => Reaction::Reset,
            Heard::Failure(Error::Violation(violation)) => Reaction::Garbage(violation.to_string()),
            Heard::End | Heard::Failure(_) => Reaction::Eof,
            // A Ping says nothing, and silence says it by itself.
            Heard::Event(_) | Heard::Silence => return None,
        };
        trial.evaluator.record(&said);
        if trial.evaluator.is_final() {
            return present.take().map(|trial| trial.sentence());
        }
        if trial.evaluator.peer_has_continued() {
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
        let evaluation = self.evaluator.evaluate();
        let rule = evaluation.fault();
        let text = format!(
            "{}: {} RFC 6455, section {}, asks for {} ({}); seen: {}; verdict: {}",
            rule.name,
            rule.description,
            rule.section,
            rule.expected,
            rule.level,
            evaluation.observations(),
            evaluation.verdict()
        );
        Sentence { text, against_a_must: evaluation.violates_must() }
    }
}
