//! A connection under test with a virtual clock.

use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use protocol::{CloseCode, CloseFrame, Config, Connection, NegotiatedDeflate, Role, Transmit, frame::MaskingKeys};

use crate::{
    frames::{frames_from, peer_of},
    masking::{ZERO_KEY, repeated_key, scripted_keys},
    observed::{Observed, violated},
    transmitted::Transmitted,
};

/// A connection under test, its clock, and the methods that a driver and an application would call.
///
/// A client masks with the key 00000000 unless the test provides other keys.
///
/// ```
/// use testkit::{endpoint::TestEndpoint, observed::ping};
///
/// let mut server = TestEndpoint::server();
/// assert_eq!(server.receive(&["89 02 6869"]), [ping("6869")]);
/// server.assert_transmits(&["8a 02 6869"]);
/// ```
#[derive(Debug)]
pub struct TestEndpoint {
    /// The connection.
    pub connection: Connection,
    /// The current time of the virtual clock.
    pub now: Instant,
}

/// Runs a test once for a server and once for a client.
pub fn for_both_roles(test: impl Fn(&mut TestEndpoint)) {
    for_both_roles_with(&Config::default(), test);
}

/// Runs a test once for a server and once for a client with this configuration.
pub fn for_both_roles_with(config: &Config, test: impl Fn(&mut TestEndpoint)) {
    for role in [Role::Server, Role::Client] {
        // The test harness prints this line if the test fails, so that you can see which role
        // failed.
        println!("as a {role:?}");
        test(&mut TestEndpoint::new(role, config.clone()));
    }
}

/// Constructors.
impl TestEndpoint {
    /// Creates an endpoint.
    #[must_use]
    pub fn new(role: Role, config: Config) -> Self {
        Self::at(Instant::now(), role, config)
    }

    /// Creates an endpoint whose clock starts at `now`.
    #[must_use]
    pub fn at(now: Instant, role: Role, config: Config) -> Self {
        match role {
            Role::Server => Self { connection: Connection::server(config, now), now },
            Role::Client => Self::client_with(config, repeated_key(ZERO_KEY), now),
        }
    }

    /// Creates a server with the default configuration.
    #[must_use]
    pub fn server() -> Self {
        Self::new(Role::Server, Config::default())
    }

    /// Creates a client with the default configuration.
    #[must_use]
    pub fn client() -> Self {
        Self::new(Role::Client, Config::default())
    }

    /// Creates a client that masks with these keys, in this order. The client panics if it needs
    /// another key after the last one.
    #[must_use]
    pub fn client_with_keys(keys: &[[u8; 4]]) -> Self {
        Self::client_with(Config::default(), scripted_keys(keys), Instant::now())
    }

    /// Creates a client with this configuration and this source of masking keys.
    #[must_use]
    pub fn client_with(config: Config, keys: Box<dyn MaskingKeys>, now: Instant) -> Self {
        Self { connection: Connection::client(config, keys, now), now }
    }

    /// Makes the endpoint use compression.
    #[must_use]
    pub fn with_deflate(self, negotiated: &NegotiatedDeflate) -> Self {
        Self { connection: self.connection.with_deflate(negotiated), ..self }
    }

    /// Returns the endpoint's role.
    #[must_use]
    pub fn role(&self) -> Role {
        self.connection.role()
    }
}

/// Input.
impl TestEndpoint {
    /// Receives bytes in one read. Returns all resulting events.
    pub fn receive_bytes(&mut self, bytes: &[u8]) -> Vec<Observed> {
        self.connection.receive(bytes);
        self.poll_events()
    }

    /// Converts hexadecimal frames to the bytes that this endpoint's peer would send, and receives
    /// these bytes in one read. Returns all resulting events.
    #[track_caller]
    pub fn receive(&mut self, frames: &[&str]) -> Vec<Observed> {
        self.receive_bytes(&self.peer_frames(frames))
    }

    /// Receives hexadecimal frames, one byte per read. Returns all resulting events.
    #[track_caller]
    pub fn receive_byte_by_byte(&mut self, frames: &[&str]) -> Vec<Observed> {
        let bytes = self.peer_frames(frames);
        bytes.iter().flat_map(|byte| self.receive_bytes(&[*byte])).collect()
    }

    /// Receives hexadecimal frames, but does not poll for events.
    #[track_caller]
    pub fn receive_unpolled(&mut self, frames: &[&str]) {
        let bytes = self.peer_frames(frames);
        self.connection.receive(&bytes);
    }

    /// Converts hexadecimal frames to the bytes that this endpoint's peer would send.
    #[track_caller]
    #[must_use]
    pub fn peer_frames(&self, frames: &[&str]) -> Vec<u8> {
        frames_from(peer_of(self.role()), frames)
    }

    /// Takes the connection's input buffer, passes it to `inspect`, and puts it back, as a driver
    /// does.
    pub fn with_input<T>(&mut self, inspect: impl FnOnce(&mut BytesMut) -> T) -> T {
        let mut input = self.connection.take_input();
        let result = inspect(&mut input);
        self.connection.put_input(input);
        result
    }

    /// Receives the end of the peer's stream. Returns all resulting events.
    pub fn receive_eof(&mut self) -> Vec<Observed> {
        self.connection.receive_eof();
        self.poll_events()
    }

    /// Returns all pending events. Polling continues after a violation, to show that the connection
    /// reports only one.
    pub fn poll_events(&mut self) -> Vec<Observed> {
        let mut observed = Vec::new();
        loop {
            match self.connection.poll_event(self.now) {
                Ok(Some(event)) => observed.push(event.into()),
                Ok(None) => return observed,
                Err(violation) => observed.push(violated(violation)),
            }
            assert!(observed.len() < 200_000, "poll_event() never returns None");
        }
    }
}

/// Output.
impl TestEndpoint {
    /// Carries out all writes and TCP operations that the connection requests from its driver, and
    /// returns them.
    pub fn transmit(&mut self) -> Vec<Transmitted> {
        let mut list = Vec::new();
        for _ in 0..1000 {
            let transmitted = match self.connection.poll_transmit() {
                None => return list,
                Some(Transmit::Bytes(output)) => Transmitted::Bytes(output.copy_to_bytes(output.remaining()).to_vec()),
                Some(Transmit::HalfClose) => Transmitted::HalfClose,
                Some(Transmit::Disconnect) => Transmitted::Disconnect,
            };
            transmitted.append_to(&mut list);
        }
        panic!("poll_transmit() never returns None");
    }

    /// Carries out the TCP operations that the connection requests before its next write, and
    /// returns them. Leaves out the write itself, as if the peer had stopped reading.
    pub fn transmit_while_blocked(&mut self) -> Vec<Transmitted> {
        let mut list = Vec::new();
        while let Some(transmit) = self.connection.poll_transmit() {
            match transmit {
                Transmit::Bytes(_) => break,
                Transmit::HalfClose => list.push(Transmitted::HalfClose),
                Transmit::Disconnect => list.push(Transmitted::Disconnect),
            }
        }
        list
    }

    /// Carries out all requested writes, and returns their bytes. Panics if the connection requests
    /// anything other than writes.
    #[track_caller]
    pub fn take_sent(&mut self) -> Vec<u8> {
        match &self.transmit()[..] {
            [] => Vec::new(),
            [Transmitted::Bytes(bytes)] => bytes.clone(),
            other => panic!("more than bytes: {other:?}"),
        }
    }

    /// Transmits everything, and compares the result with an expected list in the notation of
    /// [`Transmitted::parse`].
    #[track_caller]
    pub fn assert_transmits(&mut self, notation: &[&str]) {
        let expected = Transmitted::parse(self.role(), notation);
        assert_eq!(self.transmit(), expected, "transmitted by the {:?}", self.role());
    }

    /// Transmits everything, and compares the result as
    /// [`assert_transmits`](Self::assert_transmits) does. Use this method if the expected result
    /// depends on the role.
    #[track_caller]
    pub fn assert_transmits_by_role(&mut self, server: &[&str], client: &[&str]) {
        match self.role() {
            Role::Server => self.assert_transmits(server),
            Role::Client => self.assert_transmits(client),
        }
    }

    /// Checks that the connection requests nothing from its driver.
    #[track_caller]
    pub fn assert_transmits_nothing(&mut self) {
        self.assert_transmits(&[]);
    }

    /// Checks that this endpoint fails the connection (section 7.1.7): it sends a Close with this
    /// code and a reason, and then half-closes the TCP connection. Returns the reason.
    #[track_caller]
    pub fn assert_fails_connection(&mut self, code: u16) -> String {
        let transmitted = self.transmit();
        let [Transmitted::Bytes(close), Transmitted::HalfClose] = &transmitted[..] else {
            panic!("the connection was not failed: {transmitted:?}")
        };
        let (header_len, mask_bit) = if self.role() == Role::Client { (6, 0x80) } else { (2, 0) };
        let (header, body) = close.split_at(header_len);
        assert_eq!(header[0], 0x88, "not a Close: {transmitted:?}");
        assert_eq!(usize::from(header[1] ^ mask_bit), body.len(), "bytes after the Close: {transmitted:?}");
        assert!(body.len() <= 125, "too long for a control frame: {transmitted:?}");
        assert_eq!(body[..2], code.to_be_bytes(), "another code: {transmitted:?}");
        String::from_utf8(body[2..].to_vec()).expect("a reason is UTF-8")
    }
}

/// Time.
impl TestEndpoint {
    /// Advances the clock, and handles each deadline when it is reached. Stops handling deadlines
    /// at a violation, because a driver transmits the Close before it handles another deadline.
    /// Returns the violation, if there is one.
    pub fn advance(&mut self, duration: Duration) -> Vec<Observed> {
        let until = self.now + duration;
        let mut observed = Vec::new();
        let mut deadlines = 0;
        while let Some(deadline) = self.connection.poll_timeout().filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            if let Err(violation) = self.connection.handle_timeout(self.now) {
                observed.push(violated(violation));
                break;
            }
            deadlines += 1;
            assert!(deadlines < 1000, "a handled deadline is reported again and again");
        }
        self.now = until;
        observed
    }
}

/// Closing.
impl TestEndpoint {
    /// Starts the closing handshake with a code and a reason.
    #[track_caller]
    pub fn close(&mut self, code: u16, reason: &str) {
        let frame = CloseFrame::new(CloseCode(code), reason).expect("a valid Close frame");
        self.connection.close(Some(frame), self.now).expect("this endpoint may send this code");
    }

    /// Starts the closing handshake with an empty body.
    #[track_caller]
    pub fn close_without_code(&mut self) {
        self.connection.close(None, self.now).expect("a Close with an empty body may always be sent");
    }

    /// Returns the close code that the application sees, and whether the connection was closed
    /// cleanly.
    #[must_use]
    pub fn close_outcome(&self) -> (u16, bool) {
        let close_info = self.connection.close_info();
        (close_info.code.0, close_info.was_clean)
    }
}
