//! The two roles of an endpoint.

/// Which side of the connection an endpoint is on (section 1.2). The roles differ in who masks its frames and in who
/// closes TCP first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Opened the connection. Masks the frames that it sends.
    Client,
    /// Accepted the connection. Never masks.
    Server,
}
