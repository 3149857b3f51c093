//! The walk-through's client again, this time built on `tokio-tungstenite`: `cargo run -p
//! tungstenite-client [URL]`.
//!
//! Prints each text message that arrives and sends each line that you type. End of input (Ctrl-D)
//! or Ctrl-C closes the connection.
//!
//! Read this file alongside our own client in `crates/client`, and compare how each handles the
//! following:
//!
//! - **The opening handshake.** Here it is one call, [`connect_async_with_config`], which creates
//!   the random key, sends the request, and checks the proof that the server has read the request.
//!   Our code for the handshake is in `crates/protocol`, `handshake/`.
//! - **Masks.** A client must mask every frame that it sends, but no code in this file does so,
//!   because tungstenite does it automatically. Our engine takes the source of the masking keys as
//!   an argument, so that a test can choose the keys.
//! - **Close.** tungstenite answers a Close automatically, but only while the program keeps
//!   reading, and without time limits. So this file calls [`timeout`] in several places. Our
//!   connection enforces its own time limits.
//! - **Compression.** tungstenite never offers permessage-deflate.

use std::io::{self, BufRead, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::signal::ctrl_c;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// The maximum time for the opening handshake. A server that accepts the TCP connection and then
/// sends nothing must not keep us waiting forever.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum time that the server may take to answer our Close. After its answer, the server has
/// the same time again to close the TCP connection.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Talks to a WebSocket server: prints what arrives, sends what you type.
#[derive(Parser)]
struct Arguments {
    /// Where to connect to
    #[arg(default_value = "ws://127.0.0.1:8080/")]
    url: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let url = Arguments::parse().url;
    match connect(&url).await {
        Ok(socket) => converse(socket).await,
        Err(error) => {
            eprintln!("could not connect to {url}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn connect(url: &str) -> Result<Socket, Error> {
    let mut request = url.into_client_request()?;
    // On /chat, the server accepts a client only if the client offers the subprotocol `chat`. On
    // other paths, the server selects no subprotocol, and tungstenite fails a handshake in which no
    // offered subprotocol was selected. So this client offers `chat` only on /chat.
    if request.uri().path() == "/chat" {
        let offered = HeaderValue::from_static("chat");
        request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, offered);
    }
    // `true` sets TCP_NODELAY, so that TCP sends a small packet at once instead of waiting until
    // the previous one has been acknowledged.
    match timeout(HANDSHAKE_TIMEOUT, connect_async_with_config(request, None, true)).await {
        Ok(connected) => connected.map(|(socket, _response)| socket),
        Err(_) => Err(Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))),
    }
}

async fn converse(socket: Socket) -> ExitCode {
    // The two halves work at the same time, so that we still print the server's messages while the
    // server is too busy to read our lines. (Otherwise /echo and its client could each wait for the
    // other to read first.)
    let (mut outgoing, mut incoming) = socket.split();

    // Runs until the server closes the connection, the input ends, the user presses Ctrl-C, or
    // printing fails.
    let closed_by_server = tokio::select! {
        code = print_texts(&mut incoming) => code.ok(),
        () = send_lines(&mut outgoing) => None,
        _ = ctrl_c() => None,
    };

    let (code, who) = match closed_by_server {
        Some(code) => (code, "the server"),
        None => (close(&mut outgoing, &mut incoming).await, "us"),
    };
    if code != 1006 {
        // The server's Close has arrived. If our Close is the answer to the server's, tungstenite
        // sends our Close only while we keep reading. After that, the server must close the TCP
        // connection, which ends the stream. So read until the stream ends.
        let _ = timeout(CLOSE_TIMEOUT, async { while incoming.next().await.is_some() {} }).await;
    }

    eprintln!("closed: {code} ({}), by {who}", name_of(code));
    if matches!(code, 1000 | 1001) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Sends our Close, waits for the server's Close, and returns the code in it.
async fn close(outgoing: &mut SplitSink<Socket, Message>, incoming: &mut SplitStream<Socket>) -> u16 {
    let normal = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
    let sent = outgoing.send(Message::Close(Some(normal)));
    let answered = async {
        loop {
            // Keep printing the messages that the server sent before it received our Close. If the
            // reader of our output has exited, printing fails, but we still wait for the Close.
            if let Ok(code) = print_texts(incoming).await {
                break code;
            }
        }
    };
    tokio::select! {
        both = timeout(CLOSE_TIMEOUT, async { tokio::join!(sent, answered) }) => both.map_or(1006, |(_, code)| code),
        // A second Ctrl-C: the user does not want to wait for the answer.
        _ = ctrl_c() => 1006,
    }
}

/// Prints the messages that arrive until the server closes the connection, and returns the server's
/// close code.
///
/// # Errors
/// Returns an error if writing to standard output fails, for example because its reader has exited
/// (`client | head -1`).
async fn print_texts(incoming: &mut SplitStream<Socket>) -> io::Result<u16> {
    // On a terminal, received messages appear between the lines that you type, so each message is
    // marked. A program that reads our output gets the bare text.
    let mark = if io::stdout().is_terminal() { "< " } else { "" };
    loop {
        match incoming.next().await {
            Some(Ok(Message::Text(text))) => writeln!(io::stdout(), "{mark}{text}")?,
            Some(Ok(Message::Binary(data))) => {
                eprintln!("(binary message of {} bytes)", data.len());
            }
            Some(Ok(Message::Close(frame))) => {
                return Ok(frame.map_or(1005, |frame| frame.code.into()));
            }
            Some(Ok(_)) => {} // Ping and Pong: tungstenite has handled them already
            Some(Err(error)) => eprintln!("connection failed: {error}"), // the stream ends after this
            None => return Ok(1006), // the code for "there was no Close frame"
        }
    }
}

/// Sends each line of standard input, and returns when the input ends.
async fn send_lines(outgoing: &mut SplitSink<Socket, Message>) {
    // tokio cannot cancel a read from the keyboard once it has begun: with tokio's own stdin, this
    // program could not exit before the next Enter. So read in a plain thread, which ends when the
    // program does. The thread starts after the opening handshake; lines typed earlier wait in the
    // operating system's buffer. The channel is bounded, so that a large file does not fill the
    // memory.
    let (sender, mut lines) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
            // Text messages are UTF-8 by definition (RFC 6455, section 5.6). So replace invalid
            // bytes with the replacement character.
            let line = String::from_utf8_lossy(&line);
            let text = line.strip_suffix('\r').unwrap_or(&line);
            if sender.blocking_send(Message::text(text)).is_err() {
                break;
            }
        }
    });
    while let Some(message) = lines.recv().await {
        if outgoing.send(message).await.is_err() {
            // The connection has failed. The read half knows more about the reason, so wait here
            // until it reports the end.
            std::future::pending::<()>().await;
        }
    }
}

/// Returns the meaning of a close code, the number in a Close frame that says why the connection is
/// closing (RFC 6455, section 7.4.1).
fn name_of(code: u16) -> &'static str {
    match code {
        1000 => "normal closure",
        1001 => "going away",
        1002 => "protocol error",
        1003 => "unsupported data",
        1005 => "no status code",   // the Close frame was empty
        1006 => "abnormal closure", // no Close frame arrived; like 1005, this code is never sent
        1007 => "invalid data",
        1008 => "policy violation",
        1009 => "message too big",
        1010 => "mandatory extension missing",
        1011 => "internal error",
        1012 => "service restart",
        1013 => "try again later",
        1014 => "bad gateway",
        1015 => "TLS handshake failed",
        3000..=3999 => "registered by a library",
        4000..=4999 => "private", // only the two programs know what it means
        _ => "unassigned",
    }
}
