//! Opens connections to the server under test.

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

/// How long to wait after the server has timed out an incomplete request on a separate connection,
/// so that the same deadline has also passed on the connection under test.
const DEADLINE_MARGIN: Duration = Duration::from_millis(250);

/// The length in bytes of the message whose echo is still unread when the judge resets the TCP
/// connection.
const UNREAD: usize = 1000;

/// A connection to the server under test.
pub(crate) type ServerPeer = Peer<Recorder<MaybeTlsStream>>;

/// Opens connections to the server under test.
#[derive(Debug)]
pub(crate) struct Dialer {
    pub(crate) request: ClientRequest,
    pub(crate) transport: TransportOptions,
    pub(crate) connect_timeout: Duration,
    pub(crate) answer_timeout: Duration,
    pub(crate) randomness: Randomness,
    /// A connection opened in advance, for the first check to use.
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

    /// Opens a connection in advance, to find out whether there is a server. The first check then
    /// uses this connection, because a connection on which nothing is sent could confuse an
    /// unfinished server.
    pub(crate) async fn connect_ahead(&self) -> Result<(), ConnectError> {
        let stream = self.connect().await?;
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).replace(stream);
        Ok(())
    }

    /// Closes the connection that was opened in advance, if no check has used it. A server that
    /// serves one connection at a time would otherwise keep waiting for a request on it.
    pub(crate) fn close_ahead(&self) {
        drop(self.take_ahead());
    }

    fn take_ahead(&self) -> Option<MaybeTlsStream> {
        self.ahead.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Creates a handshake with a new key.
    pub(crate) fn handshake(&self) -> ClientHandshake {
        self.request.clone().handshake(self.randomness.nonce(), Limits::DEFAULT)
    }

    /// Returns the connection that was opened in advance, if there is one. Otherwise, opens a TCP
    /// connection, with TLS for `wss`.
    async fn connect(&self) -> Result<MaybeTlsStream, ConnectError> {
        if let Some(stream) = self.take_ahead() {
            return Ok(stream);
        }
        let opening = open_transport_with(self.request.uri(), &self.transport);
        timeout(self.connect_timeout, opening).await.unwrap_or(Err(ConnectError::TimedOut))
    }

    /// Opens a connection without an opening handshake, and records the bytes that it carries.
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

    /// Returns `true` if nothing listens at the server's address any more.
    pub(crate) async fn is_refused(&self) -> bool {
        let refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        matches!(self.connect().await, Err(ConnectError::Tcp { error, .. }) if refused(&error))
    }

    /// Opens a connection, and resets it in the middle of a frame.
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

    /// Begins a request on a separate connection, and waits until the server gives up waiting for
    /// the rest, or until `patience` has passed.
    pub(crate) async fn outlast_request(&self, begun: &[u8], patience: Duration) {
        if let Ok(mut peer) = self.peer(&RecordingHandle::default()).await {
            peer.write(begun).await;
            peer.tcp_end_within(patience).await;
        }
        sleep(DEADLINE_MARGIN).await;
    }
}
