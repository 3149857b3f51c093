//! Converts the command line to the configuration of every connection.

use protocol::{Config, DeflateOptions, KeepAlive, Limits, MessageTimeout};
use websocket::{MemoryBudget, ServerConfig};

use crate::args::Args;

/// Returns the configuration that the command line requests.
pub(crate) fn server_config(args: &Args) -> ServerConfig {
    let limits = Limits::DEFAULT.max_frame_bytes(args.max_message).max_message_bytes(args.max_message);
    let keep_alive = KeepAlive { interval: args.ping_interval, timeout: args.ping_interval };
    let message_timeout = args.message_timeout.0.map(|base| MessageTimeout { base, ..MessageTimeout::DEFAULT });
    let connection = Config::DEFAULT
        .limits(limits)
        .close_timeout(args.close_timeout)
        .keep_alive(keep_alive)
        .message_timeout(message_timeout);
    let config = ServerConfig::default()
        .config(connection)
        .handshake_timeout(args.handshake_timeout)
        .memory_budget(MemoryBudget::new(args.max_memory));
    if args.deflate {
        // `FRUGAL` disables context takeover, so a connection keeps no compression state between
        // two messages. Otherwise, 20,000 clients could make this server keep eight gigabytes of
        // compression state.
        config.deflate(DeflateOptions::FRUGAL)
    } else {
        config
    }
}
