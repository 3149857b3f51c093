//! Clients that misbehave.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
    time::sleep,
};

use super::client::{PING, TEXT, frame, header, open};

/// A kind of misbehaviour.
#[derive(Debug, Clone, Copy)]
pub(super) enum Attacker {
    /// Sends texts of control characters to `/`, and never reads. The server's output shows each
    /// character as an escape, which takes six times as much room. The `usize` is the size of each
    /// text in bytes.
    ControlCharacters(usize),
    /// Sends empty texts in the chat as fast as it can, and reads what the others send.
    ChatFlood,
    /// Joins the chat and never reads.
    ChatNeverReads,
    /// Sends all but the last byte of a message, and then nothing. The `usize` is the size of the
    /// message in bytes.
    HalfMessage(usize),
    /// Sends messages to `/echo` and never reads the replies. The `usize` is the size of each
    /// message in bytes.
    NeverReads(usize),
    /// Sends Pings of 125 bytes as fast as it can, and never reads the Pongs.
    PingFlood,
    /// Sends one byte of a message per second.
    Trickle,
    /// Repeatedly opens a connection, sends part of a message and resets the connection.
    Reset,
}

/// A group of running attackers. Dropping this value disconnects them.
#[derive(Debug)]
pub(super) struct RunningAttack {
    tasks: JoinSet<()>,
    /// The results of the attackers' connections that have ended.
    ends: Arc<Mutex<Vec<io::Result<()>>>>,
}

impl RunningAttack {
    pub(super) fn start(attackers: &[(usize, Attacker)], address: SocketAddr) -> Self {
        let mut tasks = JoinSet::new();
        let ends = Arc::<Mutex<Vec<io::Result<()>>>>::default();
        for &(count, attacker) in attackers {
            for index in 0..count {
                let ended = Arc::clone(&ends);
                tasks.spawn(async move {
                    // Start the attackers over the course of one second, because a listening socket
                    // drops connections that arrive faster than the server can accept them.
                    sleep(Duration::from_secs(1).mul_f64(index as f64 / count as f64)).await;
                    // If the server disconnects an attacker, the attacker pauses before it
                    // reconnects. Without the pause, reconnecting would keep the attackers' own
                    // core busy.
                    loop {
                        let end = attacker.misbehave(address).await;
                        ended.lock().unwrap_or_else(PoisonError::into_inner).push(end);
                        sleep(Duration::from_secs(1)).await;
                    }
                });
            }
        }
        Self { tasks, ends }
    }

    /// Disconnects all attackers. Returns how many of their connections had already ended.
    pub(super) async fn stop(mut self) -> usize {
        self.tasks.shutdown().await;
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = ends.iter().find_map(|end| end.as_ref().err()) {
            eprintln!("  the first attacker that the server disconnected: {error}");
        }
        ends.len()
    }
}

impl Attacker {
    /// Misbehaves on one connection until that connection ends. Never returns for a chat member
    /// that neither reads nor writes, because it cannot notice the end.
    async fn misbehave(self, address: SocketAddr) -> io::Result<()> {
        match self {
            Self::ControlCharacters(size) => send_forever(address, "/", &frame(TEXT, 0x1F, size)).await,
            Self::ChatFlood => {
                let (mut stream, _) = open(address, "/chat").await?;
                let (mut read_half, mut write_half) = stream.split();
                let texts = frame(TEXT, 0, 0).repeat(9_000);
                let reading = async {
                    let mut buffer = vec![0; 64 << 10];
                    while read_half.read(&mut buffer).await? > 0 {}
                    Ok(())
                };
                let writing = async {
                    loop {
                        write_half.write_all(&texts).await?;
                    }
                };
                tokio::select! {
                    result = reading => result,
                    result = writing => result,
                }
            }
            Self::ChatNeverReads => {
                let _stream = open(address, "/chat").await?;
                std::future::pending().await
            }
            Self::HalfMessage(size) => {
                let (mut stream, _) = open(address, "/echo").await?;
                stream.write_all(&header(TEXT, size)).await?;
                // Write the message in small pieces to save memory, because a thousand attackers
                // run in this process.
                let mut missing = size - 1;
                while missing > 0 {
                    let piece = missing.min(4 << 10);
                    stream.write_all(&[b'x'; 4 << 10][..piece]).await?;
                    missing -= piece;
                }
                // Wait until the server ends the connection.
                stream.read_to_end(&mut Vec::new()).await.map(|_| ())
            }
            Self::NeverReads(size) => send_forever(address, "/echo", &frame(TEXT, b'x', size)).await,
            Self::PingFlood => send_forever(address, "/echo", &frame(PING, b'p', 125).repeat(500)).await,
            Self::Trickle => {
                let (mut stream, _) = open(address, "/echo").await?;
                stream.write_all(&header(TEXT, 60_000)).await?;
                loop {
                    stream.write_all(b"x").await?;
                    sleep(Duration::from_secs(1)).await;
                }
            }
            Self::Reset => {
                let (mut stream, _) = open(address, "/echo").await?;
                stream.write_all(&header(TEXT, 60_000)).await?;
                stream.set_zero_linger()
            }
        }
    }
}

/// Writes the same bytes again and again, and reads nothing after the handshake.
async fn send_forever(address: SocketAddr, path: &str, bytes: &[u8]) -> io::Result<()> {
    let (mut stream, _) = open(address, path).await?;
    loop {
        stream.write_all(bytes).await?;
    }
}
