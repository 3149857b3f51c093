//! Step 9: the closing handshake.
//!
//! The server answers a Close with a Close, and a broken rule with a Close that names the rule.
//! Nothing follows this frame. Then the server ends its direction of TCP, and reads until the
//! client ends the other direction, because closing earlier could destroy the Close on its way.

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

use frame::{CLOSE, CONTINUATION, Frame, PING, PONG, TEXT, encode_frame, take_frame};
use handshake::{accept, take_head};
use violation::{NOT_UTF8, Violation};

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
        let answer = match take_frame(&mut buffer) {
            Ok(Some(frame)) => answer(frame, &mut unfinished),
            Ok(None) => {
                read_more(&mut socket, &mut buffer)?;
                continue;
            }
            Err(violation) => Err(violation),
        };
        let Some(answer) = answer.unwrap_or_else(|violation| Some(close_frame(&violation))) else { continue };
        socket.write_all(&encode_frame(&answer))?;
        if answer.opcode == CLOSE {
            return Ok(finish(socket)?);
        }
    }
}

/// Ends a connection on which everything has been sent.
fn finish(mut socket: TcpStream) -> io::Result<()> {
    socket.shutdown(Shutdown::Write)?;
    // If bytes arrive at a socket that is closed, TCP resets the connection, and the client may lose
    // what we sent last. So read on, and ignore what arrives, until the client ends its direction.
    io::copy(&mut socket, &mut io::sink())?;
    Ok(())
}

/// Returns the frame that answers a frame of the client, or `None` if no answer is due. `unfinished`
/// is the message whose last fragment has not arrived.
fn answer(frame: Frame, unfinished: &mut Option<Frame>) -> Result<Option<Frame>, Violation> {
    match frame.opcode {
        PING => return Ok(Some(Frame { opcode: PONG, ..frame })),
        PONG => return Ok(None),
        CLOSE => return answer_close(frame).map(Some),
        _ => {}
    }
    let message = match (frame.opcode, unfinished.take()) {
        (CONTINUATION, Some(mut message)) => {
            message.payload.extend(frame.payload);
            Frame { fin: frame.fin, ..message }
        }
        (CONTINUATION, None) => return Err(Violation(1002, "there is no message to continue")),
        (_, Some(_)) => return Err(Violation(1002, "a message must end before the next one begins")),
        (_, None) => frame,
    };
    if !message.fin {
        *unfinished = Some(message);
        return Ok(None);
    }
    if message.opcode == TEXT {
        str::from_utf8(&message.payload).map_err(|_| NOT_UTF8)?;
    }
    Ok(Some(message)) // the echo
}

/// Returns the Close that answers the client's Close. It repeats the code, if there is one, without
/// the reason.
fn answer_close(mut close: Frame) -> Result<Frame, Violation> {
    if let Some((code, reason)) = close.payload.split_first_chunk() {
        // All other codes are reserved. Some of them, such as 1006, stand for the lack of a Close.
        if !matches!(u16::from_be_bytes(*code), 1000..=1003 | 1007..=1014 | 3000..=4999) {
            return Err(Violation(1002, "a Close must not have this code"));
        }
        str::from_utf8(reason).map_err(|_| NOT_UTF8)?;
    } else if !close.payload.is_empty() {
        return Err(Violation(1002, "a close code has two bytes"));
    }
    close.payload.truncate(2);
    Ok(close)
}

/// Returns the Close that tells the client which rule it has broken.
fn close_frame(violation: &Violation) -> Frame {
    let Violation(code, rule) = violation;
    Frame { fin: true, opcode: CLOSE, payload: [&code.to_be_bytes(), rule.as_bytes()].concat() }
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
