//! Converts the command line to the configuration of every connection.

use protocol::{Config, DeflateOptions, KeepAlive, Limits};
use websocket::ServerConfig;

use crate::args::Args;

/// Returns the configuration that the command line requests.
pub(crate) fn server_config(args: &Args) -> ServerConfig {
    let limits = Limits::DEFAULT.max_frame_bytes(args.max_message).max_message_bytes(args.max_message);
    let keep_alive = KeepAlive { interval: args.ping_interval, timeout: args.ping_interval };
    let connection = Config::DEFAULT.limits(limits).close_timeout(args.close_timeout).keep_alive(keep_alive);
    let config = ServerConfig::default().config(connection).handshake_timeout(args.handshake_timeout);
    if args.deflate {
        // `FRUGAL` disables context takeover, so a connection keeps no compression state between
        // two messages. Otherwise, 20,000 clients could make this server keep eight gigabytes of
        // compression state.
        config.deflate(DeflateOptions::FRUGAL)
    } else {
        config
    }
}

/// Returns `config` with at most `max_message` bytes in a message, for a handler that has no use
/// for longer ones. The limit applies from the frame header on, so a longer message is never
/// collected.
pub(crate) fn with_max_message(config: &ServerConfig, max_message: usize) -> ServerConfig {
    let mut connection = Config::clone(&config.config);
    let limits = &mut connection.limits;
    limits.max_frame_bytes = limits.max_frame_bytes.min(max_message);
    limits.max_message_bytes = limits.max_message_bytes.min(max_message);
    config.clone().config(connection)
}
