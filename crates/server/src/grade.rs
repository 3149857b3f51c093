//! `--grade-clients`: judges a client stage by stage, while the client connects again and again.

use std::{
    io::{self, Write},
    net::SocketAddr,
};

use cli::{GradeReport, Signals, use_colours};
use laboratory::{
    Role,
    grade::{ClientJudge, Selection},
};
use tokio::{net::TcpListener, select};

use crate::args::Args;

/// Returns the lines that the server prints first. Programs read the URL in the first line.
pub(crate) fn greeting(address: SocketAddr) -> String {
    format!(
        "listening on ws://{address}/\nwaiting for an echo client, which connects again after each check until it gets the \
         status 410"
    )
}

/// Lists the checks for clients: all of them, or those of one stage.
pub(crate) fn list(only: Option<u8>) -> String {
    GradeReport { judged: Role::Client, colour: false }.list(only)
}

/// Judges the client that connects to `listener`, and prints the result of each stage.
///
/// # Errors
/// Returns a sentence that describes the failure if the client has not passed the selected stages
/// or check, or if no connection can be accepted. If a signal arrives, this function ends the
/// process instead of returning.
pub(crate) async fn run(args: &Args, listener: TcpListener, signals: &mut Signals) -> Result<(), String> {
    let judge = ClientJudge::new(listener).answer_timeout(args.answer_timeout).patience(args.patience);
    let printer = GradeReport { judged: Role::Client, colour: use_colours(&io::stdout()) };
    let selection = args.check.or(args.stage.map(Selection::Stage)).unwrap_or_default();
    let judging = judge.run(selection, |result| {
        let text = printer.result(selection, args.json, result);
        let mut stdout = io::stdout().lock();
        // If nobody is reading the output any more, the exit status still shows the result, so
        // ignore the error.
        let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    });
    let has_passed = select! {
        judged = judging => judged.map_err(|error| format!("cannot accept connections: {error}"))?,
        signal = signals.next() => std::process::exit(signal.exit_status().into()),
    };
    if has_passed {
        if let Some(sentence) = printer.success(selection) {
            // Write this sentence to standard error, because standard output may contain JSON, and
            // the sentence would make that JSON invalid.
            let _ = writeln!(io::stderr(), "{sentence}");
        }
        Ok(())
    } else {
        Err(match selection {
            Selection::All => "the client has not passed all stages".to_owned(),
            Selection::Stage(number) => format!("the client has not passed stage {number}"),
            Selection::Check(name) => format!("the client has not passed {name}"),
        })
    }
}
