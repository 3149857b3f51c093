//! A chat server: sends each message to all clients, and encodes it only once.
//!
//! ```text
//! cargo run -p websocket --example broadcast [ADDRESS]
//! ```
//!
//! A server does not mask its frames, so one encoded frame, a [`PreparedMessage`], can be sent to
//! all clients.
//!
//! Each client has a queue, and a task that writes the queue's messages. A client that sends a
//! message waits until all queues have room, so no client loses a message or its connection because
//! another client sends too fast. A client that does not read is disconnected, so that nobody waits
//! for it any longer.

use std::{
    collections::HashMap,
    env, io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc::{self, Receiver, Sender},
    time::timeout,
};
use websocket::{
    CloseCode, CloseInfo, Config, Error, KeepAlive, Limits, PreparedMessage, ReadHalf, ServerConfig, UpgradeOptions,
    WriteHalf, accept_with,
};

/// The maximum size of a message, in bytes, and the maximum length of a queue, in messages. A queue
/// therefore holds at most 1 MiB, and all queues share a single copy of each message.
const MAX_MESSAGE: usize = 64 << 10;
const MAX_QUEUED: usize = 16;

/// How long a client may take to accept a message.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The queues of all clients.
#[derive(Default)]
struct Room(Mutex<HashMap<SocketAddr, Sender<PreparedMessage>>>);

impl Room {
    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, Sender<PreparedMessage>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    let limits = Limits::default().max_frame_bytes(MAX_MESSAGE).max_message_bytes(MAX_MESSAGE);
    let keep_alive = KeepAlive { interval: Duration::from_secs(30), timeout: Duration::from_secs(10) };
    let config = Arc::new(ServerConfig::default().config(Config::default().limits(limits).keep_alive(keep_alive)));
    let room = Arc::<Room>::default();
    loop {
        let (stream, peer) = listener.accept().await?;
        let (config, room) = (Arc::clone(&config), Arc::clone(&room));
        tokio::spawn(async move {
            match join(stream, peer, &config, &room).await {
                Ok(info) => println!("{peer}: {info}"),
                Err(error) => eprintln!("{peer}: {error}"),
            }
        });
    }
}

/// Serves one client until it leaves.
async fn join(stream: TcpStream, peer: SocketAddr, config: &ServerConfig, room: &Room) -> Result<CloseInfo, Error> {
    let connection = accept_with(stream, config, |_| Ok(UpgradeOptions::default())).await?;
    let (mut reader, writer) = connection.into_split();
    let (queue, messages) = mpsc::channel(MAX_QUEUED);
    room.lock().insert(peer, queue);
    // Use two tasks, because a client must get messages while it waits to send one. If one task did
    // both, two clients could wait for each other forever.
    let writing = tokio::spawn(write(writer, messages));
    let read = read(&mut reader, room).await;
    // Once the queue's sender is dropped, the writing task ends.
    room.lock().remove(&peer);
    let written = writing.await.expect("the task does not panic");
    read.and(written).map(|()| reader.close_info())
}

/// Adds each message of one client to all queues.
async fn read(reader: &mut ReadHalf<TcpStream>, room: &Room) -> Result<(), Error> {
    while let Some(message) = reader.next().await {
        let message = PreparedMessage::new(&message?);
        // Copy the list, so that the room is not locked while this client waits.
        let queues: Vec<_> = room.lock().values().cloned().collect();
        for queue in queues {
            // `send` fails only for a client that is leaving the room.
            let _ = queue.send(message.clone()).await;
        }
    }
    Ok(())
}

/// Sends the messages in one client's queue.
async fn write(mut writer: WriteHalf<TcpStream>, mut messages: Receiver<PreparedMessage>) -> Result<(), Error> {
    while let Some(message) = messages.recv().await {
        let Ok(sent) = timeout(WRITE_TIMEOUT, writer.send_prepared(&message)).await else {
            // Drop the queue first, because other clients may be waiting for room in it.
            drop(messages);
            return writer.start_close(CloseCode::TRY_AGAIN_LATER, "you read too slowly").await;
        };
        match sent {
            // The client has sent a Close, so it gets no more messages. The reading task reports
            // the end.
            Err(Error::Usage(_)) => return Ok(()),
            sent => sent?,
        }
    }
    Ok(())
}
