//! The second reference point: the minimum work needed to turn a client's frames into a server's
//! frames.
//!
//! This server parses headers, unmasks payloads and writes frames. It checks nothing, reassembles
//! nothing, and passes on a payload before the frame is complete. A correct library must do more
//! work, so the difference between a library and this server shows how much the library's
//! correctness may cost.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::TcpStream,
};

use super::{handshake, raw_tcp::BLOCK};

thread_local! {
    /// The read buffer and the write buffer, which all connections on the thread share.
    static BUFFERS: RefCell<(Vec<u8>, Vec<u8>)> = RefCell::new((vec![0; BLOCK], vec![0; BLOCK + MAX_HEADER]));
}

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(async |mut stream| {
        handshake::accept(&mut stream).await?;
        Ok(echo(&mut stream).await?)
    })
}

async fn echo(stream: &mut TcpStream) -> io::Result<()> {
    let mut frames = FrameTranslator::default();
    let mut unsent = Vec::new();
    while poll_fn(|cx| {
        BUFFERS.with_borrow_mut(|(block, output)| {
            let mut read = ReadBuf::new(block);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
            let bytes = read.filled();
            let frames = frames.translate(bytes, output);
            let written = match Pin::new(&mut *stream).poll_write(cx, frames) {
                Poll::Ready(written) => written?,
                Poll::Pending => 0,
            };
            unsent.extend_from_slice(&frames[written..]);
            Poll::Ready(Ok::<_, io::Error>(!bytes.is_empty()))
        })
    })
    .await?
    {
        if !unsent.is_empty() {
            stream.write_all(&unsent).await?;
            unsent = Vec::new();
        }
    }
    Ok(())
}

/// Translates one client's frames into a server's frames. A frame may arrive in several reads.
#[derive(Debug, Default)]
pub struct FrameTranslator {
    /// The first bytes of an incomplete header.
    header: Vec<u8>,
    /// The number of payload bytes of the current frame that have not arrived yet.
    payload_remaining: usize,
    key: [u8; 4],
}

/// Parses a masked header. Returns its length, the payload's length and the masking key.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<(usize, usize, [u8; 4])> {
    let (length, at) = match bytes.get(1)? & 0x7F {
        126 => (usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?, 10),
        short => (usize::from(short), 2),
    };
    Some((at + 4, length, *bytes.get(at..)?.first_chunk()?))
}

/// The maximum length of a masked header in bytes. The output needs this much more room than the
/// input, because the first bytes of a header may have arrived in an earlier read.
const MAX_HEADER: usize = 14;

impl FrameTranslator {
    /// Translates the next bytes of a client's frames into bytes of a server's frames. `output`
    /// must have room for as many bytes as `bytes` contains, plus one header.
    pub fn translate<'a>(&mut self, mut bytes: &[u8], output: &'a mut [u8]) -> &'a [u8] {
        let mut at = 0;
        loop {
            let count = self.payload_remaining.min(bytes.len());
            let (payload, rest) = bytes.split_at(count);
            copy_xor(payload, &mut output[at..at + count], self.key);
            at += count;
            self.key.rotate_left(count % 4);
            self.payload_remaining -= count;
            bytes = rest;
            if bytes.is_empty() {
                return &output[..at];
            }
            let begun = self.header.len();
            let parsed = if begun == 0 {
                parse(bytes)
            } else {
                self.header.extend_from_slice(&bytes[..bytes.len().min(MAX_HEADER)]);
                parse(&self.header)
            };
            let Some((len, payload_length, key)) = parsed else {
                if begun == 0 {
                    self.header.extend_from_slice(bytes);
                }
                return &output[..at];
            };
            let header = if begun == 0 { &bytes[..len] } else { &self.header[..len] };
            // The server's header is the client's header without the mask bit and the masking key.
            let header = &header[..len - 4];
            output[at..at + header.len()].copy_from_slice(header);
            output[at + 1] &= 0x7F;
            at += header.len();
            (self.payload_remaining, self.key) = (payload_length, key);
            self.header.clear();
            bytes = &bytes[len - begun..];
        }
    }
}

/// Copies `from` to `to`, which has the same length, and applies the mask in the same pass.
fn copy_xor(from: &[u8], to: &mut [u8], key: [u8; 4]) {
    let wide = repeat(key);
    let (steps, rest) = to.as_chunks_mut::<STEP>();
    let (from_steps, from_rest) = from.as_chunks::<STEP>();
    for (to, from) in steps.iter_mut().zip(from_steps) {
        for ((to, from), key) in to.iter_mut().zip(from).zip(wide) {
            *to = from ^ key;
        }
    }
    for ((to, from), key) in rest.iter_mut().zip(from_rest).zip(wide) {
        *to = from ^ key;
    }
}

/// The number of bytes that a masking loop processes in one step. The compiler turns a step into
/// vector instructions.
const STEP: usize = 32;

fn repeat(key: [u8; 4]) -> [u8; STEP] {
    let mut wide = [0; STEP];
    for four in wide.chunks_exact_mut(4) {
        four.copy_from_slice(&key);
    }
    wide
}

/// Applies the mask to `bytes`, in place.
pub fn xor(bytes: &mut [u8], key: [u8; 4]) {
    let wide = repeat(key);
    let (steps, rest) = bytes.as_chunks_mut::<STEP>();
    for step in steps {
        for (byte, key) in step.iter_mut().zip(wide) {
            *byte ^= key;
        }
    }
    for (byte, key) in rest.iter_mut().zip(wide) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frames::{PayloadKind, from_client, from_server, payload};

    #[test]
    fn frames_in_pieces_of_any_size_are_translated() {
        let mut sent = Vec::new();
        let mut expected = Vec::new();
        for len in [0, 5, 200, 70_000] {
            let payload = payload(PayloadKind::Binary, len, 3);
            sent.extend(from_client(PayloadKind::Binary, &payload, [9, 8, 7, 6]));
            expected.extend(from_server(PayloadKind::Binary, &payload));
        }
        for piece in [1, 2, 3, 7, 1000, sent.len()] {
            let mut frames = FrameTranslator::default();
            let mut output = Vec::new();
            for bytes in sent.chunks(piece) {
                output.extend_from_slice(frames.translate(bytes, &mut vec![0; piece + MAX_HEADER]));
            }
            assert_eq!(output, expected, "in pieces of {piece}");
        }
    }
}
