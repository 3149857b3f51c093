//! A client that makes one mistake fails in the stage of the mistake, with the sentence that names
//! it.

use std::thread;

use futures_util::{StreamExt, stream};
use laboratory::grade::ClientJudge;
use tokio::net::TcpListener;

use crate::{
    ANSWER_TIMEOUT, AT_ONCE, explanations,
    wrong_peer::{Mistake as M, run_client},
};

/// Returns the number of the first stage that is not whole, and what the judge says about each
/// failed check there; or `None` if all stages are whole.
async fn judge(mistake: M) -> Option<(u8, Vec<String>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let judge = ClientJudge::new(listener).answer_timeout(ANSWER_TIMEOUT);
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

/// Each mistake, the stage and the check in which the judge finds it, and a part of what the judge
/// says.
const MISTAKES: &[(M, u8, &str, &str)] = &[
    (M::NonceIsTheSame, 1, "fresh-nonce", "the same Sec-WebSocket-Key before"),
    (M::VersionIsMissing, 1, "request-of-client", "Sec-WebSocket-Version: 13"),
    (M::AcceptValueIsNotChecked, 2, "accept-wrong", "the client accepted it"),
    (M::StatusIsNotChecked, 2, "status-200", "instead of ending TCP"),
    (M::FramesAreNotMasked, 3, "fresh-masking-keys", "a client must mask its frames"),
    (M::MaskingKeyIsTheSame, 3, "fresh-masking-keys", "two frames have the same masking key"),
    (M::MaskingKeyIsZero, 3, "fresh-masking-keys", "which masks nothing"),
    (M::LengthIsLittleEndian, 4, "text-of-126-bytes", "reads 00 7e in the other order"),
    (M::BytesAfterTheHeadAreDropped, 5, "first-frame-with-the-handshake", "belong to the first frame"),
    (M::SecondFrameOfAReadIsDropped, 5, "two-frames-in-one-write", "the echo of the second frame did not arrive"),
    (M::PongHasNoPayload, 6, "ping-of-5-bytes", "A Pong has the same payload as the Ping"),
    (M::FragmentsAreAnsweredSingly, 7, "two-fragments", "These frames are one message. Join their payloads"),
    (M::Utf8IsCheckedPerFragment, 8, "character-cut-after-1-byte", "A fragment may end in the middle of a character"),
    (M::CloseIsNotEchoed, 9, "close-of-server", "a Close 1000 did not arrive"),
    (M::ClientEndsTcpFirst, 9, "close-of-server", "the client waits until the server has ended TCP"),
    (M::MaskedFramesAreAccepted, 10, "masked-frame", "the client accepted it"),
    (M::NoLimit, 10, "endless-fragments", "close with 1009 as soon as they exceed your limit"),
];

#[tokio::test]
async fn every_mistake_of_a_client_fails_in_its_stage_with_the_sentence_that_names_it() {
    let judging =
        stream::iter(MISTAKES).map(|&(mistake, stage, check, sentence)| expect(mistake, stage, check, sentence));
    judging.buffer_unordered(AT_ONCE).collect::<()>().await;
}
