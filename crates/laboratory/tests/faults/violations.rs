//! The faults that provoke each [`Violation`], and the reasons why no fault provokes the others.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use laboratory::{Expectation, Fault, FaultTest, RequirementLevel, Role, faults};
use protocol::{
    Config, Connection, HandshakeViolation, Limits, RfcSection, Violation,
    frame::MaskingKey,
    handshake::{ClientRequest, HandshakeError, Nonce, ServerHandshake, Status, UpgradeOptions, encode_response},
};

/// For each violation, the faults of clients and those of servers that provoke it in the protocol
/// crate.
const PROVOKED: &[(&str, &[&str], &[&str])] = &[
    ("MalformedHead", &["malformed-head"], &["malformed-head"]),
    ("HeadTooLong", &["head-too-long"], &["head-too-long"]),
    ("TooManyHeaders", &["header-lines-too-many"], &["header-lines-too-many"]),
    ("HttpVersionTooOld", &["http-1.0"], &["http-1.0"]),
    ("UpgradeMissing", &["upgrade-missing", "upgrade-to-something-else"], &["upgrade-missing"]),
    (
        "ConnectionWithoutUpgrade",
        &["connection-missing", "connection-without-upgrade"],
        &["connection-missing", "connection-without-upgrade"],
    ),
    ("ExtensionsMalformed", &["extensions-malformed"], &["extensions-malformed"]),
    ("SubprotocolMalformed", &["subprotocol-malformed"], &["subprotocol-malformed"]),
    ("MethodNotGet", &["method-post"], &[]),
    ("TargetMalformed", &["target-without-slash"], &[]),
    ("RequestWithBody", &["request-with-body"], &[]),
    ("HostNotOnce", &["host-missing", "host-twice"], &[]),
    ("KeyNotOnce", &["key-missing", "key-twice"], &[]),
    ("KeyMalformed", &["key-not-base64", "key-too-short"], &[]),
    ("VersionRepeated", &["version-twice"], &[]),
    ("VersionUnsupported", &["version-missing", "version-unknown"], &[]),
    ("SubprotocolRepeated", &["subprotocol-twice"], &[]),
    ("UpgradeToSomethingElse", &[], &["upgrade-to-something-else"]),
    ("AcceptNotOnce", &[], &["accept-missing", "accept-twice"]),
    ("AcceptWrong", &[], &["accept-wrong"]),
    ("SubprotocolNotOffered", &[], &["subprotocol-not-offered"]),
    ("ExtensionNotOffered", &[], &["extension-not-offered"]),
    ("UnmaskedFrame", &["unmasked-frame"], &[]),
    ("MaskedFrame", &[], &["masked-frame"]),
    both("ReservedBitsSet", &["reserved-bit-1", "reserved-bit-2", "reserved-bit-3"]),
    both(
        "ReservedOpcode",
        &[
            "reserved-opcode-3",
            "reserved-opcode-4",
            "reserved-opcode-5",
            "reserved-opcode-6",
            "reserved-opcode-7",
            "reserved-opcode-b",
            "reserved-opcode-c",
            "reserved-opcode-d",
            "reserved-opcode-e",
            "reserved-opcode-f",
        ],
    ),
    both("LengthNotShortest", &["overlong-length-16", "overlong-length-64"]),
    both("LengthTopBitSet", &["length-top-bit"]),
    both("ContinuationOfNothing", &["orphan-continuation"]),
    both("MessageInsideMessage", &["interleaved-message"]),
    both("FragmentedControl", &["fragmented-close", "fragmented-ping", "fragmented-pong"]),
    both("ControlTooLong", &["long-close", "long-ping", "long-pong"]),
    both("CloseBodyOneByte", &["one-byte-close"]),
    both(
        "CloseCodeInvalid",
        &[
            "close-code-0",
            "close-code-1004",
            "close-code-1005",
            "close-code-1006",
            "close-code-1015",
            "close-code-1016",
            "close-code-2999",
            "close-code-5000",
            "close-code-65535",
            "close-code-999",
        ],
    ),
    both("CloseReasonNotUtf8", &["close-reason-not-utf8"]),
    both(
        "TextNotUtf8",
        &[
            "invalid-utf8",
            "invalid-utf8-beyond",
            "invalid-utf8-cut",
            "invalid-utf8-cut-fragment",
            "invalid-utf8-fragments",
            "invalid-utf8-overlong",
            "invalid-utf8-surrogate",
        ],
    ),
    both("FrameTooBig", &["frame-too-big"]),
];

/// The violations that no fault provokes, and the reason for each.
const NOT_PROVOKED: &[(&str, &str)] = &[
    ("PongOverdue", "it needs silence instead of bytes, for as long as the keep-alive of the other side waits"),
    ("HostMalformed", "RFC 9112 has this rule, and the faults break those of RFC 6455"),
    ("MessageTooSlow", "it needs silence inside a message, for as long as the other side allows a message to take"),
    ("MessageTooBig", "only the other side knows its limit, and it takes many megabytes of valid frames to reach it"),
    ("TooManyFragments", "only the other side knows its limit, and ours is a million frames away"),
    // Violations of permessage-deflate. The faults never negotiate it, and without it RSV1 is an
    // ordinary reserved bit.
    ("CompressedBitMisplaced", "it needs a connection with permessage-deflate"),
    ("DeflateInvalid", "it needs a connection with permessage-deflate"),
    ("DeflateAnswerWrong", "it needs a client that offers permessage-deflate"),
    ("ExtensionConflict", "it needs a client that offers two extensions"),
    // Violations of RFC 8441. The faults speak HTTP/1.1.
    ("ProtocolMissing", "it needs a request of HTTP/2"),
    ("ProtocolNotWebsocket", "it needs a request of HTTP/2"),
    ("MethodNotConnect", "it needs a request of HTTP/2"),
    ("PseudoHeaderMissing", "it needs a request of HTTP/2"),
    ("HeaderOfHttp1", "it needs a request of HTTP/2"),
    ("TooManyControlFrames", "only the other side knows its limit, and it takes a flood of valid frames to reach ours"),
];

/// The faults that provoke no violation, because the receiver must ignore them, or treats them as
/// an ordinary HTTP response.
const NO_VIOLATION: &[&str] = &["status-200", "data-after-close", "ping-after-close", "close-after-close"];

const fn both(
    violation: &'static str,
    names: &'static [&'static str],
) -> (&'static str, &'static [&'static str], &'static [&'static str]) {
    (violation, names, names)
}

fn key() -> MaskingKey {
    MaskingKey([0x37, 0xfa, 0x21, 0x3d])
}

/// A violation that the protocol crate reports, before or after the connection is open.
#[derive(Debug, PartialEq, Eq)]
enum Provoked {
    InHandshake(HandshakeViolation),
    OnConnection(Violation),
}

impl Provoked {
    fn section(&self) -> Option<RfcSection> {
        match self {
            Self::InHandshake(violation) => violation.section(),
            Self::OnConnection(violation) => violation.section(),
        }
    }

    /// Returns the name of the variant: `AcceptWrong` for `AcceptWrong { .. }`.
    fn name(&self) -> String {
        let debug = match self {
            Self::InHandshake(violation) => format!("{violation:?}"),
            Self::OnConnection(violation) => format!("{violation:?}"),
        };
        debug.split([' ', '(']).next().unwrap_or_default().to_owned()
    }
}

/// Returns the violation that the protocol crate reports when `role` sends this fault to it.
fn provoked(fault: &'static Fault, role: Role) -> Option<Provoked> {
    match (fault.is_in_handshake(), role) {
        (true, Role::Client) => response_to(&faulty_request(fault)).err().map(Provoked::InHandshake),
        (true, Role::Server) => provoked_by_response(fault).map(Provoked::InHandshake),
        (false, _) => {
            let test = FaultTest::on_connection(fault, role, &mut key).expect("a fault in frames");
            let now = Instant::now();
            let mut receiver = match role {
                Role::Client => Connection::server(Config::default(), now),
                Role::Server => Connection::client(Config::default(), Box::new(key), now),
            };
            receiver.receive(&test.bytes);
            loop {
                match receiver.poll_event(now) {
                    Ok(Some(_)) => {}
                    Ok(None) => return None,
                    Err(violation) => return Some(Provoked::OnConnection(violation)),
                }
            }
        }
    }
}

fn client() -> protocol::handshake::ClientHandshake {
    ClientRequest::new("ws://example.org/echo".parse().expect("a URI")).handshake(Nonce([7; 16]), Limits::DEFAULT)
}

fn faulty_request(fault: &'static Fault) -> Vec<u8> {
    let valid = client().request_bytes();
    FaultTest::in_handshake(fault, Role::Client, &valid, &mut key).expect("a fault in the head").bytes
}

/// Returns the response of the protocol crate to a valid request.
fn response_to(request: &[u8]) -> Result<Vec<u8>, HandshakeViolation> {
    let mut server = ServerHandshake::new(Limits::DEFAULT);
    server.input().extend_from_slice(request);
    let Status::Complete(request) = server.poll()? else { panic!("the request is complete") };
    let accepted = request.check_upgrade()?.accept(UpgradeOptions::default()).expect("nothing was chosen");
    Ok(encode_response(&accepted.response).to_vec())
}

fn provoked_by_response(fault: &'static Fault) -> Option<HandshakeViolation> {
    let mut client = client();
    let valid = response_to(&client.request_bytes()).expect("the request is valid");
    let test = FaultTest::in_handshake(fault, Role::Server, &valid, &mut key).expect("a fault in the head");
    client.input().extend_from_slice(&test.bytes);
    match client.poll() {
        Ok(_) => panic!("{} opens a connection", fault.name),
        Err(HandshakeError::Rejected(_)) => None,
        Err(HandshakeError::Violation(violation)) => Some(violation),
    }
}

/// Returns the names of all variants of both enums, from their source. The enums are non-exhaustive,
/// so no `match` in this crate can list them.
fn variants() -> BTreeSet<String> {
    let on_connection = include_str!("../../../protocol/src/violation.rs");
    let in_handshake = include_str!("../../../protocol/src/handshake/violation.rs");
    let mut variants = variants_of(on_connection, "pub enum Violation {\n");
    variants.extend(variants_of(in_handshake, "pub enum HandshakeViolation {\n"));
    variants
}

fn variants_of(source: &str, definition: &str) -> BTreeSet<String> {
    let (_, rest) = source.split_once(definition).expect("the file defines the enum");
    let (body, _) = rest.split_once("\n}").expect("the enum ends");
    let name = |line: &str| {
        let name = line.strip_prefix("    ")?.split([',', '(', ' ']).next()?;
        name.starts_with(|first: char| first.is_ascii_uppercase()).then(|| name.to_owned())
    };
    body.lines().filter_map(name).collect()
}

#[test]
fn every_violation_is_provoked_by_the_listed_faults_or_has_a_reason() {
    let mut found: BTreeMap<String, [BTreeSet<&str>; 2]> = BTreeMap::new();
    for (index, role) in [Role::Client, Role::Server].into_iter().enumerate() {
        for fault in faults::sent_by(role) {
            match provoked(fault, role) {
                Some(violation) => {
                    found.entry(violation.name()).or_default()[index].insert(fault.name);
                }
                None => assert!(NO_VIOLATION.contains(&fault.name), "nobody notices {}", fault.name),
            }
        }
    }
    let named = PROVOKED.iter().map(|&(violation, by_client, by_server)| {
        (violation.to_owned(), [by_client, by_server].map(|names| names.iter().copied().collect()))
    });
    assert_eq!(found, named.collect());

    let variants = variants();
    assert!(variants.len() > 40, "the enums were not read: {variants:?}");
    for variant in &variants {
        let is_provoked = found.contains_key(variant);
        let has_reason = NOT_PROVOKED.iter().any(|(name, _)| name == variant);
        assert!(is_provoked != has_reason, "{variant}: list the faults that provoke it, or the reason why none does");
    }
}

#[test]
fn the_expected_reaction_is_the_one_of_the_protocol_crate() {
    for role in [Role::Client, Role::Server] {
        for fault in faults::sent_by(role) {
            let Some(violation) = provoked(fault, role) else { continue };
            let name = fault.name;
            match (fault.expected, &violation) {
                (Expectation::FailConnection(codes), Provoked::OnConnection(violation)) => {
                    let code = violation.close_code();
                    assert!(codes.contains(&code.0), "{name}: {code}");
                }
                (Expectation::RejectRequest(_), Provoked::InHandshake(violation)) => {
                    assert!(violation.status().is_client_error(), "{name}");
                }
                // The connection was never open, so no Close can be sent.
                (Expectation::AbortHandshake, Provoked::InHandshake(_)) => continue,
                (expected, violation) => panic!("{name}: {violation:?} does not lead to {expected:?}"),
            }
            match violation.section() {
                Some(RfcSection { rfc: 6455, section }) => assert_eq!(fault.section, section, "{name}"),
                // The rule that HTTP/1.0 has no upgrade comes from HTTP, not from WebSocket.
                Some(other) => assert_eq!((name, other.rfc), ("http-1.0", 9110)),
                // A limit of the protocol crate. Other receivers may have none.
                None => assert_eq!(fault.level, RequirementLevel::May, "{name}"),
            }
        }
    }
}

#[test]
fn frames_after_a_close_are_ignored() {
    for role in [Role::Client, Role::Server] {
        for name in ["data-after-close", "ping-after-close", "close-after-close"] {
            let fault = faults::find(role, name).expect("the table contains it");
            assert_eq!(fault.expected, Expectation::AnswerClose);
            assert_eq!(provoked(fault, role), None, "{name}");
        }
    }
}
