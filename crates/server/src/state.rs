//! The state that all connections share.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use websocket::ServerConfig;

use crate::{chat::Room, origin::OriginPolicy, stats::Stats, wire::TapRegistry};

/// The state that all connections share. It refers to no connection and to no handler.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(crate) config: ServerConfig,
    pub(crate) origins: OriginPolicy,
    pub(crate) stats: Stats,
    pub(crate) room: Room,
    pub(crate) taps: TapRegistry,
    /// A client that blocks a write for this long is dropped.
    pub(crate) write_timeout: Duration,
    /// Cancelled when the server stops.
    pub(crate) shutdown: CancellationToken,
}

impl ServerState {
    pub(crate) fn new(
        config: ServerConfig,
        origins: OriginPolicy,
        write_timeout: Duration,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            config,
            origins,
            stats: Stats::new(),
            room: Room::default(),
            taps: TapRegistry::new(),
            write_timeout,
            shutdown,
        }
    }
}
