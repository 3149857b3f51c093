//! Defines the stages of the judge in which a check is made.

/// The stages in which the [judge](crate::grade) makes a check. Servers and clients each have their
/// own stages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stages {
    /// The stage in which a server is checked, or `None` if the check is not for servers.
    pub server: Option<u8>,
    /// The stage in which a client is checked, or `None` if the check is not for clients.
    pub client: Option<u8>,
}

impl Stages {
    /// No stage: the judge does not make this check.
    pub const NONE: Self = Self { server: None, client: None };

    /// A check of servers.
    pub(crate) const fn server(stage: u8) -> Self {
        Self { server: Some(stage), client: None }
    }

    /// A check of clients.
    pub(crate) const fn client(stage: u8) -> Self {
        Self { server: None, client: Some(stage) }
    }

    /// A check of servers and clients.
    pub(crate) const fn both(server: u8, client: u8) -> Self {
        Self { server: Some(server), client: Some(client) }
    }
}
