//! Step 10: limits, deadlines, `Origin` and `Host`.
//!
//! A client may be hostile. So the server limits how many bytes it keeps for a client, how long it
//! waits, and how many connections it has. It checks the whole request, and rejects web pages from
//! other sites. The reason for each limit is given beside it.

mod engine;
mod frame;
mod handshake;
mod violation;

use std::{
    env,
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use engine::{answer, close_frame};
use frame::{CLOSE, encode_frame, take_frame};
use handshake::{accept, rejection, take_head};
use violation::Violation;

/// Each connection costs a thread and holds up to four copies of a message (in the buffer, in
/// `unfinished`, in a frame and in its encoding), so all connections together stay below 500 MiB.
const MAX_CONNECTIONS: usize = 100;
/// The time that a client may take to send more of its request, to read more of our bytes, or to
/// end the TCP connection. This is ample for each of them, even on a slow network.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long an open connection may be silent. A client that sends nothing for this long has
/// probably lost its network, and TCP does not tell us that.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
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
            if let Err(error) = serve(socket) {
                eprintln!("connection ended: {error}");
            }
            drop(slot);
        });
    }
    Ok(())
}

fn serve(mut socket: TcpStream) -> io::Result<()> {
    socket.set_write_timeout(Some(TIMEOUT))?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    let mut buffer = Vec::new();
    let response = loop {
        match take_head(&mut buffer) {
            Ok(Some(head)) => break accept(&head),
            Ok(None) => read_more(&mut socket, &mut buffer)?,
            Err(violation) => break Err(violation),
        }
    };
    match response {
        Ok(response) => socket.write_all(response.as_bytes())?,
        Err(violation) => {
            socket.write_all(rejection(&violation).as_bytes())?;
            return finish(socket);
        }
    }
    socket.set_read_timeout(Some(IDLE_TIMEOUT))?;
    let mut unfinished = None;
    loop {
        let answer = match take_frame(&mut buffer) {
            Ok(Some(frame)) => answer(frame, &mut unfinished),
            Ok(None) => {
                read_more(&mut socket, &mut buffer)?;
                Ok(None)
            }
            Err(violation) => Err(violation),
        };
        // If the client broke a rule, the answer is a Close.
        if let Some(answer) = answer.unwrap_or_else(|violation| Some(close_frame(&violation))) {
            socket.write_all(&encode_frame(&answer))?;
            if answer.opcode == CLOSE {
                return finish(socket);
            }
        }
    }
}

/// Ends a connection after everything has been sent on it.
fn finish(mut socket: TcpStream) -> io::Result<()> {
    socket.shutdown(Shutdown::Write)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    // If bytes arrive at a closed socket, the TCP connection is reset, and the client may lose what
    // we sent last. So keep reading, and ignore what arrives, until the client closes its
    // direction.
    io::copy(&mut socket, &mut io::sink())?;
    Ok(())
}

/// Waits for bytes from the client, and appends them to `buffer`.
fn read_more(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    let mut bytes = [0; 4096];
    let count = socket.read(&mut bytes)?;
    if count == 0 {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    buffer.extend(&bytes[..count]);
    Ok(())
}
