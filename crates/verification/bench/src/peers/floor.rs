//! The second limit: the least that turns a client's frames into a server's. Parse the header, take off the mask, write.
//!
//! Nothing is checked, no message is put together, and payload leaves as it comes, before its frame is complete. No
//! library can do as little; what a library costs above this is the price of being right.

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

use super::{handshake, raw::BLOCK};

thread_local! {
    /// Bytes as they came, and as they go.
    static SHARED: RefCell<(Vec<u8>, Vec<u8>)> = RefCell::new((vec![0; BLOCK], vec![0; BLOCK + MAX_HEADER]));
}

pub(super) fn serve() -> io::Result<()> {
    super::serve::serve(async |mut stream| {
        handshake::accept(&mut stream).await?;
        Ok(echo(&mut stream).await?)
    })
}

async fn echo(stream: &mut TcpStream) -> io::Result<()> {
    let mut frames = Frames::default();
    let mut unsent = Vec::new();
    while poll_fn(|cx| {
        SHARED.with_borrow_mut(|(block, output)| {
            let mut read = ReadBuf::new(block);
            ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
            let bytes = read.filled();
            let frames = frames.turn(bytes, output);
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

/// Where the stream of frames stands.
#[derive(Debug, Default)]
pub struct Frames {
    /// The beginning of a header that has not come to its end.
    header: Vec<u8>,
    /// Payload bytes still to come.
    missing: usize,
    key: [u8; 4],
}

/// A masked header: its length, the payload's, and the key.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<(usize, usize, [u8; 4])> {
    let (length, at) = match bytes.get(1)? & 0x7F {
        126 => (usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
        127 => (usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?, 10),
        short => (usize::from(short), 2),
    };
    Some((at + 4, length, *bytes.get(at..)?.first_chunk()?))
}

/// The longest header of a masked frame. As much of one may be left from an earlier read.
const MAX_HEADER: usize = 14;

impl Frames {
    /// Turns the next bytes of a client's frames into a server's. `output` has room for as many, and a header.
    pub fn turn<'a>(&mut self, mut bytes: &[u8], output: &'a mut [u8]) -> &'a [u8] {
        let mut at = 0;
        loop {
            let count = self.missing.min(bytes.len());
            let (payload, rest) = bytes.split_at(count);
            copy_xor(payload, &mut output[at..at + count], self.key);
            at += count;
            self.key.rotate_left(count % 4);
            self.missing -= count;
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
            let Some((len, missing, key)) = parsed else {
                if begun == 0 {
                    self.header.extend_from_slice(bytes);
                }
                return &output[..at];
            };
            let header = if begun == 0 { &bytes[..len] } else { &self.header[..len] };
            // A server's header is the same without the bit and the key.
            let header = &header[..len - 4];
            output[at..at + header.len()].copy_from_slice(header);
            output[at + 1] &= 0x7F;
            at += header.len();
            (self.missing, self.key) = (missing, key);
            self.header.clear();
            bytes = &bytes[len - begun..];
        }
    }
}

/// Copies `from` to `to`, of the same length, and combines it with the key on the way: one pass instead of two.
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

/// What one step of a loop over a payload treats. The compiler makes vector instructions of it.
const STEP: usize = 32;

fn repeat(key: [u8; 4]) -> [u8; STEP] {
    let mut wide = [0; STEP];
    for four in wide.chunks_exact_mut(4) {
        four.copy_from_slice(&key);
    }
    wide
}

/// Combines `bytes` with the key, in place.
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
    use crate::frames::{FrameKind, from_client, from_server, payload};

    #[test]
    fn frames_cut_anywhere_come_out_whole() {
        let mut sent = Vec::new();
        let mut expected = Vec::new();
        for len in [0, 5, 200, 70_000] {
            let payload = payload(FrameKind::Binary, len, 3);
            sent.extend(from_client(FrameKind::Binary, &payload, [9, 8, 7, 6]));
            expected.extend(from_server(FrameKind::Binary, &payload));
        }
        for piece in [1, 2, 3, 7, 1000, sent.len()] {
            let mut frames = Frames::default();
            let mut output = Vec::new();
            for bytes in sent.chunks(piece) {
                output.extend_from_slice(frames.turn(bytes, &mut vec![0; piece + MAX_HEADER]));
            }
            assert_eq!(output, expected, "in pieces of {piece}");
        }
    }
}
