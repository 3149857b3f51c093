//! Step 4: three lengths.
//!
//! A length of up to 125 is in the header itself. The values 126 and 127 announce that the length
//! follows, in two or eight bytes respectively, with the most significant byte first. A sender must
//! choose the shortest form.

mod frame;
mod handshake;

use std::{
    env,
    error::Error,
    io::{self, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use frame::{encode_frame, read_frame};
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
    let payload = read_frame(&mut socket)?;
    socket.write_all(&encode_frame(&payload))?;
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
