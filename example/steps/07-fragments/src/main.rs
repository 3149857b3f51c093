//! Step 7: fragments, with a Ping between them.
//!
//! A message may arrive in several frames. The first frame has the message's opcode, the others are
//! continuations, and only the last one has FIN. The server joins the frames before it answers.
//! Control frames may arrive between the fragments and are answered at once.

mod engine;
mod frame;
mod handshake;

use std::{
    env,
    error::Error,
    io::{self, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use engine::answer;
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
    let mut unfinished = None;
    loop {
        match take_frame(&mut buffer)? {
            Some(frame) => {
                if let Some(answer) = answer(frame, &mut unfinished)? {
                    socket.write_all(&encode_frame(&answer))?;
                }
            }
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
