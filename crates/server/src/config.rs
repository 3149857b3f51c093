//! From the command line to the configuration of every connection.

use protocol::{Config, DeflateOptions, KeepAlive, Limits};
use websocket::ServerConfig;

use crate::args::Args;

/// Returns the configuration that the command line requests.
pub(crate) fn server_config(args: &Args) -> ServerConfig {
    let limits = Limits { max_message_bytes: args.max_message, max_frame_bytes: args.max_message, ..Limits::DEFAULT };
    let keep_alive = Some(KeepAlive { interval: args.ping_interval, timeout: args.ping_interval });
    let config = Config { limits, close_timeout: args.close_timeout, keep_alive };
    // Without context takeover. With it, 20,000 clients could make this server keep eight
    // gigabytes.
    let deflate = args.deflate.then_some(DeflateOptions::FRUGAL);
    ServerConfig { config: config.into(), handshake_timeout: args.handshake_timeout, deflate }
}
