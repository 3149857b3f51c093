//! `cargo run -p book`: the book, with the source beside it.

mod browser;
mod serve;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Parser;

/// Shows the book in a browser, with the source beside it.
#[derive(Debug, Parser)]
struct Args {
    /// The address to serve the book on.
    #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Write the book as static files into this folder instead of serving it. Files that are
    /// already in the folder are removed.
    #[arg(long, value_name = "DIR")]
    build: Option<PathBuf>,
    /// The port on this machine to which the "Try it here" boxes connect.
    #[arg(long, default_value_t = book::SERVER_PORT, value_name = "PORT")]
    server_port: u16,
    /// Open the book in the browser.
    #[arg(long)]
    open: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Args::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Print no backtrace, because the error is about a page or an address, not about this
            // program.
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<()> {
    // The book shows the source of the working copy that this program was built from.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("the crate is not in its workspace")?;
    match args.build {
        Some(folder) => {
            let folder = std::path::absolute(folder)?;
            book::build(root, &folder, args.server_port)?;
            if args.open {
                browser::open(folder.join("index.html"));
            }
            Ok(())
        }
        None => {
            // Listen before building the pages, so that an address that is not available is
            // reported at once.
            let listener = serve::listen(args.listen).await?;
            let folder = tempfile::tempdir().context("no folder for the pages can be created")?;
            book::build(root, folder.path(), args.server_port)?;
            serve::serve(folder.path(), listener, args.server_port, args.open).await
        }
    }
}
