//! The command-line options for printing or capturing a program's traffic.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// The options `--trace` and `--capture`. A program adds them to its own options with
/// `#[command(flatten)]`.
#[derive(Debug, Clone, Default, Args)]
pub struct TracingOptions {
    /// Print the handshake and every frame to standard error as they pass, dissected ('>' sent, '<'
    /// received). With '=json', print one line of JSON for each of them
    #[arg(
        long,
        value_name = "text|json",
        value_enum,
        hide_possible_values = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "text"
    )]
    pub trace: Option<TraceFormat>,

    /// Write the bytes of every connection to a new file that Wireshark can open. With TLS, these
    /// are the decrypted bytes. The file contains passwords and cookies, so only its owner can read
    /// it
    #[arg(long, value_name = "FILE.pcapng")]
    pub capture: Option<PathBuf>,
}

/// The value of `--trace`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TraceFormat {
    /// Text for people.
    Text,
    /// JSON for programs.
    Json,
}

#[cfg(test)]
mod tests {
    use clap::{Parser, error::ErrorKind};

    use super::*;

    #[derive(Debug, Parser)]
    struct Program {
        #[command(flatten)]
        tracing: TracingOptions,
    }

    #[test]
    fn a_trace_is_text_unless_json_is_requested() {
        let trace = |args: &[&str]| {
            let program = Program::try_parse_from([&["program"], args].concat());
            program.map(|program| program.tracing.trace).map_err(|error| error.kind())
        };
        assert_eq!(trace(&[]), Ok(None));
        assert_eq!(trace(&["--trace"]), Ok(Some(TraceFormat::Text)));
        assert_eq!(trace(&["--trace=text"]), Ok(Some(TraceFormat::Text)));
        assert_eq!(trace(&["--trace=json"]), Ok(Some(TraceFormat::Json)));
        assert_eq!(trace(&["--trace=xml"]), Err(ErrorKind::InvalidValue));
        // Without the equals sign, `json` is not the value of `--trace` but a separate argument,
        // like the client's URL. `Program` accepts no such argument.
        assert_eq!(trace(&["--trace", "json"]), Err(ErrorKind::UnknownArgument));
    }
}
