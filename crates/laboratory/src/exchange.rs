//! Runs one fault test on one stream: sends the bytes, records the reactions, and closes the
//! stream.

use std::{io::ErrorKind, time::Duration};

use bytes::{Buf, BytesMut};
use protocol::{Role, frame::Opcode};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    select,
    time::{Instant, sleep_until, timeout_at},
};

use crate::{
    evaluator::Evaluation, fault_test::FaultTest, frame_builder::FrameBuilder, randomness::Randomness,
    reaction::Reaction, verdict::Verdict,
};

/// The default maximum time to wait for a reaction. A reaction takes less than a millisecond over a
/// loopback interface, and less than half a second from the other side of the world.
pub(crate) const REACTION_TIMEOUT: Duration = Duration::from_secs(2);

/// The number by which the time-out is divided once the peer has continued as if nothing were
/// wrong. The peer can still notice the fault, but the test waits only briefly for its reaction.
const GRACE_DIVISOR: u32 = 4;

/// The capacity of the read buffer in bytes. Reactions are short, so a small buffer is enough.
const READ_CAPACITY: usize = 4 << 10;

/// Sends the bytes of a fault test, and passes the peer's reactions to its evaluator until the
/// verdict is final or `limit` has passed.
///
/// The function then closes the connection in an orderly way, as far as the peer permits. It
/// returns after `limit` at the latest.
pub(crate) async fn exchange<S>(
    stream: S,
    role: Role,
    test: FaultTest,
    randomness: Randomness,
    limit: Duration,
) -> Evaluation
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let FaultTest { bytes, mut evaluator } = test;
    let end = Instant::now() + limit;
    let mut deadline = end;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut input = BytesMut::with_capacity(READ_CAPACITY);
    let mut output = BytesMut::from(&bytes[..]);
    // Whether writing has failed or has ended. Reading continues even then, because the peer may
    // already have reacted.
    let mut write_ended = false;
    let mut close_sent = evaluator.has_sent_close();
    while !evaluator.is_final() {
        // Read and write at the same time, because a peer may react before it has read everything.
        // Poll the deadline first, so that a peer that sends or reads without a pause cannot
        // postpone it. Poll writing before reading, so that the fault is sent before the peer's
        // bytes are recorded as reactions to it.
        select! {
            biased;
            () = sleep_until(deadline) => break,
            written = writer.write(&output), if !write_ended && output.has_remaining() => match written {
                Ok(count) => {
                    output.advance(count);
                    if output.is_empty() {
                        write_ended = !matches!(timeout_at(deadline, writer.flush()).await, Ok(Ok(())));
                    }
                }
                Err(_) => write_ended = true,
            },
            read = reader.read_buf(&mut input) => match read {
                Ok(0) => evaluator.record(&Reaction::Eof),
                Ok(_) => evaluator.receive(&input),
                // The peer closed the TCP connection without first sending the close_notify alert
                // of TLS. This breaks a rule of TLS, not of WebSocket, so it counts as an ordinary
                // end.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => evaluator.record(&Reaction::Eof),
                Err(_) => evaluator.record(&Reaction::Reset),
            },
        }
        input.clear();
        if let Some(close) = evaluator.close_received() {
            // Section 5.5.1: a Close must be answered, even by an endpoint that has just broken a
            // rule.
            if !close_sent && !write_ended {
                output.extend(close_frame(role, randomness, close.code, ""));
                close_sent = true;
            }
            // Section 7.1.1: the server closes the TCP connection first. A test in the role of the
            // server therefore closes the connection once its own Close has been written.
            if role == Role::Server && output.is_empty() && !write_ended {
                let _ = timeout_at(deadline, writer.shutdown()).await;
                write_ended = true;
            }
        } else if evaluator.peer_has_continued() {
            deadline = deadline.min(Instant::now() + limit / GRACE_DIVISOR);
        }
    }
    let evaluation = evaluator.evaluate();
    // If the peer is a browser, this Close informs the page that the browser tolerated the fault.
    // Without this Close, the page would see code 1006, as after a fault that the browser rejected.
    if evaluation.verdict() == Verdict::Tolerated && !close_sent && !write_ended && output.is_empty() {
        output.extend(close_frame(role, randomness, Some(1000), "you accepted what the RFC forbids"));
        let _ = timeout_at(end, writer.write_all(&output)).await;
    }
    let _ = timeout_at(end, writer.shutdown()).await;
    evaluation
}

fn close_frame(role: Role, randomness: Randomness, code: Option<u16>, reason: &str) -> Vec<u8> {
    let mut keys = || randomness.key();
    let mut frames = FrameBuilder::new(role, &mut keys);
    match code {
        Some(code) => frames.close(code, reason.as_bytes()),
        None => frames.frame(Opcode::Close, b""),
    }
    frames.into_bytes()
}
