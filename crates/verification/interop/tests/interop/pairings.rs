//! Tests of every client with every server.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use crate::process::Process;

/// The implementation that a client or a server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stack {
    Ours,
    Node,
    Tungstenite,
}

use Stack::{Node, Ours, Tungstenite};

impl Stack {
    fn server(self) -> RunningServer {
        let mut command = match self {
            Ours => program("server"),
            Node => node("server.js"),
            Tungstenite => program("tungstenite-server"),
        };
        command.args(["--listen", "127.0.0.1:0", "--interval", "100ms"]);
        let mut process = Process::start(&format!("{self:?} server"), &mut command);
        let line = process.wait_for("listening on ws://");
        let (_, url) = line.split_once("listening on ").expect("the line contains it");
        RunningServer { process, url: url.trim_end_matches('/').to_owned() }
    }

    fn client(self, url: &str) -> Process {
        let mut command = match self {
            Ours => program("client"),
            Node => node("client.js"),
            Tungstenite => program("tungstenite-client"),
        };
        // The other two clients offer this subprotocol without an option.
        if self == Ours && url.ends_with("/chat") {
            command.args(["--subprotocol", "chat"]);
        }
        Process::start(&format!("{self:?} client"), command.arg(url))
    }
}

struct RunningServer {
    process: Process,
    url: String,
}

/// Holds the documented conversation: pushes arrive, typed text arrives, and both sides close
/// cleanly.
fn converse(client: Stack, server: Stack) {
    let mut server = server.server();
    let mut client = client.client(&format!("{}/", server.url));

    let first = push(&client.wait_for("{\"sequence\":"));
    let second = push(&client.wait_for("{\"sequence\":"));
    assert_eq!(second["sequence"].as_u64(), first["sequence"].as_u64().map(|sequence| sequence + 1));
    assert_eq!(second["clients"], 1);
    for key in ["uptime_seconds", "messages_received", "rss_bytes"] {
        assert!(second[key].is_number(), "{key} in {second}");
    }

    client.type_line("hello, κόσμε");
    server.process.wait_for("says: hello, κόσμε");
    client.wait_for("\"last_text\":\"hello, κόσμε\"");

    client.end_input();
    client.wait_for("closed: 1000 (normal closure), by us");
    assert_eq!(client.exit_code(), 0);
    server.process.wait_for("closed: 1000 (normal closure)");
}

/// Checks that a server that exits sends a Close with 1001, and that both programs exit with 0.
fn server_goes_away(client: Stack, server: Stack) {
    let mut server = server.server();
    let mut client = client.client(&format!("{}/", server.url));
    client.wait_for("{\"sequence\":");
    server.process.terminate();
    // The line may contain a reason between these two parts.
    let line = client.wait_for("closed: 1001 (going away)");
    assert!(line.ends_with(", by the server"), "{line}");
    assert_eq!(client.exit_code(), 0);
    assert_eq!(server.process.exit_code(), 0);
}

/// Checks that everything that was sent before the end of input comes back in order before the
/// connection closes.
fn echo(client: Stack, server: Stack) {
    let server = server.server();
    let mut client = client.client(&format!("{}/echo", server.url));
    let lines: Vec<String> = (0..500).map(|number| format!("line {number} {}", "x".repeat(number))).collect();
    for line in &lines {
        client.type_line(line);
    }
    client.end_input();
    assert_eq!(client.whole_output(), lines);
    client.wait_for("closed: 1000 (normal closure), by us");
    assert_eq!(client.exit_code(), 0);
}

/// Checks that a text in the chat reaches all other clients, whatever implementation they use.
fn chat(server: Stack) {
    let mut server = server.server();
    let url = format!("{}/chat", server.url);
    let mut clients: Vec<Process> = [Ours, Node, Tungstenite].map(|stack| stack.client(&url)).into();
    for _ in &clients {
        server.process.wait_for("connected to /chat");
    }
    for speaker in 0..clients.len() {
        let text = format!("this is client {speaker}");
        clients[speaker].type_line(&text);
        for (listener, client) in clients.iter_mut().enumerate() {
            if listener != speaker {
                client.wait_for(&text);
            }
        }
    }
    for client in &mut clients {
        client.end_input();
        client.wait_for("closed: 1000 (normal closure), by us");
        assert_eq!(client.exit_code(), 0);
    }
}

/// Probes a server with every fault. Returns the exit status, and the lines that report unexpected
/// reactions.
fn probe(server: Stack) -> (i32, Vec<String>) {
    let server = server.server();
    let mut command = program("client");
    command.arg("--probe").arg(format!("{}/echo", server.url));
    let mut client = Process::start("probe", &mut command);
    let mut table = client.whole_output();
    assert!(table.remove(0).starts_with("RULE"));
    // The table must contain these rules, one from each of its parts, and as many rules as the
    // book.
    for rule in ["method-post ", "unmasked-frame ", "invalid-utf8 ", "long-ping ", "data-after-close "] {
        assert!(table.iter().any(|line| line.starts_with(rule)), "{table:#?} does not contain {rule}");
    }
    let book = include_str!("../../../../../docs/src/laboratory.md");
    let (_, book) = book.split_once("## What servers do").expect("the chapter");
    let (book, _) = book.split_once("## What clients do").expect("the next one");
    assert_eq!(table.len(), book.lines().filter(|line| line.starts_with("| `")).count());
    table.retain(|line| !line.ends_with("  as expected"));
    (client.exit_code(), table)
}

fn push(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?} is not JSON: {error}"))
}

/// Builds the programs of this workspace, and returns the command for one of them.
pub(crate) fn program(name: &str) -> Command {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        // This test is target/debug/deps/interop-..., so the programs are two levels up, in
        // target/debug.
        let test = std::env::current_exe().expect("the path of this test is known");
        let folder = test.ancestors().nth(2).expect("this test is in target/debug/deps").to_owned();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "-p", "server", "-p", "client", "-p", "tungstenite-server", "-p", "tungstenite-client"]);
        cargo.args(["--features", "server/http2,client/http2"]);
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let built = cargo.current_dir(root()).status().expect("cargo runs");
        assert!(built.success(), "the programs do not build");
        folder
    });
    Command::new(folder.join(name))
}

pub(crate) fn node(script: &str) -> Command {
    let folder = root().join("example");
    assert!(folder.join("node_modules/ws").is_dir(), "ws is not installed: run `npm ci` in the folder example");
    let mut command = Command::new("node");
    command.arg(script).current_dir(folder);
    command
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
}

/// Creates a module of tests for each pairing, so that a failure names the pairing.
macro_rules! pairings {
    ($($name:ident: $client:ident with $server:ident;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn holds_the_documented_conversation() {
                converse($client, $server);
            }

            #[test]
            fn is_closed_with_1001_when_the_server_exits() {
                server_goes_away($client, $server);
            }

            #[test]
            fn echoes_everything_before_the_close() {
                echo($client, $server);
            }
        }
    )*};
}

pairings! {
    our_client_with_our_server: Ours with Ours;
    our_client_with_ws: Ours with Node;
    our_client_with_tungstenite: Ours with Tungstenite;
    ws_with_our_server: Node with Ours;
    ws_with_ws: Node with Node;
    ws_with_tungstenite: Node with Tungstenite;
    tungstenite_with_our_server: Tungstenite with Ours;
    tungstenite_with_ws: Tungstenite with Node;
    tungstenite_with_tungstenite: Tungstenite with Tungstenite;
}

#[test]
fn our_server_reacts_to_every_fault_as_expected() {
    assert_eq!(probe(Ours), (0, vec![]));
}

#[test]
fn the_probe_finds_faults_that_ws_and_tungstenite_tolerate() {
    for (stack, rule) in [(Node, "http-1.0 "), (Tungstenite, "key-twice ")] {
        let (status, lines) = probe(stack);
        assert_eq!(status, 1);
        let line = lines.iter().find(|line| line.starts_with(rule)).expect("the table contains the rule");
        assert!(line.ends_with("  tolerated, against a MUST"), "{line}");
    }
}

#[test]
fn all_clients_chat_on_our_server() {
    chat(Ours);
}

#[test]
fn all_clients_chat_on_ws() {
    chat(Node);
}

#[test]
fn all_clients_chat_on_tungstenite() {
    chat(Tungstenite);
}
