//! Step 8: UTF-8 across cuts.
//!
//! A text message must be valid UTF-8. A fragment of it need not be, because the cut may be in the
//! middle of a character. So the server validates the whole message.

mod frame;
mod handshake;

use std::{
    env,
    error::Error,
    io::{self, ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use frame::{CLOSE, CONTINUATION, Frame, PING, PONG, TEXT, encode_frame, take_frame};
use handshake::{accept, take_head};

fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("listening on ws://{}/", listener.local_addr()?);
    for socket in listener.incoming() {
        let socket = socket?;
        // Each connection gets a thread, so a client that is silent does not delay the others.
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

/// Returns the frame that answers a frame of the client, or `None` if no answer is due. `unfinished`
/// is the message whose last fragment has not arrived.
fn answer(frame: Frame, unfinished: &mut Option<Frame>) -> Result<Option<Frame>, Box<dyn Error>> {
    match frame.opcode {
        PING => return Ok(Some(Frame { opcode: PONG, ..frame })),
        PONG | CLOSE => return Ok(None),
        _ => {}
    }
    let message = match (frame.opcode, unfinished.take()) {
        (CONTINUATION, Some(mut message)) => {
            message.payload.extend(frame.payload);
            Frame { fin: frame.fin, ..message }
        }
        (CONTINUATION, None) => return Err("there is no message to continue".into()),
        (_, Some(_)) => return Err("a message must end before the next one begins".into()),
        (_, None) => frame,
    };
    if !message.fin {
        *unfinished = Some(message);
        return Ok(None);
    }
    if message.opcode == TEXT {
        str::from_utf8(&message.payload)?;
    }
    Ok(Some(message)) // the echo
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
