//! The state that all connections share.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use websocket::ServerConfig;

use crate::{access::AccessPolicy, chat::Room, stats::Stats, wire::TapRegistry};

/// The state that all connections share. The state contains no reference to a connection or a
/// handler.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(crate) config: ServerConfig,
    pub(crate) access: AccessPolicy,
    pub(crate) stats: Stats,
    pub(crate) room: Room,
    pub(crate) taps: TapRegistry,
    /// The maximum time that sending a push may take before the client is disconnected.
    pub(crate) write_timeout: Duration,
    /// Cancelled when the server stops.
    pub(crate) shutdown: CancellationToken,
}

impl ServerState {
    pub(crate) fn new(
        config: ServerConfig,
        access: AccessPolicy,
        write_timeout: Duration,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            config,
            access,
            stats: Stats::new(),
            room: Room::default(),
            taps: TapRegistry::new(),
            write_timeout,
            shutdown,
        }
    }
}
