//! Step 2: read one header.
//!
//! After the handshake, the server reads the two bytes with which every frame begins, and splits
//! them into their fields. The server ends the connection if a reserved bit is set, if the opcode
//! is reserved, or if the frame is not masked.

mod frame;
mod handshake;

use std::{
    env,
    error::Error,
    io::{self, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use frame::read_header;
use handshake::accept;

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
    // An empty line ends the request. TCP may deliver the request in any number of pieces.
    while !buffer.ends_with(b"\r\n\r\n") {
        read_more(&mut socket, &mut buffer)?;
    }
    let head = String::from_utf8(buffer)?;
    socket.write_all(accept(&head)?.as_bytes())?;
    read_header(&mut socket)?;
    // Keep the connection open until the client ends it.
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
