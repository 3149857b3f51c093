//! Step 5: the loop.
//!
//! TCP delivers a stream of bytes: half a frame now, five and a half frames later. So the server
//! collects the bytes in a buffer, takes out every frame that is complete, and then waits for more
//! bytes. An incomplete frame is not an error.

mod frame;
mod handshake;

use std::{
    env,
    error::Error,
    io::{self, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use frame::{encode_frame, take_frame};
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
    loop {
        match take_frame(&mut buffer)? {
            Some(payload) => socket.write_all(&encode_frame(&payload))?,
            None => read_more(&mut socket, &mut buffer)?,
        }
    }
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
