//! What went over the wire: the newest records, which of them is looked at, and sums over all of them.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use dissector::{Direction, FieldValue, Record, RecordKind};

/// How many records are kept. Each holds at most a few KiB, so these are some MiB when everything is large.
pub(crate) const RECORDS_MAX: usize = 1000;

/// Pings whose Pong is still awaited. Who sends more without an answer has other questions than how long it took.
const PINGS_MAX: usize = 32;

/// A record with a number that goes on counting when the connection is opened anew.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) number: u64,
    pub(crate) record: Record,
}

/// What went one way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    pub(crate) bytes: u64,
    /// Messages that are complete.
    pub(crate) messages: u64,
}

/// The wire.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    entries: VecDeque<Entry>,
    next: u64,
    /// The record looked at; `None` for always the newest.
    selected: Option<u64>,
    to_server: Sums,
    to_client: Sums,
    pings: VecDeque<(Option<FieldValue>, SystemTime)>,
    round_trip: Option<Duration>,
}

impl Wire {
    /// A new connection: sums begin anew, records stay.
    pub(crate) fn reset(&mut self) {
        (self.to_server, self.to_client) = (Sums::default(), Sums::default());
        self.pings.clear();
        self.round_trip = None;
    }

    /// Takes a record that went through.
    pub(crate) fn add(&mut self, record: Record) {
        let sums = match record.direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        };
        sums.bytes += record.length;
        if record.kind == RecordKind::Frame && record.complete {
            let opcode = number(&record, "websocket.opcode");
            if opcode < Some(8) && flag(&record, "websocket.fin") {
                sums.messages += 1;
            }
            self.time(&record, opcode);
        }
        if self.entries.len() == RECORDS_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { number: self.next, record });
        self.next += 1;
    }

    /// How long a Ping took to its Pong: from its last byte written to the answer's first byte read.
    fn time(&mut self, record: &Record, opcode: Option<u64>) {
        let value = |name| record.field(name).map(|field| field.value.clone());
        match (opcode, record.direction) {
            (Some(9), Direction::ToServer) => {
                if self.pings.len() == PINGS_MAX {
                    self.pings.pop_front();
                }
                if let Some(ended) = record.ended_at {
                    self.pings.push_back((value("websocket.payload.ping"), ended));
                }
            }
            (Some(10), Direction::ToClient) => {
                let payload = value("websocket.payload.pong");
                // A Pong may answer several Pings, the newest of which it names (section 5.5.3).
                let Some(index) = self.pings.iter().rposition(|(ping, _)| *ping == payload) else { return };
                let (_, sent) = self.pings[index];
                self.pings.drain(..=index);
                self.round_trip = record.started_at.and_then(|begun| begun.duration_since(sent).ok());
            }
            _ => {}
        }
    }

    /// The records that are kept, oldest first.
    pub(crate) const fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// What went this way since the connection was opened.
    pub(crate) const fn sums(&self, direction: Direction) -> Sums {
        match direction {
            Direction::ToServer => self.to_server,
            Direction::ToClient => self.to_client,
        }
    }

    /// The round-trip time of the last Ping that was answered.
    pub(crate) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Whether the newest record is looked at, whichever it is.
    pub(crate) const fn follows(&self) -> bool {
        self.selected.is_none()
    }

    /// The place of the record looked at in [`entries`](Self::entries); `None` when there is none at all.
    pub(crate) fn index(&self) -> Option<usize> {
        let newest = self.entries.len().checked_sub(1)?;
        let Some(selected) = self.selected else { return Some(newest) };
        // It may have been dropped meanwhile; then the oldest is the nearest.
        let oldest = self.entries[0].number;
        let index = usize::try_from(selected.saturating_sub(oldest)).unwrap_or(newest);
        Some(index.min(newest))
    }

    /// The record looked at.
    pub(crate) fn selected(&self) -> Option<&Entry> {
        self.entries.get(self.index()?)
    }

    /// Looks at the record at this place.
    pub(crate) fn select(&mut self, index: usize) {
        self.selected = self.entries.get(index).map(|entry| entry.number);
    }

    /// Moves by so many records; past the newest one it follows again.
    pub(crate) fn step(&mut self, by: isize) {
        let Some(index) = self.index() else { return };
        let to = index.saturating_add_signed(by);
        self.selected = if to < self.entries.len() { Some(self.entries[to].number) } else { None };
    }

    /// Looks at the newest from now on.
    pub(crate) const fn follow(&mut self) {
        self.selected = None;
    }
}

fn number(record: &Record, name: &str) -> Option<u64> {
    match record.field(name)?.value {
        FieldValue::Number { value, .. } => Some(value),
        _ => None,
    }
}

fn flag(record: &Record, name: &str) -> bool {
    record.field(name).is_some_and(|field| field.value == FieldValue::Flag(true))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::UNIX_EPOCH;

    use dissector::{Conversation, Options};

    use super::*;

    /// The records of these bytes, one for each frame, a millisecond apart.
    pub(crate) fn records(frames: &[(Direction, &[u8])]) -> Vec<Record> {
        let mut conversation = Conversation::after_handshake(Options::default());
        let mut records = Vec::new();
        for (index, (direction, bytes)) in (0..).zip(frames) {
            let time = UNIX_EPOCH + Duration::from_millis(index);
            conversation.push(*direction, bytes, Some(time), &mut |record| records.push(record));
        }
        records
    }

    const PING: &[u8] = &[0x89, 0x81, 0, 0, 0, 0, b'x'];
    const PONG: &[u8] = &[0x8a, 1, b'x'];
    const TEXT: &[u8] = &[0x81, 1, b'x'];

    fn wire(frames: &[(Direction, &[u8])]) -> Wire {
        let mut wire = Wire::default();
        records(frames).into_iter().for_each(|record| wire.add(record));
        wire
    }

    use Direction::{ToClient, ToServer};

    #[test]
    fn a_pong_tells_how_long_its_ping_took() {
        assert_eq!(wire(&[(ToServer, PING)]).round_trip(), None);
        let text: (Direction, &[u8]) = (ToClient, TEXT);
        assert_eq!(wire(&[(ToServer, PING), text, (ToClient, PONG)]).round_trip(), Some(Duration::from_millis(2)));
        // Without a payload, and when nobody had asked.
        assert_eq!(
            wire(&[(ToServer, &[0x89, 0x80, 0, 0, 0, 0]), (ToClient, &[0x8a, 0])]).round_trip(),
            Some(Duration::from_millis(1))
        );
        assert_eq!(wire(&[(ToServer, PING), (ToClient, &[0x8a, 1, b'y'])]).round_trip(), None);
    }

    #[test]
    fn messages_are_counted_and_not_their_fragments() {
        let wire = wire(&[(ToClient, &[1, 1, b'a']), (ToClient, PONG), (ToClient, &[0x80, 1, b'b']), (ToClient, TEXT)]);
        assert_eq!(wire.sums(ToClient), Sums { bytes: 12, messages: 2 });
        assert_eq!(wire.sums(ToServer), Sums::default());
    }

    #[test]
    fn the_newest_is_followed_until_another_is_chosen() {
        let mut wire = wire(&[(ToClient, TEXT); 3]);
        assert_eq!(wire.index(), Some(2));
        wire.step(-1);
        wire.add(records(&[(ToClient, TEXT)]).remove(0));
        assert_eq!((wire.index(), wire.follows()), (Some(1), false));
        wire.step(-5);
        assert_eq!(wire.index(), Some(0));
        wire.step(4);
        assert_eq!((wire.index(), wire.follows()), (Some(3), true));
    }

    #[test]
    fn history_is_bounded_and_what_was_chosen_is_not_lost_from_sight() {
        let mut wire = wire(&[(ToClient, TEXT); 10]);
        wire.select(5);
        for record in records(&vec![(ToClient, TEXT); RECORDS_MAX + 100]) {
            wire.add(record);
        }
        assert_eq!(wire.entries().len(), RECORDS_MAX);
        assert_eq!(wire.index(), Some(0));
        assert_eq!(wire.sums(ToClient).messages, RECORDS_MAX as u64 + 110);
    }
}
