//! The state that a [`ScriptedStream`](super::ScriptedStream) shares with its script.

use std::{
    collections::VecDeque,
    io::{self, IoSlice},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use tokio::io::ReadBuf;

use super::calls::{OfferedBuffer, StreamCall, WrittenSlice};

#[derive(Debug)]
pub(super) struct ScriptState {
    pub(super) reads: VecDeque<ScriptedRead>,
    pub(super) read_waker: Option<Waker>,
    pub(super) offered_buffers: Vec<OfferedBuffer>,
    /// The number of bytes that can still be written before writes block. `usize::MAX` means no
    /// limit.
    pub(super) write_capacity: usize,
    pub(super) block_one_write: bool,
    pub(super) write_waker: Option<Waker>,
    pub(super) vectored: bool,
    pub(super) block_flushes: bool,
    pub(super) flush_waker: Option<Waker>,
    pub(super) block_shutdown: bool,
    pub(super) write_error: Option<io::ErrorKind>,
    pub(super) shutdown_error: Option<io::ErrorKind>,
    pub(super) calls: Vec<StreamCall>,
    /// The number of shutdown calls, plus the number of calls that reported the end of the stream
    /// or an error. [`count_final_call`](Self::count_final_call) counts them.
    final_calls: u32,
}

#[derive(Debug)]
pub(super) enum ScriptedRead {
    /// The bytes of one read. If its buffer is too small, the next read returns the rest.
    Bytes(Bytes),
    /// One poll returns `Pending` and wakes its task.
    PendingOnce,
    Eof,
    Error(io::ErrorKind),
    /// One read fails, and all later reads report the end of the stream.
    ErrorOnce(io::ErrorKind),
}

impl Default for ScriptState {
    fn default() -> Self {
        Self {
            reads: VecDeque::new(),
            read_waker: None,
            offered_buffers: Vec::new(),
            write_capacity: usize::MAX,
            block_one_write: false,
            write_waker: None,
            vectored: true,
            block_flushes: false,
            flush_waker: None,
            block_shutdown: false,
            write_error: None,
            shutdown_error: None,
            calls: Vec::new(),
            final_calls: 0,
        }
    }
}

impl ScriptState {
    /// Counts a call after which a driver should stop, and fails the test if the driver repeats
    /// such calls endlessly. Without this check, an endless loop in the driver would hang the test.
    fn count_final_call(&mut self) {
        self.final_calls += 1;
        assert!(self.final_calls < 1000, "the driver spins: it repeats a call that has reported the end or an error");
    }

    pub(super) fn read(&mut self, cx: &Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let size = buffer.remaining();
        let address = buffer.initialize_unfilled().as_ptr() as usize;
        self.offered_buffers.push(OfferedBuffer { address, size });
        match self.reads.pop_front() {
            None => {
                self.read_waker = Some(cx.waker().clone());
                Poll::Pending
            }
            Some(ScriptedRead::PendingOnce) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Some(ScriptedRead::Bytes(mut bytes)) => {
                buffer.put_slice(&bytes.split_to(bytes.len().min(size)));
                if !bytes.is_empty() {
                    self.reads.push_front(ScriptedRead::Bytes(bytes));
                }
                Poll::Ready(Ok(()))
            }
            Some(ScriptedRead::Eof) => {
                self.reads.push_front(ScriptedRead::Eof);
                self.count_final_call();
                Poll::Ready(Ok(()))
            }
            Some(ScriptedRead::ErrorOnce(error)) => {
                self.reads.push_front(ScriptedRead::Eof);
                Poll::Ready(Err(error.into()))
            }
            Some(ScriptedRead::Error(error)) => {
                self.reads.push_front(ScriptedRead::Error(error));
                self.count_final_call();
                Poll::Ready(Err(error.into()))
            }
        }
    }

    pub(super) fn write(&mut self, cx: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if let Some(error) = self.write_error {
            self.count_final_call();
            return Poll::Ready(Err(error.into()));
        }
        if std::mem::take(&mut self.block_one_write) {
            self.write_capacity = usize::MAX;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.write_capacity == 0 {
            self.write_waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut written = Vec::new();
        let mut count = 0;
        for slice in slices.iter().filter(|slice| !slice.is_empty()) {
            let accepted = slice.len().min(self.write_capacity);
            if accepted == 0 {
                break;
            }
            written.push(WrittenSlice { bytes: slice[..accepted].to_vec(), address: slice.as_ptr() as usize });
            count += accepted;
            self.write_capacity -= if self.write_capacity == usize::MAX { 0 } else { accepted };
        }
        self.calls.push(StreamCall::Write(written));
        Poll::Ready(Ok(count))
    }

    pub(super) fn flush(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        if self.block_flushes {
            self.flush_waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.calls.push(StreamCall::Flush);
        Poll::Ready(Ok(()))
    }

    pub(super) fn shutdown(&mut self) -> Poll<io::Result<()>> {
        self.count_final_call();
        if self.block_shutdown {
            return Poll::Pending;
        }
        if let Some(error) = self.shutdown_error {
            return Poll::Ready(Err(error.into()));
        }
        self.calls.push(StreamCall::Shutdown);
        Poll::Ready(Ok(()))
    }
}
