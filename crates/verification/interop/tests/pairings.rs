//! Every client with every server.

mod process;

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use process::Process;

/// Who wrote the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ours,
    Node,
    Tungstenite,
}

use Kind::{Node, Ours, Tungstenite};

impl Kind {
    fn server(self) -> Server {
        let mut command = match self {
            Ours => program("server"),
            Node => node("server.js"),
            Tungstenite => program("tungstenite-server"),
        };
        command.args(["--listen", "127.0.0.1:0", "--interval", "100ms"]);
        let mut process = Process::start(&format!("{self:?} server"), &mut command);
        let line = process.wait_for("listening on ws://");
        let (_, url) = line.split_once("listening on ").expect("just found");
        Server { process, url: url.trim_end_matches('/').to_owned() }
    }

    fn client(self, url: &str) -> Process {
        let mut command = match self {
            Ours => program("client"),
            Node => node("client.js"),
            Tungstenite => program("tungstenite-client"),
        };
        // The other two offer it by themselves, but only there.
        if self == Ours && url.ends_with("/chat") {
            command.args(["--subprotocol", "chat"]);
        }
        Process::start(&format!("{self:?} client"), command.arg(url))
    }
}

struct Server {
    process: Process,
    url: String,
}

/// The documented conversation: pushes arrive, typed text arrives, and closing is clean on both sides.
fn converse(client: Kind, server: Kind) {
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

/// The server's end is told to the client with 1001, and both programs end well.
fn server_goes_away(client: Kind, server: Kind) {
    let mut server = server.server();
    let mut client = client.client(&format!("{}/", server.url));
    client.wait_for("{\"sequence\":");
    server.process.terminate();
    // A reason may stand between the two.
    let line = client.wait_for("closed: 1001 (going away)");
    assert!(line.ends_with(", by the server"), "{line}");
    assert_eq!(client.exit_code(), 0);
    assert_eq!(server.process.exit_code(), 0);
}

/// All that was sent before the end of input comes back, in order, before the connection closes.
fn echo(client: Kind, server: Kind) {
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

/// A text in the chat goes to all others, whoever wrote their program.
fn chat(server: Kind) {
    let mut server = server.server();
    let url = format!("{}/chat", server.url);
    let mut clients: Vec<Process> = [Ours, Node, Tungstenite].map(|kind| kind.client(&url)).into();
    for _ in &clients {
        server.process.wait_for("connected to /chat");
    }
    for speaker in 0..clients.len() {
        let text = format!("number {speaker} speaks");
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

/// Breaks every rule towards a server; gives the exit status, and the lines about the rules that were not answered as the
/// RFC asks.
fn probe(server: Kind) -> (i32, Vec<String>) {
    let server = server.server();
    let mut command = program("client");
    command.arg("--probe").arg(format!("{}/echo", server.url));
    let mut client = Process::start("probe", &mut command);
    let mut table = client.whole_output();
    assert!(table.remove(0).starts_with("RULE"));
    // One of each part of the table, and all in all as many as there are in the book.
    for rule in ["method-post ", "unmasked-frame ", "invalid-utf8 ", "long-ping ", "data-after-close "] {
        assert!(table.iter().any(|line| line.starts_with(rule)), "{rule} is not in {table:#?}");
    }
    let book = include_str!("../../../../docs/src/laboratory.md");
    let (_, book) = book.split_once("## What servers do").expect("the chapter");
    let (book, _) = book.split_once("## What clients do").expect("the next one");
    assert_eq!(table.len(), book.lines().filter(|line| line.starts_with("| `")).count());
    table.retain(|line| !line.ends_with("  as asked"));
    (client.exit_code(), table)
}

fn push(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{line:?} is no JSON: {error}"))
}

/// One of the workspace's programs, as just built.
fn program(name: &str) -> Command {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        // target/debug/deps/pairings-... stands two folders below the programs.
        let test = std::env::current_exe().expect("this test is a file");
        let folder = test.ancestors().nth(2).expect("in target/debug/deps").to_owned();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "-p", "server", "-p", "client", "-p", "tungstenite-server", "-p", "tungstenite-client"]);
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let built = cargo.current_dir(root()).status().expect("cargo runs");
        assert!(built.success(), "the programs do not build");
        folder
    });
    Command::new(folder.join(name))
}

fn node(script: &str) -> Command {
    let folder = root().join("example");
    assert!(folder.join("node_modules/ws").is_dir(), "ws is not installed: run `npm ci` in the folder example");
    let mut command = Command::new("node");
    command.arg(script).current_dir(folder);
    command
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.."))
}

/// One test for each pairing, so that a failure says which.
macro_rules! pairings {
    ($($name:ident: $client:ident with $server:ident;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn holds_the_documented_conversation() {
                converse($client, $server);
            }

            #[test]
            fn is_told_that_the_server_goes_away() {
                server_goes_away($client, $server);
            }

            #[test]
            fn gets_every_echo_before_the_close() {
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
fn our_server_answers_every_broken_rule_as_the_rfc_asks() {
    assert_eq!(probe(Ours), (0, vec![]));
}

#[test]
fn ws_and_tungstenite_are_found_to_let_pass_what_they_let_pass() {
    for (kind, rule) in [(Node, "http-1.0 "), (Tungstenite, "key-twice ")] {
        let (status, lines) = probe(kind);
        assert_eq!(status, 1);
        let line = lines.iter().find(|line| line.starts_with(rule)).expect("it is in the table");
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
