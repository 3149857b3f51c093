//! The interface through which the benchmark drives every library.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;

use crate::{frames::PayloadKind, repeating_stream::RepeatingStream};

/// A library that reads from and writes to a stream in memory.
pub trait Codec {
    /// Reads `count` messages and returns the sum of their lengths.
    fn read(&mut self, count: usize) -> usize;

    /// Writes `count` messages and flushes once.
    fn write(&mut self, count: usize);
}

/// The input and the output of a codec.
#[derive(Debug, Clone)]
pub struct CodecTask {
    /// The stream from which the codec reads and to which it writes.
    pub stream: RepeatingStream,
    /// The message that the codec writes.
    pub message: Bytes,
    /// The kind of `message`.
    pub kind: PayloadKind,
}

/// The name of a library, and the function that creates its codec.
#[derive(Debug, Clone, Copy)]
pub struct Library {
    /// The library's name in tables.
    pub name: &'static str,
    /// Creates the library's codec for a task.
    pub open: fn(CodecTask) -> Box<dyn Codec>,
}

/// Runs a future that waits only for a [`RepeatingStream`].
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
    }
}
