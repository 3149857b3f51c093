//! An echo server without tokio. It drives the engine by hand, over the standard library's blocking
//! sockets.
//!
//! ```text
//! cargo run -p protocol --example by_hand [ADDRESS]
//! ```
//!
//! The engine does no I/O. This program moves the bytes: it reads from the socket, passes the bytes
//! and the time to the engine, and writes what the engine wants to send. Each client gets its own
//! thread.

use std::{
    env,
    error::Error,
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use bytes::Buf;
use protocol::{
    CloseInfo, Config, Connection, Event, HandshakeViolation, Limits, Transmit,
    handshake::{ReceivedRequest, ServerHandshake, Status, UpgradeOptions, encode_response, rejection},
};

fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address)?;
    println!("listening on ws://{}/", listener.local_addr()?);
    for socket in listener.incoming() {
        let socket = socket?;
        thread::spawn(move || match serve(socket) {
            Ok(info) => println!("closed: {info}"),
            Err(error) => eprintln!("failed: {error}"),
        });
    }
    Ok(())
}

fn serve(mut socket: TcpStream) -> Result<CloseInfo, Box<dyn Error>> {
    // The opening handshake: an HTTP request, and the response that accepts or rejects it.
    let request = read_request(&mut socket)?;
    let accepted = match request.check_upgrade() {
        Ok(upgrade) => upgrade.accept(UpgradeOptions::default())?,
        Err(violation) => return reject(&mut socket, violation),
    };
    socket.write_all(&encode_response(&accepted.response))?;

    let mut connection = Connection::server(Config::default(), Instant::now());
    // The first frames may have arrived together with the request, so pass them to the engine.
    connection.put_input(request.into_rest());
    loop {
        // 1. Handle the events in the bytes that have arrived, and send each message back.
        loop {
            match connection.poll_event(Instant::now()) {
                Ok(Some(Event::Message(message))) => {
                    let message = message.into_message();
                    connection.send(message)?;
                }
                // The engine answers each Ping and the peer's Close by itself.
                Ok(Some(Event::Ping(_) | Event::Pong(_) | Event::Close(_))) => {}
                Ok(None) => break,
                // The engine has queued a Close with the reason. Continue until the Close has been
                // sent.
                Err(violation) => eprintln!("the client broke a rule: {violation}"),
            }
        }
        // 2. Take every step that the engine requests.
        while let Some(step) = connection.poll_transmit() {
            match step {
                Transmit::Bytes(queue) => {
                    let count = socket.write(queue.chunk())?;
                    queue.advance(count);
                }
                Transmit::HalfClose => socket.shutdown(Shutdown::Write)?,
                Transmit::Disconnect => return Ok(connection.close_info()),
            }
        }
        // 3. Wait for more bytes, but not beyond the engine's next deadline. `set_read_timeout`
        //    does not allow a time-out of 0, so wait for at least one millisecond.
        let left = |deadline: Instant| deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        socket.set_read_timeout(connection.poll_timeout().map(left))?;
        let mut buffer = [0; 16 << 10];
        match socket.read(&mut buffer) {
            Ok(0) => connection.receive_eof(),
            Ok(count) => connection.receive(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => connection.handle_read_error(),
        }
        // 4. Pass the current time to the engine. If a message has taken too long to arrive, the
        //    engine queues a Close.
        if let Err(violation) = connection.handle_timeout(Instant::now()) {
            eprintln!("the client is too slow: {violation}");
        }
    }
}

/// Reads from the socket until the head of the request is complete.
fn read_request(socket: &mut TcpStream) -> Result<ReceivedRequest, Box<dyn Error>> {
    let mut handshake = ServerHandshake::new(Limits::default());
    let mut buffer = [0; 4 << 10];
    // Without a time-out, a client that sends nothing would hold this thread forever.
    socket.set_read_timeout(Some(Duration::from_secs(10)))?;
    loop {
        let count = socket.read(&mut buffer)?;
        if count == 0 {
            return Err("the client left before its request was complete".into());
        }
        handshake.input().extend_from_slice(&buffer[..count]);
        match handshake.poll() {
            Ok(Status::Partial(waiting)) => handshake = waiting,
            Ok(Status::Complete(request)) => return Ok(request),
            Err(violation) => return reject(socket, violation),
        }
    }
}

/// Answers with an HTTP response that names the broken rule.
fn reject<T>(socket: &mut TcpStream, violation: HandshakeViolation) -> Result<T, Box<dyn Error>> {
    socket.write_all(&encode_response(&rejection(&violation)))?;
    Err(violation.into())
}
