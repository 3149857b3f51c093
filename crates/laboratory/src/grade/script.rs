//! A conversation that the judge holds with a peer: what it sends, and what it expects in return.
//!
//! A script is data: a function in the tables of checks builds it, the tests compare its bytes with
//! the intended ones, and [`perform`](super::perform) plays it. The same function builds the script
//! for servers and for clients: the judge's role decides whether the frames are masked.

use std::time::Duration;

use protocol::{
    Role,
    frame::{MaskingKey, MaskingKeys, Opcode},
};

use crate::{frame_builder::FrameBuilder, head_editor::HeadEditor};

/// The pause between two pieces of a frame. It is long enough for a program on the same machine to
/// read the first piece before the second one arrives.
pub(crate) const PIECE_PAUSE: Duration = Duration::from_millis(50);

/// The pause between two single bytes.
pub(crate) const BYTE_PAUSE: Duration = Duration::from_millis(5);

/// One step of a script.
#[derive(Debug)]
pub(crate) enum Act {
    /// Send a valid request in this many pieces, after `edit` has changed it.
    Request {
        edit: fn(&mut HeadEditor),
        pieces: usize,
    },
    /// Expect a response that opens the connection.
    Accepted,
    /// Expect a response with one of these statuses.
    Rejected {
        statuses: &'static [u16],
    },
    /// Send these bytes in one write.
    Write(Vec<u8>),
    Pause(Duration),
    /// Expect a message in one frame.
    Message {
        label: &'static str,
        opcode: Opcode,
        payload: Vec<u8>,
    },
    /// Expect a Pong.
    Pong {
        label: &'static str,
        payload: Vec<u8>,
    },
    /// Expect a Close with one of these codes. `None` is a Close without a code.
    Close {
        label: &'static str,
        codes: &'static [Option<u16>],
    },
    /// Expect the peer to end the TCP connection within this time, without resetting it.
    End(Duration),
    /// Expect the TCP connection to stay open for this long.
    StaysOpen(Duration),
    /// Ignore all frames from the peer, now and later.
    IgnoreFrames,
    /// End the judge's direction of the TCP connection.
    HalfClose,
    /// Leave this connection as it is, and open another one, which the server must accept.
    Another {
        label: &'static str,
    },
    /// Open one more connection, and reset it in the middle of a frame.
    ResetAnother,
    /// Send the same bytes again and again, up to `total` bytes, until the peer sends a Close with
    /// this code.
    FloodUntilClose {
        unit: Vec<u8>,
        total: usize,
        code: u16,
    },
    /// Send the same bytes again and again, up to `total` bytes, until the peer rejects the request
    /// or ends the TCP connection.
    FloodUntilRejected {
        unit: Vec<u8>,
        total: usize,
    },
    /// Expect the peer to end or reset the TCP connection within the judge's patience.
    EndsInTime,
    /// Expect the peer to end or reset the TCP connection within this time.
    EndsWithin(Duration),
    /// Send nothing but Pongs until the peer has timed out a request on another connection. That
    /// request consists of these bytes, and is never completed.
    OutlastRequest {
        begun: &'static [u8],
    },
    /// Send this byte at this interval until the peer ends the TCP connection, but for no longer
    /// than the judge's patience. If `both_directions` is true, the peer must close the socket:
    /// ending its own direction is not enough.
    Trickle {
        byte: u8,
        interval: Duration,
        both_directions: bool,
    },
    /// Expect that the peer's masking keys so far all differ, and that none is zero.
    FreshKeys,
}

/// Collects the steps of a script.
pub(crate) struct Script<'k> {
    role: Role,
    keys: &'k mut dyn MaskingKeys,
    /// The masking keys of the frames so far.
    used_keys: Vec<MaskingKey>,
    acts: Vec<Act>,
}

impl<'k> Script<'k> {
    /// Returns the script that `build` writes. `role` is the judge's role.
    pub(crate) fn prepare(role: Role, keys: &'k mut dyn MaskingKeys, build: fn(&mut Script<'_>)) -> PreparedScript {
        let mut script = Script { role, keys, used_keys: Vec::new(), acts: Vec::new() };
        build(&mut script);
        PreparedScript { acts: script.acts, keys: script.used_keys }
    }

    /// Returns frames as bytes.
    pub(crate) fn build(&mut self, frames: impl FnOnce(&mut FrameBuilder<'_>)) -> Vec<u8> {
        let Self { role, keys, used_keys, .. } = self;
        let mut remember = || {
            let key = keys.next_key();
            used_keys.push(key);
            key
        };
        let mut builder = FrameBuilder::new(*role, &mut remember);
        frames(&mut builder);
        builder.into_bytes()
    }

    /// Sends frames in one write.
    pub(crate) fn write(&mut self, frames: impl FnOnce(&mut FrameBuilder<'_>)) {
        let bytes = self.build(frames);
        self.acts.push(Act::Write(bytes));
    }

    /// Sends frames in several writes, cut at these positions.
    pub(crate) fn write_cut(&mut self, cuts: &[usize], frames: impl FnOnce(&mut FrameBuilder<'_>)) {
        let bytes = self.build(frames);
        self.write_pieces(&bytes, cuts);
    }

    /// Sends bytes in several writes, cut at these positions.
    pub(crate) fn write_pieces(&mut self, bytes: &[u8], cuts: &[usize]) {
        let mut start = 0;
        for &cut in cuts {
            self.acts.push(Act::Write(bytes[start..cut].to_vec()));
            self.acts.push(Act::Pause(PIECE_PAUSE));
            start = cut;
        }
        self.acts.push(Act::Write(bytes[start..].to_vec()));
    }

    /// Sends frames byte by byte.
    pub(crate) fn write_bytes(&mut self, frames: impl FnOnce(&mut FrameBuilder<'_>)) {
        for byte in self.build(frames) {
            self.acts.push(Act::Write(vec![byte]));
            self.acts.push(Act::Pause(BYTE_PAUSE));
        }
    }

    /// Sends a message in one frame, and expects the same message back in one frame.
    pub(crate) fn echo(&mut self, label: &'static str, opcode: Opcode, payload: &[u8]) {
        self.write(|frames| frames.frame(opcode, payload));
        self.message(label, opcode, payload);
    }

    pub(crate) fn message(&mut self, label: &'static str, opcode: Opcode, payload: &[u8]) {
        self.acts.push(Act::Message { label, opcode, payload: payload.to_vec() });
    }

    pub(crate) fn text(&mut self, label: &'static str, payload: &[u8]) {
        self.message(label, Opcode::Text, payload);
    }

    pub(crate) fn pong(&mut self, label: &'static str, payload: &[u8]) {
        self.acts.push(Act::Pong { label, payload: payload.to_vec() });
    }

    pub(crate) fn close(&mut self, label: &'static str, codes: &'static [Option<u16>]) {
        self.acts.push(Act::Close { label, codes });
    }

    /// Sends a valid request that `edit` has changed.
    pub(crate) fn request(&mut self, edit: fn(&mut HeadEditor)) {
        self.acts.push(Act::Request { edit, pieces: 1 });
    }

    pub(crate) fn then(&mut self, act: Act) {
        self.acts.push(act);
    }
}

/// A script that is ready to be played.
#[derive(Debug)]
pub(crate) struct PreparedScript {
    pub(crate) acts: Vec<Act>,
    /// The masking keys of the judge's frames.
    pub(crate) keys: Vec<MaskingKey>,
}

impl PreparedScript {
    /// If the first act is a write, removes it and returns its bytes. Otherwise, returns no bytes.
    pub(crate) fn take_first_write(&mut self) -> Vec<u8> {
        match self.acts.first_mut() {
            Some(Act::Write(bytes)) => {
                let bytes = std::mem::take(bytes);
                self.acts.remove(0);
                bytes
            }
            _ => Vec::new(),
        }
    }
}
