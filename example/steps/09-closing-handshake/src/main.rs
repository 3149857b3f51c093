//! Step 9: the closing handshake.
//!
//! The server answers a Close with a Close, and a broken rule with a Close that names the rule. It
//! sends nothing after this frame. Then it closes its direction of the TCP connection, and reads
//! until the client closes the other direction. If it closed the socket earlier, the Close might
//! never reach the client.

mod engine;
mod frame;
mod handshake;
mod violation;

use std::{
    env,
    error::Error,
    io::{self, ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    thread,
};

use engine::{answer, close_frame};
use frame::{CLOSE, encode_frame, take_frame};
use handshake::{accept, take_head};

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}/", listener.local_addr()?);
    for socket in listener.incoming() {
        let socket = socket?;
        // Each connection gets its own thread, so a silent client does not delay the others.
        thread::spawn(move || {
            if let Err(error) = serve(socket) {
                eprintln!("connection ended: {error}");
            }
        });
    }
    Ok(())
}

fn serve(mut socket: TcpStream) -> Result<(), Box<dyn Error>> {
    let mut buffer = Vec::new();
    let head = loop {
        match take_head(&mut buffer)? {
            Some(head) => break head,
            None => read_more(&mut socket, &mut buffer)?,
        }
    };
    socket.write_all(accept(&head)?.as_bytes())?;
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
                return Ok(finish(socket)?);
            }
        }
    }
}

/// Ends a connection after everything has been sent on it.
fn finish(mut socket: TcpStream) -> io::Result<()> {
    socket.shutdown(Shutdown::Write)?;
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
