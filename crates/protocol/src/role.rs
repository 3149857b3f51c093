//! The two roles of an endpoint.

/// The role of an endpoint in a connection (section 1.2). The roles differ mainly in two ways: only
/// a client masks its frames, and the server is normally the first to close the TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The endpoint that opened the connection. It masks every frame that it sends.
    Client,
    /// The endpoint that accepted the connection. It never masks a frame.
    Server,
}
