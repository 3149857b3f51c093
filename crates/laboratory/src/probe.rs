//! A client that breaks a rule, to see how the server reacts.

use std::time::Duration;

use protocol::{
    Limits, Role, Uri, UsageError,
    handshake::{ClientRequest, Status},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};
use websocket::{ConnectError, MaybeTlsStream, TransportOptions, open_transport_with};

use crate::{
    evaluator::Evaluation,
    exchange::{REACTION_TIMEOUT, exchange},
    fault::Fault,
    fault_test::FaultTest,
    randomness::Randomness,
};

/// The default time limit for opening the TCP connection, setting up TLS and completing a valid
/// handshake, all together. Every client in this workspace has the same default.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Sends `fault` to the server at `url`, a `ws://` or `wss://` URI, on a new connection.
///
/// # Errors
/// Returns a [`ConnectError`] if the connection cannot be opened. Once the fault has been sent,
/// every reaction of the server is a result, not an error.
///
/// # Panics
/// Panics if a client cannot send this fault.
pub async fn probe(url: &str, fault: &'static Fault) -> Result<Evaluation, ConnectError> {
    let uri: Uri = url.parse().map_err(UsageError::from)?;
    Probe::new(ClientRequest::new(uri)).run(fault).await
}

/// A client that tests one server, with one fault per connection.
#[derive(Debug, Clone)]
pub struct Probe {
    request: ClientRequest,
    transport: TransportOptions,
    connect_timeout: Duration,
    reaction_timeout: Duration,
    randomness: Randomness,
}

impl Probe {
    /// Creates a probe that connects with this valid request. A fault in the opening handshake
    /// changes one thing in the request.
    #[must_use]
    pub fn new(request: ClientRequest) -> Self {
        Self {
            request,
            transport: TransportOptions::default(),
            connect_timeout: CONNECT_TIMEOUT,
            reaction_timeout: REACTION_TIMEOUT,
            randomness: Randomness::Random,
        }
    }

    /// Sets the options for the transport, such as the TLS configuration.
    #[must_use]
    pub fn transport(mut self, options: TransportOptions) -> Self {
        self.transport = options;
        self
    }

    /// Sets the source of masking keys and nonces.
    pub(crate) const fn randomness(mut self, randomness: Randomness) -> Self {
        self.randomness = randomness;
        self
    }

    /// Sets the maximum time for opening the connection. The default is 10 seconds.
    #[must_use]
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// Sets the maximum total time to wait for the reaction to a fault and for the end of the TCP
    /// connection. The default is 2 seconds.
    #[must_use]
    pub const fn reaction_timeout(mut self, limit: Duration) -> Self {
        self.reaction_timeout = limit;
        self
    }

    /// Sends one fault on a new connection. The test takes no longer than the connect time-out and
    /// the reaction time-out together.
    ///
    /// # Errors
    /// Returns a [`ConnectError`] if the connection cannot be opened, as [`fn@probe`] does.
    ///
    /// # Panics
    /// Panics if a client cannot send this fault.
    pub async fn run(&self, fault: &'static Fault) -> Result<Evaluation, ConnectError> {
        self.run_through(fault, |stream| stream).await
    }

    /// Sends one fault as [`run`](Self::run) does, but lets `wrap` put a layer between the probe
    /// and the stream.
    pub(crate) async fn run_through<S>(
        &self,
        fault: &'static Fault,
        wrap: impl FnOnce(MaybeTlsStream) -> S,
    ) -> Result<Evaluation, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        assert!(fault.can_be_sent_by(Role::Client), "{} is a fault of servers", fault.name);
        let connecting = async {
            let mut stream = wrap(open_transport_with(self.request.uri(), &self.transport).await?);
            let early = if fault.is_in_handshake() { Vec::new() } else { self.shake_hands(&mut stream).await? };
            Ok((stream, early))
        };
        let (stream, early) = timeout(self.connect_timeout, connecting).await.unwrap_or(Err(ConnectError::TimedOut))?;

        let mut keys = || self.randomness.key();
        let test = if fault.is_in_handshake() {
            let valid = self.request.clone().handshake(self.randomness.nonce(), Limits::DEFAULT).request_bytes();
            FaultTest::in_handshake(fault, Role::Client, &valid, &mut keys)
        } else {
            FaultTest::on_connection(fault, Role::Client, &mut keys)
        };
        let mut test = test.expect("the fault is in the handshake or on the connection");
        test.evaluator.receive(&early);
        Ok(exchange(stream, Role::Client, test, self.randomness, self.reaction_timeout).await)
    }

    /// Performs a valid opening handshake. Returns the bytes after the response, which belong to
    /// frames.
    async fn shake_hands<S>(&self, stream: &mut S) -> Result<Vec<u8>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut handshake = self.request.clone().handshake(self.randomness.nonce(), Limits::DEFAULT);
        stream.write_all(&handshake.request_bytes()).await.map_err(ConnectError::Handshake)?;
        stream.flush().await.map_err(ConnectError::Handshake)?;
        loop {
            if stream.read_buf(handshake.input()).await.map_err(ConnectError::Handshake)? == 0 {
                return Err(ConnectError::Handshake(std::io::ErrorKind::UnexpectedEof.into()));
            }
            match handshake.poll().map_err(ConnectError::Answer)? {
                Status::Partial(waiting) => handshake = waiting,
                Status::Complete(opened) => return Ok(opened.rest.to_vec()),
            }
        }
    }
}
