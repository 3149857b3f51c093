//! Keeps an account of what one side has done so far, as an outside observer sees it. Checks each
//! frame that the side writes, and each event that its engine hands out, against this account.
//!
//! The account does not rely on what the engine reports about itself. It is computed from the
//! calls, the bytes on the wire and the events, so it can reveal that a report is wrong.

use std::collections::VecDeque;

use protocol::{CloseFrame, Endpoint, Role};
use testkit::frames::{RawFrame, first_byte};

use crate::{
    frames::{Completed, FrameReader},
    property::{Broken, Property},
};

/// What one side has done so far.
#[derive(Debug)]
pub struct Account {
    role: Role,
    /// The number of text messages that the application has sent in full, and the number of those
    /// that have been written in full.
    pub texts_sent: u8,
    texts_written: u8,
    /// Whether the application has sent the first half of another message, and whether that half
    /// has been written.
    pub half_sent: bool,
    half_written: bool,
    /// The number of text messages that the engine has handed out to the application.
    pub texts_received: u8,
    /// The payloads of the Pings that the engine has handed out but whose Pongs have not been
    /// written yet.
    owed_pongs: VecDeque<Vec<u8>>,
    /// The endpoint whose Close came first, if there was one.
    pub initiator: Option<Endpoint>,
    /// Whether the engine has handed out the peer's Close.
    pub close_received: bool,
    /// Whether a broken rule was reported.
    pub violation_reported: bool,
    /// Whether this side has abandoned the connection.
    pub abandoned: bool,
    /// Whether a Close was written.
    pub close_written: bool,
    /// Whether this side has broken a rule on purpose.
    pub broke_a_rule: bool,
    /// Whether one of this side's deadlines has passed.
    pub reached_a_deadline: bool,
    /// The number of frames received so far that complete an event, and the number of events that
    /// the engine has handed out.
    events_arrived: u8,
    events: u8,
    /// The frame that is being written.
    pub output: FrameReader,
    /// The frame that is arriving.
    pub input: FrameReader,
}

/// The number of bytes in the first half of a text.
pub const HALF: usize = 1;

/// Returns the text of message number `number` from `sender`.
#[must_use]
pub fn text(sender: Role, number: u8) -> String {
    let letter = match sender {
        Role::Client => 'c',
        Role::Server => 's',
    };
    format!("{letter}{number}")
}

impl Account {
    /// Creates the account of one side of a connection that has just been opened.
    #[must_use]
    pub fn new(role: Role) -> Self {
        Self {
            role,
            texts_sent: 0,
            texts_written: 0,
            half_sent: false,
            half_written: false,
            texts_received: 0,
            owed_pongs: VecDeque::new(),
            initiator: None,
            close_received: false,
            violation_reported: false,
            abandoned: false,
            close_written: false,
            broke_a_rule: false,
            reached_a_deadline: false,
            events_arrived: 0,
            events: 0,
            output: FrameReader::default(),
            input: FrameReader::default(),
        }
    }

    /// Records bytes that have arrived.
    pub fn on_input(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Completed::Frame(frame) = self.input.push(*byte) {
                self.events_arrived += u8::from(frame.first & first_byte::FIN != 0);
            }
        }
    }

    /// Records and checks bytes that the engine has written. `sent` is the body of the Close that
    /// the engine reports as sent.
    ///
    /// # Errors
    /// Fails if the bytes complete a frame that must not be sent.
    pub fn on_output(&mut self, bytes: &[u8], sent: Option<&CloseFrame>) -> Result<(), Broken> {
        for byte in bytes {
            if let Completed::Frame(frame) = self.output.push(*byte) {
                self.check_written(&frame, sent)?;
            }
        }
        Ok(())
    }

    fn check_written(&mut self, frame: &RawFrame, sent: Option<&CloseFrame>) -> Result<(), Broken> {
        let expected = |holds, found: &str| {
            Broken::unless(holds, Property::OnlyExpectedFrames, || format!("{found}: {frame:02x?}"))
        };
        expected(frame.masking_key.is_some() == (self.role == Role::Client), "a client masks, a server does not")?;
        let text = text(self.role, self.texts_written);
        let (first_half, second_half) = text.split_at(HALF);
        let mut check_text = |payload: &str, half_written: bool, complete: bool| {
            let holds = frame.payload == payload.as_bytes() && self.half_written == half_written;
            self.half_written = !complete;
            self.texts_written += u8::from(complete);
            let was_sent =
                self.texts_written + u8::from(self.half_written) <= self.texts_sent + u8::from(self.half_sent);
            expected(holds && was_sent, "not the text that was sent next")
        };
        match frame.first {
            first_byte::TEXT => check_text(&text, false, true)?,
            first_byte::FIRST_OF_TEXT => check_text(first_half, false, false)?,
            first_byte::LAST_CONTINUATION => check_text(second_half, true, true)?,
            first_byte::PING => {}
            first_byte::PONG => {
                let owed = self.owed_pongs.pop_front();
                return expected(owed.as_ref() == Some(&frame.payload), "a Pong that answers no Ping");
            }
            first_byte::CLOSE => {
                Broken::unless(!self.close_written, Property::OneClose, || "a second Close was written".to_owned())?;
                self.close_written = true;
                let mut body = Vec::new();
                if let Some(close) = sent {
                    body.extend(close.code().0.to_be_bytes());
                    body.extend(close.reason().as_bytes());
                }
                return Broken::unless(frame.payload == body, Property::AccountsAgree, || {
                    format!("the Close that was written is not the one that is reported as sent, {sent:?}")
                });
            }
            _ => expected(false, "an unknown frame")?,
        }
        Broken::unless(!self.close_written, Property::NothingAfterClose, || format!("after the Close: {frame:02x?}"))
    }

    /// Records that the engine has failed, abandoned or begun to close the connection.
    pub fn on_close_queued(&mut self) {
        self.initiator.get_or_insert(Endpoint::Local);
    }

    /// Records and checks a text message that the engine has handed out.
    ///
    /// # Errors
    /// Fails if this is not the next message that the peer sent.
    pub fn on_text(&mut self, received: &[u8], peer: &Self) -> Result<(), Broken> {
        self.events += 1;
        let expected = text(peer.role, self.texts_received);
        self.texts_received += 1;
        let holds = received == expected.as_bytes() && self.texts_received <= peer.texts_sent;
        Broken::unless(holds, Property::MessagesInOrder, || {
            format!("{:?} was handed out instead of {expected:?}", String::from_utf8_lossy(received))
        })
    }

    /// Records a Ping that the engine has handed out, and checks that its answer was queued.
    ///
    /// # Errors
    /// Fails if the queue did not grow by exactly the size of the answer.
    pub fn on_ping(&mut self, payload: Vec<u8>, newly_queued: usize) -> Result<(), Broken> {
        self.events += 1;
        let expected = self.header_len() + payload.len();
        self.owed_pongs.push_back(payload);
        Broken::unless(newly_queued == expected, Property::AnsweredIsQueued, || {
            format!("the queue grew by {newly_queued} bytes when a Ping was handed out, not by {expected}")
        })
    }

    /// Records a Pong that the engine has handed out.
    pub const fn on_pong(&mut self) {
        self.events += 1;
    }

    /// Records a Close that the engine has handed out. Checks that it came after all messages, and
    /// that the engine has queued exactly one answer, or none if this side had already begun to
    /// close.
    ///
    /// # Errors
    /// Fails if a message is missing, if a necessary answer was not queued, or if an answer was
    /// queued although none was due.
    pub fn on_close(&mut self, newly_queued: usize, peer: &Self) -> Result<(), Broken> {
        self.events += 1;
        self.close_received = true;
        let answers = self.initiator.is_none();
        self.initiator.get_or_insert(Endpoint::Remote);
        Broken::unless(self.texts_received == peer.texts_sent, Property::MessagesInOrder, || {
            format!("the Close was handed out after {} of {} messages", self.texts_received, peer.texts_sent)
        })?;
        // The answer has a code but no reason.
        let expected = if answers { self.header_len() + 2 } else { 0 };
        let property = if answers { Property::AnsweredIsQueued } else { Property::OneClose };
        Broken::unless(newly_queued == expected, property, || {
            format!("the queue grew by {newly_queued} bytes when the Close was handed out, not by {expected}")
        })
    }

    /// Returns `true` if input must be ignored: after a broken rule, after the peer's Close, or
    /// after this side has abandoned the connection.
    #[must_use]
    pub const fn ignores_input(&self) -> bool {
        self.violation_reported || self.close_received || self.abandoned
    }

    /// Checks that the engine has handed out all input, unless it had to ignore the input, and that
    /// all output was written, unless it was discarded. `discarded` is `true` if the engine has
    /// reported that it discarded output.
    ///
    /// # Errors
    /// Fails if something is missing.
    pub fn check_at_end(&self, timed_out: bool, discarded: bool) -> Result<(), Broken> {
        // After a time-out, the TCP connection is dropped, so any input that the engine has not
        // handed out is lost.
        let ignores_input = self.ignores_input() || timed_out;
        let (arrived, handed_out) = (self.events_arrived, self.events);
        Broken::unless(ignores_input || arrived == handed_out, Property::InputBeforeEnd, || {
            format!("{handed_out} of {arrived} events were handed out before the end")
        })?;
        let close_is_written = self.close_written == self.initiator.is_some();
        let texts_are_written = (self.texts_written, self.half_written) == (self.texts_sent, self.half_sent);
        let is_written = self.owed_pongs.is_empty() && texts_are_written && close_is_written;
        Broken::unless(discarded || is_written, Property::QueuedIsWritten, || {
            format!(
                "{} Pongs, {} of {} messages and the Close ({close_is_written}) were not written, and nothing was \
                 reported as discarded",
                self.owed_pongs.len(),
                self.texts_sent - self.texts_written,
                self.texts_sent
            )
        })
    }

    const fn header_len(&self) -> usize {
        match self.role {
            Role::Client => 6,
            Role::Server => 2,
        }
    }
}
