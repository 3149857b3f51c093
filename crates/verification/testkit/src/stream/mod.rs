//! A stream (`AsyncRead + AsyncWrite`) that follows a script and records each call.
//!
//! ```text
//!   code under test ──▶ ScriptedStream ◀── shared state ──▶ StreamScript ◀── test
//!                       poll_read, poll_write ...           push_read(), block_writes(), calls() ...
//! ```

mod calls;
mod scripted;
mod state;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use bytes::Bytes;

use self::state::{ScriptState, ScriptedRead};

pub use self::calls::{OfferedBuffer, StreamCall, WrittenSlice};

/// A scripted stream, which the code under test reads from and writes to.
#[derive(Debug)]
pub struct ScriptedStream(Arc<Mutex<ScriptState>>);

/// The test's handle to a [`ScriptedStream`]. It controls the stream, and returns the recorded
/// calls.
#[derive(Debug, Clone)]
pub struct StreamScript(Arc<Mutex<ScriptState>>);

/// Creates a stream and the handle that controls it. Initially, reads wait and every write
/// succeeds.
#[must_use]
pub fn scripted_stream() -> (ScriptedStream, StreamScript) {
    let state = Arc::<Mutex<ScriptState>>::default();
    (ScriptedStream(Arc::clone(&state)), StreamScript(state))
}

fn lock(state: &Mutex<ScriptState>) -> MutexGuard<'_, ScriptState> {
    state.lock().expect("an earlier call panicked")
}

/// Reads.
impl StreamScript {
    fn push(&self, read: ScriptedRead) {
        let mut state = lock(&self.0);
        state.reads.push_back(read);
        if let Some(waker) = state.read_waker.take() {
            waker.wake();
        }
    }

    /// Adds bytes for the next reads. One read returns all of them, unless its buffer is too small.
    pub fn push_read(&self, bytes: &[u8]) {
        self.push(ScriptedRead::Bytes(Bytes::copy_from_slice(bytes)));
    }

    /// Adds bytes that the next reads return one at a time. Before each byte, one poll returns
    /// `Pending`.
    pub fn push_byte_by_byte(&self, bytes: &[u8]) {
        for byte in bytes {
            self.push(ScriptedRead::PendingOnce);
            self.push_read(&[*byte]);
        }
    }

    /// Makes all reads report the end of the stream after the bytes that have been added so far.
    pub fn push_eof(&self) {
        self.push(ScriptedRead::Eof);
    }

    /// Makes all reads fail with this error after the bytes that have been added so far.
    pub fn fail_reads(&self, error: io::ErrorKind) {
        self.push(ScriptedRead::Error(error));
    }

    /// Makes one read fail with this error, and all later reads report the end of the stream, as a
    /// socket does after a reset.
    pub fn fail_one_read(&self, error: io::ErrorKind) {
        self.push(ScriptedRead::ErrorOnce(error));
    }

    /// Returns the buffers that have been passed to `poll_read` so far.
    #[must_use]
    pub fn offered_buffers(&self) -> Vec<OfferedBuffer> {
        lock(&self.0).offered_buffers.clone()
    }

    /// Returns `true` if the stream has returned everything that the script added for reads.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        lock(&self.0).reads.is_empty()
    }
}

/// Writes.
impl StreamScript {
    /// Lets writes accept this many more bytes in total. After that, writes return `Pending`.
    pub fn allow_writes(&self, bytes: usize) {
        let mut state = lock(&self.0);
        state.write_capacity = bytes;
        if let Some(waker) = state.write_waker.take().filter(|_| bytes > 0) {
            waker.wake();
        }
    }

    /// Makes all later writes return `Pending`.
    pub fn block_writes(&self) {
        self.allow_writes(0);
    }

    /// Lets all later writes accept all bytes.
    pub fn unblock_writes(&self) {
        self.allow_writes(usize::MAX);
    }

    /// Makes the next write return `Pending`, and lets all later writes accept all bytes.
    pub fn block_one_write(&self) {
        lock(&self.0).block_one_write = true;
    }

    /// Makes the stream report that it does not support vectored writes.
    pub fn disable_vectored_writes(&self) {
        lock(&self.0).vectored = false;
    }

    /// Makes flushes return `Pending`, as the flushes of a buffered stream can.
    pub fn block_flushes(&self) {
        lock(&self.0).block_flushes = true;
    }

    /// Lets all later flushes succeed.
    pub fn unblock_flushes(&self) {
        let mut state = lock(&self.0);
        state.block_flushes = false;
        if let Some(waker) = state.flush_waker.take() {
            waker.wake();
        }
    }

    /// Makes all later writes fail with this error.
    pub fn fail_writes(&self, error: io::ErrorKind) {
        lock(&self.0).write_error = Some(error);
    }

    /// Makes all later shutdowns return `Pending`, as those of a TLS stream do while the socket is
    /// full.
    pub fn block_shutdown(&self) {
        lock(&self.0).block_shutdown = true;
    }

    /// Makes all later shutdowns fail with this error.
    pub fn fail_shutdown(&self, error: io::ErrorKind) {
        lock(&self.0).shutdown_error = Some(error);
    }

    /// Returns all calls that have succeeded so far.
    #[must_use]
    pub fn calls(&self) -> Vec<StreamCall> {
        lock(&self.0).calls.clone()
    }

    /// Returns the accepted slices of each write so far.
    #[must_use]
    pub fn writes(&self) -> Vec<Vec<WrittenSlice>> {
        let writes = self.calls().into_iter().filter_map(|call| match call {
            StreamCall::Write(slices) => Some(slices),
            StreamCall::Flush | StreamCall::Shutdown => None,
        });
        writes.collect()
    }

    /// Returns all bytes written so far.
    #[must_use]
    pub fn written(&self) -> Vec<u8> {
        self.writes().into_iter().flatten().flat_map(|slice| slice.bytes).collect()
    }

    /// Returns `true` if the write direction has been shut down.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        lock(&self.0).calls.contains(&StreamCall::Shutdown)
    }
}
