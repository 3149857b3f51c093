//! A client process and a server to script.

use std::{ffi::OsStr, io::ErrorKind, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};
use websocket::{
    ServerConfig, WebSocket, accept_with,
    protocol::{
        CloseInfo, Config, Message,
        handshake::{ReceivedRequest, UpgradeOptions},
    },
};

/// Longer than anything here takes, so that a test that hangs fails.
const LIMIT: Duration = Duration::from_secs(30);

/// Waits, but not for ever.
pub(crate) async fn bounded<T>(future: impl Future<Output = T>) -> T {
    timeout(LIMIT, future).await.expect("this takes too long")
}

/// Options with which a server neither gives up on a client nor hurries it.
fn patient() -> ServerConfig {
    let config = Config { close_timeout: LIMIT, ..Config::default() };
    ServerConfig { config: config.into(), ..ServerConfig::default() }
}

/// A port of its own.
pub(crate) struct Server {
    listener: TcpListener,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.expect("a free port") }
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_addr().expect("an address").port()
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port())
    }

    /// A TCP connection on which nothing has happened yet.
    pub(crate) async fn accept_tcp(&self) -> TcpStream {
        bounded(self.listener.accept()).await.expect("a connection").0
    }

    /// An open WebSocket connection.
    pub(crate) async fn accept(&self) -> WebSocket<TcpStream> {
        self.accept_and(|_| UpgradeOptions::default()).await
    }

    /// As `accept`, with a look at the request.
    pub(crate) async fn accept_and(
        &self,
        decide: impl FnOnce(&ReceivedRequest) -> UpgradeOptions,
    ) -> WebSocket<TcpStream> {
        let tcp = self.accept_tcp().await;
        bounded(accept_with(tcp, &patient(), |request, _| Ok(decide(request)))).await.expect("a WebSocket request")
    }

    /// A TCP connection on which the opening handshake is over: for servers that do what no library would.
    pub(crate) async fn accept_raw(&self) -> TcpStream {
        let mut tcp = self.accept_tcp().await;
        bounded(accept_with(&mut tcp, &patient(), |_, _| Ok(UpgradeOptions::default()))).await.expect("a request");
        tcp
    }

    /// Reads a request of any kind and answers with these bytes. Returns when the client has left.
    pub(crate) async fn answer(&self, response: &str) {
        self.answer_with(|_| response.to_owned()).await;
    }

    /// As `answer`, with a look at the request.
    pub(crate) async fn answer_with(&self, response: impl FnOnce(&str) -> String) {
        let mut tcp = self.accept_tcp().await;
        let request = bounded(read_head(&mut tcp)).await;
        tcp.write_all(response(&request).as_bytes()).await.expect("the client is there");
        bounded(drain(&mut tcp)).await;
    }

    /// Sends every message back, until the client closes.
    pub(crate) async fn echo(&self) -> CloseInfo {
        let mut connection = self.accept().await;
        while let Some(message) = bounded(connection.next()).await {
            connection.send(message.expect("no error")).await.expect("the client is there");
        }
        connection.close_info()
    }
}

/// Reads to the empty line behind an HTTP head.
pub(crate) async fn read_head(tcp: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tcp.read_u8().await.expect("the client is there"));
    }
    String::from_utf8(head).expect("text")
}

/// Reads until the client ends the connection.
pub(crate) async fn drain(tcp: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    match tcp.read_to_end(&mut rest).await {
        Err(error) if error.kind() != ErrorKind::ConnectionReset => panic!("{error}"),
        _ => rest,
    }
}

/// Reads texts until the client closes.
pub(crate) async fn texts(connection: &mut WebSocket<TcpStream>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(message) = bounded(connection.next()).await {
        texts.push(text(&message.expect("no error")));
    }
    texts
}

/// The next message, a text.
pub(crate) async fn next_text(connection: &mut WebSocket<TcpStream>) -> String {
    text(&bounded(connection.next()).await.expect("a message").expect("no error"))
}

fn text(message: &Message) -> String {
    message.as_text().expect("a text message").to_owned()
}

/// A running client.
pub(crate) struct Client {
    pub(crate) child: Child,
    pub(crate) input: Option<ChildStdin>,
    pub(crate) output: Option<BufReader<ChildStdout>>,
}

/// What is left of a client that has ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// `None` if a signal killed it.
    pub(crate) status: Option<i32>,
    /// What was not read before.
    pub(crate) output: Vec<u8>,
    pub(crate) errors: String,
}

impl Ended {
    /// Checks the exit status and all of standard error.
    #[track_caller]
    pub(crate) fn expect(&self, status: i32, errors: &str) {
        assert_eq!(self.errors, errors);
        assert_eq!(self.status, Some(status));
    }

    /// Checks standard output as well.
    #[track_caller]
    pub(crate) fn expect_all(&self, status: i32, output: &str, errors: &str) {
        self.expect(status, errors);
        assert_eq!(String::from_utf8_lossy(&self.output), output);
    }
}

/// The client, to be started with other streams than pipes.
pub(crate) fn command(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_client"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

impl Client {
    pub(crate) fn start(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        Self::spawn(command(arguments))
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the client starts");
        Self { input: child.stdin.take(), output: child.stdout.take().map(BufReader::new), child }
    }

    /// A client whose whole input is known.
    pub(crate) async fn fed(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, input: &[u8]) -> Self {
        let mut client = Self::start(arguments);
        client.write(input).await;
        client.end_input();
        client
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        bounded(self.input().write_all(bytes)).await.expect("the client reads");
    }

    pub(crate) fn input(&mut self) -> &mut ChildStdin {
        self.input.as_mut().expect("the input has not ended")
    }

    /// Waits until the connection is open at the client's end as well: until a message has come through.
    pub(crate) async fn opened(&mut self, tcp: &mut TcpStream) {
        self.write(b"hi\n").await;
        // Two bytes of header, four of masking key, two of text.
        let mut frame = [0; 8];
        bounded(tcp.read_exact(&mut frame)).await.expect("the client is there");
        assert_eq!(frame[..2], [0x81, 0x82]);
    }

    /// Ctrl-D.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// The next line of standard output.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        let output = self.output.as_mut().expect("the output is being read");
        bounded(output.read_line(&mut line)).await.expect("UTF-8");
        line
    }

    /// Stops reading standard output, as `head` does when it has enough.
    pub(crate) fn close_output(&mut self) {
        self.output = None;
    }

    /// Sends a signal, by its name without SIG.
    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("it runs").to_string();
        let status = bounded(Command::new("kill").args(["-s", name, &pid]).status()).await.expect("kill runs");
        assert!(status.success());
    }

    /// Waits until the process has ended. Its input stays open unless it was ended before.
    pub(crate) async fn ended(mut self) -> Ended {
        let mut errors = Vec::new();
        let mut output = Vec::new();
        let mut stderr = self.child.stderr.take();
        let everything = async {
            let read_output = async {
                if let Some(stdout) = &mut self.output {
                    stdout.read_to_end(&mut output).await.expect("readable");
                }
            };
            let read_errors = async {
                if let Some(stderr) = &mut stderr {
                    stderr.read_to_end(&mut errors).await.expect("readable");
                }
            };
            tokio::join!(read_output, read_errors);
            self.child.wait().await.expect("a status")
        };
        let status = bounded(everything).await;
        Ended { status: status.code(), output, errors: String::from_utf8(errors).expect("UTF-8") }
    }
}
