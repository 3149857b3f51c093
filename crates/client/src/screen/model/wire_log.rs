//! The wire log: the newest records, the selected record, and the connection's totals.

use std::{
    collections::VecDeque,
    time::{Duration, SystemTime},
};

use dissector::{Direction, FieldValue, Record, RecordKind};

use crate::screen::{
    frame_fields::{CLOSE, PING, PONG, is_fin, opcode},
    record_size::size_of_record,
};

/// The maximum number of records to keep. Hardly any user scrolls back further.
const RECORDS_MAX: usize = 1000;

/// The maximum memory for the records, in bytes. It is enough for about 600 records of frames with
/// the longest payload that a record keeps, 4 KiB.
const BYTES_MAX: usize = 8 << 20;

/// The maximum number of Pings that still await a Pong. For each further Ping, the log forgets the
/// oldest one, because a user who sends this many unanswered Pings is not measuring the round-trip
/// time.
const PINGS_MAX: usize = 32;

/// A record and its number. Numbering continues when the user reconnects.
#[derive(Debug)]
pub(crate) struct WireEntry {
    pub(crate) number: u64,
    pub(crate) record: Record,
}

/// The traffic in one direction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct TrafficTotals {
    pub(crate) bytes: u64,
    /// The number of complete messages.
    pub(crate) messages: u64,
}

/// The log of the records on the wire.
#[derive(Debug, Default)]
pub(crate) struct WireLog {
    entries: VecDeque<WireEntry>,
    /// The memory that the entries take, in bytes.
    bytes: usize,
    next: u64,
    /// The number of the selected record. `None` means that the selection follows the newest
    /// record.
    selected: Option<u64>,
    to_server: TrafficTotals,
    to_client: TrafficTotals,
    /// The payload of each Ping that still awaits a Pong, with the time at which the Ping was
    /// written.
    pings: VecDeque<(Option<FieldValue>, SystemTime)>,
    round_trip: Option<Duration>,
}

impl WireLog {
    /// Resets the totals and the round-trip time for a new connection. Keeps the records.
    pub(crate) fn reset(&mut self) {
        (self.to_server, self.to_client) = (TrafficTotals::default(), TrafficTotals::default());
        self.pings.clear();
        self.round_trip = None;
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, record: Record) {
        let totals = match record.direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        };
        totals.bytes += record.length;
        if record.kind == RecordKind::Frame && record.complete {
            let opcode = opcode(&record);
            if opcode < Some(CLOSE) && is_fin(&record) {
                totals.messages += 1;
            }
            self.measure_round_trip(&record, opcode);
        }
        self.bytes += size_of_entry(&record);
        // Keep at least the newest record, whatever its size.
        while self.entries.len() == RECORDS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= size_of_entry(&oldest.record);
        }
        self.entries.push_back(WireEntry { number: self.next, record });
        self.next += 1;
    }

    /// Measures the round-trip time, from writing the last byte of a Ping to reading the first byte
    /// of the Pong that answers it.
    fn measure_round_trip(&mut self, record: &Record, opcode: Option<u64>) {
        let value = |name| record.field(name).map(|field| field.value.clone());
        match (opcode, record.direction) {
            (Some(PING), Direction::ToServer) => {
                if self.pings.len() == PINGS_MAX {
                    self.pings.pop_front();
                }
                if let Some(ended) = record.ended_at {
                    self.pings.push_back((value("websocket.payload.ping"), ended));
                }
            }
            (Some(PONG), Direction::ToClient) => {
                let payload = value("websocket.payload.pong");
                // One Pong may answer several Pings. It then carries the payload of the newest of
                // them (section 5.5.3), so count the older Pings as answered too.
                let Some(index) = self.pings.iter().rposition(|(ping, _)| *ping == payload) else { return };
                let (_, sent) = self.pings[index];
                self.pings.drain(..=index);
                self.round_trip = record.started_at.and_then(|started| started.duration_since(sent).ok());
            }
            _ => {}
        }
    }

    /// Returns the records that are kept, oldest first.
    pub(crate) const fn entries(&self) -> &VecDeque<WireEntry> {
        &self.entries
    }

    /// Returns the traffic in this direction since the connection was opened.
    pub(crate) const fn totals(&self, direction: Direction) -> TrafficTotals {
        match direction {
            Direction::ToServer => self.to_server,
            Direction::ToClient => self.to_client,
        }
    }

    /// Returns the round-trip time of the last Ping that was answered.
    pub(crate) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// Returns whether the selection follows the newest record.
    pub(crate) const fn follows(&self) -> bool {
        self.selected.is_none()
    }

    /// Returns the index of the selected record in [`entries`](Self::entries), or `None` if the log
    /// is empty.
    pub(crate) fn index(&self) -> Option<usize> {
        let newest = self.entries.len().checked_sub(1)?;
        let Some(selected) = self.selected else { return Some(newest) };
        // The selected record may have been dropped. The subtraction then returns 0, which is the
        // index of the oldest record, the nearest one that still exists.
        let oldest = self.entries[0].number;
        let index = usize::try_from(selected.saturating_sub(oldest)).unwrap_or(newest);
        Some(index.min(newest))
    }

    /// Returns the selected record.
    pub(crate) fn selected(&self) -> Option<&WireEntry> {
        self.entries.get(self.index()?)
    }

    /// Selects the record at this index.
    pub(crate) fn select(&mut self, index: usize) {
        self.selected = self.entries.get(index).map(|entry| entry.number);
    }

    /// Selects the newest record, and keeps it selected when others follow.
    pub(crate) fn hold_newest(&mut self) {
        self.selected = self.entries.back().map(|entry| entry.number);
    }

    /// Moves the selection by this many records. When it moves past the newest record, the
    /// selection follows new records again.
    pub(crate) fn step(&mut self, by: isize) {
        let Some(index) = self.index() else { return };
        let to = index.saturating_add_signed(by);
        self.selected = if to < self.entries.len() { Some(self.entries[to].number) } else { None };
    }

    /// Makes the selection follow the newest record again.
    pub(crate) const fn follow(&mut self) {
        self.selected = None;
    }
}

fn size_of_entry(record: &Record) -> usize {
    size_of::<WireEntry>() + size_of_record(record)
}

#[cfg(test)]
mod tests {
    use Direction::{ToClient, ToServer};

    use super::*;
    use crate::screen::model::test_records::records;

    const PING: &[u8] = &[0x89, 0x81, 0, 0, 0, 0, b'x'];
    const PONG: &[u8] = &[0x8a, 1, b'x'];
    const TEXT: &[u8] = &[0x81, 1, b'x'];

    fn log(frames: &[(Direction, &[u8])]) -> WireLog {
        let mut log = WireLog::default();
        records(frames).into_iter().for_each(|record| log.add(record));
        log
    }

    #[test]
    fn the_round_trip_time_is_from_a_ping_to_its_pong() {
        assert_eq!(log(&[(ToServer, PING)]).round_trip(), None);
        let text: (Direction, &[u8]) = (ToClient, TEXT);
        assert_eq!(log(&[(ToServer, PING), text, (ToClient, PONG)]).round_trip(), Some(Duration::from_millis(2)));
        // An empty Pong answers a Ping without a payload. A Pong whose payload matches no Ping is
        // unsolicited, so it is not measured.
        assert_eq!(
            log(&[(ToServer, &[0x89, 0x80, 0, 0, 0, 0]), (ToClient, &[0x8a, 0])]).round_trip(),
            Some(Duration::from_millis(1))
        );
        assert_eq!(log(&[(ToServer, PING), (ToClient, &[0x8a, 1, b'y'])]).round_trip(), None);
    }

    #[test]
    fn messages_are_counted_and_not_their_fragments() {
        let log = log(&[(ToClient, &[1, 1, b'a']), (ToClient, PONG), (ToClient, &[0x80, 1, b'b']), (ToClient, TEXT)]);
        assert_eq!(log.totals(ToClient), TrafficTotals { bytes: 12, messages: 2 });
        assert_eq!(log.totals(ToServer), TrafficTotals::default());
    }

    #[test]
    fn the_newest_record_is_followed_until_another_is_selected() {
        let mut log = log(&[(ToClient, TEXT); 3]);
        assert_eq!(log.index(), Some(2));
        log.step(-1);
        log.add(records(&[(ToClient, TEXT)]).remove(0));
        assert_eq!((log.index(), log.follows()), (Some(1), false));
        log.step(-5);
        assert_eq!(log.index(), Some(0));
        log.step(4);
        assert_eq!((log.index(), log.follows()), (Some(3), true));
    }

    #[test]
    fn the_log_is_bounded_and_a_dropped_selection_moves_to_the_oldest_record() {
        let mut log = log(&[(ToClient, TEXT); 10]);
        log.select(5);
        for record in records(&vec![(ToClient, TEXT); RECORDS_MAX + 100]) {
            log.add(record);
        }
        assert_eq!(log.entries().len(), RECORDS_MAX);
        assert_eq!(log.index(), Some(0));
        assert_eq!(log.totals(ToClient).messages, RECORDS_MAX as u64 + 110);
    }

    #[test]
    fn the_log_is_bounded_in_bytes() {
        // A record stores a masked text of 4 KiB three times: as masked bytes, as bytes of the
        // frame and as text.
        let large = [&[0x81, 0xfe, 0x10, 0, 0, 0, 0, 0][..], &[b'x'; 4096]].concat();
        let mut log = log(&[(ToServer, &large[..]); 10]);
        let each = log.bytes / 10;
        assert!((12_000..20_000).contains(&each), "{each} bytes");
        for record in records(&vec![(ToServer, &large[..]); BYTES_MAX / each + 100]) {
            log.add(record);
        }
        assert_eq!(log.bytes, log.entries().len() * each);
        assert!((BYTES_MAX - each..=BYTES_MAX).contains(&log.bytes), "{} bytes", log.bytes);
        assert!((500..RECORDS_MAX).contains(&log.entries().len()));
    }
}
