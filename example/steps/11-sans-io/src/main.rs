//! Step 11: take the socket out.
//!
//! The engine has no socket and no clock: bytes and the time go in, and bytes and messages come
//! out. So a deadline can cover a whole request or message instead of one read, and the same engine
//! can act as a client. The driver, which has the socket, is a single function.
//!
//! The client sends every message back: `step11 client ws://127.0.0.1:9001/`.

mod engine;
mod frame;
mod handshake;
mod violation;

use std::{
    array, env,
    error::Error,
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use engine::{Connection, Event, Transmit};
use handshake::rejection;
use violation::Violation;

/// Each connection costs a thread and holds up to four copies of a message (in the input, in
/// `unfinished`, in a frame and in the output), so all connections together stay below 500 MiB.
const MAX_CONNECTIONS: usize = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    if address == "client" {
        return run_client(&arguments.next().ok_or("client needs an address: ws://127.0.0.1:9001/")?);
    }
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}/", listener.local_addr()?);
    // Each thread holds a clone of this `Arc` until the thread ends, so the number of clones is the
    // number of connections.
    let connections = Arc::new(());
    for socket in listener.incoming() {
        // Do not stop the server if a client leaves before its connection is accepted.
        let Ok(mut socket) = socket else { continue };
        if Arc::strong_count(&connections) > MAX_CONNECTIONS {
            let _ = socket.write_all(rejection(&Violation(503, "too many connections")).as_bytes());
            continue;
        }
        let slot = Arc::clone(&connections);
        // Each connection gets its own thread, so a silent client does not delay the others.
        thread::spawn(move || {
            report(drive(socket, Connection::server(Instant::now())));
            drop(slot);
        });
    }
    Ok(())
}

/// Connects to a server and sends its messages back. Repeats this until the server answers 410
/// (Gone).
fn run_client(url: &str) -> Result<(), Box<dyn Error>> {
    let address = url.strip_prefix("ws://").ok_or("the address of a server begins with ws://")?;
    let (host, path) = address.split_once('/').unwrap_or((address, ""));
    loop {
        let socket = TcpStream::connect(host)?;
        let connection = Connection::client(host, path, random(), random, Instant::now());
        match drive(socket, connection) {
            Ok(Some(Violation(410, _))) => return Ok(()),
            Ok(Some(Violation(status @ 400..=599, _))) => return Err(format!("the server answers {status}").into()),
            Ok(None) => {}
            result => {
                report(result);
                // Do not flood a failing server with connections.
                thread::sleep(Duration::from_millis(100));
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
fn drive(mut socket: TcpStream, mut connection: Connection) -> io::Result<Option<Violation>> {
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
        //    (`set_read_timeout` does not accept a time-out of zero.)
        connection.handle_timeout(Instant::now());
        let wait = connection.poll_timeout().saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        socket.set_read_timeout(Some(wait))?;
        socket.set_write_timeout(Some(wait))?;
        // 3. Take the step that the engine requests. If it requests none, read.
        let result = match connection.poll_transmit() {
            Some(Transmit::Bytes(output)) => socket.write(output).map(|count| drop(output.drain(..count))),
            Some(Transmit::HalfClose) => socket.shutdown(Shutdown::Write),
            Some(Transmit::Disconnect) => return Ok(broken),
            None => socket.read(&mut bytes).map(|count| match count {
                0 => connection.receive_eof(),
                _ => connection.receive(&bytes[..count]),
            }),
        };
        match result {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            result => result?,
        }
    }
}

/// Returns random bytes from the only source of randomness in `std`: the keys of its hash tables.
fn random<const N: usize>() -> [u8; N] {
    array::from_fn(|_| RandomState::new().build_hasher().finish().to_be_bytes()[0])
}
