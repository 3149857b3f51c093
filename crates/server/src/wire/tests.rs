//! Tests of the registry, the tap and the feed together.

use std::time::Duration;

use dissector::{
    Direction::{ToClient, ToServer},
    tap::Tap,
};
use protocol::{
    Config, Connection, Limits,
    handshake::{ReceivedRequest, ServerHandshake, Status},
};
use tokio::time::{Instant, advance, timeout};
use tokio_util::sync::CancellationToken;
use websocket::WebSocket;

use super::{
    feed::{KEPT_FOR_CLOSE, MAX_BYTES},
    handler::handle,
    registry::{MAX_TAPS, TapRegistry},
    tap::WireTap,
    token::LIFETIME,
    viewer::{BATCH_INTERVAL, Viewer},
};

fn request(path: &str) -> ReceivedRequest {
    request_with(path, "")
}

/// Returns a request with additional header lines.
fn request_with(path: &str, lines: &str) -> ReceivedRequest {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n{lines}\r\n");
    handshake.input().extend_from_slice(head.as_bytes());
    match handshake.poll() {
        Ok(Status::Complete(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn viewer(taps: &TapRegistry) -> Option<Viewer> {
    taps.viewer(&request("/wire"))
}

/// Returns the tap of the connection that uses the viewer's token.
fn claim(taps: &TapRegistry, viewer: &Viewer, request: &ReceivedRequest) -> Option<WireTap> {
    Some(WireTap::new(taps.claim(&viewer.token, request)?, request, &Limits::DEFAULT))
}

/// Returns a tap and its viewer.
fn tapped(taps: &TapRegistry) -> (WireTap, Viewer) {
    let viewer = viewer(taps).expect("a slot is free");
    let tap = claim(taps, &viewer, &request("/")).expect("the token is new");
    (tap, viewer)
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_page_that_does_not_read_is_bounded() {
    let taps = TapRegistry::new();
    let (mut tapped, viewer) = tapped(&taps);
    tapped.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    let frame = [&b"\x82\x7e\x02\x00"[..], &[0; 512]].concat();
    let mut most = 0;
    for _ in 0..300 {
        // Send slowly enough that the budget allows every frame to be dissected.
        advance(Duration::from_millis(100)).await;
        tapped.bytes(ToClient, &frame);
        most = most.max(viewer.feed.lock().bytes);
    }
    assert!((MAX_BYTES / 2..=MAX_BYTES).contains(&most), "{most} bytes");
    let queue = viewer.feed.lock();
    let [_, skipped] = queue.skipped;
    // Two of the queued records are the request and the response, so subtract them to get the
    // number of queued frames.
    assert_eq!(queue.waiting.len() as u64 - 2 + skipped.units, 300);
    assert_eq!(skipped.bytes, skipped.units * frame.len() as u64);
}

/// Returns a request of almost the maximum length. Its extra header lines consist of `before`, as
/// many copies of `element` as fit, and `after`.
fn longest_request(before: &str, element: &str, after: &str) -> ReceivedRequest {
    let room = Limits::DEFAULT.max_head_bytes - 100 - before.len() - after.len();
    request_with("/", &[before, &element.repeat(room / element.len()), after].concat())
}

#[tokio::test(start_paused = true)]
async fn no_single_record_exceeds_the_limit() {
    let taps = TapRegistry::new();
    for request in [
        longest_request("Cookie: ", "a;", "\r\n"),
        longest_request("Sec-WebSocket-Extensions: ", "a,", "a\r\n"),
        longest_request("Sec-WebSocket-Protocol: ", "a,", "a\r\n"),
        // U+009B takes two bytes in UTF-8 but six in JSON. The record contains the request line
        // twice: as a whole and in parts.
        longest_request("X: ", "\u{9b}", "\r\n"),
        request(&format!("/?{}", "\u{9b}".repeat(8000))),
        request(&format!("/{}", "\u{9b}".repeat(8000))),
    ] {
        let viewer = viewer(&taps).expect("a slot is free");
        let mut tapped = claim(&taps, &viewer, &request).expect("the token is new");
        tapped.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
        let feed = tapped.feed();
        let queue = feed.lock();
        let held: usize = queue.waiting.iter().map(String::len).sum();
        assert_eq!(held, queue.bytes);
        assert!(held <= MAX_BYTES, "{held} bytes of {}", queue.waiting[0].get(..300).unwrap_or_default());
        assert!(!queue.waiting.is_empty(), "what fits is shown");
    }
}

#[tokio::test(start_paused = true)]
async fn a_close_is_shown_even_if_the_queue_is_full() {
    // These reasons produce the longest JSON. U+0001 takes one byte in UTF-8 and six as an escape,
    // and U+009B takes two bytes in UTF-8 and seven as an escape. The frames are longer than a
    // Close may be, but they are shown nevertheless.
    for (reason, shown) in [("\u{1}".repeat(512), r"\\u{1}"), ("\u{9b}".repeat(256), r"\\u{9b}")] {
        let taps = TapRegistry::new();
        let (mut tapped, viewer) = tapped(&taps);
        tapped.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
        for _ in 0..300 {
            advance(Duration::from_millis(100)).await;
            tapped.bytes(ToClient, &[&b"\x82\x7e\x02\x00"[..], &[0; 512]].concat());
        }
        tapped.bytes(ToClient, b"\x88\x05\x03\xe9bye");
        let longest = [&b"\x88\xfe\x02\x02\0\0\0\0\x03\xe9"[..], reason.as_bytes()].concat();
        tapped.bytes(ToServer, &longest);
        let queue = viewer.feed.lock();
        let closes: Vec<_> = queue.waiting.iter().rev().take(2).collect();
        assert!(closes[0].contains(&format!("Close 1001 (going away): {shown}")), "{}", closes[0]);
        assert!(closes[1].contains("Close 1001 (going away): bye"), "{}", closes[1]);
        assert!(closes.iter().all(|json| 2 * json.len() < KEPT_FOR_CLOSE), "{} bytes", closes[0].len());
        assert!(queue.bytes <= MAX_BYTES);
    }
}

/// One piece of input can complete up to 86 frames from a client, so the queue must check before
/// each record that it has room.
#[tokio::test(start_paused = true)]
async fn a_burst_of_small_frames_does_not_exceed_the_bound() {
    let taps = TapRegistry::new();
    let (mut tapped, viewer) = tapped(&taps);
    tapped.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    for _ in 0..3 {
        tapped.bytes(ToServer, &b"\x81\x80\0\0\0\0".repeat(86));
        advance(Duration::from_secs(10)).await;
    }
    // Even a large number of Close frames must not make the queue exceed its bound.
    tapped.bytes(ToServer, &b"\x88\x80\0\0\0\0".repeat(80));
    let queue = viewer.feed.lock();
    assert!((MAX_BYTES / 2..=MAX_BYTES).contains(&queue.bytes), "{} bytes", queue.bytes);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_nobody_uses_expires() {
    let taps = TapRegistry::new();
    let early = viewer(&taps).expect("a slot is free");
    advance(LIFETIME - Duration::from_millis(1)).await;
    assert!(claim(&taps, &early, &request("/")).is_some(), "at the last moment");
    let late = viewer(&taps).expect("a slot is free");
    advance(LIFETIME).await;
    assert!(claim(&taps, &late, &request("/")).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_tap_stops_when_its_viewer_is_gone() {
    let taps = TapRegistry::new();
    let (mut tapped, viewer) = tapped(&taps);
    tapped.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n");
    assert!(tapped.active.is_some());
    drop(viewer);
    tapped.bytes(ToClient, b"Upgrade: websocket\r\n");
    assert!(tapped.active.is_none());
}

/// Checks that a verdict is shown even if the fault ended the stream, and therefore the tap, before
/// the verdict was known.
#[tokio::test(start_paused = true)]
async fn a_note_that_comes_after_the_tap_is_shown() {
    let taps = TapRegistry::new();
    let (tapped, mut viewer) = tapped(&taps);
    let notes = tapped.notes().expect("the tap is active");
    drop(tapped);
    viewer.batch().await.expect("the request");
    notes.add(&serde_json::json!({ "verdict": "as expected" }));
    drop(notes);
    assert_eq!(viewer.batch().await.as_deref(), Some(r#"[{"verdict":"as expected"}]"#));
    assert_eq!(viewer.batch().await, None, "the feed ends with the last of its writers");
}

#[tokio::test(start_paused = true)]
async fn slots_of_viewers_that_view_nothing_become_free() {
    let taps = TapRegistry::new();
    let viewers: Vec<_> = (0..MAX_TAPS).map_while(|_| viewer(&taps)).collect();
    assert_eq!(viewers.len(), MAX_TAPS);
    assert!(viewer(&taps).is_none());
    // The slot of a dropped viewer can be used again, even before its token expires.
    drop(viewers);
    assert!(viewer(&taps).is_some());
}

#[tokio::test(start_paused = true)]
async fn frames_beyond_the_budget_are_only_counted() {
    let taps = TapRegistry::new();
    let (mut tapped, viewer) = tapped(&taps);
    tapped.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    for _ in 0..300 {
        tapped.bytes(ToClient, b"\x89\0");
    }
    let queue = viewer.feed.lock();
    assert!(queue.has_room(), "{} bytes", queue.bytes);
    // The request and the response are records too.
    let shown = queue.waiting.len() as u64 - 2;
    assert!((90..=100).contains(&shown), "{shown}");
    assert_eq!(shown + queue.skipped[1].units, 300);
}

#[tokio::test]
async fn a_second_page_leaves_the_token_of_the_first_valid() {
    let taps = TapRegistry::new();
    let viewers = [viewer(&taps).expect("a slot"), viewer(&taps).expect("a slot")];
    for viewer in &viewers {
        assert!(claim(&taps, viewer, &request("/")).is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn the_batches_of_a_page_have_a_pause_between_them() {
    let taps = TapRegistry::new();
    let (mut tapped, mut viewer) = tapped(&taps);
    viewer.batch().await.expect("the request");
    let start = Instant::now();
    tapped.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    viewer.batch().await.expect("the response");
    assert_eq!(start.elapsed(), BATCH_INTERVAL);
}

/// Checks that a viewer outlives its token if a connection has used the token, and is closed
/// otherwise.
#[tokio::test(start_paused = true)]
async fn only_a_viewer_whose_token_nobody_uses_is_closed() {
    for is_used in [true, false] {
        let taps = TapRegistry::new();
        let mut viewer = viewer(&taps).expect("a slot");
        let tapped = is_used.then(|| claim(&taps, &viewer, &request("/")).expect("the token is new"));
        let (stream, _page) = tokio::io::duplex(1 << 20);
        let connection = Connection::server(Config::default(), std::time::Instant::now());
        let mut connection = WebSocket::new(stream, connection);
        let shutdown = CancellationToken::new();
        let handling = handle(&mut connection, &mut viewer, LIFETIME, &shutdown);
        let result = timeout(10 * LIFETIME, handling).await;
        assert_eq!(result.is_err(), is_used);
        if let Ok(close) = result {
            assert_eq!(close.expect("no error").expect("a Close").reason, "no connection has used the token");
        }
        drop(tapped);
    }
}

/// A response and a Close may arrive in one read.
#[tokio::test(start_paused = true)]
async fn what_arrives_in_one_piece_is_shown_or_counted_if_the_page_is_slow() {
    let taps = TapRegistry::new();
    let (mut tapped, _viewer) = tapped(&taps);
    let feed = tapped.feed();
    // Leave only enough room for a Close.
    feed.lock().bytes = MAX_BYTES - KEPT_FOR_CLOSE;
    let response = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
    tapped.bytes(ToClient, &[&response[..], b"\x88\x02\x03\xe8"].concat());
    let queue = feed.lock();
    let waiting: Vec<serde_json::Value> =
        queue.waiting.iter().map(|json| serde_json::from_str(json).expect("JSON")).collect();
    let [.., note, close] = &waiting[..] else { panic!("{waiting:?}") };
    assert_eq!(note["skipped"]["to_client"]["frames"], 1, "the response");
    assert_eq!(note["skipped"]["to_client"]["bytes"], response.len());
    assert!(close.to_string().contains("1000"), "{close}");
}

#[tokio::test(start_paused = true)]
async fn an_abandoned_feed_holds_nothing() {
    let taps = TapRegistry::new();
    let (mut tapped, _viewer) = tapped(&taps);
    tapped.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    let feed = tapped.feed();
    assert!(feed.lock().bytes > 0);
    feed.abandon();
    let queue = feed.lock();
    assert_eq!((queue.bytes, queue.waiting.len()), (0, 0));
}
