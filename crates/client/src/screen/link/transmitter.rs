//! Carries out the commands on an open connection, one after another.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

use laboratory::faults;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc::UnboundedReceiver,
    task::spawn_blocking,
};
use websocket::{
    Error, WriteHalf,
    protocol::{CloseCode, MessageKind, Role},
};

use super::{event_queue::LinkEventSender, masking_key::NextMaskingKey};
use crate::{
    args::ClientArgs,
    screen::{
        fault_test::FaultTester,
        injector::{InjectableStream, Injector},
        link_command::{LinkCommand, NewConnection},
        link_event::LinkEvent,
    },
};

/// The write half of the link.
pub(super) struct Transmitter<'a, S> {
    pub(super) args: &'a ClientArgs,
    pub(super) write_half: WriteHalf<InjectableStream<S>>,
    pub(super) injector: Injector<S>,
    pub(super) events: &'a LinkEventSender,
    pub(super) next_key: &'a NextMaskingKey,
    pub(super) fault_tester: &'a FaultTester,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Transmitter<'_, S> {
    /// Carries out commands one after another. Returns the new connection when a command requests
    /// one, or `None` once the command sender has been dropped.
    pub(super) async fn run(&mut self, commands: &mut UnboundedReceiver<LinkCommand>) -> Option<NewConnection> {
        while let Some(command) = commands.recv().await {
            let requested =
                if let LinkCommand::Reconnect(connection) = &command { Some(connection.clone()) } else { None };
            let frames = command.sent_frames();
            if let Some(frames) = frames {
                self.events.send(LinkEvent::Sending(frames));
            }
            let carried_out = self.carry_out(command).await;
            if frames.is_some() {
                self.events.send(LinkEvent::Sent);
            }
            if requested.is_some() {
                return requested;
            }
            if let Err(sentence) = carried_out {
                self.events.send(LinkEvent::Failed(format!("not sent: {sentence}")));
            }
            self.events.send(LinkEvent::State(self.write_half.state()));
        }
        None
    }

    async fn carry_out(&mut self, command: LinkCommand) -> Result<(), String> {
        let sent = match command {
            LinkCommand::Reconnect(_) => self.write_half.start_close(CloseCode::NORMAL, "").await,
            LinkCommand::Mask(key) => {
                self.next_key.choose(key, self.events);
                Ok(())
            }
            LinkCommand::Text(text) => self.write_half.send(text).await,
            LinkCommand::Binary(bytes) => self.write_half.send(bytes).await,
            LinkCommand::File(path) => {
                let bytes = read_file(&path, self.args.max_message).await?;
                self.write_half.send(bytes).await
            }
            LinkCommand::Ping(payload) => self.write_half.ping(&payload).await,
            LinkCommand::Pong(payload) => self.write_half.pong(&payload).await,
            LinkCommand::Close(code, reason) => self.write_half.start_close(code, &reason).await,
            LinkCommand::Fragments { count, ping, text } => self.send_fragments(count, ping, text.as_bytes()).await,
            LinkCommand::Raw(bytes) => return self.write_raw(&bytes).await,
            LinkCommand::Break(name) => return self.break_rule(name).await,
            LinkCommand::Slow(interval, text) => {
                self.injector.pace(Some(interval));
                let sent = self.write_half.send(text).await;
                self.injector.pace(None);
                sent
            }
        };
        sent.map_err(|error| error.to_string())
    }

    /// Sends a text message in `count` frames of nearly equal length. The length is counted in
    /// bytes, so a frame can end in the middle of a character.
    async fn send_fragments(&mut self, count: usize, ping: bool, text: &[u8]) -> Result<(), Error> {
        for index in 0..count {
            let part = &text[text.len() * index / count..text.len() * (index + 1) / count];
            self.write_half.send_fragment(MessageKind::Text, part, index + 1 == count).await?;
            if ping && index == 0 {
                self.write_half.ping(b"between fragments").await?;
            }
        }
        Ok(())
    }

    /// Writes raw bytes without checking them. Flushes the engine's output first, so that the raw
    /// bytes fall between two frames.
    async fn write_raw(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.write_half.flush().await.map_err(|error| error.to_string())?;
        self.injector.write(bytes).await.map_err(|error| error.to_string())
    }

    async fn break_rule(&mut self, name: &str) -> Result<(), String> {
        let key = self.next_key.take();
        let fault = faults::find(Role::Client, name);
        match fault.and_then(|fault| self.fault_tester.start(fault, key, self.args.probe_patience)) {
            Some(bytes) => self.write_raw(&bytes).await,
            None => Err(format!("{name} is a rule of the opening handshake")),
        }
    }
}

/// Reads a file of at most `limit` bytes.
async fn read_file(path: &Path, limit: usize) -> Result<Vec<u8>, String> {
    let owned = path.to_owned();
    // Read on another thread, because a slow disk would block this one, which also handles the
    // keyboard.
    let read = spawn_blocking(move || read_regular_file(&owned, limit)).await.map_err(|error| error.to_string())?;
    let bytes = read.map_err(|error| format!("cannot read {} ({error})", path.display()))?;
    if bytes.len() > limit {
        return Err(format!("{} is longer than {limit} bytes (--max-message sets the limit)", path.display()));
    }
    Ok(bytes)
}

/// Reads at most one byte more than `limit`, which is enough to show that the file is too long.
fn read_regular_file(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    // Accept only regular files: reading a device may never end, and opening a named pipe blocks
    // until another program opens it for writing.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    // Do not rely on the size in the metadata: it is 0 for files in /proc, and the file may grow.
    File::open(path)?.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
