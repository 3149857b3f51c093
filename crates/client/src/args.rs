//! The command line. `--help` prints the doc comments on the fields.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

#[cfg(unix)]
use clap::{CommandFactory, error::ErrorKind};
use clap::{Parser, builder::ArgPredicate};
use cli::{TimeLimit, TracingOptions, parse_duration, parse_size, parse_time_limit};
use laboratory::{
    Role, faults,
    grade::{ListedCheck, Selection},
};
#[cfg(unix)]
use websocket::{UnixAddress, UnixAddressError};

use crate::{screen::lesson::table::LESSONS, suggest::closest};

/// The URL of a server started with `cargo run -p server`.
pub(crate) const DEFAULT_URL: &str = "ws://127.0.0.1:8080/";

/// The options that would have no effect with `--probe` or `--grade`, because each connection of
/// these tests serves a single check and uses the engine's own limits.
const NOT_WITH_TESTS: [&str; 8] =
    ["binary", "ping_interval", "deflate", "trace", "capture", "close_timeout", "max_message", "message_timeout"];

/// A WebSocket client for the terminal and for pipes.
///
/// On a terminal, the client fills the screen. It shows the conversation, every frame on the wire,
/// and the fields of each frame; type `/help` for the commands. With `--plain`, or when standard
/// input or output is not a terminal, it works line by line.
///
/// When the client works line by line, it sends each line of standard input as a text message, and
/// prints each message that it receives on a line of standard output. At the end of the input
/// (Ctrl-D), on Ctrl-C and on SIGTERM, the client closes the connection with code 1000 and keeps
/// printing until the server has answered. A second Ctrl-C stops it at once.
///
/// A line on standard error reports how the connection ended. The exit status is 0 for the close
/// codes 1000, 1001 and 1005, 2 for an invalid command line, and 1 for every other failure,
/// including a line that could not be sent.
#[derive(Debug, Clone, Parser)]
#[command(name = "client", version)]
pub(crate) struct ClientArgs {
    /// The server's URL: `ws://HOST[:PORT][/PATH][?QUERY]`, or `wss://` for TLS. `http` and `https`
    /// work too. For this computer, an address or a port alone is enough.
    /// `ws+unix:/PATH/OF/SOCKET:/PATH` connects to a Unix socket.
    #[arg(
        default_value = DEFAULT_URL,
        default_value_if("unix", ArgPredicate::IsPresent, Some("ws://localhost/")),
        default_value_if("grade", ArgPredicate::IsPresent, Some("ws://127.0.0.1:9001/"))
    )]
    pub(crate) url: String,

    /// A subprotocol to offer. Repeat the option to offer several, in order of preference.
    #[arg(short, long = "subprotocol", value_name = "NAME")]
    pub(crate) subprotocols: Vec<String>,

    /// An additional header for the opening request, as 'Name: value'. Can be repeated.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(String, String)>,

    /// The page that the request claims to come from (its Origin header), such as
    /// `https://example.org`.
    #[arg(short, long, value_name = "ORIGIN")]
    pub(crate) origin: Option<String>,

    /// Also trust the certificates in this PEM file, for `wss://`: those of an authority, or a
    /// server's own. Can be repeated. There is no option that trusts every certificate.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Vec<PathBuf>,

    /// Use the certificate in this PEM file to prove who you are to servers that ask for one.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key that belongs to --tls-cert, as a PEM file without a password.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Connect through this proxy: `http://[USER:PASSWORD@]HOST[:PORT]`, `https://` for TLS to the
    /// proxy, `socks5://`, or `socks5h://`, which lets the proxy resolve the host. Without this
    /// option, the environment variables `HTTP_PROXY` (for ws), `HTTPS_PROXY` (for wss),
    /// `ALL_PROXY` and `NO_PROXY` choose the proxy as they do for curl, except that connections to
    /// this computer never use one.
    #[arg(long, value_name = "URL", conflicts_with = "no_proxy")]
    pub(crate) proxy: Option<String>,

    /// Connect directly, whatever the environment variables say.
    #[arg(long)]
    pub(crate) no_proxy: bool,

    /// Connect to the Unix socket at this path instead of the URL's host. The default URL is then
    /// `ws://localhost/`.
    #[cfg(unix)]
    #[arg(long, value_name = "PATH", conflicts_with = "proxy")]
    pub(crate) unix: Option<PathBuf>,

    /// Open the connection on an HTTP/2 stream (RFC 8441), and work line by line. The server must
    /// speak HTTP/2, inside TLS or, for a ws:// URL, without TLS.
    #[cfg(feature = "http2")]
    #[arg(long, conflicts_with_all = ["test", "trace", "capture", "lesson", "follow"])]
    pub(crate) http2: bool,

    /// Follow up to N redirects. The headers `Authorization` and `Cookie` are not sent to another
    /// host, port or scheme. A redirect from wss to ws is not followed.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true, conflicts_with = "test")]
    pub(crate) follow: usize,

    /// Send a Ping at this interval, such as 30s. Give up if the server sends nothing at all within
    /// one interval after a Ping.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) ping_interval: Option<Duration>,

    /// The time limit for opening the connection.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) connect_timeout: Duration,

    /// The time limit for the server's answer to our Close. After the end of the input, each
    /// message that still arrives restarts the limit, so that no message is lost. After Ctrl-C,
    /// messages do not restart it.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub(crate) close_timeout: Duration,

    /// The maximum length of a received message and of a line of input, in bytes or with a suffix
    /// K, M or G.
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = parse_size)]
    pub(crate) max_message: usize,

    /// The time limit for a message that has begun to arrive, extended by one second for each KiB
    /// of the message; `none` for no limit.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = time_limit)]
    pub(crate) message_timeout: TimeLimit,

    /// Offer to compress messages (permessage-deflate). The server decides. The client compresses
    /// only messages of at least 1 KiB.
    #[arg(long)]
    pub(crate) deflate: bool,

    /// Work line by line, even on a terminal. (--trace does so too.) Every line is then sent as a
    /// text message: `/ping` and the other commands exist only in full-screen mode.
    #[arg(long)]
    pub(crate) plain: bool,

    /// Begin with the lessons, which are small tasks. The client checks on the wire whether you
    /// have done them. N is the number of the first lesson. Lessons need full-screen mode, and a
    /// connection to this project's server.
    #[arg(
        long,
        value_name = "N",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "1",
        value_parser = lesson,
        conflicts_with_all = ["plain", "trace", "binary", "verbose", "test"]
    )]
    pub(crate) lesson: Option<usize>,

    #[command(flatten)]
    pub(crate) tracing: TracingOptions,

    /// Write binary messages unchanged to a pipe or a file. Without this option, and always on a
    /// terminal, each binary message is shown as a line with its length and first bytes. With this
    /// option, the client works line by line, as with --plain.
    #[arg(short, long)]
    pub(crate) binary: bool,

    /// Break every rule of the RFC that a client can break, each on a separate connection, and
    /// print what the server does. The exit status is 1 if the server tolerates a violation that
    /// the RFC requires it to reject.
    #[arg(long, group = "test", conflicts_with_all = NOT_WITH_TESTS)]
    pub(crate) probe: bool,

    /// Break only this rule. Can be repeated; --probe-list lists the names.
    #[arg(long, value_name = "RULE", requires = "probe", value_parser = rule)]
    pub(crate) probe_only: Vec<String>,

    /// List the rules that --probe breaks, one per line: the name, the section of RFC 6455, and
    /// what the client does wrong.
    #[arg(long, exclusive = true)]
    pub(crate) probe_list: bool,

    /// Judge a server that you are writing, stage by stage: each stage has the checks for one of
    /// the book's steps. Stop at the first stage that the server does not pass, and explain what
    /// was sent, what was expected and what came back; the exit status is then 1. With this option,
    /// the default URL is `ws://127.0.0.1:9001/`.
    #[arg(long, group = "test", conflicts_with_all = NOT_WITH_TESTS)]
    pub(crate) grade: bool,

    /// Run only the stage with this number.
    #[arg(long, value_name = "NUMBER", requires = "grade", value_parser = clap::value_parser!(u8).range(1..=12))]
    pub(crate) stage: Option<u8>,

    /// Run only the check with this name, and explain a failure. --list shows the names.
    #[arg(long, value_name = "NAME", requires = "grade", conflicts_with = "stage", value_parser = check)]
    pub(crate) check: Option<Selection>,

    /// List the checks of --grade, or only those of one --stage, and exit.
    #[arg(long, requires = "grade", conflicts_with = "check")]
    pub(crate) list: bool,

    /// With --grade, the time within which the server must give up on a client that does nothing
    /// useful. Stages 10 and 11 wait up to this long for the server to do so.
    #[arg(long, value_name = "DURATION", default_value = "15s", value_parser = duration, requires = "grade")]
    pub(crate) patience: Duration,

    /// The time limit for the server's answer to a broken rule. It applies to --probe, to --grade
    /// and to `/break` in full-screen mode.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration)]
    pub(crate) probe_patience: Duration,

    /// Print the results of --probe or --grade as lines of JSON.
    #[arg(long, requires = "test")]
    pub(crate) json: bool,

    /// Report control frames (Ping, Pong, Close) on standard error. The client then works line by
    /// line, as with --plain.
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

impl ClientArgs {
    /// Parses the command line of this process. Ends the process if the command line is invalid.
    pub(crate) fn read() -> Self {
        Self::parse().with_lesson_of_url().with_socket_of_url()
    }

    /// Treats a URL such as `ws+unix:/run/feed.sock:/chat` like `--unix /run/feed.sock` with the
    /// URL `ws://localhost/chat`. Ends the process if the URL is not valid.
    #[cfg(unix)]
    fn with_socket_of_url(mut self) -> Self {
        let address = match self.url.parse::<UnixAddress>() {
            // A URL of another kind.
            Err(UnixAddressError::Scheme) => return self,
            address => address,
        };
        let reject = |kind, problem: &dyn std::fmt::Display| -> ! {
            let message = format!("'{}': {problem}", dissector::printable(&self.url));
            Self::command().error(kind, message).exit()
        };
        if self.unix.is_some() || self.proxy.is_some() {
            reject(
                ErrorKind::ArgumentConflict,
                &"the URL names a Unix socket, so there can be no --unix and no --proxy",
            );
        }
        match address {
            Ok(address) => {
                self.unix = Some(address.socket);
                self.url = address.uri.to_string();
                self
            }
            Err(error) => reject(ErrorKind::ValueValidation, &error),
        }
    }

    #[cfg(not(unix))]
    fn with_socket_of_url(self) -> Self {
        self
    }

    /// Treats the number in `--lesson 3` as the lesson, not as the URL. clap parses it as the URL,
    /// because a value of `--lesson` must follow an `=`, and a port alone is a valid URL. Nobody
    /// would run a server for the lessons on a port with such a low number, so the user must mean a
    /// lesson.
    fn with_lesson_of_url(mut self) -> Self {
        if self.lesson.is_some()
            && let Ok(number) = lesson(&self.url)
        {
            self.lesson = Some(number);
            self.url = DEFAULT_URL.to_owned();
        }
        self
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("write a header as 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Parses the name of a rule that a client can break.
fn rule(name: &str) -> Result<String, String> {
    let names = || faults::sent_by(Role::Client).map(|fault| fault.name);
    if names().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let suggestion = closest(name, names()).map(|known| format!("did you mean {known}? ")).unwrap_or_default();
    Err(format!("{suggestion}there is no such rule; --probe-list lists the rules"))
}

/// Parses the name of one of the judge's checks.
fn check(name: &str) -> Result<Selection, String> {
    let names = || ListedCheck::of(Role::Server).map(|check| check.name);
    Selection::check(Role::Server, name).ok_or_else(|| {
        let suggestion = closest(name, names()).map(|known| format!("did you mean {known}? ")).unwrap_or_default();
        format!("{suggestion}there is no such check; --grade --list lists the checks")
    })
}

/// Parses the number of a lesson.
fn lesson(text: &str) -> Result<usize, String> {
    let count = LESSONS.len();
    let number = text.parse().ok().filter(|number| (1..=count).contains(number));
    number.ok_or_else(|| format!("there are lessons 1 to {count}"))
}

/// The durations that the options accept. The maximum, one day, is longer than any practical time
/// limit, and short enough that adding it to the current time cannot overflow.
const DURATIONS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(24 * 60 * 60);

/// Parses `250ms`, `1s` or `2m`.
fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text, &DURATIONS)
}

/// Parses `none`, or a duration.
fn time_limit(text: &str) -> Result<TimeLimit, String> {
    parse_time_limit(text, &DURATIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_judge_expects_the_server_at_the_address_of_the_steps() {
        let url = |arguments: &[&str]| ClientArgs::try_parse_from(arguments).expect("valid arguments").url;
        assert_eq!(url(&["client"]), "ws://127.0.0.1:8080/");
        assert_eq!(url(&["client", "--grade"]), "ws://127.0.0.1:9001/");
        assert_eq!(url(&["client", "--grade", "ws://[::1]:1/"]), "ws://[::1]:1/");
    }

    #[test]
    fn the_number_of_a_lesson_needs_no_equals_sign() {
        let read = |arguments: &[&str]| {
            let args = ClientArgs::try_parse_from(arguments).expect("valid arguments").with_lesson_of_url();
            (args.lesson, args.url)
        };
        let default = DEFAULT_URL.to_owned();
        assert_eq!(read(&["client", "--lesson"]), (Some(1), default.clone()));
        assert_eq!(read(&["client", "--lesson", "3"]), (Some(3), default.clone()));
        assert_eq!(read(&["client", "--lesson=3"]), (Some(3), default));
        assert_eq!(read(&["client", "--lesson", "9001"]), (Some(1), "9001".to_owned()));
        assert_eq!(read(&["client", "3"]), (None, "3".to_owned()));
    }

    #[test]
    fn a_rule_must_be_known() {
        assert_eq!(rule("unmasked-frame"), Ok("unmasked-frame".to_owned()));
        let unknown = "there is no such rule; --probe-list lists the rules";
        assert_eq!(rule("x"), Err(unknown.to_owned()));
        assert_eq!(rule("unmasked-fame"), Err(format!("did you mean unmasked-frame? {unknown}")));
    }

    #[test]
    fn durations_have_a_unit_and_an_upper_limit() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for (wrong, expected) in [
            ("", "value was empty"),
            ("5", "time unit needed"),
            ("-1s", "expected number at 0"),
            ("0s", "must be at least 1ms"),
            ("2days", "must be at most 1day"),
        ] {
            let error = duration(wrong).expect_err(wrong);
            assert!(error.starts_with(expected), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_header_is_a_name_and_a_value() {
        assert_eq!(header("Cookie: a=b:c"), Ok(("Cookie".to_owned(), "a=b:c".to_owned())));
        assert_eq!(header("X-Empty:"), Ok(("X-Empty".to_owned(), String::new())));
        assert_eq!(header("Cookie"), Err("write a header as 'Name: value'".to_owned()));
    }
}
