//! Credentials never appear in `Debug` output, which ends up in logs.

use protocol::{
    Limits,
    handshake::{HandshakeError, Nonce, UpgradeOptions},
};
use testkit::{
    handshake::{client_request, read_response, valid_request},
    http_head::HeadBuilder,
};

const SECRET: &str = "the-secret-value";

#[test]
fn a_client_request_hides_credentials() {
    for name in ["Authorization", "Proxy-Authorization", "Cookie", "cookie"] {
        let request = client_request().header(name, SECRET).unwrap();
        assert!(!format!("{request:?}").contains(SECRET), "{name}: {request:?}");
        let handshake = request.handshake(Nonce([0; 16]), Limits::DEFAULT);
        assert!(!format!("{handshake:?}").contains(SECRET), "{name}: {handshake:?}");
        // They are sent all the same.
        assert!(String::from_utf8_lossy(&handshake.request_bytes()).contains(SECRET), "{name}");
    }
    let request = client_request().header("X-Request-Id", "visible").unwrap();
    assert!(format!("{request:?}").contains("visible"));
}

#[test]
fn a_received_request_hides_credentials_and_its_raw_bytes() {
    for name in ["Authorization", "Cookie"] {
        let request = valid_request(&HeadBuilder::request().with(format!("{name}: {SECRET}")));
        let upgrade = request.check_upgrade().unwrap();
        for debug in [format!("{request:?}"), format!("{upgrade:?}")] {
            assert!(!debug.contains(SECRET), "{name}: {debug}");
            let bytes = SECRET.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ");
            assert!(!debug.contains(&bytes), "{name}: {debug}");
        }
        // The application can still read the values.
        assert_eq!(request.headers()[name], SECRET);
    }
}

#[test]
fn a_response_hides_the_cookies_that_it_sets() {
    let options = UpgradeOptions::default().header("Set-Cookie", SECRET).unwrap();
    assert!(!format!("{options:?}").contains(SECRET), "{options:?}");
    let head = HeadBuilder::response().with(format!("Set-Cookie: {SECRET}"));
    let established = testkit::handshake::check_response(client_request(), &head).unwrap();
    assert!(!format!("{established:?}").contains(SECRET), "{established:?}");
    let rejected = format!("HTTP/1.1 401 Unauthorized\r\nSet-Cookie: {SECRET}\r\n\r\n");
    let error = read_response(client_request(), rejected.as_bytes()).map(|_| "opened").unwrap_err();
    assert!(matches!(error, HandshakeError::Rejected(_)));
    assert!(!format!("{error:?}").contains(SECRET), "{error:?}");
}
