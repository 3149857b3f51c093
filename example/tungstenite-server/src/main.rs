//! The walk-through's server again, this time built on `tokio-tungstenite`: `cargo run -p
//! tungstenite-server`.
//!
//! Read this file alongside our own server in `crates/server`. Both serve `/`, `/echo` and `/chat`
//! in the same way. Compare how each handles the following, where *the engine* is
//! `crates/protocol`:
//!
//! - **The opening handshake.** Here it is one call, [`accept_hdr_async`]. One function of this
//!   program, [`validate_request`], decides whether to accept a request. tungstenite calls the
//!   function only for valid WebSocket handshakes. After any other request, such as a browser's
//!   plain `GET /`, tungstenite closes the connection without a response, because it is not an HTTP
//!   server.
//! - **Frames, masks, fragments.** No code in this file parses frames: each [`Message`] arrives
//!   whole. In the engine, `frame/` and `connection/receiver/` parse the frames, remove the masks
//!   and join the fragments.
//! - **Ping and Close.** tungstenite queues the answers automatically, but sends them only while
//!   the program reads from or writes to the connection. That is why `converse` keeps reading after
//!   a Close.
//! - **A client that breaks a rule.** `next()` returns an error and does nothing else: the client
//!   gets no Close frame with 1002 or 1007 unless the program sends one. Our connection sends the
//!   Close frame automatically.
//! - **Compression and memory.** There is no permessage-deflate. Every connection, even an idle
//!   one, allocates its own read buffer (128 KiB by default).

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Parser;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode, header};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// The maximum number of messages that may wait for a slow client. A longer queue would only mean
/// that messages are older when they arrive.
const BACKLOG: usize = 16;
/// The maximum time that a client may take to send its request. Clients that connect and then send
/// nothing must not accumulate.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum time that the program waits, before it exits, for all clients to answer our Close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Serves the documented conversation over WebSocket.
#[derive(Parser)]
struct Arguments {
    /// Where to listen; port 0 takes any free port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    listen: String,
    /// Time between two status messages to the clients of `/`, such as 250ms, 1s or 2m
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = parse_interval)]
    interval: Duration,
}

fn parse_interval(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than zero".to_owned()),
        Ok(interval) => Ok(interval),
        Err(error) => Err(error.to_string()),
    }
}

/// The state that all connections share.
struct State {
    started: Instant,
    sequence: u64,
    messages_received: u64,
    last_text: Option<String>,
    clients: HashMap<SocketAddr, Client>,
}

struct Client {
    path: &'static str,
    /// A bounded queue of messages to this client. The client's own task empties it. A task with a
    /// message for many clients adds it to their queues and never waits for a socket, so a slow
    /// client delays no other client.
    queue: mpsc::Sender<Message>,
}

impl State {
    /// Iterates over the clients that are connected to `path`.
    fn clients_of(&self, path: &str) -> impl Iterator<Item = (&SocketAddr, &Client)> {
        self.clients.iter().filter(move |(_, client)| client.path == path)
    }
}

type SharedState = Arc<Mutex<State>>;

// One thread is plenty for this server, and it keeps the printed lines in the order of events.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match serve(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cannot listen on {}: {error}", arguments.listen);
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: &Arguments) -> std::io::Result<()> {
    let listener = TcpListener::bind(&arguments.listen).await?;
    // Start handling signals before printing the first line, because a program that waits for that
    // line might send a signal as soon as it appears.
    let stop_requested = stop_signal()?;
    print_line(&format!("listening on ws://{}/", listener.local_addr()?));

    let shared = Arc::new(Mutex::new(State {
        started: Instant::now(),
        sequence: 0,
        messages_received: 0,
        last_text: None,
        clients: HashMap::new(),
    }));
    // This channel announces the shutdown: a new value tells every connection to close. `closed`
    // completes when the last connection has dropped its receiver.
    let (stop, stopped) = watch::channel(());

    tokio::select! {
        () = accept_forever(&listener, &shared, &stopped) => {}
        () = push_forever(&shared, arguments.interval) => {}
        () = stop_requested => {}
    }
    drop((listener, stopped));
    stop.send_replace(());
    // It does not matter whether the time limit was reached, because connections that are still
    // open end with the program.
    let _ = timeout(CLOSE_TIMEOUT, stop.closed()).await;
    Ok(())
}

async fn accept_forever(listener: &TcpListener, shared: &SharedState, stopped: &watch::Receiver<()>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(welcome(stream, peer, Arc::clone(shared), stopped.clone()));
            }
            Err(error) => {
                // Most likely the process has too many open files. Accepting would fail again until
                // a client disconnects, so wait a little.
                eprintln!("cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Serves `/`: sends every client a status message once per interval.
async fn push_forever(shared: &SharedState, interval: Duration) {
    let mut ticks = tokio::time::interval(interval);
    ticks.tick().await; // the first tick is immediate, but the first push is due after one interval
    loop {
        ticks.tick().await;
        let mut state = shared.lock().unwrap();
        state.sequence += 1;
        let report = Report {
            sequence: state.sequence,
            uptime_seconds: (state.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            clients: state.clients_of("/").count(),
            messages_received: state.messages_received,
            last_text: state.last_text.as_deref(),
            rss_bytes: rss_bytes(),
        };
        let text = serde_json::to_string(&report).expect("numbers and text always make JSON");
        // Clones of the message share its bytes, so the text is not copied for every client.
        let push = Message::text(text);
        for (_, client) in state.clients_of("/") {
            // If the queue is full, the client is slow and misses this push. That does no harm,
            // because the next push is more recent.
            let _ = client.queue.try_send(push.clone());
        }
    }
}

#[derive(serde::Serialize)]
struct Report<'a> {
    sequence: u64,
    uptime_seconds: f64,
    clients: usize,
    messages_received: u64,
    last_text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rss_bytes: Option<u64>,
}

/// Handles one TCP connection to its end: the opening handshake, the conversation, and the log
/// lines about both.
#[expect(clippy::result_large_err, reason = "tungstenite wants the rejection as a whole HTTP response")]
async fn welcome(stream: TcpStream, peer: SocketAddr, shared: SharedState, mut stopped: watch::Receiver<()>) {
    // By default TCP holds back a small packet until the previous one has been acknowledged. That
    // is good for bulk data but bad for short messages, so turn it off.
    let _ = stream.set_nodelay(true);

    let mut path = "";
    let handshake = accept_hdr_async(stream, |request: &Request, mut response: Response| {
        path = validate_request(request).map_err(rejection)?;
        if path == "/chat" {
            let chosen = HeaderValue::from_static("chat");
            response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
        }
        Ok(response)
    });
    let accepted = tokio::select! {
        accepted = timeout(HANDSHAKE_TIMEOUT, handshake) => accepted,
        _ = stopped.changed() => return,
    };
    let Ok(Ok(socket)) = accepted else {
        return; // too slow, or rejected
    };

    print_line(&format!("{peer} connected to {path}"));
    let (queue, queued) = mpsc::channel(BACKLOG);
    let client = Client { path, queue };
    shared.lock().unwrap().clients.insert(peer, client);
    let code = converse(socket, peer, path, queued, &shared, stopped).await;
    shared.lock().unwrap().clients.remove(&peer);
    print_line(&format!("{peer} closed: {code} ({})", name_of(code)));
}

/// Returns the path of a request that may be accepted.
///
/// # Errors
/// Returns the HTTP status with which the request must be rejected.
fn validate_request(request: &Request) -> Result<&'static str, StatusCode> {
    let text_of = |name| request.headers().get(name).and_then(|value| value.to_str().ok());

    let path = match request.uri().path() {
        "/" => "/",
        "/echo" => "/echo",
        "/chat" => "/chat",
        _ => return Err(StatusCode::NOT_FOUND),
    };
    // Browsers let any page open a WebSocket to any host, even to your own machine, and name the
    // page's site in the header field `Origin`. Without this check, every web page that you visit
    // could read this server's messages. Other programs usually send no Origin, so a request without
    // this header field is allowed.
    if request.headers().contains_key(header::ORIGIN) {
        // The browser writes the host and the port in the same form in Origin and in Host, so the
        // two can be compared as strings.
        let origin = text_of(header::ORIGIN).and_then(|origin| origin.split_once("://"));
        match (origin, text_of(header::HOST)) {
            (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host) => {}
            _ => return Err(StatusCode::FORBIDDEN),
        }
    }
    if path == "/chat" {
        // A client may spread its offers over several Sec-WebSocket-Protocol header fields, each
        // with a list. So search all of them.
        let offers = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
        let lists = offers.iter().filter_map(|offer| offer.to_str().ok());
        let mut names = lists.flat_map(|list| list.split(',')).map(str::trim);
        if !names.any(|name| name == "chat") {
            return Err(StatusCode::BAD_REQUEST);
        }
    }
    Ok(path)
}

fn rejection(status: StatusCode) -> ErrorResponse {
    let mut response = ErrorResponse::new(None);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}

/// Talks to one client until the connection has ended, and returns the code of the client's Close
/// frame.
async fn converse(
    socket: WebSocketStream<TcpStream>,
    peer: SocketAddr,
    path: &str,
    mut queued: mpsc::Receiver<Message>,
    shared: &SharedState,
    mut stopped: watch::Receiver<()>,
) -> u16 {
    // The two halves run at the same time, because we must still receive a slow client's messages
    // while we wait for it to read one of ours. The receiving half sometimes sends too, so a mutex
    // guards `outgoing`.
    let (outgoing, mut incoming) = socket.split();
    let outgoing = tokio::sync::Mutex::new(outgoing);

    let sending = async {
        let forwarding = async {
            while let Some(message) = queued.recv().await {
                if outgoing.lock().await.send(message).await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            () = forwarding => {}
            _ = stopped.changed() => {}
        }
        let going_away = CloseFrame { code: CloseCode::Away, reason: Utf8Bytes::default() };
        let close = Message::Close(Some(going_away));
        let _ = outgoing.lock().await.send(close).await;
    };

    let receiving = async {
        let mut code = 1006; // the code for "there was no Close frame"
        while let Some(Ok(message)) = incoming.next().await {
            match message {
                // tungstenite has queued the answer to this Close. The next iteration of the loop
                // sends the answer and ends the loop.
                Message::Close(frame) => code = frame.map_or(1005, |frame| frame.code.into()),
                Message::Text(_) | Message::Binary(_) if path == "/echo" => {
                    // Send the echo directly instead of through the queue, and read no further
                    // until it has been written. A client that sends without reading must then
                    // eventually wait, and our Close cannot overtake the last echo.
                    let _ = outgoing.lock().await.send(message).await;
                }
                Message::Text(text) if path == "/chat" => relay(&text, peer, shared),
                Message::Text(text) => note(&text, peer, shared),
                // Ignore a Ping or a Pong, because tungstenite has handled it already. Also ignore a
                // binary message, except on `/echo`.
                _ => {}
            }
        }
        code
    };

    tokio::pin!(receiving);
    tokio::select! {
        code = &mut receiving => code,
        // Our Close has been written, or writing it has failed. The receiving half handles the
        // messages that the client still sends before its own Close.
        () = sending => receiving.await,
    }
}

/// Serves `/chat`: forwards a text message to all other clients.
fn relay(text: &Utf8Bytes, from: SocketAddr, shared: &SharedState) {
    for (peer, client) in shared.lock().unwrap().clients_of("/chat") {
        if *peer != from {
            let _ = client.queue.try_send(Message::Text(text.clone()));
        }
    }
}

/// Serves `/`: prints a text message from a client and keeps it for the next push.
fn note(text: &str, from: SocketAddr, shared: &SharedState) {
    let mut state = shared.lock().unwrap();
    state.messages_received += 1;
    state.last_text = Some(text.to_owned());
    print_line(&format!("{from} says: {}", escape_controls(text)));
}

/// Escapes control characters. We print a client's text on our terminal, where control characters
/// could clear the screen or fake another line.
fn escape_controls(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if character.is_control() {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

fn print_line(line: &str) {
    use std::io::Write;
    // Do not use println!, which panics when the reader of our output has exited. The server must
    // continue to serve its clients.
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Returns the resident memory of this process in bytes, as Linux counts it, or `None` on systems
/// without /proc.
fn rss_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    // The line reads `VmRSS:      4600 kB`.
    let rest = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = rest.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
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

/// Returns a future that completes on Ctrl-C (SIGINT) or on SIGTERM, the signal with which service
/// managers and containers end a program.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    Ok(async { drop(tokio::signal::ctrl_c().await) })
}
