//! The examples, as programs. `cargo test -p websocket-hyper` builds them.

use std::{env, path::PathBuf, process::Stdio};

use testkit::tasks::with_timeout;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};
use websocket_hyper::websocket::{CloseCode, Connector, Message};

/// Returns the path of an example's program, which cargo has built beside the tests.
fn example(name: &str) -> PathBuf {
    let tests = env::current_exe().expect("this program has a path");
    let folder = tests.ancestors().nth(2).expect("tests are in target/PROFILE/deps").join("examples");
    let program = folder.join(name).with_extension(env::consts::EXE_EXTENSION);
    assert!(program.exists(), "build it first: cargo build -p websocket-hyper --examples");
    program
}

/// Starts an example that is a server. Returns its process and the address that it prints.
async fn start(name: &str) -> (Child, String) {
    let mut command = Command::new(example(name));
    let mut child = command.arg("127.0.0.1:0").stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let line = lines.next_line().await.expect("it is UTF-8").expect("it prints its address");
    // Keep reading, so that the program can keep printing.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    let address = line.strip_prefix("listening on http://").and_then(|rest| rest.strip_suffix('/'));
    (child, address.unwrap_or_else(|| panic!("{line}")).to_owned())
}

/// Makes two members of a room exchange a message.
async fn converse(address: &str, subprotocol: &str, greeting: Option<&str>) {
    let mut members = Vec::new();
    for _ in 0..2 {
        let connector = Connector::new(format!("ws://{address}/chat")).unwrap().subprotocol(subprotocol).unwrap();
        let mut member = connector.connect().await.expect("the server accepts");
        if let Some(greeting) = greeting {
            assert_eq!(member.next().await.unwrap().unwrap(), Message::text(greeting));
        }
        members.push(member);
    }
    // A member in `hyper_server` gets no greeting, so its own message shows that it has joined.
    for (index, text) in ["first", "second"].into_iter().enumerate() {
        members[index].send(text).await.unwrap();
        while members[index].next().await.unwrap().unwrap() != Message::text(text) {}
    }
    members[0].send("last").await.unwrap();
    while members[1].next().await.unwrap().unwrap() != Message::text("last") {}
    for mut member in members {
        let info = member.close(CloseCode::NORMAL, "").await.unwrap();
        assert!(info.was_clean, "{info}");
    }
}

#[tokio::test]
async fn members_of_the_chat_on_axum_converse() {
    with_timeout(async {
        let (_server, address) = start("axum_chat").await;
        converse(&address, "chat.v1", Some("welcome, you speak chat.v1")).await;
    })
    .await;
}

#[tokio::test]
async fn members_of_the_room_on_hyper_converse() {
    with_timeout(async {
        let (_server, address) = start("hyper_server").await;
        converse(&address, "chat", None).await;
    })
    .await;
}

#[tokio::test]
async fn the_client_on_hyper_talks_to_the_server_on_hyper() {
    with_timeout(async {
        let (_server, address) = start("hyper_server").await;
        let output = Command::new(example("hyper_client")).arg(&address).output().await.expect("it runs");
        let [printed, errors] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
        assert!(output.status.success(), "{printed}{errors}");
        let lines: Vec<&str> = printed.lines().collect();
        assert_eq!(lines[1], "received: hello");
        assert!(lines[0].starts_with("the page: Connect to /chat") && lines[2].contains("1000"), "{printed}");
    })
    .await;
}
