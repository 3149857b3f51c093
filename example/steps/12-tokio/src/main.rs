//! Step 12: the same engine under tokio.
//!
//! A connection is a task instead of a thread, and costs a few kilobytes. The deadline cancels a
//! read or a write by dropping its future. Nothing is lost, because `read` and `write` do nothing
//! until they are ready, and everything that must outlive a future is in the engine.
//!
//! The client sends every message back: `step12 client ws://127.0.0.1:9001/`.

mod engine;
mod frame;
mod handshake;
mod violation;

use std::{
    array, env,
    error::Error,
    hash::{BuildHasher, Hasher, RandomState},
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use engine::{Connection, Event, Transmit};
use handshake::rejection;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{sleep, timeout_at},
};
use violation::Violation;

/// Each connection costs a file descriptor, and many systems allow a process only 1,024 of these.
/// It costs no thread, but still holds up to four copies of a message, so all connections together
/// hold up to 4 GB.
const MAX_CONNECTIONS: usize = 1000;

// One thread runs all tasks.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    if address == "client" {
        return run_client(&arguments.next().ok_or("client needs an address: ws://127.0.0.1:9001/")?).await;
    }
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    // Each task holds a clone of this `Arc` until the task ends, so the number of clones is the
    // number of connections.
    let connections = Arc::new(());
    loop {
        // Do not stop the server if a client leaves before its connection is accepted.
        let Ok((socket, _)) = listener.accept().await else { continue };
        if Arc::strong_count(&connections) > MAX_CONNECTIONS {
            let _ = socket.try_write(rejection(&Violation(503, "too many connections")).as_bytes());
            continue;
        }
        let slot = Arc::clone(&connections);
        // Each connection gets its own task, so a silent client does not delay the others.
        tokio::spawn(async move {
            report(drive(socket, Connection::server(Instant::now())).await);
            drop(slot);
        });
    }
}

/// Connects to a server and sends its messages back. Repeats this until the server answers 410
/// (Gone).
async fn run_client(url: &str) -> Result<(), Box<dyn Error>> {
    let address = url.strip_prefix("ws://").ok_or("the address of a server begins with ws://")?;
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    loop {
        let socket = TcpStream::connect(host).await?;
        let connection = Connection::client(host, path, random(), random, Instant::now());
        match drive(socket, connection).await {
            Ok(Some(Violation(410, _))) => return Ok(()),
            Ok(Some(Violation(status @ 400..=599, _))) => return Err(format!("the server answers {status}").into()),
            Ok(None) => {}
            result => {
                report(result);
                // Do not flood a failing server with connections.
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// Prints why a connection ended, unless a Close ended it.
fn report(result: io::Result<Option<Violation>>) {
    match result {
        Ok(None) => {}
        Ok(Some(Violation(code, rule))) => eprintln!("connection failed with {code}: {rule}"),
        Err(error) => eprintln!("connection ended: {error}"),
    }
}

/// Moves bytes between the socket and the engine until the connection is over, and sends each
/// message back. Returns the rule that the peer has broken, if any.
async fn drive(mut socket: TcpStream, mut connection: Connection) -> io::Result<Option<Violation>> {
    let mut broken = None;
    let mut bytes = [0; 4096];
    loop {
        // 1. Handle everything that has arrived.
        loop {
            match connection.poll_event(Instant::now()) {
                Ok(Some(Event::Message(message))) => connection.send(message),
                Ok(Some(Event::Close(code))) => eprintln!("the peer closes with {code}"),
                Ok(None) => break,
                Err(violation) => broken = Some(violation),
            }
        }
        // 2. Tell the engine the time, and wait at most until its next deadline.
        connection.handle_timeout(Instant::now());
        let deadline = connection.poll_timeout().into();
        // 3. Take the step that the engine requests. If it requests none, read.
        match connection.poll_transmit() {
            Some(Transmit::Bytes(output)) => {
                if let Ok(written) = timeout_at(deadline, socket.write(output)).await {
                    output.drain(..written?);
                }
            }
            Some(Transmit::HalfClose) => socket.shutdown().await?,
            Some(Transmit::Disconnect) => return Ok(broken),
            None => match timeout_at(deadline, socket.read(&mut bytes)).await {
                Ok(Ok(0)) => connection.receive_eof(),
                Ok(count) => connection.receive(&bytes[..count?]),
                Err(_) => {} // the deadline
            },
        }
    }
}

/// Returns random bytes from the only source of randomness in `std`: the keys of its hash tables.
fn random<const N: usize>() -> [u8; N] {
    array::from_fn(|_| RandomState::new().build_hasher().finish().to_be_bytes()[0])
}
