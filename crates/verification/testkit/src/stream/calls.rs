//! Calls of a scripted stream, as values that can be compared.

/// A call of the stream that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamCall {
    /// A write. A vectored write may have several slices.
    Write(Vec<WrittenSlice>),
    /// A flush.
    Flush,
    /// A shutdown of the write direction.
    Shutdown,
}

/// A slice that was written, or the part of it that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenSlice {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The address of the slice, which shows whether the bytes were copied before.
    pub address: usize,
}

/// A buffer that was offered to a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferedBuffer {
    /// Its address.
    pub address: usize,
    /// Its size in bytes.
    pub size: usize,
}
