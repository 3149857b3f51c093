//! The records that a lesson looks at.

use std::collections::VecDeque;

use dissector::{Direction, Record, RecordKind};

use crate::screen::{
    frame_fields::{BINARY, CLOSE, PONG, TEXT, is_data, is_fin, opcode, payload},
    model::wire_log::{WireEntry, WireLog},
};

/// The newest record, and the records before it on the same connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wire<'a> {
    newest: &'a Record,
    entries: &'a VecDeque<WireEntry>,
}

impl<'a> Wire<'a> {
    /// Returns the newest record and the records before it, or `None` if the log is empty or its
    /// newest record is incomplete.
    pub(super) fn of(log: &'a WireLog) -> Option<Self> {
        let newest = &log.entries().back()?.record;
        newest.complete.then_some(Self { newest, entries: log.entries() })
    }

    /// Returns the newest record if it was sent by the client.
    pub(super) fn sent(&self) -> Option<&'a Record> {
        (self.newest.direction == Direction::ToServer).then_some(self.newest)
    }

    /// Returns the newest record if it is a data frame that the client sent and that breaks no
    /// rule.
    pub(super) fn sent_data(&self) -> Option<&'a Record> {
        self.sent().filter(|record| is_data(record) && record.findings.is_empty())
    }

    /// Returns `true` if the newest record is a data frame that the client sent and that breaks a
    /// rule.
    pub(super) fn is_broken_data(&self) -> bool {
        self.sent().is_some_and(|record| is_data(record) && !record.findings.is_empty())
    }

    /// Returns `true` if the newest record is the request that opens a connection.
    pub(super) fn is_new_connection(&self) -> bool {
        self.newest.kind == RecordKind::Request
    }

    /// Returns `true` if there was a connection before this one.
    pub(super) fn is_reconnected(&self) -> bool {
        self.entries.iter().filter(|entry| entry.record.kind == RecordKind::Request).count() > 1
    }

    /// Returns the newest record if it was sent by the server.
    pub(super) fn received(&self) -> Option<&'a Record> {
        (self.newest.direction == Direction::ToClient).then_some(self.newest)
    }

    /// Returns the records before the newest one on the same connection, the newest first.
    pub(super) fn earlier(&self) -> impl Iterator<Item = &'a Record> + use<'a> {
        let records = self.entries.iter().rev().skip(1).map(|entry| &entry.record);
        records.take_while(|record| record.kind != RecordKind::Request)
    }

    /// Returns the earlier records that the client sent, the newest first.
    pub(super) fn sent_earlier(&self) -> impl Iterator<Item = &'a Record> + use<'a> {
        self.earlier().filter(|record| record.direction == Direction::ToServer)
    }

    /// Returns the last frame that the user sent before the newest record. Pongs are skipped,
    /// because the client answers Pings automatically.
    pub(super) fn last_frame(&self) -> Option<&'a Record> {
        self.sent_earlier().find(|record| record.kind == RecordKind::Frame && opcode(record) != Some(PONG))
    }

    /// Returns the first Close that the client sent before the newest record.
    pub(super) fn sent_close(&self) -> Option<&'a Record> {
        self.sent_earlier().filter(|record| opcode(record) == Some(CLOSE)).last()
    }

    /// Returns the message completed by the newest record, if the client sent that record and it
    /// breaks no rule.
    pub(super) fn sent_message(&self) -> Option<SentMessage<'a>> {
        let last = self.sent_data().filter(|record| is_fin(record))?;
        let mut frames = vec![last];
        let mut before = self.sent_earlier();
        while frames.last().is_some_and(|frame| !is_first(frame)) {
            frames.push(before.next()?);
        }
        frames.reverse();
        Some(SentMessage { frames })
    }
}

/// Returns `true` if the frame is the first frame of a message.
fn is_first(record: &Record) -> bool {
    matches!(opcode(record), Some(TEXT | BINARY))
}

/// A message that the client has sent.
#[derive(Debug)]
pub(super) struct SentMessage<'a> {
    /// The frames of the message and any control frames between them, in order. The first and last
    /// entries are frames of the message.
    pub(super) frames: Vec<&'a Record>,
}

impl<'a> SentMessage<'a> {
    /// Returns the frames of the message, without control frames.
    pub(super) fn fragments(&self) -> impl Iterator<Item = &'a Record> {
        self.frames.iter().copied().filter(|record| is_data(record))
    }

    /// Returns the payloads of the fragments.
    pub(super) fn payloads(&self) -> Vec<Vec<u8>> {
        self.fragments().map(payload).collect()
    }
}
