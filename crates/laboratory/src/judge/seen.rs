//! The facts: what the other side did after the rule was broken.

use std::fmt;

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The HTTP response: its status, and whether it names version 13.
    pub response: Option<(u16, bool)>,
    /// The Ping behind the broken rule was answered.
    pub pong: bool,
    /// What was sent came back as a message.
    pub echo: bool,
    /// The first Close.
    pub close: Option<CloseSeen>,
    /// Something came behind that Close.
    pub went_on_after_close: bool,
    /// What came could not be read. Says why.
    pub garbage: Option<String>,
    /// How TCP ended, if it did.
    pub ended: Option<Ended>,
}

/// The body of a Close.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CloseSeen {
    /// The code, if there is one.
    pub code: Option<u16>,
    /// The reason, often empty.
    pub reason: String,
}

/// How TCP ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The other side ended its direction.
    InOrder,
    /// It was reset.
    Reset,
}

/// A few words for a table, such as `Close 1002, TCP ended`.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some((status, _)) = self.response {
            parts.push(format!("HTTP {status}"));
        }
        if self.echo {
            parts.push("echo".to_owned());
        }
        if self.pong {
            parts.push("Pong".to_owned());
        }
        match &self.close {
            Some(CloseSeen { code: Some(code), .. }) => parts.push(format!("Close {code}")),
            Some(CloseSeen { code: None, .. }) => parts.push("Close, no code".to_owned()),
            None => {}
        }
        if self.went_on_after_close {
            parts.push("more frames".to_owned());
        }
        if self.garbage.is_some() {
            parts.push("garbage".to_owned());
        }
        // How HTTP connections end has nothing to do with the answer.
        if self.response.is_none() {
            match self.ended {
                Some(Ended::InOrder) => parts.push("TCP ended".to_owned()),
                Some(Ended::Reset) => parts.push("TCP reset".to_owned()),
                None if parts.is_empty() => parts.push("nothing".to_owned()),
                None => {}
            }
        }
        f.pad(&parts.join(", "))
    }
}
