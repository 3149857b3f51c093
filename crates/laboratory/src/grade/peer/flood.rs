//! Sends more than a peer should accept, or sends too slowly, until the peer ends the connection.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    select,
    time::{Instant, sleep, sleep_until, timeout},
};

use super::{
    super::{
        symptom::{Failure, Symptom},
        words::{mebibytes, seconds},
    },
    Peer, READ_CAPACITY,
};
use crate::observations::TcpEnd;

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    /// Writes `unit` again and again, up to `total` bytes in all, and reads at the same time. Stops
    /// early when `done` returns `true`, when the TCP connection ends, or when nothing is read or
    /// written within the answer time-out. Returns the number of bytes written.
    async fn flood(&mut self, unit: &[u8], total: usize, done: impl Fn(&Self) -> bool) -> usize {
        let (mut written, mut write_ended) = (0, false);
        loop {
            self.parse_if_open();
            if done(self) || self.tcp_end.is_some() || written >= total || write_ended {
                break;
            }
            let stalled = Instant::now() + self.answer_timeout;
            let at = written % unit.len();
            self.input.reserve(READ_CAPACITY);
            let (mut reader, mut writer) = tokio::io::split(&mut self.stream);
            let read = select! {
                biased;
                read = reader.read_buf(&mut self.input) => Some(read),
                count = writer.write(&unit[at..]) => {
                    match count {
                        Ok(count) if count > 0 => written += count,
                        _ => write_ended = true,
                    }
                    None
                }
                () = sleep_until(stalled) => break,
            };
            if let Some(read) = read {
                self.record(read);
            }
        }
        written
    }

    fn parse_if_open(&mut self) {
        if !self.input.starts_with(b"HTTP/") {
            self.parse();
        }
    }

    /// Floods the peer until it sends a Close with `code`.
    pub(crate) async fn flood_until_close(&mut self, unit: &[u8], total: usize, code: u16) -> Result<(), Failure> {
        let written = self.flood(unit, total, |peer| peer.close.is_some()).await;
        self.close(&format!("a Close {code} after {} of fragments", mebibytes(written)), &[Some(code)]).await
    }

    /// Floods the peer until it rejects the request or ends the TCP connection.
    pub(crate) async fn flood_until_rejected(&mut self, unit: &[u8], total: usize) -> Result<(), Failure> {
        let written = self.flood(unit, total, |peer| peer.status().is_some()).await;
        if self.status().is_none() && self.tcp_end_within(self.answer_timeout).await.is_some() {
            return Ok(());
        }
        match self.status() {
            Some(400..=499) => Ok(()),
            Some(status) => Err(Failure::new(
                Symptom::Handshake,
                format!("the server answered HTTP {status} instead of 400 or 431"),
            )),
            None => {
                let sentence =
                    format!("the server still waits for the end of the request after {}", mebibytes(written));
                Err(Failure::new(Symptom::LeftOpen, sentence))
            }
        }
    }

    /// Writes `byte` at this interval until the peer has ended the TCP connection. Fails if the
    /// connection is still open after `patience`.
    pub(crate) async fn trickle(
        &mut self,
        byte: u8,
        interval: Duration,
        both_directions: bool,
        patience: Duration,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            if self.tcp_end == Some(TcpEnd::Reset) || self.tcp_end.is_some() && !both_directions {
                return Ok(());
            }
            if timeout(interval, self.stream.write_all(&[byte])).await.is_ok_and(|written| written.is_err()) {
                return Ok(());
            }
            let next = Instant::now() + interval;
            while self.read(next).await {
                self.input.clear();
            }
            sleep(next.saturating_duration_since(Instant::now())).await;
        }
        Err(self.left_open(patience))
    }

    /// Expects the peer to end the TCP connection within `patience`.
    pub(crate) async fn ends_in_time(&mut self, patience: Duration) -> Result<(), Failure> {
        match self.tcp_end_within(patience).await {
            Some(_) => Ok(()),
            None => Err(self.left_open(patience)),
        }
    }

    fn left_open(&self, patience: Duration) -> Failure {
        let sentence = format!("{} still keeps the connection after {}", self.name(), seconds(patience));
        Failure::new(Symptom::LeftOpen, sentence)
    }
}
