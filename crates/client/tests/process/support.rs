//! A client process, and a server that a test scripts.

use std::{ffi::OsStr, io::ErrorKind, net::SocketAddr, process::Stdio, time::Duration};

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
        handshake::{UpgradeOptions, UpgradeRequest},
    },
};

/// The client's report after it has closed the connection itself.
pub(crate) const CLOSED_BY_US: &str = "closed: 1000 (normal closure), by us\n";

/// The maximum time for one step of a test. It is longer than any step takes, so only a test that
/// hangs fails.
const LIMIT: Duration = Duration::from_secs(30);

/// Waits for a future, but not for longer than [`LIMIT`].
pub(crate) async fn bounded<T>(future: impl Future<Output = T>) -> T {
    timeout(LIMIT, future).await.expect("this takes too long")
}

/// Returns a configuration with which a server waits for a slow client.
fn patient() -> ServerConfig {
    ServerConfig::default().config(Config::default().close_timeout(LIMIT))
}

/// A server on its own port.
pub(crate) struct ScriptedServer {
    listener: TcpListener,
}

impl ScriptedServer {
    pub(crate) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.expect("a free port") }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address().port()
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.listener.local_addr().expect("an address")
    }

    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/", self.port())
    }

    /// Accepts a TCP connection, before the opening handshake.
    pub(crate) async fn accept_tcp(&self) -> TcpStream {
        bounded(self.listener.accept()).await.expect("a connection").0
    }

    /// Accepts a TCP connection on which the client sends something. Skips the connections that the
    /// judge opens only to check that the server is still listening.
    async fn accept_speaking(&self) -> TcpStream {
        loop {
            let tcp = self.accept_tcp().await;
            if bounded(tcp.peek(&mut [0])).await.is_ok_and(|count| count > 0) {
                return tcp;
            }
        }
    }

    /// Accepts a WebSocket connection.
    pub(crate) async fn accept(&self) -> WebSocket<TcpStream> {
        self.accept_request(|_| UpgradeOptions::default()).await
    }

    /// Accepts a WebSocket connection with the options that `decide` returns for the request.
    pub(crate) async fn accept_request(
        &self,
        decide: impl FnOnce(&UpgradeRequest<'_>) -> UpgradeOptions,
    ) -> WebSocket<TcpStream> {
        let tcp = self.accept_speaking().await;
        bounded(accept_with(tcp, &patient(), |request| Ok(decide(request)))).await.expect("a WebSocket request")
    }

    /// Accepts a WebSocket connection and returns its TCP connection, for frames that no library
    /// would send.
    pub(crate) async fn accept_raw(&self) -> TcpStream {
        let mut tcp = self.accept_speaking().await;
        bounded(accept_with(&mut tcp, &patient(), |_| Ok(UpgradeOptions::default()))).await.expect("a request");
        tcp
    }

    /// Reads a request of any kind and sends this response. Returns when the client has closed the
    /// connection.
    pub(crate) async fn respond(&self, response: &str) {
        self.respond_with(|_| response.to_owned()).await;
    }

    /// Does the same as [`respond`](Self::respond), with a response that depends on the request.
    pub(crate) async fn respond_with(&self, response: impl FnOnce(&str) -> String) {
        let mut tcp = self.accept_speaking().await;
        let request = bounded(read_head(&mut tcp)).await;
        tcp.write_all(response(&request).as_bytes()).await.expect("the client is connected");
        bounded(drain(&mut tcp)).await;
    }

    /// Sends every message back until the client closes the connection.
    pub(crate) async fn echo(&self) -> CloseInfo {
        let mut connection = self.accept().await;
        while let Some(message) = bounded(connection.next()).await {
            connection.send(message.expect("no error")).await.expect("the client is connected");
        }
        connection.close_info()
    }
}

/// Reads an HTTP head, up to and including the empty line.
pub(crate) async fn read_head(tcp: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(tcp.read_u8().await.expect("the client is connected"));
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

/// Reads text messages until the client closes the connection.
pub(crate) async fn texts(connection: &mut WebSocket<TcpStream>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(message) = bounded(connection.next()).await {
        texts.push(text(&message.expect("no error")));
    }
    texts
}

/// Reads the next message, which must be a text message.
pub(crate) async fn next_text(connection: &mut WebSocket<TcpStream>) -> String {
    text(&bounded(connection.next()).await.expect("a message").expect("no error"))
}

fn text(message: &Message) -> String {
    message.as_text().expect("a text message").to_owned()
}

/// A running client.
pub(crate) struct ClientProcess {
    pub(crate) child: Child,
    pub(crate) input: Option<ChildStdin>,
    pub(crate) output: Option<BufReader<ChildStdout>>,
}

/// The results of a client that has exited.
#[derive(Debug)]
pub(crate) struct ClientExit {
    /// The exit status, or `None` if a signal killed the client.
    pub(crate) status: Option<i32>,
    /// The part of standard output that the test had not read before.
    pub(crate) output: Vec<u8>,
    /// All of standard error.
    pub(crate) errors: String,
}

impl ClientExit {
    /// Checks the exit status and all of standard error.
    #[track_caller]
    pub(crate) fn expect(&self, status: i32, errors: &str) {
        assert_eq!(self.errors, errors);
        assert_eq!(self.status, Some(status));
    }

    /// Checks standard output too.
    #[track_caller]
    pub(crate) fn expect_all(&self, status: i32, output: &str, errors: &str) {
        self.expect(status, errors);
        assert_eq!(String::from_utf8_lossy(&self.output), output);
    }
}

/// Returns a command for the client, so that a test can replace its pipes with other streams.
pub(crate) fn command(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_client"));
    // The tests must not use the proxies of the machine that runs them.
    for variable in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(variable).env_remove(variable.to_ascii_lowercase());
    }
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// A shell script that starts a program with its arguments, and limits each file that the program
/// writes to 512 or 1,024 bytes, depending on the shell. Further writes fail, as they do on a full
/// disk.
#[cfg(unix)]
pub(crate) const WITH_FULL_DISK: &str = r#"trap "" XFSZ; ulimit -f 1; exec "$0" "$@""#;

/// Returns a command for a client whose files cannot grow beyond a kilobyte.
#[cfg(unix)]
pub(crate) fn with_full_disk(arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", WITH_FULL_DISK, env!("CARGO_BIN_EXE_client")]).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

impl ClientProcess {
    pub(crate) fn start(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        Self::spawn(command(arguments))
    }

    pub(crate) fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the client starts");
        Self { input: child.stdin.take(), output: child.stdout.take().map(BufReader::new), child }
    }

    /// Starts a client with this input, and ends the input.
    pub(crate) async fn fed(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>, input: &[u8]) -> Self {
        let mut client = Self::start(arguments);
        client.write(input).await;
        client.end_input();
        client
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        bounded(self.input().write_all(bytes)).await.expect("the client reads its input");
    }

    pub(crate) fn input(&mut self) -> &mut ChildStdin {
        self.input.as_mut().expect("the input is open")
    }

    /// Waits until a message from the client has arrived, which proves that the connection is open
    /// at the client's end too.
    #[cfg(unix)]
    pub(crate) async fn opened(&mut self, tcp: &mut TcpStream) {
        self.write(b"hi\n").await;
        // A header of two bytes, a masking key of four, and two bytes of text.
        let mut frame = [0; 8];
        bounded(tcp.read_exact(&mut frame)).await.expect("the client is connected");
        assert_eq!(frame[..2], [0x81, 0x82]);
    }

    /// Ends the input, as Ctrl-D does.
    pub(crate) fn end_input(&mut self) {
        self.input = None;
    }

    /// Reads the next line of standard output.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = String::new();
        let output = self.output.as_mut().expect("the output is open");
        bounded(output.read_line(&mut line)).await.expect("UTF-8");
        line
    }

    /// Stops reading standard output, as `head` does when it has enough.
    pub(crate) fn close_output(&mut self) {
        self.output = None;
    }

    /// Sends a signal. The name is written without SIG.
    #[cfg(unix)]
    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("a running client").to_string();
        let status = bounded(Command::new("kill").args(["-s", name, &pid]).status()).await.expect("kill runs");
        assert!(status.success());
    }

    /// Waits until the process has exited. Its input stays open unless the test has ended it.
    pub(crate) async fn exited(mut self) -> ClientExit {
        let mut errors = Vec::new();
        let mut output = Vec::new();
        let mut stderr = self.child.stderr.take();
        let everything = async {
            let read_output = async {
                if let Some(stdout) = &mut self.output {
                    stdout.read_to_end(&mut output).await.expect("standard output");
                }
            };
            let read_errors = async {
                if let Some(stderr) = &mut stderr {
                    stderr.read_to_end(&mut errors).await.expect("standard error");
                }
            };
            tokio::join!(read_output, read_errors);
            self.child.wait().await.expect("a status")
        };
        let status = bounded(everything).await;
        ClientExit { status: status.code(), output, errors: String::from_utf8(errors).expect("UTF-8") }
    }
}
