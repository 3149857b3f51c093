//! The recorded calls to a scripted stream, as values that can be compared.

/// A successful call to a scripted stream, other than a read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamCall {
    /// A write. A vectored write may have several slices.
    Write(Vec<WrittenSlice>),
    /// A flush.
    Flush,
    /// A shutdown of the write direction.
    Shutdown,
}

/// The accepted part of a slice that was passed to a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenSlice {
    /// The accepted bytes.
    pub bytes: Vec<u8>,
    /// The address of the slice, which shows whether the bytes were copied before the write.
    pub address: usize,
}

/// A buffer that was passed to `poll_read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfferedBuffer {
    /// The address of the buffer.
    pub address: usize,
    /// The free space of the buffer in bytes.
    pub size: usize,
}
