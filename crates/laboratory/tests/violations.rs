//! Which experiment provokes which [`Violation`], and why some cannot be provoked.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use laboratory::{Asks, Experiment, Role, rules};
use protocol::{
    Config, Connection, Limits, Violation,
    frame::MaskingKey,
    handshake::{ClientRequest, HandshakeError, Nonce, ServerHandshake, Status, UpgradeOptions, encode_response},
};

/// Each violation, and the experiments of clients and of servers that provoke it in the protocol crate.
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

/// Violations that no experiment provokes, and why.
const NOT_PROVOKED: &[(&str, &str)] = &[
    ("PongOverdue", "it takes silence and no bytes, for as long as the other side's own keep-alive waits"),
    ("MessageTooBig", "only the other side knows its limit, and to reach it takes many megabytes of right frames"),
    ("TooManyFragments", "only the other side knows its limit, and ours is a million frames away"),
    // Those of compression, which no experiment offers or agrees to. Without it, RSV1 is a reserved bit like the others.
    ("CompressedBitMisplaced", "it takes a connection with permessage-deflate"),
    ("DeflateInvalid", "it takes a connection with permessage-deflate"),
    ("DeflateAnswerWrong", "it takes a client that offers permessage-deflate"),
    ("ExtensionConflict", "it takes a client that offers two extensions"),
    ("TooManyControlFrames", "only the other side knows its limit, and ours takes a flood of right frames"),
];

/// Experiments that break a rule whose only trace is what the receiver does not do.
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

/// What the protocol crate notices when `role` does this to it.
fn noticed(experiment: &'static Experiment, role: Role) -> Option<Violation> {
    match (experiment.is_in_handshake(), role) {
        (true, Role::Client) => judge_request(&with_wrong_request(experiment)).err(),
        (true, Role::Server) => judge_response(experiment),
        (false, _) => {
            let (bytes, _) = experiment.on_connection(role, &mut key).expect("frames");
            let now = Instant::now();
            let mut receiver = match role {
                Role::Client => Connection::server(Config::default(), now),
                Role::Server => Connection::client(Config::default(), Box::new(key), now),
            };
            receiver.receive(&bytes);
            loop {
                match receiver.poll_event(now) {
                    Ok(Some(_)) => {}
                    Ok(None) => return None,
                    Err(violation) => return Some(violation),
                }
            }
        }
    }
}

fn client() -> protocol::handshake::ClientHandshake {
    ClientRequest::new("ws://example.org/echo".parse().expect("a URI")).handshake(Nonce([7; 16]), Limits::DEFAULT)
}

fn with_wrong_request(experiment: &'static Experiment) -> Vec<u8> {
    experiment.in_handshake(Role::Client, &client().request_bytes(), &mut key).expect("a head").0
}

/// The right response, if the request is right.
fn judge_request(request: &[u8]) -> Result<Vec<u8>, Violation> {
    let mut server = ServerHandshake::new(Limits::DEFAULT);
    server.input().extend_from_slice(request);
    let Status::Complete(request) = server.poll()? else { panic!("it is whole") };
    let accepted = request.check_upgrade()?.accept(UpgradeOptions::default()).expect("nothing was chosen");
    Ok(encode_response(&accepted.response).to_vec())
}

fn judge_response(experiment: &'static Experiment) -> Option<Violation> {
    let mut client = client();
    let right = judge_request(&client.request_bytes()).expect("it is right");
    let wrong = experiment.in_handshake(Role::Server, &right, &mut key).expect("a head").0;
    client.input().extend_from_slice(&wrong);
    match client.poll() {
        Ok(_) => panic!("{} opens a connection", experiment.name),
        Err(HandshakeError::Rejected(_)) => None,
        Err(HandshakeError::Violation(violation)) => Some(violation),
    }
}

/// `UnmaskedFrame` of `UnmaskedFrame`, `AcceptWrong` of `AcceptWrong { .. }`.
fn variant(violation: &Violation) -> String {
    let debug = format!("{violation:?}");
    debug.split([' ', '(']).next().unwrap_or_default().to_owned()
}

/// The names of all variants, from the source: the enum may grow, so that no `match` out here can be exhaustive.
fn variants() -> BTreeSet<String> {
    let source = include_str!("../../protocol/src/violation.rs");
    let (_, rest) = source.split_once("pub enum Violation {\n").expect("the enum");
    let (body, _) = rest.split_once("\n}").expect("its end");
    let name = |line: &str| {
        let name = line.strip_prefix("    ")?.split([',', '(', ' ']).next()?;
        name.starts_with(|first: char| first.is_ascii_uppercase()).then(|| name.to_owned())
    };
    body.lines().filter_map(name).collect()
}

#[test]
fn every_violation_is_provoked_by_the_experiments_that_are_named_or_there_is_a_reason() {
    let mut found: BTreeMap<String, [BTreeSet<&str>; 2]> = BTreeMap::new();
    for (index, role) in [Role::Client, Role::Server].into_iter().enumerate() {
        for experiment in rules::of(role) {
            match noticed(experiment, role) {
                Some(violation) => {
                    found.entry(variant(&violation)).or_default()[index].insert(experiment.name);
                }
                None => assert!(NO_VIOLATION.contains(&experiment.name), "nobody notices {}", experiment.name),
            }
        }
    }
    let named = PROVOKED.iter().map(|&(violation, by_client, by_server)| {
        (violation.to_owned(), [by_client, by_server].map(|names| names.iter().copied().collect()))
    });
    assert_eq!(found, named.collect());

    let variants = variants();
    assert!(variants.len() > 40, "the enum was not read: {variants:?}");
    for variant in &variants {
        let is_provoked = found.contains_key(variant);
        let has_reason = NOT_PROVOKED.iter().any(|(name, _)| name == variant);
        assert!(is_provoked != has_reason, "{variant}: name the experiment that provokes it, or why there is none");
    }
}

#[test]
fn the_answer_that_is_asked_for_is_the_one_that_the_protocol_crate_gives() {
    for role in [Role::Client, Role::Server] {
        for experiment in rules::of(role) {
            let Some(violation) = noticed(experiment, role) else { continue };
            let Experiment { name, section, .. } = experiment;
            match experiment.asks {
                Asks::Fail(codes) => {
                    let code = violation.close_code().expect("it is told with a Close");
                    assert!(codes.contains(&code.0), "{name}: {code}");
                    assert_eq!(*section, violation.section(), "{name}");
                }
                Asks::Refuse(_) => {
                    assert!(violation.status().is_some_and(|status| status.is_client_error()), "{name}");
                    assert_eq!(*section, violation.section(), "{name}");
                }
                Asks::DropHandshake => assert_eq!(violation.close_code(), None, "{name}"),
                Asks::AnswerClose => panic!("{name} is no violation"),
            }
        }
    }
}

/// What comes behind a Close is not there for whoever has read the Close.
#[test]
fn what_follows_a_close_is_never_heard() {
    for role in [Role::Client, Role::Server] {
        for name in ["data-after-close", "ping-after-close", "close-after-close"] {
            let experiment = rules::find(role, name).expect("it is there");
            assert_eq!(experiment.asks, Asks::AnswerClose);
            assert_eq!(noticed(experiment, role), None, "{name}");
        }
    }
}
