//! Tests of the registry, the tap and the feed together.

use std::time::Duration;

use dissector::{
    Direction::{ToClient, ToServer},
    tap::Tap,
};
use protocol::{
    Limits,
    handshake::{ReceivedRequest, ServerHandshake, Status},
};
use tokio::time::advance;

use super::{
    feed::{MAX_BYTES, MAX_RECORD_BYTES},
    registry::{MAX_TAPS, TapRegistry},
    tap::WireTap,
    token::LIFETIME,
};

fn request(path: &str) -> ReceivedRequest {
    request_with(path, "Accept: */*")
}

fn request_with(path: &str, header: &str) -> ReceivedRequest {
    let mut handshake = ServerHandshake::new(Limits::DEFAULT);
    let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n{header}\r\n\r\n");
    handshake.input().extend_from_slice(head.as_bytes());
    match handshake.poll() {
        Ok(Status::Complete(request)) => request,
        other => panic!("{other:?}"),
    }
}

fn tap(taps: &TapRegistry) -> Option<(WireTap, String)> {
    taps.tap(&request("/?wire"), &Limits::DEFAULT)
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_page_that_does_not_read_is_bounded() {
    let taps = TapRegistry::new();
    let (mut tapped, token) = tap(&taps).expect("a tap is free");
    let viewer = taps.claim(&request(&format!("/wire/{token}"))).expect("the token is new");
    tapped.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    let frame = [&b"\x82\x7e\x02\x00"[..], &[0; 512]].concat();
    let mut most = 0;
    for _ in 0..300 {
        // Send slowly enough that the budget allows every frame to be dissected.
        advance(Duration::from_millis(100)).await;
        tapped.bytes(ToClient, &frame);
        most = most.max(viewer.feed.lock().bytes);
    }
    assert!((MAX_BYTES - 10_000..=MAX_BYTES).contains(&most), "{most} bytes");
    let queue = viewer.feed.lock();
    let [_, skipped] = queue.skipped;
    // Two of the queued records are the request and the response, so subtract them to get the
    // number of queued frames.
    assert_eq!(queue.waiting.len() as u64 - 2 + skipped.units, 300);
    assert_eq!(skipped.bytes, skipped.units * frame.len() as u64);
}

/// Each cookie would be a field with an explanation, 1.5 MB in all.
#[tokio::test(start_paused = true)]
async fn a_head_with_too_many_fields_is_shown_without_them() {
    let taps = TapRegistry::new();
    for header in
        [format!("Cookie: {}", "a;".repeat(7_800)), format!("Sec-WebSocket-Extensions: {}b", "a,".repeat(7_800))]
    {
        let (_tapped, token) = taps.tap(&request_with("/?wire", &header), &Limits::DEFAULT).expect("a tap is free");
        let viewer = taps.claim(&request(&format!("/wire/{token}"))).expect("the token is new");
        let queue = viewer.feed.lock();
        assert_eq!(queue.waiting.len(), 1, "{header:.20}");
        assert!(queue.bytes <= MAX_RECORD_BYTES, "{} bytes", queue.bytes);
        let record: serde_json::Value = serde_json::from_str(&queue.waiting[0]).expect("JSON");
        assert!(record["summary"].as_str().is_some_and(|summary| summary.contains("too many fields")), "{header:.20}");
        assert_eq!(record["fields"], serde_json::json!([]));
    }
}

/// One piece of bytes completes up to 86 records, and the room is checked at each of them.
#[tokio::test(start_paused = true)]
async fn a_burst_of_small_frames_does_not_exceed_the_bound() {
    let taps = TapRegistry::new();
    let (mut tapped, token) = tap(&taps).expect("a tap is free");
    let viewer = taps.claim(&request(&format!("/wire/{token}"))).expect("the token is new");
    tapped.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n\r\n");
    for _ in 0..3 {
        tapped.bytes(ToServer, &b"\x81\x80\0\0\0\0".repeat(86));
        advance(Duration::from_secs(10)).await;
    }
    let queue = viewer.feed.lock();
    assert!((MAX_BYTES - 10_000..=MAX_BYTES).contains(&queue.bytes), "{} bytes", queue.bytes);
    let [skipped, _] = queue.skipped;
    assert_eq!(queue.waiting.len() as u64 - 2 + skipped.units, 3 * 86);
    let before = queue.waiting.len();
    drop(queue);
    // A Close is shown although there is no room for it, but only the first one.
    tapped.bytes(ToServer, &b"\x88\x80\0\0\0\0".repeat(80));
    let queue = viewer.feed.lock();
    assert_eq!(queue.waiting.len() - before, 2, "the counts of the skipped frames, and the Close");
    assert!(queue.waiting.back().is_some_and(|close| close.contains("Close")));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_nobody_uses_expires_and_its_tap_stops() {
    let taps = TapRegistry::new();
    let (mut early, token) = tap(&taps).expect("a tap is free");
    advance(LIFETIME - Duration::from_millis(1)).await;
    let viewer = taps.claim(&request(&format!("/wire/{token}")));
    assert!(viewer.is_some(), "at the last moment");
    let (mut late, token) = tap(&taps).expect("a tap is free");
    advance(LIFETIME).await;
    assert!(taps.claim(&request(&format!("/wire/{token}"))).is_none());
    for tap in [&mut early, &mut late] {
        tap.bytes(ToClient, b"HTTP/1.1 101 Switching Protocols\r\n");
    }
    assert!(early.active.is_some() && late.active.is_none());
    drop(viewer);
    early.bytes(ToClient, b"Upgrade: websocket\r\n");
    assert!(early.active.is_none(), "its viewer is gone");
}

#[tokio::test(start_paused = true)]
async fn slots_of_connections_that_are_never_viewed_become_free() {
    let taps = TapRegistry::new();
    // These connections are idle. Their taps see no bytes, so they cannot notice that their tokens
    // have expired. The registry has to free their slots.
    let tapped: Vec<_> = (0..MAX_TAPS).map_while(|_| tap(&taps)).collect();
    assert_eq!(tapped.len(), MAX_TAPS);
    assert!(tap(&taps).is_none());
    drop(tapped);
    advance(LIFETIME).await;
    assert!(tap(&taps).is_some());
}
