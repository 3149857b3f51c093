//! One side of the connection: a real engine, its clock, and the actions of its driver and its
//! application.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Buf;
use protocol::{
    CloseCode, CloseFrame, CloseInfo, Config, Connection, Endpoint, Event, MessageKind, Role, State, Transmit,
    Violation,
};
use testkit::masking::{ZERO_KEY, repeated_key};

use crate::{
    account::{Account, HALF, text},
    action::Amount,
    property::{Broken, Property},
    wire::OneWay,
};

/// One side of the connection.
#[derive(Debug)]
pub struct Side {
    role: Role,
    connection: Connection,
    /// The time that the peer has for each of its steps in closing.
    close_timeout: Duration,
    /// The clock of this side. Each side has its own, so that the search tries every relation
    /// between the two clocks. For example, a deadline may pass long before or long after the other
    /// side's deadline.
    now: Instant,
    /// Whether all input was processed.
    drained: bool,
    /// Whether the driver knows that nothing more can be read.
    read_ended: bool,
    /// Whether a write has failed.
    write_failed: bool,
    /// Whether a deadline has passed but `handle_timeout` has not yet handled it, and how many
    /// calls of `handle_timeout` in a row have left a deadline in the past.
    due: bool,
    left_due: u8,
    half_closed: bool,
    disconnected: bool,
    /// What this side has done so far.
    pub account: Account,
}

/// The visible consequence of a step.
#[derive(Debug)]
pub enum Happened {
    /// Nothing that is visible.
    Nothing,
    /// These bytes were put on the wire.
    Written(Vec<u8>),
    /// These bytes were read.
    Read(Vec<u8>),
    /// Something else, in words.
    Other(String),
}

/// Inspection.
impl Side {
    /// Creates one side of an open connection.
    #[must_use]
    pub fn new(role: Role, config: Arc<Config>, now: Instant) -> Self {
        let close_timeout = config.close_timeout;
        let connection = match role {
            Role::Client => Connection::client(config, repeated_key(ZERO_KEY), now),
            Role::Server => Connection::server(config, now),
        };
        Self {
            role,
            connection,
            close_timeout,
            now,
            drained: true,
            read_ended: false,
            write_failed: false,
            due: false,
            left_due: 0,
            half_closed: false,
            disconnected: false,
            account: Account::new(role),
        }
    }

    /// Returns a printable value that contains everything on which this side's later behaviour and
    /// the later checks depend.
    pub fn inspect(&self) -> impl std::fmt::Debug {
        // Do not use `..` here, so that a new field cannot be forgotten.
        let Self {
            role: _,
            connection,
            close_timeout: _,
            now,
            drained,
            read_ended,
            write_failed,
            due,
            left_due,
            half_closed,
            disconnected,
            account,
        } = self;
        let flags = (drained, read_ended, write_failed, due, left_due, half_closed, disconnected);
        (connection.inspect(), now, flags, account)
    }

    /// Returns `true` if the application can send and close.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.connection.state() == State::Open && !self.disconnected
    }

    /// Returns whether the TCP connection was dropped.
    #[must_use]
    pub const fn is_disconnected(&self) -> bool {
        self.disconnected
    }

    /// Returns whether this side still writes.
    #[must_use]
    pub const fn writes(&self) -> bool {
        !self.half_closed && !self.disconnected
    }

    /// Returns `true` if the driver can read. A driver may continue to read before it has polled
    /// all events.
    #[must_use]
    pub const fn reads(&self) -> bool {
        !self.read_ended && !self.disconnected
    }

    /// Returns `true` if the driver would poll for an event now.
    #[must_use]
    pub const fn polls(&self) -> bool {
        !self.drained && !self.disconnected
    }

    /// Returns whether `handle_timeout` is due.
    #[must_use]
    pub const fn is_due(&self) -> bool {
        self.due && !self.disconnected
    }

    /// Returns whether bytes are queued.
    #[must_use]
    pub fn has_queued(&self) -> bool {
        self.connection.queued_bytes() > 0
    }

    /// Returns whether a deadline lies ahead.
    #[must_use]
    pub fn has_deadline_ahead(&self) -> bool {
        self.connection.poll_timeout().is_some_and(|deadline| deadline > self.now)
    }

    /// Returns the clock of this side.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Returns `true` if this side has learned that the connection is ending. From then on, the
    /// side must disconnect soon.
    #[must_use]
    pub fn must_end(&self) -> bool {
        self.connection.state() != State::Open || self.read_ended || self.write_failed
    }

    /// Returns the engine's own account.
    #[must_use]
    pub fn close_info(&self) -> CloseInfo {
        self.connection.close_info()
    }
}

/// The application's calls.
impl Side {
    /// Sends the next text message.
    pub fn send_text(&mut self) -> Happened {
        let text = text(self.role, self.account.texts_sent);
        self.connection.send_text(&text).expect("the connection is open");
        self.account.texts_sent += 1;
        Happened::Nothing
    }

    /// Sends the first half of the next text message or, on the next call, its second half.
    pub fn send_fragment(&mut self) -> Happened {
        let text = text(self.role, self.account.texts_sent);
        let (first, second) = text.split_at(HALF);
        let last = self.account.half_sent;
        let half = if last { second } else { first };
        self.connection.send_fragment(MessageKind::Text, half.as_bytes(), last).expect("the connection is open");
        self.account.half_sent = !last;
        self.account.texts_sent += u8::from(last);
        Happened::Nothing
    }

    /// Sends a Ping.
    pub fn send_ping(&mut self) -> Happened {
        self.connection.ping(b"p").expect("the connection is open");
        Happened::Nothing
    }

    /// Starts the closing handshake. The two sides give different codes and reasons, so that no
    /// report can be correct by chance.
    pub fn close(&mut self) -> Happened {
        let (code, reason) = match self.role {
            Role::Client => (CloseCode::NORMAL, "bye"),
            Role::Server => (CloseCode::GOING_AWAY, "restart"),
        };
        let frame = CloseFrame::new(code, reason).expect("a valid Close");
        self.connection.close(Some(frame), self.now).expect("a code that may be sent");
        self.account.on_close_queued();
        Happened::Nothing
    }
}

/// The driver's calls.
impl Side {
    /// Does what `poll_transmit` asks for next. If `inside` is `true`, a write may end in the
    /// middle of a frame.
    ///
    /// # Errors
    /// Fails if the step breaks a property.
    pub fn transmit(&mut self, amount: Amount, inside: bool, out: &mut OneWay) -> Result<Happened, Broken> {
        match self.connection.poll_transmit() {
            None => Ok(Happened::Nothing),
            Some(Transmit::Bytes(queue)) => {
                let cut = match amount {
                    Amount::All => queue.remaining(),
                    Amount::ToNextCut => self.account.output.next_cut(queue.chunk().iter().copied(), inside),
                    Amount::Nothing => return Ok(Happened::Nothing),
                };
                let bytes = queue.copy_to_bytes(cut).to_vec();
                Broken::unless(!self.half_closed, Property::NothingAfterClose, || {
                    "bytes were written after the end of the stream".to_owned()
                })?;
                out.write(&bytes);
                self.account.on_output(&bytes, self.connection.close_info().sent.as_ref())?;
                Ok(Happened::Written(bytes))
            }
            Some(Transmit::HalfClose) => {
                self.check_turn(!self.half_closed)?;
                self.half_closed = true;
                out.end();
                Ok(Happened::Other("ends its direction of TCP".to_owned()))
            }
            Some(Transmit::Disconnect) => {
                self.check_turn(true)?;
                self.disconnected = true;
                out.end();
                self.check_disconnected()?;
                Ok(Happened::Other(format!("drops the TCP connection; its account: {}", self.close_info())))
            }
        }
    }

    /// Checks that this side may now end the TCP connection or its own direction, and that it has
    /// not already done so (`is_first`). A server may do so after both Close frames. Either side
    /// may do so after a broken rule, a time-out or the end of the peer's stream, after abandoning
    /// the connection, or, if a write has failed, once the peer's Close has arrived.
    fn check_turn(&self, is_first: bool) -> Result<(), Broken> {
        let Account { close_received, violation_reported, abandoned, close_written, .. } = self.account;
        let both_closed = close_received && (close_written || self.write_failed);
        let in_turn = violation_reported
            || abandoned
            || self.read_ended
            || self.connection.close_info().timed_out
            || (both_closed && (self.role == Role::Server || self.write_failed));
        Broken::unless(is_first && in_turn, Property::ServerEndsTcpFirst, || {
            format!("the {} ends the TCP connection although it is not its turn", name(self.role))
        })
    }

    fn check_disconnected(&mut self) -> Result<(), Broken> {
        let info = self.close_info();
        self.account.check_at_end(info.timed_out, self.connection.has_discarded_output())?;
        let was_clean = self.account.close_received && self.account.close_written;
        Broken::unless(info.was_clean == was_clean, Property::AccountsAgree, || {
            let (received, written) = (self.account.close_received, self.account.close_written);
            format!(
                "the {} reports was_clean: {}, but its Close was written: {written}, and the peer's arrived: {received}",
                name(self.role),
                info.was_clean
            )
        })?;
        let is_over = self.connection.state() == State::Closed
            && self.connection.poll_timeout().is_none()
            && self.connection.queued_bytes() == 0
            && self.connection.poll_transmit().is_none()
            && self.connection.poll_event(self.now).is_ok_and(|event| event.is_none());
        Broken::unless(is_over, Property::NothingAfterTheEnd, || format!("the {} goes on", name(self.role)))
    }

    /// Tries to write, and fails.
    pub fn fail_write(&mut self) -> Happened {
        self.write_failed = true;
        self.connection.handle_write_error(self.now);
        Happened::Other("tries to write, and fails".to_owned())
    }

    /// Reads bytes in flight.
    pub fn read(&mut self, amount: Amount, inside: bool, incoming: &mut OneWay) -> Happened {
        let count = match amount {
            Amount::All => incoming.bytes.len(),
            Amount::ToNextCut => self.account.input.next_cut(incoming.bytes.iter().copied(), inside),
            Amount::Nothing => 0,
        };
        let bytes: Vec<u8> = incoming.bytes.drain(..count).collect();
        self.connection.receive(&bytes);
        self.account.on_input(&bytes);
        self.drained = false;
        Happened::Read(bytes)
    }

    /// Reads the end of the stream.
    pub fn read_end(&mut self) -> Happened {
        self.connection.receive_eof();
        (self.read_ended, self.drained) = (true, false);
        Happened::Nothing
    }

    /// Tries to read, and fails.
    pub fn fail_read(&mut self) -> Happened {
        self.connection.handle_read_error();
        (self.read_ended, self.drained) = (true, false);
        Happened::Nothing
    }

    /// Abandons the connection. The two sides give different reasons, as in [`close`](Self::close).
    ///
    /// # Errors
    /// Fails if the peer does not get the full time-out for its next step.
    pub fn abandon(&mut self) -> Result<Happened, Broken> {
        let reason = match self.role {
            Role::Client => "no memory",
            Role::Server => "no room",
        };
        let frame = CloseFrame::new(CloseCode::TRY_AGAIN_LATER, reason).expect("a valid Close");
        self.connection.abandon(Some(frame), self.now);
        self.account.on_close_queued();
        self.account.abandoned = true;
        self.check_time_left(self.close_timeout)?;
        Ok(Happened::Nothing)
    }

    /// Polls for one event.
    ///
    /// # Errors
    /// Fails if the engine must not hand out the event now.
    pub fn poll(&mut self, peer: &Account) -> Result<Happened, Broken> {
        let queued = self.connection.queued_bytes();
        let ignores_input = self.account.ignores_input();
        let polled = self.connection.poll_event(self.now).map(|event| event.map(HandedOut::from));
        let newly_queued = self.connection.queued_bytes() - queued;
        // A Pong that arrives after the interval makes the next Ping due at once.
        self.due |= self.connection.poll_timeout() == Some(self.now);
        Broken::unless(!ignores_input || matches!(polled, Ok(None)), Property::InputIgnored, || {
            format!("the {} goes on processing input", name(self.role))
        })?;
        Ok(Happened::Other(match polled {
            Ok(None) => {
                self.drained = true;
                return Ok(Happened::Nothing);
            }
            Ok(Some(HandedOut::Message(payload))) => {
                self.account.on_text(&payload, peer)?;
                format!("is handed the message {:?}", String::from_utf8_lossy(&payload))
            }
            Ok(Some(HandedOut::Ping(payload))) => {
                self.account.on_ping(payload, newly_queued)?;
                "is handed a Ping".to_owned()
            }
            Ok(Some(HandedOut::Pong)) => {
                self.account.on_pong();
                "is handed a Pong".to_owned()
            }
            Ok(Some(HandedOut::Close(frame))) => {
                self.account.on_close(newly_queued, peer)?;
                self.check_time_left(self.close_timeout)?;
                format!("is handed the Close {}", frame.map(|frame| frame.to_string()).unwrap_or_default())
            }
            Err(violation) => self.on_violation(&violation, peer.broke_a_rule)?,
        }))
    }

    /// Advances the clock to the next deadline, without handling the deadline yet.
    pub fn reach_deadline(&mut self) -> Happened {
        if let Some(deadline) = self.connection.poll_timeout() {
            self.now = self.now.max(deadline);
            self.due = true;
            self.account.reached_a_deadline = true;
        }
        Happened::Nothing
    }

    /// Handles the deadline that has passed.
    ///
    /// # Errors
    /// Fails if the engine wrongly reports that its peer broke a rule, if it then gives the peer
    /// too little or too much time, or if the next deadline is still not in the future after two
    /// calls in a row.
    pub fn wake(&mut self) -> Result<Happened, Broken> {
        let happened = match self.connection.handle_timeout(self.now) {
            Ok(()) => Happened::Nothing,
            // A slow peer that breaks no other rule can cause only these two violations, so a
            // report of any other violation here is a mistake.
            Err(violation) => {
                let is_slow = matches!(violation, Violation::PongOverdue | Violation::MessageTooSlow { .. });
                Happened::Other(self.on_violation(&violation, is_slow)?)
            }
        };
        self.due = self.connection.poll_timeout().is_some_and(|deadline| deadline <= self.now);
        self.left_due = if self.due { self.left_due + 1 } else { 0 };
        Broken::unless(self.left_due < 2, Property::DeadlineInTheFuture, || {
            format!("the {} reports a deadline that has passed, again", name(self.role))
        })?;
        Ok(happened)
    }

    fn on_violation(&mut self, violation: &Violation, is_justified: bool) -> Result<String, Broken> {
        let processes_input = !self.account.ignores_input();
        self.account.violation_reported = true;
        self.account.on_close_queued();
        Broken::unless(is_justified && processes_input, Property::NoFalseAccusation, || violation.to_string())?;
        // A peer that has not answered a Ping is presumed dead, and gets no more time.
        let is_dead = matches!(violation, Violation::PongOverdue);
        self.check_time_left(if is_dead { Duration::ZERO } else { self.close_timeout })?;
        Ok(format!("fails the connection: {violation}"))
    }

    /// Checks how much time the peer has left for its next step in closing. Call this only when the
    /// input is ignored, because otherwise an earlier deadline may be running for a message.
    fn check_time_left(&self, expected: Duration) -> Result<(), Broken> {
        let deadline = self.connection.poll_timeout();
        Broken::unless(deadline == Some(self.now + expected), Property::WholeTimeout, || {
            let left = deadline.map_or("unlimited time".to_owned(), |deadline| {
                format!("{:?}", deadline.saturating_duration_since(self.now))
            });
            format!("the {} gives its peer {left} for its next step, not {expected:?}", name(self.role))
        })
    }

    /// Checks the properties of a state.
    ///
    /// # Errors
    /// Fails if one of the properties does not hold.
    pub fn check(&self, peer: &Self) -> Result<(), Broken> {
        let deadline = self.connection.poll_timeout();
        let in_the_future = self.due || deadline.is_none_or(|deadline| deadline > self.now);
        Broken::unless(in_the_future, Property::DeadlineInTheFuture, || {
            format!("the {} reports a deadline that has passed", name(self.role))
        })?;
        let info = self.close_info();
        Broken::unless(info.initiator == self.account.initiator, Property::AccountsAgree, || {
            let words = |initiator| match initiator {
                None => "nobody",
                Some(Endpoint::Local) => "itself",
                Some(Endpoint::Remote) => "the peer",
            };
            let (found, expected) = (words(info.initiator), words(self.account.initiator));
            format!("the {} reports that {found} began to close, but it was {expected}", name(self.role))
        })?;
        // Check the report of a time-out, because some other checks excuse a side that has timed
        // out.
        let may_have_timed_out = self.account.reached_a_deadline;
        Broken::unless(may_have_timed_out || !info.timed_out, Property::AccountsAgree, || {
            format!("the {} reports a time-out, but none of its deadlines has passed", name(self.role))
        })?;
        if self.account.close_received {
            let sent = peer.close_info().sent;
            let sent = sent.as_ref().map(|frame| (frame.code(), frame.reason()));
            Broken::unless(sent == Some((info.code, &info.reason[..])), Property::AccountsAgree, || {
                let (role, code) = (name(self.role), info.code);
                format!("the {role} reports the code {code}, but the peer has sent {sent:?}")
            })?;
        }
        Ok(())
    }
}

/// An event that has been copied.
enum HandedOut {
    Message(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<CloseFrame>),
}

impl From<Event<'_>> for HandedOut {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Message(message) => Self::Message(message.as_bytes().to_vec()),
            Event::Ping(payload) => Self::Ping(payload.to_vec()),
            Event::Pong(_) => Self::Pong,
            Event::Close(frame) => Self::Close(frame),
        }
    }
}

/// Returns the name of a role.
#[must_use]
pub const fn name(role: Role) -> &'static str {
    match role {
        Role::Client => "client",
        Role::Server => "server",
    }
}
