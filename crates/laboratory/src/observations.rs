//! The facts on which a verdict is based.

use std::fmt;

use crate::{
    payloads::{FOLLOW_UP_PING, SAMPLE},
    reaction::{ObservedClose, ObservedResponse, Reaction},
};

/// The parts of the peer's behaviour after the fault that matter for the verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observations {
    /// The HTTP response of the peer.
    pub response: Option<ObservedResponse>,
    /// Whether the peer answered the Ping that followed the fault.
    pub pong: bool,
    /// Whether the peer sent the payload of the fault back as a message.
    pub echo: bool,
    /// The first Close that the peer sent.
    pub close: Option<ObservedClose>,
    /// Whether the peer sent a message or a Pong after its first Close.
    pub continued_after_close: bool,
    /// The reason why the peer's bytes could not be parsed.
    pub garbage: Option<String>,
    /// How the TCP connection ended; `None` while it is open.
    pub tcp_end: Option<TcpEnd>,
}

/// The two ways in which a TCP connection can end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpEnd {
    /// The peer closed its direction of the TCP connection.
    Eof,
    /// The peer reset the connection.
    Reset,
}

impl Observations {
    pub(crate) fn record(&mut self, reaction: &Reaction) {
        match reaction {
            Reaction::Data(payload) => {
                self.echo |= payload == SAMPLE;
                self.continued_after_close |= self.close.is_some();
            }
            Reaction::Pong(payload) => {
                self.pong |= payload == FOLLOW_UP_PING;
                self.continued_after_close |= self.close.is_some();
            }
            Reaction::Close(close) => {
                self.close.get_or_insert_with(|| close.clone());
            }
            Reaction::Response(response) => {
                self.response.get_or_insert(*response);
            }
            Reaction::Garbage(explanation) => {
                self.garbage.get_or_insert_with(|| explanation.clone());
            }
            Reaction::Eof => {
                self.tcp_end.get_or_insert(TcpEnd::Eof);
            }
            Reaction::Reset => {
                self.tcp_end.get_or_insert(TcpEnd::Reset);
            }
        }
    }
}

/// Writes a few words for a table, such as `Close 1002, TCP closed`.
impl fmt::Display for Observations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if let Some(ObservedResponse { status, .. }) = self.response {
            parts.push(format!("HTTP {status}"));
        }
        if self.echo {
            parts.push("echo".to_owned());
        }
        if self.pong {
            parts.push("Pong".to_owned());
        }
        match &self.close {
            Some(ObservedClose { code: Some(code), .. }) => parts.push(format!("Close {code}")),
            Some(ObservedClose { code: None, .. }) => parts.push("Close, no code".to_owned()),
            None => {}
        }
        if self.continued_after_close {
            parts.push("more frames".to_owned());
        }
        if self.garbage.is_some() {
            parts.push("garbage".to_owned());
        }
        // After an HTTP response, the TCP connection may stay open or close. Neither is a reaction
        // to the fault, so do not print how the connection ended.
        if self.response.is_none() {
            match self.tcp_end {
                Some(TcpEnd::Eof) => parts.push("TCP closed".to_owned()),
                Some(TcpEnd::Reset) => parts.push("TCP reset".to_owned()),
                None if parts.is_empty() => parts.push("nothing".to_owned()),
                None => {}
            }
        }
        f.pad(&parts.join(", "))
    }
}
