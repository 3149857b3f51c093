//! The command line.

use std::{fmt, path::PathBuf, time::Duration};

use clap::Parser;
use cli::{TimeLimit, TracingOptions, parse_duration, parse_size, parse_time_limit};
use laboratory::{Role, grade::Selection};

use crate::{
    access::{AllowedHost, AllowedOrigin},
    proxies::TrustedProxy,
};

/// The address on which the server listens by default. The client connects to the same address by
/// default.
pub(crate) const LISTEN: &str = "127.0.0.1:8080";

/// A WebSocket server for learning: pushes, echoes and relays messages, and breaks rules on
/// purpose.
///
/// `/` pushes a status message at a fixed interval and prints what clients send. `/echo` sends
/// every message back. `/chat` relays each text message to all other members. `/break/RULE` breaks
/// one rule of the RFC, so that you can see how a client reacts (`/break/` lists the rules).
#[derive(Debug, Clone, Parser)]
#[command(name = "server", version)]
pub(crate) struct Args {
    /// The address to listen on; a port alone means that port on 127.0.0.1. Port 0 picks any free
    /// port. `unix:PATH` listens on a Unix socket, whose file is removed when the server ends
    #[arg(long, value_name = "[HOST:]PORT", default_value = LISTEN, value_parser = listen_address)]
    pub(crate) listen: ListenAddress,

    /// The file mode of the Unix socket, in octal digits. The mode decides who may connect. The
    /// default admits the server's user and group
    #[cfg(unix)]
    #[arg(long, value_name = "MODE", default_value = "660", value_parser = octal)]
    pub(crate) socket_mode: u32,

    /// Trust the client's address in the `Forwarded` or `X-Forwarded-For` header if the connection
    /// comes from one of these proxies: addresses, networks such as 10.0.0.0/8, or `unix` for the
    /// clients of a Unix socket. The server uses this address only for its output, for example in
    /// its log
    #[arg(long, value_name = "ADDRESS", value_delimiter = ',')]
    pub(crate) trust_proxy: Vec<TrustedProxy>,

    /// Expect every connection to begin with a header of the PROXY protocol, version 1 or 2, which
    /// contains the client's address. Use this option only if nobody but the proxy can connect, or
    /// together with --trust-proxy, which then lists every address that may connect. The header
    /// must arrive within --handshake-timeout
    #[arg(long, conflicts_with = "grade_clients")]
    pub(crate) proxy_protocol: bool,

    /// Speak TLS with the first certificate in this PEM file. The certificates that sign it come
    /// after it in the same file. The file is read again when it changes and on SIGHUP; open
    /// connections continue. The server logs a warning before the certificate expires
    #[arg(long, value_name = "FILE", requires = "tls_key", conflicts_with = "grade_clients")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert, as a PEM file without a password
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Speak TLS with a new self-signed certificate, for trying out TLS, and print how to make
    /// clients trust it
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_key", "grade_clients"])]
    pub(crate) tls_self_signed: bool,

    /// The time between two pushes on `/`, such as 250ms, 1s or 2m
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = positive)]
    pub(crate) interval: Duration,

    /// Serve another host, such as `example.org`. Can be repeated; '*' allows every host. Without
    /// this option, the server serves `localhost` and IP addresses; on a loopback address, it
    /// serves `localhost` and loopback addresses
    #[arg(long, value_name = "HOST")]
    pub(crate) allow_host: Vec<AllowedHost>,

    /// Accept connections from web pages with another origin, such as `https://example.org`. Can be
    /// repeated; '*' allows every origin
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<AllowedOrigin>,

    /// The maximum number of open connections. Further clients get the status 503
    #[arg(long, value_name = "COUNT", default_value_t = 20_000)]
    pub(crate) max_connections: usize,

    /// The maximum size of a message, in bytes or with a suffix K, M or G. A client that sends a
    /// larger message is disconnected with 1009
    #[arg(long, value_name = "SIZE", default_value = "1M", value_parser = parse_size)]
    pub(crate) max_message: usize,

    /// The memory that all connections together may use for large messages, in bytes or with a
    /// suffix K, M or G. Each connection may use a further 16 KiB. A client whose message finds no
    /// room within 10 seconds is disconnected with 1013. Each HTTP/2 connection takes 256 KiB of
    /// this memory; if that would leave less than half of it, the client gets HTTP/1.1 instead
    #[arg(long, value_name = "SIZE", default_value = "256M", value_parser = parse_size)]
    pub(crate) max_memory: usize,

    /// The maximum time that a client may take to send a message, extended by one second for each
    /// KiB of the message; 'none' for no limit. A slower client is disconnected with 1008
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = time_limit)]
    pub(crate) message_timeout: TimeLimit,

    /// Compress messages of at least 1 KiB for clients that offer permessage-deflate
    #[arg(long)]
    pub(crate) deflate: bool,

    /// The maximum time that a client may take for the TLS handshake and its request together
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive)]
    pub(crate) handshake_timeout: Duration,

    /// The maximum time that a client may take to accept a push, or a batch of texts in the chat. A
    /// client that reads more slowly is disconnected with 1008
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = positive)]
    pub(crate) write_timeout: Duration,

    /// The maximum time that a client may take to answer a Close. When the server stops, it waits
    /// no longer than this for its clients
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = positive)]
    pub(crate) close_timeout: Duration,

    /// The time between two Pings, and also the maximum time that a client may take to answer a
    /// Ping
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = positive)]
    pub(crate) ping_interval: Duration,

    /// The number of threads [default: one for each core]
    #[arg(long, value_name = "COUNT", default_value_t = cores(), hide_default_value = true, value_parser = at_least_one)]
    pub(crate) threads: usize,

    /// Judge an echo client that you are writing, instead of serving. The client must send every
    /// message back, answer each Ping and Close, and connect again until it gets the status 410.
    /// The server stops at the first stage that the client does not pass, and explains what was
    /// sent, what was expected and what came back. The exit status is then 1
    #[arg(long, conflicts_with_all = ["trace", "capture"])]
    pub(crate) grade_clients: bool,

    /// Run only the stage with this number
    #[arg(
        long,
        value_name = "NUMBER",
        requires = "grade_clients",
        value_parser = clap::value_parser!(u8).range(1..=10)
    )]
    pub(crate) stage: Option<u8>,

    /// Run only the check with this name, and explain a failure. --list shows the names
    #[arg(long, value_name = "NAME", requires = "grade_clients", conflicts_with = "stage", value_parser = check)]
    pub(crate) check: Option<Selection>,

    /// List the checks of --grade-clients, or those of one --stage, and exit
    #[arg(long, requires = "grade_clients", conflicts_with = "check")]
    pub(crate) list: bool,

    /// Print the results of --grade-clients as lines of JSON
    #[arg(long, requires = "grade_clients")]
    pub(crate) json: bool,

    /// The maximum time to wait for each answer from the client, with --grade-clients
    #[arg(long, value_name = "TIME", default_value = "2s", requires = "grade_clients", value_parser = positive)]
    pub(crate) answer_timeout: Duration,

    /// The maximum time to wait for the client to connect again, with --grade-clients
    #[arg(long, value_name = "TIME", default_value = "15s", requires = "grade_clients", value_parser = positive)]
    pub(crate) patience: Duration,

    #[command(flatten)]
    pub(crate) tracing: TracingOptions,

    /// Log more; if repeated, log everything. Without this option, `RUST_LOG` selects what is
    /// logged
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The address to listen on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListenAddress {
    /// A host and a port, not yet resolved.
    Tcp(String),
    #[cfg(unix)]
    Unix(PathBuf),
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => f.write_str(address),
            #[cfg(unix)]
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Parses an address to listen on. A port alone means that port on 127.0.0.1, so other machines can
/// reach the server only if the user names an address.
fn listen_address(text: &str) -> Result<ListenAddress, String> {
    if let Some(path) = text.strip_prefix("unix:") {
        return unix_path(path);
    }
    let port = text.strip_prefix(':').unwrap_or(text);
    if port.is_empty() || !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(ListenAddress::Tcp(text.to_owned()));
    }
    let port: u16 = port.parse().map_err(|_| "the port must be a number from 0 to 65535".to_owned())?;
    Ok(ListenAddress::Tcp(format!("127.0.0.1:{port}")))
}

#[cfg(unix)]
fn unix_path(path: &str) -> Result<ListenAddress, String> {
    if path.is_empty() { Err("write a path after 'unix:'".to_owned()) } else { Ok(ListenAddress::Unix(path.into())) }
}

#[cfg(not(unix))]
fn unix_path(_: &str) -> Result<ListenAddress, String> {
    Err("this system has no Unix sockets".to_owned())
}

/// Parses the permissions of a file, such as 660.
#[cfg(unix)]
fn octal(text: &str) -> Result<u32, String> {
    let mode = u32::from_str_radix(text, 8).ok().filter(|&mode| mode <= 0o777);
    mode.ok_or_else(|| "write three octal digits, such as 660".to_owned())
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The maximum duration that an option accepts. A longer duration is certainly a mistake, and a
/// very long one would overflow when it is added to the current time.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn positive(text: &str) -> Result<Duration, String> {
    parse_duration(text, &(Duration::from_nanos(1)..=LONGEST))
}

/// Parses the name of one of the judge's checks.
fn check(name: &str) -> Result<Selection, String> {
    Selection::check(Role::Client, name).ok_or_else(|| "--grade-clients --list lists the checks".to_owned())
}

fn time_limit(text: &str) -> Result<TimeLimit, String> {
    parse_time_limit(text, &(Duration::from_nanos(1)..=LONGEST))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&count| count > 0).ok_or_else(|| "must be at least 1, as a whole number".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_alone_is_on_the_loopback_interface() {
        for (text, address) in [
            ("8090", "127.0.0.1:8090"),
            (":8090", "127.0.0.1:8090"),
            ("0", "127.0.0.1:0"),
            ("0.0.0.0:8090", "0.0.0.0:8090"),
            ("[::1]:8090", "[::1]:8090"),
            ("localhost:8090", "localhost:8090"),
            // These are not valid addresses, but they are returned unchanged, and the server then
            // fails to listen on them.
            ("localhost", "localhost"),
            ("", ""),
        ] {
            assert_eq!(listen_address(text), Ok(ListenAddress::Tcp(address.to_owned())));
        }
        assert_eq!(listen_address("65536"), Err("the port must be a number from 0 to 65535".to_owned()));
    }

    #[test]
    fn no_duration_is_longer_than_a_year() {
        assert_eq!(positive("365d"), Ok(Duration::from_secs(31_536_000)));
        assert_eq!(positive("366d"), Err("must be at most 365days".to_owned()));
    }

    #[cfg(unix)]
    #[test]
    fn a_unix_socket_has_a_path_and_a_mode() {
        assert_eq!(listen_address("unix:/run/a.sock"), Ok(ListenAddress::Unix("/run/a.sock".into())));
        assert_eq!(listen_address("unix:a.sock").map(|address| address.to_string()), Ok("unix:a.sock".to_owned()));
        assert!(listen_address("unix:").is_err());
        assert_eq!(octal("660"), Ok(0o660));
        for wrong in ["", "8", "1777", "-1", "rw-"] {
            assert!(octal(wrong).is_err(), "{wrong}");
        }
    }
}
