//! The bytes of each fault, compared with a list that was written by hand.

use std::collections::HashSet;

use laboratory::{Fault, FaultTest, FaultySide, Role, faults};
use protocol::{
    Limits, Uri,
    frame::MaskingKey,
    handshake::{ClientRequest, Nonce, ServerHandshake, Status, UpgradeOptions, encode_response},
};

use testkit::fault_bytes::{self, FaultSender, check_frames, check_request, check_response};

const HOST: &str = "example.org:8080";

fn request() -> ClientRequest {
    let uri: Uri = format!("ws://{HOST}/echo").parse().expect("a URI");
    ClientRequest::new(uri)
}

fn valid_request() -> Vec<u8> {
    request().handshake(Nonce([0x55; 16]), Limits::DEFAULT).request_bytes().to_vec()
}

fn valid_response() -> Vec<u8> {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    let request = String::from_utf8(valid_request()).expect("ASCII");
    let key = request.split("Sec-WebSocket-Key: ").nth(1).and_then(|rest| rest.split("\r\n").next()).expect("a key");
    handshake.input().extend_from_slice(request.replace(key, fault_bytes::KEY).as_bytes());
    let Ok(Status::Complete(request)) = handshake.poll() else { panic!("a whole request") };
    let accepted =
        request.check_upgrade().expect("it is valid").accept(UpgradeOptions::default()).expect("it is valid");
    encode_response(&accepted.response).to_vec()
}

/// Returns different keys, so that the test notices a key that is used twice.
fn counted_keys() -> impl FnMut() -> MaskingKey {
    let mut count = 0;
    move || {
        count += 1;
        MaskingKey([0x37, 0xfa, 0x21, count])
    }
}

#[test]
fn frames_are_the_listed_ones_and_each_has_a_new_key() {
    for (role, sender) in [(Role::Client, FaultSender::Client), (Role::Server, FaultSender::Server)] {
        for fault in faults::sent_by(role).filter(|fault| !fault.is_in_handshake()) {
            let name = fault.name;
            let test = FaultTest::on_connection(fault, role, &mut counted_keys());
            let FaultTest { bytes, evaluator } = test.expect("a fault in frames");
            let (rest, keys) = check_frames(name, sender, &bytes);
            assert!(rest.is_empty(), "{name} is followed by {rest:02x?}");
            let expected: Vec<_> = (1..=keys.len()).map(counted).collect();
            assert_eq!(keys, expected, "{name}");
            assert_eq!(evaluator.has_sent_close(), name.contains("close"), "{name}");
            assert!(FaultTest::in_handshake(fault, role, b"", &mut counted_keys()).is_none());
        }
    }
}

fn counted(count: usize) -> [u8; 4] {
    [0x37, 0xfa, 0x21, u8::try_from(count).expect("few")]
}

#[test]
fn heads_differ_from_valid_ones_in_the_listed_lines_only() {
    for fault in faults::sent_by(Role::Client).filter(|fault| fault.is_in_handshake()) {
        let test = FaultTest::in_handshake(fault, Role::Client, &valid_request(), &mut counted_keys());
        check_request(fault.name, HOST, &test.expect("a fault in the head").bytes);
        assert!(FaultTest::on_connection(fault, Role::Client, &mut counted_keys()).is_none());
    }
    for fault in faults::sent_by(Role::Server).filter(|fault| fault.is_in_handshake()) {
        let test = FaultTest::in_handshake(fault, Role::Server, &valid_response(), &mut counted_keys());
        let bytes = test.expect("a fault in the head").bytes;
        let rest = check_response(fault.name, &bytes);
        assert!(rest.is_empty(), "{} is followed by {rest:02x?}", fault.name);
    }
}

#[test]
fn names_are_in_kebab_case_and_unique_for_each_role() {
    for role in [Role::Client, Role::Server] {
        let mut names = HashSet::new();
        for fault in faults::sent_by(role) {
            let Fault { name, .. } = fault;
            let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
            assert!(name.bytes().all(word), "{name}");
            assert!(names.insert(name), "{name} occurs twice");
            assert!(std::ptr::eq(faults::find(role, name).expect("the table contains it"), fault), "{name}");
        }
        assert!(faults::find(role, "no-such-fault").is_none());
    }
    assert!(faults::all().all(|fault| fault.can_be_sent_by(Role::Client) || fault.side == FaultySide::Server));
}

#[test]
fn every_fault_is_explained_and_its_section_is_in_the_book() {
    let book = include_str!("../../../../docs/src/rfc6455.md");
    for fault in faults::all() {
        let Fault { name, description, reason, .. } = fault;
        for sentence in [description, reason] {
            assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{name}: {sentence}");
        }
        let rule = fault.rule_link();
        let anchor = rule.strip_prefix("docs/src/rfc6455.md#").unwrap_or_else(|| panic!("{rule}"));
        assert!(book.contains(&format!("{{#{anchor}}}")), "{name}: the book does not contain {rule}");
    }
}

#[test]
fn the_readme_states_how_many_faults_there_are() {
    let readme = include_str!("../../README.md").replace('\n', " ");
    let [client, server] = [Role::Client, Role::Server].map(|role| faults::sent_by(role).count());
    let sentence = format!("The crate has {client} faults for clients and {server} for servers");
    assert!(readme.contains(&sentence), "README.md should say: {sentence}");
}
