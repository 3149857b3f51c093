//! Step 6: echo, Ping and Pong.
//!
//! A frame now keeps its opcode, so a binary message comes back as a binary message. The server
//! answers a Ping with a Pong that has the same payload, and accepts a Pong without answering it.
//! Pings and Pongs are control frames, which must be short and unfragmented.

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
    loop {
        match take_frame(&mut buffer)? {
            Some(frame) => {
                if let Some(answer) = answer(frame) {
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
