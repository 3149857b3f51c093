//! The description of a load: the messages, the number of connections, and the number of messages
//! in flight.

use bench::frames::PayloadKind;
use serde::Serialize;

use crate::{load::Burst, table};

/// A load on an echo server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct LoadSpec {
    /// The content of the messages.
    pub(crate) kind: PayloadKind,
    /// The size of each message in bytes.
    pub(crate) size: usize,
    /// The number of connections.
    pub(crate) connections: usize,
    /// The number of messages that each connection sends before it waits for the replies.
    pub(crate) in_flight: usize,
}

impl LoadSpec {
    /// Returns a readable description of the load, such as
    /// `1 KiB mixed, 50 connections, 16 in flight`.
    pub(crate) fn name(&self) -> String {
        let Self { kind, size, connections, in_flight } = *self;
        let plural = if connections == 1 { "" } else { "s" };
        format!("{} {}, {connections} connection{plural}, {in_flight} in flight", table::size(size), kind.name())
    }

    /// Parses a load in its command-line form, such as `1024x50x16:mixed`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (numbers, kind) = text.split_once(':').unwrap_or((text, "binary"));
        let numbers: Vec<usize> = numbers.split('x').filter_map(|number| number.parse().ok()).collect();
        let kind = PayloadKind::ALL.into_iter().find(|one| one.name() == kind);
        match (&numbers[..], kind) {
            (&[size, connections, in_flight], Some(kind)) if connections > 0 && in_flight > 0 => {
                Ok(Self { kind, size, connections, in_flight })
            }
            _ => Err("write it like 1024x50x16 or 1024x50x16:mixed".to_owned()),
        }
    }

    /// Creates the burst of messages that each connection sends. `framed` is `false` for a server
    /// that does not speak WebSocket; see [`Burst::new`].
    pub(crate) fn burst(&self, framed: bool) -> Burst {
        Burst::new(self.kind, self.size, self.in_flight, framed)
    }
}
