//! Everything that a connection tells its driver to do with TCP, as values that can be kept and
//! compared.

use std::fmt;

use protocol::Role;

use crate::{frames::frames_from, hex::to_hex};

/// A [`Transmit`](protocol::Transmit) that owns its bytes.
#[derive(Clone, PartialEq, Eq)]
pub enum Transmitted {
    /// Bytes were written.
    Bytes(Vec<u8>),
    /// This endpoint ended its direction of TCP.
    HalfClose,
    /// This endpoint dropped the TCP connection.
    Disconnect,
}

impl Transmitted {
    /// Appends `self` to a list. Bytes that follow bytes extend them: how the output is divided
    /// into writes is unimportant here.
    pub fn append_to(self, list: &mut Vec<Self>) {
        match (list.last_mut(), self) {
            (Some(Self::Bytes(before)), Self::Bytes(bytes)) => before.extend(bytes),
            (_, transmitted) => list.push(transmitted),
        }
    }

    /// Parses a list in the notation of the tests: hexadecimal frames as a server sends them,
    /// `half-close` and `disconnect`. The frames become those of `sender`.
    #[track_caller]
    #[must_use]
    pub fn parse(sender: Role, notation: &[&str]) -> Vec<Self> {
        let mut list = Vec::new();
        for &word in notation {
            let transmitted = match word {
                "half-close" => Self::HalfClose,
                "disconnect" => Self::Disconnect,
                frame => Self::Bytes(frames_from(sender, &[frame])),
            };
            transmitted.append_to(&mut list);
        }
        list
    }
}

impl fmt::Debug for Transmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "[{}]", to_hex(bytes)),
            Self::HalfClose => f.write_str("half-close"),
            Self::Disconnect => f.write_str("disconnect"),
        }
    }
}
