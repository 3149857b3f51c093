//! That each experiment sends the bytes that it is meant to send, and no others.

#[path = "common/sent.rs"]
mod sent;

use std::collections::HashSet;

use laboratory::{By, Experiment, Role, rules};
use protocol::{
    Limits, Uri,
    frame::MaskingKey,
    handshake::{ClientRequest, Nonce, ServerHandshake, Status, UpgradeOptions, encode_response},
};

use self::sent::{Sender, check_frames, check_request, check_response};

const HOST: &str = "example.org:8080";

fn request() -> ClientRequest {
    let uri: Uri = format!("ws://{HOST}/echo").parse().expect("a URI");
    ClientRequest::new(uri)
}

fn right_request() -> Vec<u8> {
    request().handshake(Nonce([0x55; 16]), Limits::DEFAULT).request_bytes().to_vec()
}

fn right_response() -> Vec<u8> {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    let request = String::from_utf8(right_request()).expect("ASCII");
    let key = request.split("Sec-WebSocket-Key: ").nth(1).and_then(|rest| rest.split("\r\n").next()).expect("a key");
    handshake.input().extend_from_slice(request.replace(key, sent::KEY).as_bytes());
    let Ok(Status::Complete(request)) = handshake.poll() else { panic!("a whole request") };
    let accepted = request.check_upgrade().expect("right").accept(UpgradeOptions::default()).expect("right");
    encode_response(&accepted.response).to_vec()
}

/// Keys that are all different, so that one that is used twice is seen.
fn counted_keys() -> impl FnMut() -> MaskingKey {
    let mut count = 0;
    move || {
        count += 1;
        MaskingKey([0x37, 0xfa, 0x21, count])
    }
}

#[test]
fn frames_are_sent_as_written_down_under_a_new_key_each() {
    for (role, sender) in [(Role::Client, Sender::Client), (Role::Server, Sender::Server)] {
        let with_frames = rules::of(role).filter(|experiment| !experiment.is_in_handshake());
        for Experiment { name, .. } in with_frames {
            let experiment = rules::find(role, name).expect("it is in the table");
            let (bytes, judge) = experiment.on_connection(role, &mut counted_keys()).expect("frames");
            let (rest, keys) = check_frames(name, sender, &bytes);
            assert!(rest.is_empty(), "{name} is followed by {rest:02x?}");
            let expected: Vec<_> = (1..=keys.len()).map(counted).collect();
            assert_eq!(keys, expected, "{name}");
            assert_eq!(judge.has_sent_close(), name.contains("close"), "{name}");
            assert!(experiment.in_handshake(role, b"", &mut counted_keys()).is_none());
        }
    }
}

fn counted(count: usize) -> [u8; 4] {
    [0x37, 0xfa, 0x21, u8::try_from(count).expect("few")]
}

#[test]
fn heads_differ_from_right_ones_in_what_is_written_down() {
    for experiment in rules::of(Role::Client).filter(|experiment| experiment.is_in_handshake()) {
        let bytes = experiment.in_handshake(Role::Client, &right_request(), &mut counted_keys()).expect("a head").0;
        check_request(experiment.name, HOST, &bytes);
        assert!(experiment.on_connection(Role::Client, &mut counted_keys()).is_none());
    }
    for experiment in rules::of(Role::Server).filter(|experiment| experiment.is_in_handshake()) {
        let bytes = experiment.in_handshake(Role::Server, &right_response(), &mut counted_keys()).expect("a head").0;
        let rest = check_response(experiment.name, &bytes);
        assert!(rest.is_empty(), "{} is followed by {rest:02x?}", experiment.name);
    }
}

#[test]
fn names_are_stable_words_and_lead_to_one_experiment_each() {
    for role in [Role::Client, Role::Server] {
        let mut names = HashSet::new();
        for experiment in rules::of(role) {
            let Experiment { name, .. } = experiment;
            let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
            assert!(name.bytes().all(word), "{name}");
            assert!(names.insert(name), "{name} is there twice");
            assert!(std::ptr::eq(rules::find(role, name).expect("it is there"), experiment), "{name}");
        }
        assert!(rules::find(role, "no-such-rule").is_none());
    }
    assert!(rules::all().all(|experiment| experiment.is_for(Role::Client) || experiment.by == By::Server));
}

#[test]
fn every_experiment_is_explained_and_its_section_is_in_the_book() {
    let book = include_str!("../../../docs/src/rfc6455.md");
    for experiment in rules::all() {
        let Experiment { name, broken, reason, .. } = experiment;
        for sentence in [broken, reason] {
            assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{name}: {sentence}");
        }
        let rule = experiment.rule();
        let anchor = rule.strip_prefix("docs/src/rfc6455.md#").unwrap_or_else(|| panic!("{rule}"));
        assert!(book.contains(&format!("{{#{anchor}}}")), "{name}: {rule} is not there");
    }
}
