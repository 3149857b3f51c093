//! The lessons, done as a user would do them, with the program `server`.

use std::{path::PathBuf, process::Stdio, sync::OnceLock};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use crate::{
    support::{ClientProcess, bounded},
    terminal::TestTerminal,
};

/// A running server and its URL. It is killed when the test ends.
struct RealServer {
    _child: Child,
    url: String,
}

impl RealServer {
    async fn start() -> Self {
        let mut command = Command::new(server_program());
        command.args(["--listen", "0", "--deflate"]).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().expect("the server starts");
        let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        bounded(output.read_line(&mut line)).await.expect("the address");
        let url = line.trim().strip_prefix("listening on ").expect("the address").to_owned();
        Self { _child: child, url }
    }
}

/// Builds the server, which is a program of another package, and returns its path.
fn server_program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_BIN_EXE_client")).parent().expect("a folder").to_owned();
        let mut cargo = std::process::Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "-p", "server"]).current_dir(env!("CARGO_MANIFEST_DIR"));
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        assert!(cargo.status().expect("cargo runs").success(), "the server does not build");
        folder.join("server")
    })
}

#[tokio::test]
async fn a_user_does_three_lessons() {
    let server = RealServer::start().await;
    let mut terminal = TestTerminal::start(&["--lesson", &server.url]);
    terminal.shows(&[" OPEN ", "lesson 1 of 16: The first frame", "Type Hello and press Enter."]).await;
    terminal.enter("Hello").await;
    terminal
        .shows(&["✓ 1: A message of 5 bytes took 11", "lesson 2 of 16: The masking key", "Text, 5 bytes: Hello"])
        .await;

    // Bytes that are not the key do not complete the lesson.
    terminal.enter("/binary 00 01 02").await;
    terminal.shows(&["Binary, 3 bytes", "lesson 2 of 16", "Not yet: 3 bytes, and a key has 4."]).await;
    // The user reads the key of this frame in the frame pane, after the two bytes of the header.
    let contents = terminal.contents();
    let (_, key) = contents.split_once("0000  82 83 ").expect("the frame");
    let key = key.get(.."00 00 00 00".len()).expect("the key").to_owned();
    terminal.enter(&format!("/binary {key}")).await;
    terminal.shows(&[&format!("✓ 2: {key}: right."), "lesson 3 of 16: The empty message"]).await;

    terminal.enter("/lesson 11").await;
    terminal.shows(&["lesson 11 of 16: 1002, protocol error"]).await;
    terminal.enter("/lesson hint").await;
    terminal.shows(&["(/lesson hint again: what to"]).await;
    terminal.enter("/lesson hint").await;
    terminal.shows(&["81 is Fin and Text", "/raw 81 05 48656c6c6f"]).await;
    terminal.enter("/raw 81 05 48656c6c6f").await;
    terminal.shows(&[" CLOSED ", "✓ 11: The frame had no mask", "lesson 12 of 16"]).await;

    terminal.enter("/lesson off").await;
    assert!(terminal.until(|screen| !screen.contents().contains("lesson 12 of 16")).await, "{}", terminal.contents());
    terminal.press("\x03").await;
    terminal.exited().await;
    terminal.assert_restored();
}

#[tokio::test]
async fn lessons_lead_to_other_connections() {
    let server = RealServer::start().await;
    let mut terminal = TestTerminal::start(&["--lesson=14", &server.url]);
    terminal.shows(&[" OPEN ", "lesson 14 of 16"]).await;
    terminal.enter("/reconnect -s chat /chat").await;
    terminal.shows(&[" OPEN ", "/chat", " │ chat"]).await;
    terminal.enter("/binary 00").await;
    terminal.shows(&[" CLOSED ", "✓ 14: ", "lesson 15 of 16"]).await;
    terminal.enter("/reconnect --deflate /").await;
    terminal.shows(&[" OPEN ", "permessage-deflate"]).await;
    terminal.enter("/fragment 2 again and again and again and again and again").await;
    terminal.shows(&["✓ 15: 45 bytes travelled as", "lesson 16 of 16"]).await;
    terminal.enter("/reconnect /break/accept-wrong").await;
    terminal.shows(&[" CLOSED ", "✓ 16: "]).await;
}

#[tokio::test]
async fn a_lesson_needs_a_terminal() {
    let exit = ClientProcess::start(["--lesson"]).exited().await;
    exit.expect(1, "--lesson fills the screen, so standard input and output must be a terminal\n");
    let exit = ClientProcess::start(["--lesson=17"]).exited().await;
    assert!(exit.status == Some(2) && exit.errors.contains("there are lessons 1 to 16"), "{exit:?}");
    let exit = ClientProcess::start(["--lesson", "--plain"]).exited().await;
    assert_eq!(exit.status, Some(2), "{exit:?}");
}
