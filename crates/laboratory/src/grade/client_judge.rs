//! Judges a client.

use std::{io, net::SocketAddr, time::Duration};

use bytes::BytesMut;
use protocol::{
    HandshakeViolation, Limits, Role,
    handshake::{ReceivedRequest, ServerHandshake, Status, UpgradeOptions, encode_response},
};
use tokio::{
    net::{TcpListener, TcpStream},
    time::{sleep, timeout},
};

use super::{
    check::{Check, CheckRef, Exercise},
    fault_check,
    key_diagnosis::diagnose_key,
    peer::Peer,
    perform::perform,
    recorder::{Recorder, RecordingHandle},
    result::{CheckResult, StageResult},
    script::{PIECE_PAUSE, Script},
    selection::Selection,
    symptom::{Failure, Symptom},
    words::seconds,
};
use crate::{exchange::REACTION_TIMEOUT, fault::Fault, faulty_server::serve_fault_after, randomness::Randomness};

/// The default maximum time to wait for the client to connect again, which it should do at once, or
/// after a short pause.
const PATIENCE: Duration = Duration::from_secs(15);

/// The first stage in which the judge sends the response and the first frame in one write.
const JOINED_STAGE: u8 = 5;

/// The response that tells the client that all checks are done.
const GONE: &[u8] = b"HTTP/1.1 410 Gone\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

type ClientPeer = Peer<Recorder<TcpStream>>;

/// Judges a client stage by stage, on one connection after another.
///
/// The client must send every message back, answer Pings and Close frames, and connect again until
/// it receives the status 410.
#[derive(Debug)]
pub struct ClientJudge {
    listener: TcpListener,
    answer_timeout: Duration,
    patience: Duration,
    /// The keys of all requests so far.
    nonces: Vec<String>,
    /// Whether the client has connected at least once.
    has_connected: bool,
}

impl ClientJudge {
    /// Creates a judge that waits for the client on this listener.
    #[must_use]
    pub const fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            answer_timeout: REACTION_TIMEOUT,
            patience: PATIENCE,
            nonces: Vec::new(),
            has_connected: false,
        }
    }

    /// Sets the maximum time to wait for each answer. The default is 2 seconds.
    #[must_use]
    pub const fn answer_timeout(mut self, limit: Duration) -> Self {
        self.answer_timeout = limit;
        self
    }

    /// Sets the maximum time to wait for the client to connect again. The default is 15 seconds.
    #[must_use]
    pub const fn patience(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// Returns the address on which the judge listens.
    ///
    /// # Errors
    /// Returns the error of the operating system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits for the client, judges it, and passes the result of each stage to `report`. Stops
    /// after the first stage with a failed check. At the end, answers one more request with the
    /// status 410, which tells the client not to connect again.
    ///
    /// Returns `true` if all selected checks have passed. The client may take any time to open its
    /// first connection. Dropping the future closes the connection that is open at that time.
    ///
    /// # Errors
    /// Returns an error if the listener fails.
    pub async fn run(mut self, selection: Selection, mut report: impl FnMut(&StageResult)) -> io::Result<bool> {
        let mut has_passed = true;
        for (stage, checks) in selection.stages(Role::Client) {
            let mut results = Vec::new();
            for check in checks {
                let recording = RecordingHandle::default();
                let result = self.check(check, stage.number, &recording).await?;
                results.push(CheckResult::new(check, result, recording.take()));
            }
            let result = StageResult { stage, checks: results, crashed_in: None };
            report(&result);
            has_passed = result.has_passed();
            if !has_passed {
                break;
            }
        }
        self.dismiss().await;
        Ok(has_passed)
    }

    async fn check(
        &mut self,
        check: CheckRef,
        stage: u8,
        recording: &RecordingHandle,
    ) -> io::Result<Result<(), Failure>> {
        match check {
            CheckRef::Fault(fault) => self.fault(fault, stage, recording).await,
            CheckRef::Check(Check { exercise: Exercise::FaultsOfEarlierStages, .. }) => {
                for fault in fault_check::of_earlier_stages(|fault| fault.stages.client) {
                    let own = RecordingHandle::default();
                    if let Err(failure) = self.fault(fault, stage, &own).await? {
                        recording.replace(&own);
                        return Ok(Err(fault_check::name_fault(fault, failure)));
                    }
                }
                Ok(Ok(()))
            }
            CheckRef::Check(check) => {
                let Some(peer) = self.accept(recording).await? else { return Ok(Err(self.absent())) };
                Ok(self.exercise(peer, check, stage).await)
            }
        }
    }

    /// Waits for the next connection. Returns `None` if none arrives in time.
    async fn accept(&mut self, recording: &RecordingHandle) -> io::Result<Option<ClientPeer>> {
        let accepted = if self.has_connected {
            match timeout(self.patience, self.listener.accept()).await {
                Ok(accepted) => accepted?,
                Err(_) => return Ok(None),
            }
        } else {
            self.listener.accept().await?
        };
        self.has_connected = true;
        let (stream, _) = accepted;
        // Turn off Nagle's algorithm, so that each write of a script is sent separately.
        stream.set_nodelay(true)?;
        Ok(Some(Peer::new(Recorder::new(stream, recording.clone()), Role::Server, self.answer_timeout)))
    }

    fn absent(&self) -> Failure {
        let sentence = format!("the client did not connect again within {}", seconds(self.patience));
        Failure::new(Symptom::NotConnected, sentence)
    }

    async fn exercise(&mut self, mut peer: ClientPeer, check: &Check, stage: u8) -> Result<(), Failure> {
        let result = self.exercise_on(&mut peer, check, stage).await;
        let parted = peer.part().await;
        result.and(parted)
    }

    async fn exercise_on(&mut self, peer: &mut ClientPeer, check: &Check, stage: u8) -> Result<(), Failure> {
        let request = read_request(peer).await?;
        let nonce =
            request.headers().get("Sec-WebSocket-Key").map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
        let nonce = nonce.unwrap_or_default();
        let is_fresh = !self.nonces.contains(&nonce);
        self.nonces.push(nonce);
        let response = response(&request)?;
        if matches!(check.exercise, Exercise::FreshNonce) && !is_fresh {
            return Err(Failure::new(Symptom::Handshake, "the client has sent the same Sec-WebSocket-Key before"));
        }
        let mut keys = || Randomness::Random.ascii_key();
        let mut script = match check.exercise {
            Exercise::Conversation(build) | Exercise::JoinedConversation(build) => {
                Script::prepare(Role::Server, &mut keys, build)
            }
            _ => Script::prepare(Role::Server, &mut keys, |_| {}),
        };
        let first = match check.exercise {
            Exercise::JoinedConversation(_) => script.take_first_write(),
            _ => Vec::new(),
        };
        peer.write(&[&response[..], &first].concat()).await;
        sleep(pause(stage)).await;
        peer.open(&request.into_rest());
        perform(peer, script, self.patience, None).await
    }

    async fn fault(
        &mut self,
        fault: &'static Fault,
        stage: u8,
        recording: &RecordingHandle,
    ) -> io::Result<Result<(), Failure>> {
        let Some(mut peer) = self.accept(recording).await? else { return Ok(Err(self.absent())) };
        let request = match read_request(&mut peer).await {
            Ok(request) => request,
            Err(failure) => return Ok(Err(failure)),
        };
        Ok(match serve_fault_after(pause(stage), peer.into_stream(), request, fault, self.answer_timeout).await {
            Ok(evaluation) => {
                fault_check::check(&evaluation, stage, Role::Client, &recording.received(), self.answer_timeout)
            }
            Err(error) => Err(Failure::new(Symptom::Handshake, format!("the request is not valid: {error}"))),
        })
    }

    /// Tells the client that it need not connect again.
    async fn dismiss(&mut self) {
        if let Ok(Some(mut peer)) = self.accept(&RecordingHandle::default()).await {
            let _ = peer.head().await;
            peer.write(GONE).await;
            let _ = peer.part().await;
        }
    }
}

/// Returns the pause between the response and the first frame: zero from [`JOINED_STAGE`] on. In
/// earlier stages, a client need not be able to handle both in one read.
const fn pause(stage: u8) -> Duration {
    if stage < JOINED_STAGE { PIECE_PAUSE } else { Duration::ZERO }
}

async fn read_request(peer: &mut ClientPeer) -> Result<ReceivedRequest, Failure> {
    let bytes: BytesMut = peer.head().await?;
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    handshake.input().extend_from_slice(&bytes);
    match handshake.poll() {
        Ok(Status::Complete(request)) => Ok(request),
        Ok(Status::Partial(_)) => Err(Failure::new(Symptom::Handshake, "the request is not complete")),
        Err(violation) => Err(Failure::new(Symptom::Handshake, format!("the request is not valid: {violation}"))),
    }
}

/// Returns the response that accepts a request.
fn response(request: &ReceivedRequest) -> Result<Vec<u8>, Failure> {
    let invalid = |error: String| Failure::new(Symptom::Handshake, format!("the request is not valid: {error}"));
    let upgrade = request.check_upgrade().map_err(|violation| {
        let key = request.headers().get("Sec-WebSocket-Key").and_then(|key| key.to_str().ok());
        let mistake = key.filter(|_| violation == HandshakeViolation::KeyMalformed).and_then(diagnose_key);
        invalid(format!("{violation}{}", mistake.map(|mistake| format!(" ({mistake})")).unwrap_or_default()))
    })?;
    let accepted = upgrade.accept(UpgradeOptions::default()).map_err(|error| invalid(error.to_string()))?;
    Ok(encode_response(&accepted.response).to_vec())
}
