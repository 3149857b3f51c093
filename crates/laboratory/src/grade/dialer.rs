//! Opens connections to the server that is judged.

use std::{
    io,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use protocol::{
    Limits, Role,
    frame::Opcode,
    handshake::{ClientHandshake, ClientRequest},
};
use tokio::time::{sleep, timeout};
use websocket::{ConnectError, MaybeTlsStream, TransportOptions, open_transport_with};

use super::{
    peer::Peer,
    recorder::{Recorder, RecordingHandle},
    symptom::{Failure, Symptom},
};
use crate::{frame_builder::FrameBuilder, randomness::Randomness};

/// The pause after the server has timed out a request on one connection. After this pause, the same
/// deadline has passed on another connection too.
const DEADLINE_MARGIN: Duration = Duration::from_millis(250);

/// The length in bytes of the message whose echo is on the way when the judge resets TCP.
const UNREAD: usize = 1000;

/// A connection to the server that is judged.
pub(crate) type ServerPeer = Peer<Recorder<MaybeTlsStream>>;

/// Opens connections to the server that is judged.
#[derive(Debug)]
pub(crate) struct Dialer {
    pub(crate) request: ClientRequest,
    pub(crate) transport: TransportOptions,
    pub(crate) connect_timeout: Duration,
    pub(crate) answer_timeout: Duration,
    pub(crate) randomness: Randomness,
    /// A connection that was opened ahead, and that the first check uses.
    ahead: Mutex<Option<MaybeTlsStream>>,
}

impl Dialer {
    pub(crate) fn new(request: ClientRequest, connect_timeout: Duration, answer_timeout: Duration) -> Self {
        Self {
            request,
            transport: TransportOptions::default(),
            connect_timeout,
            answer_timeout,
            randomness: Randomness::Random,
            ahead: Mutex::new(None),
        }
    }

    /// Opens a connection ahead, to find out whether there is a server. The first check uses the
    /// connection, because an unused one could confuse a server that is not finished.
    pub(crate) async fn connect_ahead(&self) -> Result<(), ConnectError> {
        let stream = self.connect().await?;
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).replace(stream);
        Ok(())
    }

    /// Creates a handshake with a new key.
    pub(crate) fn handshake(&self) -> ClientHandshake {
        self.request.clone().handshake(self.randomness.nonce(), Limits::DEFAULT)
    }

    /// Returns the connection that was opened ahead, if there is one. Otherwise, opens TCP, and TLS
    /// for `wss`.
    async fn connect(&self) -> Result<MaybeTlsStream, ConnectError> {
        let ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(stream) = ahead {
            return Ok(stream);
        }
        let opening = open_transport_with(self.request.uri(), &self.transport);
        timeout(self.connect_timeout, opening).await.unwrap_or(Err(ConnectError::TimedOut))
    }

    /// Opens the transport, and records what it carries.
    pub(crate) async fn peer(&self, recording: &RecordingHandle) -> Result<ServerPeer, Failure> {
        match self.connect().await {
            Ok(stream) => Ok(Peer::new(Recorder::new(stream, recording.clone()), Role::Client, self.answer_timeout)),
            Err(error) => Err(Failure::new(Symptom::NotConnected, error.to_string())),
        }
    }

    /// Opens a connection with a valid handshake.
    pub(crate) async fn open(&self) -> Result<ServerPeer, Failure> {
        self.open_recorded(&RecordingHandle::default(), &[]).await
    }

    /// Opens a connection with a valid handshake. `first` is sent in the same write as the request.
    pub(crate) async fn open_recorded(&self, recording: &RecordingHandle, first: &[u8]) -> Result<ServerPeer, Failure> {
        let mut peer = self.peer(recording).await?;
        let handshake = self.handshake();
        peer.write(&[&handshake.request_bytes(), first].concat()).await;
        peer.accepted(handshake).await?;
        Ok(peer)
    }

    /// Returns whether nothing listens at the address of the server any more.
    pub(crate) async fn is_refused(&self) -> bool {
        let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        matches!(self.connect().await, Err(ConnectError::Tcp { error, .. }) if refused(&error))
    }

    /// Opens a connection, and resets TCP there in the middle of a frame.
    pub(crate) async fn reset_one(&self) -> Result<(), Failure> {
        let mut peer = self.open().await?;
        let mut keys = || self.randomness.ascii_key();
        let mut frames = FrameBuilder::new(Role::Client, &mut keys);
        frames.frame(Opcode::Binary, &[b'u'; UNREAD]);
        let mut bytes = frames.into_bytes();
        bytes.extend_from_within(..UNREAD / 2);
        peer.write(&bytes).await;
        peer.reset().await;
        Ok(())
    }

    /// Begins a request on a connection of its own, and waits until the server gives up waiting for
    /// the rest, but for `patience` at most.
    pub(crate) async fn outlast_request(&self, begun: &[u8], patience: Duration) {
        if let Ok(mut peer) = self.peer(&RecordingHandle::default()).await {
            peer.write(begun).await;
            peer.tcp_end_within(patience).await;
        }
        sleep(DEADLINE_MARGIN).await;
    }
}
