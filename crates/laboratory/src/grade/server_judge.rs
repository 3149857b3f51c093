//! Judges a server.

use std::{collections::VecDeque, pin::Pin, time::Duration};

use futures_util::{
    StreamExt, future,
    stream::{self, FuturesUnordered},
};
use protocol::{Role, frame::Opcode, handshake::ClientRequest};
use tokio::{select, time::sleep};
use websocket::{ConnectError, TransportOptions};

use super::{
    check::{Check, CheckRef, Exercise},
    dialer::{Dialer, ServerPeer},
    fault_check,
    perform::perform,
    recorder::{Recorder, RecordingHandle},
    result::{CheckResult, StageResult},
    script::{BYTE_PAUSE, PreparedScript, Script},
    selection::Selection,
    stage::Stage,
    symptom::{Failure, Symptom},
};
use crate::{
    exchange::REACTION_TIMEOUT,
    fault::Fault,
    probe::{CONNECT_TIMEOUT, Probe},
    randomness::Randomness,
};

/// The number of checks that run at the same time. Even together with the checks that wait for a
/// deadline, they need far fewer connections than a server with one thread per connection can
/// afford.
const AT_ONCE: usize = 8;

/// The default maximum time to wait for the server to give up on a client that does nothing useful:
/// three times a typical deadline for a request.
const PATIENCE: Duration = Duration::from_secs(15);

/// The first stage. Until its checks pass, no other check makes sense.
const FIRST_STAGE: u8 = 1;

/// How many of the key's 24 characters come before the cut in a request.
const HALF_A_KEY: usize = 12;

/// The pause after half a request: enough for a server on a busy machine to read it.
const HALF_A_REQUEST_PAUSE: Duration = Duration::from_millis(100);

/// The time allowed for the unread echoes to fill all buffers.
const FILLING: Duration = Duration::from_millis(500);

/// The number of conversations held alongside the client that never reads.
const BESIDE: usize = 5;

/// Advice for when a valid request fails to open a connection in a stage after the first.
const CANNOT_OPEN: &str = "The same request worked in stage 1. If it fails now that there are several clients at a time, \
                           look for what the connections share, such as one buffer for all.";

/// Judges a server, stage by stage.
#[derive(Debug)]
pub struct ServerJudge {
    dialer: Dialer,
    patience: Duration,
}

impl ServerJudge {
    /// Creates a judge that connects with this valid request.
    #[must_use]
    pub fn new(request: ClientRequest) -> Self {
        let dialer = Dialer::new(request, CONNECT_TIMEOUT, REACTION_TIMEOUT);
        Self { dialer, patience: PATIENCE }
    }

    /// Sets the options for the transport, such as the TLS configuration.
    #[must_use]
    pub fn transport(mut self, options: TransportOptions) -> Self {
        self.dialer.transport = options;
        self
    }

    /// Sets the maximum time for opening a connection. The default is 10 seconds.
    #[must_use]
    pub const fn connect_timeout(mut self, limit: Duration) -> Self {
        self.dialer.connect_timeout = limit;
        self
    }

    /// Sets the maximum time to wait for each answer. The default is 2 seconds.
    #[must_use]
    pub const fn answer_timeout(mut self, limit: Duration) -> Self {
        self.dialer.answer_timeout = limit;
        self
    }

    /// Sets the maximum time to wait for the server to give up on a client that does nothing
    /// useful. The default is 15 seconds.
    #[must_use]
    pub const fn patience(mut self, limit: Duration) -> Self {
        self.patience = limit;
        self
    }

    /// Uses the same masking key in every frame, and the same `Sec-WebSocket-Key` in every request,
    /// so that two reports on the same server match. A real client must not do so.
    #[must_use]
    pub const fn repeatable(mut self) -> Self {
        self.dialer.randomness = Randomness::Fixed;
        self
    }

    /// Judges the server, and passes the result of each stage to `report`. Stops after the first
    /// stage in which a check has failed.
    ///
    /// Returns `true` if all selected checks have passed. Dropping the future closes all
    /// connections.
    ///
    /// # Errors
    /// Returns a [`ConnectError`] if the first connection cannot be opened. Anything that goes
    /// wrong later is a result, not an error.
    pub async fn run(&self, selection: Selection, mut report: impl FnMut(&StageResult)) -> Result<bool, ConnectError> {
        self.dialer.connect_ahead().await?;
        let stages: Vec<_> = selection.stages(Role::Server).collect();
        let mut slow = SlowChecks::default();
        for (stage, checks) in &stages {
            // A server that has not passed the first stage may be unable to serve more than one
            // connection at a time, so the slow checks start only after that stage.
            if stage.number != FIRST_STAGE && !slow.started {
                slow.start(self, &stages);
            }
            let mut result = self.stage(stage, checks, &mut slow).await;
            // After the first stage, look for a crash even if all checks have passed: a crash ends
            // the TCP connections, and some checks expect them to end.
            if (stage.number != FIRST_STAGE || !result.has_passed()) && self.dialer.is_refused().await {
                result.blame_crash();
            }
            report(&result);
            if !result.has_passed() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Runs the checks of one stage. The slow ones have already been started.
    async fn stage(&self, stage: &'static Stage, all: &[CheckRef], slow: &mut SlowChecks<'_>) -> StageResult {
        let at_once = if stage.number == FIRST_STAGE { 1 } else { AT_ONCE };
        let mut quick = stream::iter(all.iter().filter(|check| !check.is_slow()))
            .map(|check| self.check(*check, stage.number))
            .buffered(at_once);
        let mut quick_results = VecDeque::new();
        loop {
            select! {
                biased;
                result = quick.next() => match result {
                    Some(result) => quick_results.push_back(result),
                    None => break,
                },
                Some(result) = slow.waiting.next() => slow.done.push(result),
            }
        }
        let mut results = Vec::new();
        for check in all {
            let result = if check.is_slow() { slow.result(check.name()).await } else { quick_results.pop_front() };
            results.extend(result);
        }
        StageResult { stage, checks: results, crashed_in: None }
    }

    async fn check(&self, check: CheckRef, stage: u8) -> CheckResult {
        let recording = RecordingHandle::default();
        let result = match check {
            CheckRef::Fault(fault) => self.fault(fault, stage, &recording).await,
            CheckRef::Check(check) => self.exercise(check, stage, &recording).await,
        };
        CheckResult::new(check, result, recording.take())
    }

    async fn exercise(&self, check: &Check, stage: u8, recording: &RecordingHandle) -> Result<(), Failure> {
        match check.exercise {
            Exercise::Opening(build) | Exercise::SlowOpening(build) => {
                let peer = self.dialer.peer(recording).await?;
                self.play(peer, build).await
            }
            Exercise::Conversation(build) | Exercise::SlowConversation(build) => {
                let peer = self.open(recording).await?;
                self.play(peer, build).await
            }
            Exercise::InterleavedRequests => self.interleaved_requests(recording).await,
            Exercise::JoinedConversation(build) => {
                let mut script = self.prepare(build);
                let first = script.take_first_write();
                let joined = async {
                    let mut peer = self.dialer.open_recorded(recording, &first).await?;
                    perform(&mut peer, script, self.patience, Some(&self.dialer)).await?;
                    peer.part().await
                };
                match joined.await {
                    // The first frame was sent in the same write as the request, although a client
                    // must wait for the response. A server may therefore end the connection. If it
                    // keeps the connection open, it must not lose that frame.
                    Err(Failure { symptom: Symptom::Ended | Symptom::Closed | Symptom::Handshake, .. }) => Ok(()),
                    result => result,
                }
            }
            Exercise::FaultsOfEarlierStages => {
                self.all(
                    recording,
                    fault_check::of_earlier_stages(|fault| fault.stages.server),
                    |fault, recording| async move {
                        self.fault(fault, stage, &recording)
                            .await
                            .map_err(|failure| fault_check::name_fault(fault, failure))
                    },
                )
                .await
            }
            Exercise::EveryCut(build) => self.every_cut(build, recording).await,
            Exercise::ManyAtOnce(count, build) => self.many_at_once(count, build, recording).await,
            Exercise::NeverReads(mebibytes, build) => self.never_reads(mebibytes, build, recording).await,
            Exercise::ValidRequest | Exercise::FreshNonce => unreachable!("{} is a check of clients", check.name),
        }
    }

    /// Opens a connection for a check of any stage after the first.
    async fn open(&self, recording: &RecordingHandle) -> Result<ServerPeer, Failure> {
        self.dialer.open_recorded(recording, &[]).await.map_err(cannot_open)
    }

    fn prepare(&self, build: fn(&mut Script<'_>)) -> PreparedScript {
        Script::prepare(Role::Client, &mut || self.dialer.randomness.ascii_key(), build)
    }

    /// Plays a script on a connection.
    async fn play(&self, mut peer: ServerPeer, build: fn(&mut Script<'_>)) -> Result<(), Failure> {
        perform(&mut peer, self.prepare(build), self.patience, Some(&self.dialer)).await?;
        peer.part().await
    }

    /// Runs a check for each of `items`, several at a time. Stops at the first failure, and records
    /// the bytes of the check that failed.
    async fn all<T, F>(
        &self,
        recording: &RecordingHandle,
        items: impl Iterator<Item = T>,
        check: impl Fn(T, RecordingHandle) -> F,
    ) -> Result<(), Failure>
    where
        F: Future<Output = Result<(), Failure>>,
    {
        let mut checks = stream::iter(items)
            .map(|item| {
                let own = RecordingHandle::default();
                let checking = check(item, own.clone());
                async move { checking.await.map_err(|failure| (failure, own)) }
            })
            .buffered(AT_ONCE);
        while let Some(result) = checks.next().await {
            if let Err((failure, own)) = result {
                recording.replace(&own);
                return Err(failure);
            }
        }
        Ok(())
    }

    async fn fault(&self, fault: &'static Fault, stage: u8, recording: &RecordingHandle) -> Result<(), Failure> {
        // A probe opens its own connection.
        self.dialer.close_ahead();
        let Dialer { request, transport, connect_timeout, answer_timeout, randomness, .. } = &self.dialer;
        let probe = Probe::new(request.clone())
            .transport(transport.clone())
            .connect_timeout(*connect_timeout)
            .reaction_timeout(*answer_timeout)
            .randomness(*randomness);
        let evaluation =
            probe.run_through(fault, |stream| Recorder::new(stream, recording.clone())).await.map_err(|error| {
                cannot_open(Failure::new(Symptom::NotConnected, format!("cannot open a connection: {error}")))
            })?;
        fault_check::check(&evaluation, stage, Role::Server, &recording.received(), *answer_timeout)
    }

    /// Sends the halves of two requests alternately. The cut is inside the key, so a server that
    /// joins the halves of different requests finds a wrong key.
    async fn interleaved_requests(&self, recording: &RecordingHandle) -> Result<(), Failure> {
        let mut waiting = Vec::new();
        for _ in 0..2 {
            let own = RecordingHandle::default();
            let mut peer = self.dialer.peer(&own).await?;
            let handshake = self.dialer.handshake();
            let request = handshake.request_bytes();
            let name = b"Sec-WebSocket-Key: ";
            let key = request.windows(name.len()).position(|window| window == name).unwrap_or_default();
            let (half, rest) = request.split_at(key + name.len() + HALF_A_KEY);
            peer.write(half).await;
            sleep(HALF_A_REQUEST_PAUSE).await;
            waiting.push((peer, own, rest.to_vec(), handshake));
        }
        for (number, (mut peer, own, rest, handshake)) in (1..).zip(waiting) {
            peer.write(&rest).await;
            let accepted = peer.accepted(handshake).await;
            accepted.map_err(|failure| of_one(failure, &format!("request {number}"), &own, recording))?;
        }
        Ok(())
    }

    /// Holds the same conversation many times: with its first write in one piece, byte by byte, and
    /// in two pieces, with the cut after each byte in turn.
    async fn every_cut(&self, build: fn(&mut Script<'_>), recording: &RecordingHandle) -> Result<(), Failure> {
        let length = self.prepare(build).take_first_write().len();
        let byte_by_byte = RecordingHandle::default();
        // The byte-by-byte conversation takes longest, so run it alongside the others.
        let (result, last) = future::join(
            self.all(recording, 0..length, |cut, recording| self.cut(build, cut, recording)),
            self.cut(build, length, byte_by_byte.clone()),
        )
        .await;
        result?;
        last.inspect_err(|_| recording.replace(&byte_by_byte))
    }

    /// Holds a conversation whose first write is cut after `cut` bytes. If `cut` is 0, the write is
    /// sent in one piece. If `cut` is the length of the write, it is sent byte by byte.
    async fn cut(&self, build: fn(&mut Script<'_>), cut: usize, recording: RecordingHandle) -> Result<(), Failure> {
        let mut script = self.prepare(build);
        let bytes = script.take_first_write();
        let mut peer = self.open(&recording).await?;
        let pieces = if cut == bytes.len() { bytes.chunks(1).collect() } else { vec![&bytes[..cut], &bytes[cut..]] };
        for piece in pieces {
            peer.write(piece).await;
            sleep(BYTE_PAUSE).await;
        }
        perform(&mut peer, script, self.patience, None).await.map_err(|failure| Failure {
            sentence: match cut {
                0 => format!("in one write, {}", failure.sentence),
                _ if cut == bytes.len() => format!("byte by byte, {}", failure.sentence),
                _ => format!("cut after byte {cut}, {}", failure.sentence),
            },
            ..failure
        })
    }

    /// Opens `count` connections, and sends half of the conversation's first write on each. Then
    /// holds the rest of each conversation, one connection after the other.
    async fn many_at_once(
        &self,
        count: usize,
        build: fn(&mut Script<'_>),
        recording: &RecordingHandle,
    ) -> Result<(), Failure> {
        let mut open = Vec::new();
        for number in 1..=count {
            let own = RecordingHandle::default();
            let opened = self.dialer.open_recorded(&own, &[]).await;
            let mut peer = opened.map_err(|failure| of_one(failure, &format!("number {number}"), &own, recording))?;
            let mut script = self.prepare(build);
            let bytes = script.take_first_write();
            let (half, rest) = bytes.split_at(bytes.len() / 2);
            peer.write(half).await;
            open.push((number, peer, own, rest.to_vec(), script));
        }
        for (number, mut peer, own, rest, script) in open {
            peer.write(&rest).await;
            let performed = perform(&mut peer, script, self.patience, None).await;
            performed.map_err(|failure| of_one(failure, &format!("number {number}"), &own, recording))?;
        }
        Ok(())
    }

    /// Fills one connection with echoes that are never read, and meanwhile holds conversations on
    /// other connections.
    async fn never_reads(
        &self,
        mebibytes: usize,
        build: fn(&mut Script<'_>),
        recording: &RecordingHandle,
    ) -> Result<(), Failure> {
        let mut stuck = self.dialer.open().await?;
        let message = self
            .prepare(|script| script.write(|frames| frames.frame(Opcode::Binary, &[0; 1 << 20])))
            .take_first_write();
        let filling = async {
            for _ in 0..mebibytes {
                stuck.write_without_limit(&message).await;
            }
            std::future::pending::<()>().await;
        };
        let beside = async {
            sleep(FILLING).await;
            self.all(recording, 0..BESIDE, |_, recording| async move {
                let peer = self.open(&recording).await?;
                self.play(peer, build).await
            })
            .await
        };
        select! {
            result = beside => result,
            () = filling => unreachable!("it never ends"),
        }
    }
}

/// Adds the name of the failed connection to the failure, and makes that connection's recording,
/// `own`, the recording of the check.
fn of_one(failure: Failure, name: &str, own: &RecordingHandle, recording: &RecordingHandle) -> Failure {
    recording.replace(own);
    failure.named(name)
}

/// Adds advice to a failure that occurred while a connection with a valid request was being opened.
fn cannot_open(failure: Failure) -> Failure {
    let advice = failure.advice.or(Some(CANNOT_OPEN));
    failure.with_advice(advice)
}

/// The slow checks, most of which wait for one of the server's deadlines. They run alongside the
/// other checks, so that the judge waits only once, for the longest deadline.
#[derive(Default)]
struct SlowChecks<'a> {
    started: bool,
    waiting: FuturesUnordered<Pin<Box<dyn Future<Output = CheckResult> + 'a>>>,
    done: Vec<CheckResult>,
}

impl<'a> SlowChecks<'a> {
    fn start(&mut self, judge: &'a ServerJudge, stages: &[(&'static Stage, Vec<CheckRef>)]) {
        self.started = true;
        for (stage, checks) in stages {
            let slow = checks.iter().filter(|check| check.is_slow());
            self.waiting.extend(slow.map(|check| Box::pin(judge.check(*check, stage.number)) as Pin<Box<_>>));
        }
    }

    /// Waits for the result of the check with this name.
    async fn result(&mut self, name: &str) -> Option<CheckResult> {
        loop {
            if let Some(index) = self.done.iter().position(|result| result.name == name) {
                return Some(self.done.swap_remove(index));
            }
            let result = self.waiting.next().await?;
            self.done.push(result);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use testkit::{
        http_head::response_for,
        raw_peer::{accept_raw, listen, read_head},
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    /// The number of connections. The check itself opens 300, but with both ends in one process,
    /// these would need more open files than some systems allow by default.
    const COUNT: usize = 3;

    /// The length of a masked frame with the payload `Hello`, and of the half that is sent first.
    const FRAME: usize = 11;
    const HALF: usize = 5;

    const ECHO: &[u8] = b"\x81\x05Hello";

    fn hello(script: &mut Script<'_>) {
        script.echo("the echo", Opcode::Text, b"Hello");
    }

    /// Creates a judge that waits longer than any answer in these tests takes.
    fn judge_of(uri: &str) -> ServerJudge {
        ServerJudge::new(ClientRequest::new(uri.parse().expect("a URI"))).answer_timeout(PATIENCE)
    }

    /// Returns the result of a check with this server. Panics if the check ends before the server.
    async fn result_with(
        check: impl Future<Output = Result<(), Failure>>,
        server: impl Future<Output = ()>,
    ) -> Result<(), Failure> {
        let mut check = pin!(check);
        select! {
            () = server => check.await,
            result = &mut check => panic!("the check ends before the server: {result:?}"),
        }
    }

    /// Returns the bytes of one write. On the loopback interface, a short write arrives as a whole.
    async fn read_write(stream: &mut TcpStream) -> Vec<u8> {
        let mut bytes = vec![0; 1 << 10];
        let length = stream.read(&mut bytes).await.expect("it is open");
        bytes.truncate(length);
        bytes
    }

    /// Opens a connection, on which the judge sends half a frame.
    async fn open_half_way(listener: &TcpListener) -> TcpStream {
        let mut stream = accept_raw(listener).await;
        assert_eq!(read_write(&mut stream).await.len(), HALF);
        stream
    }

    async fn open_all_half_way(listener: &TcpListener) -> Vec<TcpStream> {
        let mut open = Vec::new();
        for _ in 0..COUNT {
            open.push(open_half_way(listener).await);
        }
        open
    }

    /// Reads the second half of the frame, and answers the frame.
    async fn answer(stream: &mut TcpStream, answer: &[u8]) {
        stream.read_exact(&mut [0; FRAME - HALF]).await.expect("it is open");
        stream.write_all(answer).await.expect("it is open");
    }

    #[tokio::test]
    async fn all_connections_are_half_way_through_a_frame_before_the_first_goes_on() {
        let (listener, uri) = listen().await;
        let server = async {
            let mut open = open_all_half_way(&listener).await;
            for stream in &mut open {
                answer(stream, ECHO).await;
            }
        };
        let (judge, recording) = (judge_of(&uri), RecordingHandle::default());
        assert_eq!(result_with(judge.many_at_once(COUNT, hello, &recording), server).await, Ok(()));
    }

    #[tokio::test]
    async fn one_of_many_connections_that_is_not_opened_is_named() {
        let (listener, uri) = listen().await;
        let server = async {
            let _first = open_half_way(&listener).await;
            let (mut second, _) = listener.accept().await.expect("a connection");
            read_head(&mut second).await;
            second.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").await.expect("it is open");
        };
        let (judge, recording) = (judge_of(&uri), RecordingHandle::default());
        let result = result_with(judge.many_at_once(COUNT, hello, &recording), server).await;
        let failure = result.expect_err("the second request is rejected");
        assert_eq!(failure.sentence, "number 2: the server answered HTTP 503 Service Unavailable instead of 101");
        assert_eq!(recording.received(), b"HTTP/1.1 503 Service Unavailable\r\n\r\n");
    }

    #[tokio::test]
    async fn one_of_many_connections_that_gets_no_echo_is_named() {
        let (listener, uri) = listen().await;
        let server = async {
            let mut open = open_all_half_way(&listener).await;
            answer(&mut open[0], ECHO).await;
            answer(&mut open[1], b"\x88\x00").await;
        };
        let (judge, recording) = (judge_of(&uri), RecordingHandle::default());
        let result = result_with(judge.many_at_once(COUNT, hello, &recording), server).await;
        let failure = result.expect_err("the second echo is missing");
        assert_eq!(failure.sentence, "number 2: a Close without a code arrived instead of the echo");
        assert!(recording.received().ends_with(b"\x88\x00"));
    }

    #[tokio::test]
    async fn two_requests_are_cut_in_the_middle_of_their_keys() {
        let (listener, uri) = listen().await;
        let server = async {
            let mut begun = Vec::new();
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.expect("a connection");
                let half = String::from_utf8(read_write(&mut stream).await).expect("ASCII");
                let (_, key) = half.split_once("\r\nSec-WebSocket-Key: ").expect("half of the key");
                assert_eq!(key.len(), 12, "{half:?}");
                begun.push((stream, half));
            }
            for (stream, half) in &mut begun {
                half.push_str(&read_head(stream).await);
                stream.write_all(response_for(half).as_bytes()).await.expect("it is open");
            }
        };
        let (judge, recording) = (judge_of(&uri), RecordingHandle::default());
        assert_eq!(result_with(judge.interleaved_requests(&recording), server).await, Ok(()));
    }
}
