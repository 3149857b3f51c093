//! `--grade`: judges a server stage by stage, and explains what is wrong with it.

use std::{
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use cli::{GradeReport, use_colours};
use laboratory::{
    Role,
    grade::{Selection, ServerJudge},
};
use websocket::ConnectError;

use crate::{args::ClientArgs, connect_error::explain, opening, report::report};

/// Judges the server that the command line names.
///
/// The exit status is 0 if the server has passed the selected stage or check (by default, all
/// stages), and 1 otherwise.
pub(crate) async fn run(args: &ClientArgs) -> ExitCode {
    let printer = GradeReport { judged: Role::Server, colour: use_colours(&io::stdout()) };
    if args.list {
        let _ = print(&printer.list(args.stage));
        return ExitCode::SUCCESS;
    }
    let selection = args.check.or(args.stage.map(Selection::Stage)).unwrap_or_default();
    let prepared = opening::request(args).and_then(|request| Ok((request, opening::transport_options(args)?)));
    let (request, transport) = match prepared {
        Ok(prepared) => prepared,
        Err(sentence) => {
            report(sentence);
            return ExitCode::FAILURE;
        }
    };
    let uri = request.uri().clone();
    let judge = ServerJudge::new(request)
        .transport(transport)
        .connect_timeout(args.connect_timeout)
        .answer_timeout(args.probe_patience)
        .patience(args.patience);
    let judged = judge.run(selection, |result| {
        // If nobody is reading the output any more, the exit status still shows the result, so
        // ignore the error.
        let _ = print(&printer.result(selection, args.json, result));
    });
    match judged.await {
        Ok(true) => {
            printer.success(selection).into_iter().for_each(report);
            ExitCode::SUCCESS
        }
        Ok(false) => ExitCode::FAILURE,
        Err(ConnectError::Tcp { error, .. }) if error.kind() == ErrorKind::ConnectionRefused => {
            report(format_args!("nothing is listening at {}: start your server, and check its port", args.url));
            ExitCode::FAILURE
        }
        Err(error) => {
            report(explain(&error, &uri, args.connect_timeout));
            ExitCode::FAILURE
        }
    }
}

/// Prints text and flushes it, so that the user can watch the progress.
fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
