//! One experiment on one stream: bytes out, answers in, and an end to it in any case.

use std::{io::ErrorKind, time::Duration};

use bytes::{Buf, BytesMut};
use protocol::{
    Role,
    frame::{MaskingKey, Opcode},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    select,
    time::{Instant, sleep_until, timeout_at},
};

use crate::{
    judge::{Heard, Judge, Verdict},
    wire::Wire,
};

/// How long to wait for an answer. On a loopback it comes in less than a millisecond; on the other side of the world in
/// less than half a second.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// Somebody who has gone on as if nothing had happened gets this part of the patience to notice after all.
const SECOND_THOUGHTS: u32 = 4;

/// What is read at a time. Answers are short.
const READ: usize = 4 << 10;

/// Masking keys as a client should draw them.
pub(crate) fn random_key() -> MaskingKey {
    MaskingKey(rand::random())
}

/// Sends `bytes` and lets the judge listen until the verdict stands or the time is up; then says goodbye, as far as
/// there is anybody to say it to. Takes no longer than `patience`.
pub(crate) async fn run<S>(stream: S, role: Role, bytes: &[u8], judge: &mut Judge, patience: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let end = Instant::now() + patience;
    let mut deadline = end;
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut input = BytesMut::with_capacity(READ);
    let mut output = BytesMut::from(bytes);
    // Nobody takes what is sent any more. What they have said before can still be read.
    let mut is_mute = false;
    let mut has_answered_close = judge.has_sent_close();
    let mut is_half_closed = false;
    while !judge.is_settled() {
        // Both at once: a peer that has seen enough answers before it has read all. In this order: neither a flood nor a
        // peer that reads without end puts the deadline off, and what is judged are answers and nothing from before.
        select! {
            biased;
            () = sleep_until(deadline) => break,
            written = writer.write(&output), if !is_mute && output.has_remaining() => match written {
                Ok(count) => {
                    output.advance(count);
                    if output.is_empty() {
                        is_mute = !matches!(timeout_at(deadline, writer.flush()).await, Ok(Ok(())));
                    }
                }
                Err(_) => is_mute = true,
            },
            read = reader.read_buf(&mut input) => match read {
                Ok(0) => judge.hear(&Heard::End),
                Ok(_) => judge.feed(&input),
                // Over TLS: TCP has ended and TLS was not told.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => judge.hear(&Heard::End),
                Err(_) => judge.hear(&Heard::Reset),
            },
        }
        input.clear();
        if let Some(close) = judge.close() {
            // 5.5.1: a Close is answered, also by somebody who has just broken a rule.
            if !has_answered_close && !is_mute {
                output.extend(goodbye(role, close.code, ""));
                has_answered_close = true;
            }
            // 7.1.1: and the server is the one who ends TCP.
            if role == Role::Server && output.is_empty() && !is_half_closed {
                let _ = timeout_at(deadline, writer.shutdown()).await;
                is_half_closed = true;
                is_mute = true;
            }
        } else if judge.has_gone_on() {
            deadline = deadline.min(Instant::now() + patience / SECOND_THOUGHTS);
        }
    }
    // A page that is told 1000 knows that its browser took what was wrong; without a Close it would see the same 1006 as
    // after a refusal.
    if judge.outcome().verdict() == Verdict::Tolerated && !has_answered_close && !is_mute && output.is_empty() {
        output.extend(goodbye(role, Some(1000), "this was against the rules, and you took it"));
        let _ = timeout_at(end, writer.write_all(&output)).await;
    }
    let _ = timeout_at(end, writer.shutdown()).await;
}

/// A Close frame of ours.
fn goodbye(role: Role, code: Option<u16>, reason: &str) -> Vec<u8> {
    let mut keys = random_key;
    let mut wire = Wire::new(role, &mut keys);
    match code {
        Some(code) => wire.close(code, reason.as_bytes()),
        None => wire.frame(Opcode::Close, b""),
    }
    wire.into_bytes()
}
