//! What came back, and whether it is what the RFC asks.
//!
//! ```text
//!   bytes ──feed──▶ ┌───────┐
//!                   │ Judge │ ──▶ Seen: the facts ──▶ Verdict
//!   Heard ──hear──▶ └───────┘
//! ```
//!
//! A judge only listens. It can be fed on a connection where other things are going on: a server's pushes are no answer
//! to anything, and are passed over.

mod listener;
mod seen;
mod verdict;

use self::listener::Listener;
pub use self::{
    seen::{CloseSeen, Ended, Seen},
    verdict::{Outcome, Verdict},
};
use crate::{
    experiment::{Asks, Experiment},
    wire::{HELLO, STILL_THERE},
};

/// Something that the other side said or did, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// A message, or a frame of one. Holds the payload, or its beginning.
    Data(Vec<u8>),
    /// A Pong with this payload.
    Pong(Vec<u8>),
    /// A Close.
    Close(CloseSeen),
    /// The head of an HTTP response: its status, and whether `Sec-WebSocket-Version` names 13.
    Response {
        /// The status.
        status: u16,
        /// Whether version 13 is named.
        names_version: bool,
    },
    /// Bytes that are neither HTTP nor frames. Holds what is wrong with them.
    Garbage(String),
    /// The other side has ended its direction of TCP.
    End,
    /// TCP was reset.
    Reset,
}

/// Listens to what follows a broken rule.
#[derive(Debug)]
pub struct Judge {
    experiment: &'static Experiment,
    /// The code of the Close that the experiment sent, if it sent one.
    close_sent: Option<Option<u16>>,
    listener: Listener,
    seen: Seen,
}

impl Judge {
    pub(crate) fn new(experiment: &'static Experiment, close_sent: Option<Option<u16>>) -> Self {
        let listener = match experiment.asks {
            Asks::Refuse(_) => Listener::to_response(),
            Asks::Fail(_) | Asks::AnswerClose | Asks::DropHandshake => Listener::to_frames(),
        };
        Self { experiment, close_sent, listener, seen: Seen::default() }
    }

    /// Takes bytes from the other side, however they were cut.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.listener.add(bytes);
        while let Some(heard) = self.listener.next() {
            self.hear(&heard);
        }
    }

    /// Takes what somebody else has understood already.
    pub fn hear(&mut self, heard: &Heard) {
        let seen = &mut self.seen;
        match heard {
            Heard::Data(payload) => {
                seen.echo |= payload == HELLO;
                seen.went_on_after_close |= seen.close.is_some();
            }
            Heard::Pong(payload) => {
                seen.pong |= payload == STILL_THERE;
                seen.went_on_after_close |= seen.close.is_some();
            }
            Heard::Close(close) => {
                seen.close.get_or_insert_with(|| close.clone());
            }
            &Heard::Response { status, names_version } => {
                seen.response.get_or_insert((status, names_version));
            }
            Heard::Garbage(what) => {
                seen.garbage.get_or_insert_with(|| what.clone());
            }
            Heard::End => {
                seen.ended.get_or_insert(Ended::InOrder);
            }
            Heard::Reset => {
                seen.ended.get_or_insert(Ended::Reset);
            }
        }
    }

    /// Whether nothing that may still come can change the verdict.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.seen.ended.is_some() || self.seen.response.is_some()
    }

    /// Whether the other side has gone on as if nothing had happened. It may still be about to notice: a program that
    /// checks a text when it is read answers the Ping behind it before that.
    #[must_use]
    pub fn has_gone_on(&self) -> bool {
        self.seen.pong || self.seen.echo || self.seen.went_on_after_close
    }

    /// The other side's Close, if one came.
    #[must_use]
    pub const fn close(&self) -> Option<&CloseSeen> {
        self.seen.close.as_ref()
    }

    /// Whether the experiment sent a Close itself: then none may follow.
    #[must_use]
    pub const fn has_sent_close(&self) -> bool {
        self.close_sent.is_some()
    }

    /// The verdict on what was seen up to now. Final once the judge [is settled](Self::is_settled), or nobody wants to
    /// wait any longer.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome::new(self.experiment, self.close_sent, self.seen.clone())
    }
}
