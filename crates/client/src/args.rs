//! The command line. The comments on the fields are what `--help` prints.

use std::time::Duration;

use clap::Parser;
use cli::{TracingOptions, parse_duration};
use laboratory::{Role, faults};

use crate::near::nearest;

/// A WebSocket client for the terminal and for pipes.
///
/// On a terminal it fills the screen: the conversation, every frame on the wire, and each of them taken apart; `/help` tells
/// more. With `--plain`, and where standard input or output is no terminal, it works line by line:
///
/// It sends each line of standard input as a text message, and prints each message that arrives on a line of standard
/// output. At the end of the input (Ctrl-D), on Ctrl-C and on SIGTERM it closes the connection with the code 1000 and
/// goes on printing until the server has answered; a second Ctrl-C ends it at once.
///
/// Standard error tells how the connection ended. The exit status is 0 for the codes 1000, 1001 and 1005, 2 for a wrong
/// command line and 1 for everything else that goes wrong, a line that could not be sent among it.
#[derive(Debug, Clone, Parser)]
#[command(name = "client", version)]
pub(crate) struct Args {
    /// Where to: `ws://HOST[:PORT][/PATH][?QUERY]`, or `wss://` for TLS.
    #[arg(default_value = "ws://127.0.0.1:8080/")]
    pub(crate) url: String,

    /// A subprotocol to offer. Can be given several times; the first is the one liked best.
    #[arg(short, long = "subprotocol", value_name = "NAME")]
    pub(crate) subprotocols: Vec<String>,

    /// A header for the request, as 'Name: value'. Can be given several times.
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(crate) headers: Vec<(String, String)>,

    /// The page that the request claims to come from, such as `https://example.org`.
    #[arg(short, long, value_name = "ORIGIN")]
    pub(crate) origin: Option<String>,

    /// Send a Ping this often, such as 30s; give up when nothing at all has come back for as long again.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(crate) ping_interval: Option<Duration>,

    /// How long the connection may take to open.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) connect_timeout: Duration,

    /// How long to wait for the server's answer to our Close. After the end of the input the time starts again with
    /// each message that still arrives, so that no answer is lost; after Ctrl-C it does not.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub(crate) close_timeout: Duration,

    /// The longest message to take, and the longest line to send: bytes, or with K, M or G.
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = size)]
    pub(crate) max_message: usize,

    /// Offer to compress messages (permessage-deflate). The server decides; ours only go compressed from 1 KiB on.
    #[arg(long)]
    pub(crate) deflate: bool,

    /// Work line by line, on a terminal too; so does --trace. Every line is a text then: `/ping` and the other
    /// commands need the full screen.
    #[arg(long)]
    pub(crate) plain: bool,

    #[command(flatten)]
    pub(crate) tracing: TracingOptions,

    /// Write binary messages to a pipe or a file as they are. Without it, and always on a terminal, a line tells their
    /// length and first bytes. Works line by line, as with --plain.
    #[arg(short, long)]
    pub(crate) binary: bool,

    /// Break every rule of the RFC that a client can break, each on a connection of its own, and print what the server
    /// does. The exit status is 1 if it lets something pass that it must not.
    #[arg(long, conflicts_with_all = ["binary", "ping_interval"])]
    pub(crate) probe: bool,

    /// Break this rule only. Can be given several times; --probe-list tells the names.
    #[arg(long, value_name = "RULE", requires = "probe", value_parser = rule)]
    pub(crate) probe_only: Vec<String>,

    /// List the rules that --probe breaks, one on a line: name, section of RFC 6455, what is broken.
    #[arg(long, exclusive = true)]
    pub(crate) probe_list: bool,

    /// How long to wait for the answer to a broken rule, with --probe and with `/break` on the full screen.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration)]
    pub(crate) probe_patience: Duration,

    /// Print the results of --probe as lines of JSON.
    #[arg(long, requires = "probe")]
    pub(crate) json: bool,

    /// Tell about control frames (Ping, Pong, Close) on standard error. Works line by line, as with --plain.
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a header is written as 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// The name of a rule that a client can break.
fn rule(name: &str) -> Result<String, String> {
    let names = || rules::of(Role::Client).map(|rule| rule.name);
    if names().any(|known| known == name) {
        return Ok(name.to_owned());
    }
    let near = nearest(name, names()).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    Err(format!("{near}there is no such rule, and --probe-list lists those that there are"))
}

/// `250ms`, `1s`, `2m`. A day is more than anyone waits here, and keeps sums with the present time from overflowing.
fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text, &(Duration::from_millis(1)..=Duration::from_secs(24 * 60 * 60)))
}

/// `65536`, `64K`, `64KiB`: a step is 1024, as everywhere in this workspace.
fn size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let factor = match &text[digits.len()..] {
        "" => 1,
        "K" | "k" | "KiB" => 1 << 10,
        "M" | "m" | "MiB" => 1 << 20,
        "G" | "g" | "GiB" => 1 << 30,
        _ => return Err("write a number of bytes, or one with K, M or G behind it".to_owned()),
    };
    let number: usize = digits.parse().map_err(|_| "there is no number, or one too large".to_owned())?;
    match number.checked_mul(factor) {
        Some(0) => Err("it must be at least 1".to_owned()),
        Some(size) => Ok(size),
        None => Err("this is more than the memory of any computer".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_suffixes() {
        assert_eq!(size("1"), Ok(1));
        assert_eq!(size("64K"), Ok(65536));
        assert_eq!(size("64KiB"), Ok(65536));
        assert_eq!(size("64M"), Ok(64 << 20));
        for wrong in ["", "K", "0", "-1", "1.5M", "64 K", "64KB", "99999999999999999999", "99999999999G"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rule_is_one_that_there_is() {
        assert_eq!(rule("unmasked-frame"), Ok("unmasked-frame".to_owned()));
        for (wrong, told) in [("unmasked-fame", "did you mean unmasked-frame? "), ("x", "--probe-list lists")] {
            let error = rule(wrong).expect_err(wrong);
            assert!(error.contains(told), "{error}");
            assert!(error.len() < 120, "a line and not a list: {error}");
        }
    }

    #[test]
    fn durations_have_a_unit_and_an_end() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "5", "0s", "2days", "-1s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_header_is_a_name_and_a_value() {
        assert_eq!(header("Cookie: a=b:c"), Ok(("Cookie".to_owned(), "a=b:c".to_owned())));
        assert_eq!(header("X-Empty:"), Ok(("X-Empty".to_owned(), String::new())));
        assert!(header("Cookie").is_err());
    }
}
