//! The state that all connections share.

use std::{net::IpAddr, time::Duration};

use tokio_util::sync::CancellationToken;
use websocket::ServerConfig;

use crate::{
    access::AccessPolicy,
    args::Args,
    chat::{self, Room},
    config::{server_config, with_max_message},
    proxies::TrustedProxies,
    route::Route,
    stats::Stats,
    wire::{self, TapRegistry},
};

/// The state that all connections share. The state contains no reference to a connection or a
/// handler.
#[derive(Debug)]
pub(crate) struct ServerState {
    pub(crate) config: ServerConfig,
    /// The configuration for connections to the chat.
    chat_config: ServerConfig,
    /// The configuration for viewers on `/wire`.
    pub(crate) viewer_config: ServerConfig,
    pub(crate) access: AccessPolicy,
    pub(crate) trusted_proxies: TrustedProxies,
    /// Whether each connection begins with a PROXY protocol header.
    pub(crate) proxy_protocol: bool,
    pub(crate) stats: Stats,
    pub(crate) room: Room,
    pub(crate) taps: TapRegistry,
    /// The maximum time that a client may take to accept what a handler sends, before the client is
    /// disconnected.
    pub(crate) write_timeout: Duration,
    /// Cancelled when the server stops.
    pub(crate) shutdown: CancellationToken,
}

impl ServerState {
    /// Creates the state of a server that has these options, listens on the address `ip`, and stops
    /// when `shutdown` is cancelled.
    pub(crate) fn from_args(args: &Args, ip: IpAddr, shutdown: CancellationToken) -> Self {
        let config = server_config(args);
        let has_tls = args.tls_cert.is_some() || args.tls_self_signed;
        Self {
            chat_config: with_max_message(&config, chat::MAX_TEXT),
            viewer_config: with_max_message(&config, wire::MAX_VIEWER_MESSAGE),
            config,
            access: AccessPolicy::new(ip, args.allow_host.clone(), args.allow_origin.clone(), has_tls),
            trusted_proxies: TrustedProxies::new(args.trust_proxy.clone()),
            proxy_protocol: args.proxy_protocol,
            stats: Stats::new(),
            room: Room::new(),
            taps: TapRegistry::new(),
            write_timeout: args.write_timeout,
            shutdown,
        }
    }

    /// Returns the configuration for connections on a route.
    pub(crate) const fn config_for(&self, route: Route) -> &ServerConfig {
        match route {
            Route::Stats | Route::Echo => &self.config,
            Route::Chat => &self.chat_config,
        }
    }
}
