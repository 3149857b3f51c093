//! The peer's control frames: the limit on their number, and the Pongs that answer Pings (section
//! 5.5).

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::sender::Sender;
use crate::frame::Opcode;

/// The maximum number of queued Pongs. Once that many Pongs are queued, further Pings are not
/// answered until all these Pongs have been written. Then only the latest of those Pings is
/// answered.
///
/// Without a maximum, a peer that sends Pings but does not read could make the queue grow forever.
/// With this maximum, at most 64 Pongs are queued, of at most 131 bytes each, including a client's
/// masking key.
const MAX_QUEUED_PONGS: u32 = 64;

/// The state that a connection keeps for its peer's control frames. Created when the first control
/// frame arrives.
#[derive(Debug, Default)]
pub(super) struct ControlFrameState {
    /// The start of the current one-second window. `count` is the number of control frames in that
    /// window.
    window_start: Option<Instant>,
    count: u32,
    /// The number of Pongs in the current batch, which ends when all of them have been written, and
    /// the position in the send queue at which the last of them ends.
    queued_pongs: u32,
    queued_pongs_end: u64,
    /// The payload of the latest Ping that arrived while [`MAX_QUEUED_PONGS`] Pongs were queued.
    owed_pong: Option<Bytes>,
}

impl ControlFrameState {
    /// Counts one control frame. Returns the number of control frames in the current one-second
    /// window.
    pub(super) fn count_frame(&mut self, now: Instant) -> u32 {
        match self.window_start {
            // Within the window, count this frame. Otherwise, this frame starts a new window.
            Some(start) if now.saturating_duration_since(start) < Duration::from_secs(1) => self.count += 1,
            _ => (self.window_start, self.count) = (Some(now), 1),
        }
        self.count
    }

    /// Answers a Ping, or remembers it if too many Pongs are queued.
    pub(super) fn answer_ping(&mut self, payload: &[u8], sender: &mut Sender) {
        //= docs/src/rfc6455.md#section-5-5-2
        //# An endpoint SHOULD respond to a Ping as soon as practical.
        if self.queued_pongs < MAX_QUEUED_PONGS {
            //= docs/src/rfc6455.md#section-5-5-3
            //# A Pong that answers a Ping MUST carry exactly the application data of that Ping.
            sender.queue_frame(Opcode::Pong, true, payload);
            self.queued_pongs += 1;
            self.queued_pongs_end = sender.queue().end();
        } else {
            // Replace any Ping that was remembered earlier, because it is enough to answer the
            // latest one.
            //= docs/src/rfc6455.md#section-5-5-3
            //# An endpoint that receives another Ping before it has answered the earlier ones MAY
            //# answer only the latest.
            self.owed_pong = Some(Bytes::copy_from_slice(payload));
        }
    }

    /// Queues any Pong that is still owed to the peer, provided that all earlier Pongs have been
    /// written.
    pub(super) fn send_owed_pong(&mut self, sender: &mut Sender) {
        // Once all queued Pongs have been written, none of them takes up memory, so the count
        // restarts from 0.
        if sender.queue().has_sent(self.queued_pongs_end) {
            self.queued_pongs = 0;
            if let Some(payload) = self.owed_pong.take() {
                self.answer_ping(&payload, sender);
            }
        }
    }

    /// Drops any Pong that is still owed to the peer, because a Close is about to be queued.
    pub(super) fn forget_owed_pong(&mut self) {
        self.owed_pong = None;
    }
}
