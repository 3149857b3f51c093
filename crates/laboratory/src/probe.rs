//! A client that breaks a rule, to see what the server does.

use std::time::Duration;

use protocol::{
    Limits, Role, Uri, UsageError,
    handshake::{ClientRequest, Nonce, Status},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};
use websocket::{ConnectError, MaybeTlsStream};

use crate::{
    experiment::Experiment,
    judge::Outcome,
    run::{PATIENCE, random_key, run},
};

/// How long TCP, TLS and a right handshake may take together: as for any client of this workspace.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Does `experiment` to the server at `url`, a `ws://` or `wss://` URI, on a connection of its own.
///
/// # Errors
/// [`ConnectError`]: there was no connection to break a rule on. Not an error is whatever the server does once the rule
/// is broken.
///
/// # Panics
/// If the experiment is none that a client can do.
pub async fn probe(url: &str, experiment: &'static Experiment) -> Result<Outcome, ConnectError> {
    let uri: Uri = url.parse().map_err(UsageError::from)?;
    Probe::new(ClientRequest::new(uri)).run(experiment).await
}

/// A server to be probed, and how.
#[derive(Debug, Clone)]
pub struct Probe {
    request: ClientRequest,
    connect_timeout: Duration,
    patience: Duration,
}

impl Probe {
    /// Probes with this request, which is right: experiments with requests make one thing in it wrong.
    #[must_use]
    pub const fn new(request: ClientRequest) -> Self {
        Self { request, connect_timeout: CONNECT_TIMEOUT, patience: PATIENCE }
    }

    /// How long everything up to the open connection may take. 10 seconds by default.
    #[must_use]
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.connect_timeout = limit;
        self
    }

    /// How long to wait for the answer to a broken rule, and for the end of TCP after it. 2 seconds by default.
    #[must_use]
    pub const fn patience(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// Does one experiment, on a connection of its own. It takes no longer than the two time-outs together.
    ///
    /// # Errors
    /// As for [`fn@probe`].
    ///
    /// # Panics
    /// If the experiment is none that a client can do.
    pub async fn run(&self, experiment: &'static Experiment) -> Result<Outcome, ConnectError> {
        assert!(experiment.is_for(Role::Client), "{} is for servers", experiment.name);
        let connecting = async {
            let mut stream = MaybeTlsStream::open(self.request.uri()).await?;
            let early = if experiment.is_in_handshake() { Vec::new() } else { self.shake_hands(&mut stream).await? };
            Ok((stream, early))
        };
        let (stream, early) = timeout(self.connect_timeout, connecting).await.unwrap_or(Err(ConnectError::TimedOut))?;

        let mut keys = random_key;
        let (bytes, mut judge) = if experiment.is_in_handshake() {
            let right = self.request.clone().handshake(nonce(), Limits::DEFAULT).request_bytes();
            experiment.in_handshake(Role::Client, &right, &mut keys)
        } else {
            experiment.on_connection(Role::Client, &mut keys)
        }
        .expect("one of the two");
        judge.feed(&early);
        run(stream, Role::Client, &bytes, &mut judge, self.patience).await;
        Ok(judge.outcome())
    }

    /// The opening handshake; gives what came behind the response, which are frames already.
    async fn shake_hands<S>(&self, stream: &mut S) -> Result<Vec<u8>, ConnectError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut handshake = self.request.clone().handshake(nonce(), Limits::DEFAULT);
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

fn nonce() -> Nonce {
    Nonce(rand::random())
}
