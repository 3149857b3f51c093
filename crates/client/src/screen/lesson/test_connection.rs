//! A client's engine and a server's engine, connected in memory and observed by the dissector. The
//! lines that a user would type go through the parser of the input line.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use dissector::{Conversation, Direction, Options};
use laboratory::{FaultTest, Role, faults};
use testkit::{endpoint::TestEndpoint, observed::Observed, transmitted::Transmitted};
use websocket::protocol::{
    CloseFrame, Config, DeflateOptions, Limits, MessageKind,
    frame::MaskingKey,
    handshake::{
        ClientHandshake, ClientRequest, Nonce, ServerHandshake, Status, UpgradeOptions, UpgradeResponse,
        encode_response,
    },
};

use super::progress::LessonProgress;
use crate::screen::{
    command::{self, action::Action},
    link_command::LinkCommand,
    model::wire_log::WireLog,
};

/// A simulated user who works through the lessons, together with the client that the user's lines
/// control and the server to which the client is connected.
pub(super) struct TestConnection {
    pub(super) lessons: LessonProgress,
    log: WireLog,
    conversation: Conversation,
    client: TestEndpoint,
    server: TestEndpoint,
    path: String,
    next_key: Arc<Mutex<Option<MaskingKey>>>,
    now: SystemTime,
}

impl TestConnection {
    /// Opens a connection to `/`.
    pub(super) fn new(lessons: LessonProgress) -> Self {
        let mut connection = Self {
            lessons,
            log: WireLog::default(),
            conversation: Conversation::new(Options::default()),
            client: TestEndpoint::client(),
            server: TestEndpoint::server(),
            path: "/".to_owned(),
            next_key: Arc::default(),
            now: UNIX_EPOCH,
        };
        connection.open(false);
        connection
    }

    /// Types a line and presses Enter.
    pub(super) fn enter(&mut self, line: &str) {
        match command::parse(line).unwrap_or_else(|sentence| panic!("{line}: {sentence}")) {
            Action::Link(command) => self.carry_out(command),
            Action::Reconnect(options) => {
                self.path = options.address.unwrap_or_else(|| self.path.clone());
                self.open(options.deflate);
            }
            Action::Lesson(command) => self.lessons.command(command),
            other => panic!("{line}: {other:?}"),
        }
    }

    /// Carries out a command in memory, in the same way as the link does on a real connection.
    fn carry_out(&mut self, command: LinkCommand) {
        let now = self.client.now;
        let client = &mut self.client.connection;
        let mut interval = None;
        match command {
            LinkCommand::Text(text) => client.send_text(&text),
            LinkCommand::Binary(bytes) => client.send_binary(&bytes),
            LinkCommand::File(path) => client.send_binary(&std::fs::read(path).expect("a file")),
            LinkCommand::Ping(payload) => client.ping(&payload),
            LinkCommand::Pong(payload) => client.pong(&payload),
            LinkCommand::Close(code, reason) => {
                client.close(Some(CloseFrame::new(code, &reason).expect("a code that can be sent")), now)
            }
            LinkCommand::Fragments { count, ping, text } => (0..count).try_for_each(|index| {
                let part = &text.as_bytes()[text.len() * index / count..text.len() * (index + 1) / count];
                client.send_fragment(MessageKind::Text, part, index + 1 == count)?;
                if ping && index == 0 { client.ping(b"between fragments") } else { Ok(()) }
            }),
            LinkCommand::Raw(bytes) => {
                self.send_to_server(&bytes);
                Ok(())
            }
            LinkCommand::Slow(pause, text) => {
                interval = Some(pause);
                client.send_text(&text)
            }
            LinkCommand::Mask(key) => {
                *self.next_key.lock().expect("no panic") = Some(key);
                Ok(())
            }
            other => panic!("not used in these tests: {other:?}"),
        }
        .expect("an open connection");
        self.exchange(interval);
    }

    /// Passes the output of each engine to the other until neither has any left. If there is an
    /// `interval`, the client pauses for that time between two bytes.
    fn exchange(&mut self, interval: Option<Duration>) {
        loop {
            let (from_client, from_server) = (written(&mut self.client), written(&mut self.server));
            if from_client.is_empty() && from_server.is_empty() {
                return;
            }
            match interval {
                None => self.send_to_server(&from_client),
                Some(pause) => {
                    for (index, byte) in from_client.iter().enumerate() {
                        if index > 0 {
                            self.now += pause;
                            self.push_status();
                        }
                        self.send_to_server(&[*byte]);
                    }
                }
            }
            self.dissect(Direction::ToClient, &from_server);
            self.client.receive_bytes(&from_server);
        }
    }

    /// Passes bytes to the server, and lets the server's application react.
    fn send_to_server(&mut self, bytes: &[u8]) {
        self.dissect(Direction::ToServer, bytes);
        for observed in self.server.receive_bytes(bytes) {
            if self.path == "/chat" && matches!(observed, Observed::Binary(_)) {
                self.server.close(1003, "the chat accepts text only");
            }
        }
    }

    /// If the path is `/`, lets the server's application send a status, as our server does every
    /// second.
    fn push_status(&mut self) {
        if self.path == "/" {
            self.server.connection.send_text("status").expect("an open connection");
            let bytes = written(&mut self.server);
            self.dissect(Direction::ToClient, &bytes);
            self.client.receive_bytes(&bytes);
        }
    }

    /// Lets the server's application send a text.
    pub(super) fn push(&mut self, text: &str) {
        self.server.connection.send_text(text).expect("an open connection");
        self.exchange(None);
    }

    /// Runs the opening handshake of a new connection.
    fn open(&mut self, deflate: bool) {
        self.conversation = Conversation::new(Options::default());
        let uri = format!("ws://127.0.0.1:8080{}", self.path).parse().expect("a URI");
        let request = ClientRequest::new(uri);
        let request = if deflate { request.deflate(DeflateOptions::DEFAULT) } else { request };
        let client = request.handshake(Nonce([7; 16]), Limits::DEFAULT);
        let accepted = self.respond(&client);
        let response = encode_response(&accepted.response);
        if let Some(rule) = self.path.strip_prefix("/break/") {
            let fault = faults::find(Role::Server, rule).expect("a rule");
            let test = FaultTest::in_handshake(fault, Role::Server, &response, &mut || MaskingKey([0; 4]));
            return self.dissect(Direction::ToClient, &test.expect("a rule of the handshake").bytes);
        }
        self.dissect(Direction::ToClient, &response);
        let mut client = client;
        client.input().extend_from_slice(&response);
        let Ok(Status::Complete(established)) = client.poll() else { panic!("the response is valid") };
        let (next_key, mut count) = (Arc::clone(&self.next_key), 0x1000_0000_u32);
        let keys = Box::new(move || {
            count += 0x0102_0304;
            next_key.lock().expect("no panic").take().unwrap_or(MaskingKey(count.to_be_bytes()))
        });
        self.client = TestEndpoint::client_with(Config::default(), keys, Instant::now());
        self.server = TestEndpoint::server();
        if let (Some(client), Some(server)) = (established.deflate, accepted.deflate) {
            let endpoint = |endpoint: &mut TestEndpoint, other| std::mem::replace(endpoint, other);
            self.client = endpoint(&mut self.client, TestEndpoint::client()).with_deflate(&client);
            self.server = endpoint(&mut self.server, TestEndpoint::server()).with_deflate(&server);
        }
    }

    /// Passes the client's request to a server.
    fn respond(&mut self, client: &ClientHandshake) -> UpgradeResponse {
        let request = client.request_bytes();
        self.dissect(Direction::ToServer, &request);
        let mut server = ServerHandshake::new(Limits::DEFAULT);
        server.input().extend_from_slice(&request);
        let Ok(Status::Complete(request)) = server.poll() else { panic!("the request is complete") };
        let upgrade = request.check_upgrade().expect("the request is valid");
        upgrade.accept(UpgradeOptions::default().deflate(DeflateOptions::DEFAULT)).expect("valid options")
    }

    fn dissect(&mut self, direction: Direction, bytes: &[u8]) {
        let Self { conversation, log, lessons, .. } = self;
        conversation.push(direction, bytes, Some(self.now), &mut |record| {
            log.add(record);
            lessons.observe(log);
        });
    }
}

/// Returns the bytes that an endpoint has to write now.
fn written(endpoint: &mut TestEndpoint) -> Vec<u8> {
    let bytes = |transmitted| if let Transmitted::Bytes(bytes) = transmitted { bytes } else { Vec::new() };
    endpoint.transmit().into_iter().flat_map(bytes).collect()
}
