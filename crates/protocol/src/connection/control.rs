//! Control frames of the peer, and what each asks for (section 5.5).

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{Connection, Event};
use crate::{close::CloseFrame, frame::Opcode, violation::Violation};

//= docs/src/rfc6455.md#section-5-5-3
//# An endpoint that has not yet answered several Pings MAY answer only the latest.
/// Pongs that may wait in the output before the next one takes the place of those not yet there.
///
/// A peer that sends Pings and does not read would otherwise make the queue of answers grow for ever. So memory stays
/// at 64 frames of at most 131 bytes.
const MAX_PONGS_QUEUED: u32 = 64;

/// What is remembered about a peer that sends control frames.
#[derive(Debug, Default)]
pub(super) struct ControlFrames {
    /// When the present second began, and how many there were in it.
    second: Option<Instant>,
    count: u32,
    /// Pongs in the output, and where the last of them ends there.
    pongs_queued: u32,
    pongs_end: u64,
    /// The latest Ping's payload, when the output already holds [`MAX_PONGS_QUEUED`].
    pub(super) pong_owed: Option<Bytes>,
}

impl ControlFrames {
    /// Counts one more; gives how many there were in the present second.
    fn count(&mut self, now: Instant) -> u32 {
        match self.second {
            Some(began) if now.saturating_duration_since(began) < Duration::from_secs(1) => self.count += 1,
            _ => (self.second, self.count) = (Some(now), 1),
        }
        self.count
    }
}

impl Connection {
    /// Does what a control frame asks for. Its payload lies in the input at `range`.
    pub(super) fn control_frame(
        &mut self,
        opcode: Opcode,
        range: Range<usize>,
        now: Instant,
    ) -> Result<Event<'_>, Violation> {
        let control = self.control.get_or_insert_default();
        let limit = self.config.limits.max_control_frames_per_second;
        if control.count(now) > limit {
            return Err(self.fail(Violation::TooManyControlFrames { limit }, now));
        }
        //= docs/src/rfc6455.md#section-6-2
        //# An endpoint MUST treat a control frame as section 5.5 says.
        match opcode {
            //= docs/src/rfc6455.md#section-5-5-2
            //# An endpoint that receives a Ping MUST send a Pong in answer, unless it has already received a Close.
            Opcode::Ping => {
                let payload = &self.receiver.input[range];
                //= docs/src/rfc6455.md#section-5-5-2
                //# The Pong SHOULD be sent as soon as is practical.
                if control.pongs_queued < MAX_PONGS_QUEUED {
                    //= docs/src/rfc6455.md#section-5-5-3
                    //# A Pong that answers a Ping MUST carry exactly the application data of that Ping.
                    self.sender.frame(Opcode::Pong, true, payload);
                    control.pongs_queued += 1;
                    control.pongs_end = self.sender.output.end();
                } else {
                    control.pong_owed = Some(Bytes::copy_from_slice(payload));
                }
                Ok(Event::Ping(payload))
            }
            Opcode::Pong => {
                // Any Pong shows that the peer lives, asked for or not, late or not.
                if let Some(keep_alive) = &mut self.keep_alive {
                    keep_alive.peer_lives(now);
                }
                Ok(Event::Pong(&self.receiver.input[range]))
            }
            // The receiver passes on control frames only.
            _ => {
                let body = match CloseFrame::parse(&self.receiver.input[range]) {
                    Ok(body) => body,
                    Err(violation) => return Err(self.fail(violation, now)),
                };
                self.closing.close_received(body.clone());
                self.arm_close_timer(now);
                //= docs/src/rfc6455.md#section-5-5-1
                //# An endpoint that receives a Close and has not sent one MUST answer with one.
                //= docs/src/rfc6455.md#section-5-5-1
                //# The answer to a Close SHOULD be sent as soon as is practical.
                //
                // With the code that came, and without the reason: the peer knows its own words.
                let answer = body.as_ref().map(|frame| CloseFrame { code: frame.code, reason: String::new() });
                self.send_close(answer, now);
                Ok(Event::Close(body))
            }
        }
    }

    /// Queues the Pong that had to wait for those before it, once they have left.
    pub(super) fn send_owed_pong(&mut self) {
        let Some(control) = &mut self.control else { return };
        if self.sender.output.has_sent(control.pongs_end) {
            control.pongs_queued = 0;
            if let Some(payload) = control.pong_owed.take() {
                self.sender.frame(Opcode::Pong, true, &payload);
            }
        }
    }
}
