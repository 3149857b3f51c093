//! A TCP connection: two directions, each with a send buffer and a receive buffer.

use std::{
    collections::VecDeque,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::{io::ReadBuf, sync::Notify, time::Instant};

/// A host, identified by its index among the network's hosts.
pub type HostId = usize;

/// One of the two ends of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The end that opened the connection.
    Client,
    /// The other end.
    Server,
}

impl Side {
    pub(super) const BOTH: [Self; 2] = [Self::Client, Self::Server];

    pub(super) const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// The other host's reaction to a segment.
#[derive(Debug)]
pub(super) enum Arrival {
    Delivered,
    /// The host has no such connection.
    Unknown,
}

/// A segment on its way.
#[derive(Debug, Clone, Copy)]
pub(super) enum Segment {
    /// This many bytes from the front of the send buffer.
    Bytes(usize),
    /// The end of the direction.
    Fin,
}

/// One end of a connection, and the direction in which it sends.
#[derive(Debug)]
struct End {
    host: HostId,
    boot: u32,
    /// Whether the program has dropped the stream.
    dropped: bool,
    error: Option<io::ErrorKind>,
    /// The bytes that were written but have not yet arrived.
    outgoing: VecDeque<u8>,
    /// Whether the program has ended this direction, and whether the other host has learned of it.
    fin: bool,
    fin_arrived: bool,
    /// The bytes from the peer that the program has not yet read.
    incoming: VecDeque<u8>,
    reader: Option<Waker>,
    writer: Option<Waker>,
    last_sign_of_life: Instant,
    /// The number of bytes that the program has read so far.
    read: u64,
    /// The number of bytes that the program has written so far.
    written: u64,
}

impl End {
    fn new((host, boot): (HostId, u32)) -> Self {
        Self {
            host,
            boot,
            dropped: false,
            error: None,
            outgoing: VecDeque::new(),
            fin: false,
            fin_arrived: false,
            incoming: VecDeque::new(),
            reader: None,
            writer: None,
            last_sign_of_life: Instant::now(),
            read: 0,
            written: 0,
        }
    }

    fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take()].into_iter().flatten() {
            waker.wake();
        }
    }
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) id: usize,
    ends: Mutex<[End; 2]>,
    /// The sizes of the send buffer and of the receive buffer, in bytes.
    buffers: (usize, usize),
    forgotten: std::sync::atomic::AtomicBool,
    /// Wakes the carriers, by sending side.
    work: [Notify; 2],
}

impl Connection {
    pub(super) fn new(id: usize, ends: [(HostId, u32); 2], buffers: (usize, usize)) -> Self {
        Self {
            id,
            ends: Mutex::new(ends.map(End::new)),
            buffers,
            forgotten: false.into(),
            work: [Notify::new(), Notify::new()],
        }
    }

    fn lock(&self) -> MutexGuard<'_, [End; 2]> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn host(&self, side: Side) -> HostId {
        self.lock()[side as usize].host
    }

    pub(super) fn hosts(&self) -> [HostId; 2] {
        Side::BOTH.map(|side| self.host(side))
    }

    pub(super) fn belongs_to_earlier_boot(&self, side: Side, boot: u32) -> bool {
        self.lock()[side as usize].boot != boot
    }

    /// Returns `true` if the connection has been dropped or has failed on this side.
    pub(super) fn is_over(&self, side: Side) -> bool {
        let end = &self.lock()[side as usize];
        end.dropped || end.error.is_some()
    }

    pub(super) fn forget(&self) {
        self.forgotten.store(true, std::sync::atomic::Ordering::Relaxed);
    }

    pub(super) fn is_forgotten(&self) -> bool {
        self.forgotten.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(super) fn last_sign_of_life(&self, side: Side) -> Instant {
        self.lock()[side as usize].last_sign_of_life
    }

    pub(super) fn bytes_read(&self, side: Side) -> u64 {
        self.lock()[side as usize].read
    }

    pub(super) fn bytes_written(&self, side: Side) -> u64 {
        self.lock()[side as usize].written
    }

    /// Ends the connection on this side, and reports an error to the program on this side.
    pub(super) fn fail(&self, side: Side, error: io::ErrorKind) {
        let mut ends = self.lock();
        let end = &mut ends[side as usize];
        end.error.get_or_insert(error);
        end.outgoing.clear();
        end.wake();
        drop(ends);
        self.notify_carriers();
    }

    fn notify_carriers(&self) {
        self.work.iter().for_each(Notify::notify_one);
    }

    /// Waits until this side can send a segment of at most `max` bytes. Returns `None` if it will
    /// send no more segments.
    pub(super) async fn next_segment(&self, side: Side, max: usize) -> Option<Segment> {
        loop {
            {
                let ends = self.lock();
                let (from, to) = (&ends[side as usize], &ends[side.other() as usize]);
                if from.error.is_some() || from.fin_arrived {
                    return None;
                }
                let room = if to.dropped { usize::MAX } else { self.buffers.1 - to.incoming.len() };
                match from.outgoing.len().min(room).min(max) {
                    0 if from.fin && from.outgoing.is_empty() => return Some(Segment::Fin),
                    0 => {}
                    len => return Some(Segment::Bytes(len)),
                }
            }
            self.work[side as usize].notified().await;
        }
    }

    /// Moves a segment from this side to the other side.
    pub(super) fn arrive(&self, side: Side, segment: Segment, host_is_new: bool) -> Arrival {
        let mut ends = self.lock();
        let [client, server] = &mut *ends;
        let (from, to) = match side {
            Side::Client => (client, server),
            Side::Server => (server, client),
        };
        match segment {
            Segment::Fin if to.dropped || host_is_new => from.fin_arrived = true,
            Segment::Bytes(_) if to.dropped || host_is_new || to.error.is_some() => return Arrival::Unknown,
            Segment::Fin => from.fin_arrived = true,
            Segment::Bytes(len) => {
                let len = len.min(from.outgoing.len());
                to.incoming.extend(from.outgoing.drain(..len));
                from.last_sign_of_life = Instant::now();
                from.writer.take().into_iter().for_each(Waker::wake);
            }
        }
        to.reader.take().into_iter().for_each(Waker::wake);
        Arrival::Delivered
    }

    pub(super) fn poll_read(&self, side: Side, cx: &Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut ends = self.lock();
        let peer_ended = ends[side.other() as usize].fin_arrived;
        let end = &mut ends[side as usize];
        let len = end.incoming.len().min(buffer.remaining());
        if len > 0 {
            let (front, _) = end.incoming.as_slices();
            let len = len.min(front.len());
            buffer.put_slice(&front[..len]);
            end.incoming.drain(..len);
            end.read += len as u64;
            end.last_sign_of_life = Instant::now();
        } else if let Some(error) = end.error {
            return Poll::Ready(Err(error.into()));
        } else if !peer_ended && buffer.remaining() > 0 {
            end.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        drop(ends);
        // The receive buffer may now have room, so wake the task that carries the next segment.
        self.work[side.other() as usize].notify_one();
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_write(&self, side: Side, cx: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut ends = self.lock();
        let end = &mut ends[side as usize];
        if let Some(error) = end.error {
            return Poll::Ready(Err(error.into()));
        }
        if end.fin {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let len = bytes.len().min(self.buffers.0 - end.outgoing.len());
        if len == 0 && !bytes.is_empty() {
            end.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        end.outgoing.extend(&bytes[..len]);
        end.written += len as u64;
        drop(ends);
        self.work[side as usize].notify_one();
        Poll::Ready(Ok(len))
    }

    /// Ends the direction in which this side sends.
    pub(super) fn shut_down(&self, side: Side) {
        self.lock()[side as usize].fin = true;
        self.work[side as usize].notify_one();
    }

    /// Closes this side, as dropping a socket does. Returns `true` if the peer must be sent a reset
    /// because some of its bytes have not been read.
    pub(super) fn close(&self, side: Side, host_is_lost: bool) -> bool {
        let mut ends = self.lock();
        let end = &mut ends[side as usize];
        end.dropped = true;
        let mut needs_reset = false;
        if host_is_lost {
            end.error.get_or_insert(io::ErrorKind::ConnectionReset);
        } else if end.error.is_none() {
            needs_reset = !end.incoming.is_empty();
            if needs_reset {
                end.error = Some(io::ErrorKind::ConnectionReset);
                end.outgoing.clear();
            }
            end.fin = true;
        }
        end.incoming = VecDeque::new();
        drop(ends);
        self.notify_carriers();
        needs_reset
    }
}
