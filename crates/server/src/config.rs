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

/// Returns `config` with its message limit lowered to `max_message` bytes if it was higher, for a
/// handler that has no use for longer messages. Every frame header is checked against the limit, so
/// a longer message is never buffered.
pub(crate) fn with_max_message(config: &ServerConfig, max_message: usize) -> ServerConfig {
    let mut connection = Config::clone(&config.config);
    let limits = &mut connection.limits;
    limits.max_frame_bytes = limits.max_frame_bytes.min(max_message);
    limits.max_message_bytes = limits.max_message_bytes.min(max_message);
    config.clone().config(connection)
}

/// The memory, in bytes, that an open connection takes regardless of its messages: its task, its
/// timers, and the buffer for an incomplete frame header. A test of the server process measures
/// less than this.
#[cfg(test)]
const FIXED_PER_CONNECTION: usize = 8 << 10;

/// The maximum memory, in bytes, that this server should take with its default options and every
/// connection in use: 1 GiB, the memory of a small virtual machine.
#[cfg(test)]
const TOTAL: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn the_defaults_bound_the_memory_of_all_connections_together() {
        let args = Args::parse_from(["server"]);
        let each = MemoryBudget::FREE_PER_CONNECTION + FIXED_PER_CONNECTION;
        let sum = args.max_connections * each + args.max_memory;
        assert!(sum <= TOTAL, "{} MiB", sum >> 20);
        // At least 100 messages of the maximum size can arrive at the same time without having to
        // wait for memory.
        assert!(args.max_memory / args.max_message >= 100);
    }
}
