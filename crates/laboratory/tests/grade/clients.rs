//! A client that makes one mistake fails in the stage of the mistake, with the sentence that names
//! it.

use std::{thread, time::Duration};

use laboratory::grade::ClientJudge;
use tokio::net::TcpListener;

use crate::{
    explanations,
    wrong_peer::{Mistake as M, run_client},
};

/// Returns the number of the first stage that is not whole, and what the judge says about each
/// failed check there; or `None` if all stages are whole.
async fn judge(mistake: M) -> Option<(u8, Vec<String>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let judge = ClientJudge::new(listener).answer_timeout(Duration::from_secs(1));
    let address = judge.local_addr().expect("an address");
    let client = thread::spawn(move || run_client(address, mistake));
    let mut failed = None;
    let whole = judge.run(None, |result| {
        if !result.is_whole() {
            failed = Some((result.stage.number, explanations(result)));
        }
    });
    let whole = whole.await.expect("the listener works");
    assert_eq!(whole, failed.is_none());
    // The client stops, because the judge has answered 410 or is gone.
    tokio::task::spawn_blocking(|| client.join().expect("the client does not panic")).await.expect("it ends");
    failed
}

async fn expect(mistake: M, stage: u8, check: &str, sentence: &str) {
    let (failed, explanations) = judge(mistake).await.unwrap_or_else(|| panic!("{mistake:?} passes all stages"));
    assert_eq!(failed, stage, "{mistake:?}: {explanations:#?}");
    let named = explanations.iter().any(|said| said.starts_with(&format!("{check}: ")) && said.contains(sentence));
    assert!(named, "{mistake:?}: expected {check} with {sentence:?}, but the judge says {explanations:#?}");
}

/// Without this test, the others could fail because of another mistake of the same client.
#[tokio::test]
async fn a_client_without_a_mistake_passes_all_stages() {
    assert_eq!(judge(M::None).await, None);
}

macro_rules! mistakes {
    ($($test:ident: $mistake:ident, $stage:literal, $check:literal, $sentence:literal;)*) => {$(
        #[tokio::test]
        async fn $test() {
            expect(M::$mistake, $stage, $check, $sentence).await;
        }
    )*};
}

mistakes! {
    a_nonce_that_is_the_same: NonceIsTheSame, 1, "fresh-nonce", "the same Sec-WebSocket-Key before";
    a_version_that_is_missing: VersionIsMissing, 1, "request-of-client", "Sec-WebSocket-Version: 13";
    an_accept_value_that_is_not_checked: AcceptValueIsNotChecked, 2, "accept-wrong", "the client accepted it";
    a_status_that_is_not_checked: StatusIsNotChecked, 2, "status-200", "instead of ending TCP";
    frames_that_are_not_masked: FramesAreNotMasked, 3, "fresh-masking-keys", "a client must mask its frames";
    a_masking_key_that_is_the_same: MaskingKeyIsTheSame, 3, "fresh-masking-keys", "two frames have the same masking key";
    a_masking_key_that_is_zero: MaskingKeyIsZero, 3, "fresh-masking-keys", "which masks nothing";
    a_little_endian_length: LengthIsLittleEndian, 4, "text-of-126-bytes", "reads 00 7e in the other order";
    bytes_after_the_response_that_are_dropped: BytesAfterTheHeadAreDropped, 5, "first-frame-with-the-handshake",
        "belong to the first frame";
    a_second_frame_that_is_dropped: SecondFrameOfAReadIsDropped, 5, "two-frames-in-one-write",
        "the echo of the second frame did not arrive";
    a_pong_without_a_payload: PongHasNoPayload, 6, "ping-of-5-bytes", "A Pong has the same payload as the Ping";
    fragments_that_are_answered_singly: FragmentsAreAnsweredSingly, 7, "two-fragments",
        "These frames are one message. Join their payloads";
    utf8_that_is_checked_per_fragment: Utf8IsCheckedPerFragment, 8, "character-cut-after-1-byte",
        "A fragment may end in the middle of a character";
    a_close_that_is_not_echoed: CloseIsNotEchoed, 9, "close-of-server", "a Close 1000 did not arrive";
    a_client_that_ends_tcp_first: ClientEndsTcpFirst, 9, "close-of-server",
        "the client waits until the server has ended TCP";
    masked_frames_that_are_accepted: MaskedFramesAreAccepted, 10, "masked-frame", "the client accepted it";
    no_limit: NoLimit, 10, "endless-fragments", "close with 1009 as soon as they exceed your limit";
}
