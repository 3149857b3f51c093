//! The reactions of a peer that matter for a verdict.

/// One thing that the peer sent or did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// A message, or one frame of a message. Contains the payload, or its beginning.
    Data(Vec<u8>),
    /// A Pong with this payload.
    Pong(Vec<u8>),
    /// A Close frame.
    Close(ObservedClose),
    /// The head of an HTTP response.
    Response(ObservedResponse),
    /// Bytes that are neither HTTP nor frames. Contains an explanation.
    Garbage(String),
    /// The peer closed its direction of the TCP connection.
    Eof,
    /// The peer reset the TCP connection.
    Reset,
}

/// The body of a Close frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObservedClose {
    /// The close code, if the body contains one.
    pub code: Option<u16>,
    /// The reason, which is often empty.
    pub reason: String,
}

/// The parts of an HTTP response that matter for a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObservedResponse {
    /// The status code.
    pub status: u16,
    /// Whether the response has a `Sec-WebSocket-Version` header field that lists 13.
    pub lists_version_13: bool,
}
