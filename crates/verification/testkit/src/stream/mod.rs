//! An `AsyncRead + AsyncWrite` that follows a script and records each call.
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

/// The stream that the code under test reads and writes.
#[derive(Debug)]
pub struct ScriptedStream(Arc<Mutex<ScriptState>>);

/// The test's handle of a [`ScriptedStream`]. It controls the stream, and records the calls.
#[derive(Debug, Clone)]
pub struct StreamScript(Arc<Mutex<ScriptState>>);

/// Creates a stream and the handle that scripts it. The stream has nothing to read yet, and accepts
/// every write.
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

    /// Makes one read return these bytes, or as many of them as its buffer holds.
    pub fn push_read(&self, bytes: &[u8]) {
        self.push(ScriptedRead::Bytes(Bytes::copy_from_slice(bytes)));
    }

    /// Makes each read return one of these bytes, after a poll that is not ready.
    pub fn push_byte_by_byte(&self, bytes: &[u8]) {
        for byte in bytes {
            self.push(ScriptedRead::PendingOnce);
            self.push_read(&[*byte]);
        }
    }

    /// Makes all later reads report the end of the stream.
    pub fn push_eof(&self) {
        self.push(ScriptedRead::Eof);
    }

    /// Makes all later reads fail.
    pub fn fail_reads(&self, error: io::ErrorKind) {
        self.push(ScriptedRead::Error(error));
    }

    /// Returns the buffers of all polls of reads so far.
    #[must_use]
    pub fn offered_buffers(&self) -> Vec<OfferedBuffer> {
        lock(&self.0).offered_buffers.clone()
    }

    /// Returns whether all bytes were read.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        lock(&self.0).reads.is_empty()
    }
}

/// Writes.
impl StreamScript {
    /// Lets writes accept this many more bytes before they have to wait.
    pub fn allow_writes(&self, bytes: usize) {
        let mut state = lock(&self.0);
        state.write_capacity = bytes;
        if let Some(waker) = state.write_waker.take().filter(|_| bytes > 0) {
            waker.wake();
        }
    }

    /// Makes writes wait.
    pub fn block_writes(&self) {
        self.allow_writes(0);
    }

    /// Lets writes accept everything.
    pub fn unblock_writes(&self) {
        self.allow_writes(usize::MAX);
    }

    /// Makes the next poll of a write return `Pending`, and all later writes accept everything.
    pub fn block_one_write(&self) {
        lock(&self.0).block_one_write = true;
    }

    /// Makes the stream report that it does not support vectored writes.
    pub fn disable_vectored_writes(&self) {
        lock(&self.0).vectored = false;
    }

    /// Makes flushes wait, as those of a stream with a buffer of its own can.
    pub fn block_flushes(&self) {
        lock(&self.0).block_flushes = true;
    }

    /// Lets flushes succeed.
    pub fn unblock_flushes(&self) {
        let mut state = lock(&self.0);
        state.block_flushes = false;
        if let Some(waker) = state.flush_waker.take() {
            waker.wake();
        }
    }

    /// Makes all writes fail.
    pub fn fail_writes(&self, error: io::ErrorKind) {
        lock(&self.0).write_error = Some(error);
    }

    /// Makes all shutdowns fail.
    pub fn fail_shutdown(&self, error: io::ErrorKind) {
        lock(&self.0).shutdown_error = Some(error);
    }

    /// Returns all calls that succeeded so far.
    #[must_use]
    pub fn calls(&self) -> Vec<StreamCall> {
        lock(&self.0).calls.clone()
    }

    /// Returns the slices of each write so far.
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

    /// Returns whether the write direction was shut down.
    #[must_use]
    pub fn is_shut_down(&self) -> bool {
        lock(&self.0).calls.contains(&StreamCall::Shutdown)
    }
}
