//! Well-behaved clients that measure how an attack affects them.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bench::frames::{PayloadKind, from_client, from_server, payload};
use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::client::open;
use crate::load::Histogram;

/// The size of a bystander's message in bytes.
const SIZE: usize = 125;

/// The time after which a reply counts as lost.
const LOST_AFTER: Duration = Duration::from_secs(30);

/// The measurements of all bystanders together.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Experience {
    pub(super) messages: u64,
    /// The number of messages without a correct reply.
    pub(super) lost: u64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// Echo clients that exchange one message after another.
#[derive(Debug)]
pub(super) struct Bystanders {
    tasks: JoinSet<Result<u64, u64>>,
    stop: watch::Sender<bool>,
    latency: Arc<Mutex<Histogram>>,
}

impl Bystanders {
    /// Opens `count` connections to `/echo`. Each repeatedly exchanges a message and then pauses
    /// for `pace`.
    pub(super) async fn connect(address: SocketAddr, count: usize, pace: Duration) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let latency = Arc::new(Mutex::new(Histogram::default()));
        let mut tasks = JoinSet::new();
        for index in 0..count {
            let (stream, _) = open(address, "/echo").await?;
            // Spread the first messages over an interval of `pace`, so that the bystanders do not
            // all send at once.
            let offset = pace.mul_f64(index as f64 / count as f64);
            tasks.spawn(exchange(stream, index, offset, pace, stopped.clone(), Arc::clone(&latency)));
        }
        Ok(Self { tasks, stop, latency })
    }

    /// Lets each bystander finish its current exchange, and returns the combined measurements.
    pub(super) async fn finish(mut self) -> Experience {
        self.stop.send_replace(true);
        let (mut messages, mut lost) = (0, 0);
        while let Some(result) = self.tasks.join_next().await {
            match result {
                Ok(Ok(count)) => messages += count,
                Ok(Err(count)) => (messages, lost) = (messages + count, lost + 1),
                Err(_) => lost += 1,
            }
        }
        let latency = self.latency.lock().unwrap_or_else(PoisonError::into_inner);
        let milliseconds = |thousandths| latency.percentile(thousandths).as_secs_f64() * 1e3;
        Experience { messages, lost, p50_ms: milliseconds(500), p99_ms: milliseconds(990) }
    }
}

/// Exchanges messages until `stopped` is true. Returns the number of correct replies: as an `Err`
/// if the last message got no correct reply, or as an `Ok` otherwise.
async fn exchange(
    mut stream: TcpStream,
    index: usize,
    offset: Duration,
    pace: Duration,
    stopped: watch::Receiver<bool>,
    latency: Arc<Mutex<Histogram>>,
) -> Result<u64, u64> {
    let payload = payload(PayloadKind::Mixed, SIZE, index as u64);
    let request = from_client(PayloadKind::Mixed, &payload, [0x37, 0xFA, 0x21, 0x3D]);
    let expected = from_server(PayloadKind::Mixed, &payload);
    let mut count = 0;
    sleep(offset).await;
    while !*stopped.borrow() {
        let began = Instant::now();
        let reply = async {
            stream.write_all(&request).await?;
            read_frame(&mut stream).await
        };
        match timeout(LOST_AFTER, reply).await {
            Ok(Ok(reply)) if reply == expected => {}
            _ => return Err(count),
        }
        latency.lock().unwrap_or_else(PoisonError::into_inner).add(began.elapsed());
        count += 1;
        sleep(pace).await;
    }
    Ok(count)
}

/// Reads the next frame that is not a Ping, and answers any Pings that come before it.
async fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    loop {
        let mut frame = vec![0; 2];
        stream.read_exact(&mut frame).await?;
        // All frames from the server are short here, so the second byte alone gives the length.
        let len = usize::from(frame[1]);
        frame.resize(2 + len, 0);
        stream.read_exact(&mut frame[2..]).await?;
        if frame[0] != 0x89 {
            return Ok(frame);
        }
        // The frame is a Ping from the server's keep-alive, so answer it with a Pong. A masking key
        // of zeros leaves the payload as it is.
        let mut pong = vec![0x8A, 0x80 | frame[1], 0, 0, 0, 0];
        pong.extend_from_slice(&frame[2..]);
        stream.write_all(&pong).await?;
    }
}
