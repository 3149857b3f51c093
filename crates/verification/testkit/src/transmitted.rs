//! The writes and TCP operations that a connection requests from its driver, as values that can be
//! stored and compared.

use std::fmt;

use protocol::Role;

use crate::{frames::frames_from, hex::to_hex};

/// A [`Transmit`](protocol::Transmit) that owns its bytes.
#[derive(Clone, PartialEq, Eq)]
pub enum Transmitted {
    /// Bytes were written.
    Bytes(Vec<u8>),
    /// The endpoint ended its direction of the TCP connection.
    HalfClose,
    /// The endpoint dropped the TCP connection.
    Disconnect,
}

impl Transmitted {
    /// Appends `self` to a list. Bytes are merged with preceding bytes, because tests should not
    /// depend on how the output is divided into writes.
    pub fn append_to(self, list: &mut Vec<Self>) {
        match (list.last_mut(), self) {
            (Some(Self::Bytes(before)), Self::Bytes(bytes)) => before.extend(bytes),
            (_, transmitted) => list.push(transmitted),
        }
    }

    /// Parses a list in the notation of the tests: hexadecimal frames as a server sends them,
    /// `half-close` and `disconnect`. The frames are converted to the bytes that `sender` sends.
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
