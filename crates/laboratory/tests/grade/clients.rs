//! A client that makes one mistake fails in the stage that checks for it, and the judge's
//! explanation names the mistake.

use std::thread;

use futures_util::{StreamExt, future, stream};
use laboratory::grade::{ClientJudge, Selection};
use tokio::net::TcpListener;

use crate::{
    ANSWER_TIMEOUT, AT_ONCE, complaint, explanations,
    wrong_peer::{Mistake as M, run_client},
};

/// Returns the number of the first stage with a failed check, and the judge's explanation for each
/// failed check in that stage. Returns `None` if all checks pass.
async fn judge(mistake: M) -> Option<(u8, Vec<String>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let judge = ClientJudge::new(listener).answer_timeout(ANSWER_TIMEOUT);
    let address = judge.local_addr().expect("an address");
    let client = thread::spawn(move || run_client(address, mistake));
    let mut failed = None;
    let whole = judge.run(Selection::All, |result| {
        if !result.has_passed() {
            failed = Some((result.stage.number, explanations(result)));
        }
    });
    let whole = whole.await.expect("the listener works");
    assert_eq!(whole, failed.is_none());
    // The client stops, because the judge has answered 410 or is gone.
    let stopping = tokio::task::spawn_blocking(|| client.join().expect("the client does not panic"));
    let was_told = stopping.await.expect("it ends");
    assert!(was_told || mistake != M::None, "the judge left without a 410");
    failed
}

/// Returns a complaint, unless the judge finds the mistake in this stage and this check, and
/// explains it with this sentence.
async fn expect(mistake: M, stage: u8, check: &str, sentence: &str) -> Option<String> {
    complaint(mistake, judge(mistake).await, stage, check, sentence)
}

/// Makes sure that the other tests do not fail because of a second mistake in the same client.
#[tokio::test]
async fn a_client_without_a_mistake_passes_all_stages() {
    assert_eq!(judge(M::None).await, None);
}

/// Each mistake, the stage and the check in which the judge finds it, and part of the judge's
/// explanation.
const MISTAKES: &[(M, u8, &str, &str)] = &[
    (M::NonceIsTheSame, 1, "fresh-nonce", "the same Sec-WebSocket-Key before"),
    (M::NonceIsHexadecimal, 1, "request-of-client", "it is hexadecimal"),
    (M::NonceHasEightBytes, 1, "request-of-client", "the Base64 of 8 bytes"),
    (M::HeadLinesEndWithLf, 1, "request-of-client", "\"GET / HTTP/1.1\" ends with LF alone"),
    (
        M::HeadHasNoEmptyLine,
        1,
        "request-of-client",
        "the empty line at the end of the request did not arrive within 1 s",
    ),
    (M::NewlineFollowsTheHead, 1, "request-of-client", "also sent bytes that are not a frame: 0a"),
    (M::VersionIsMissing, 1, "request-of-client", "Sec-WebSocket-Version: 13"),
    (M::AcceptValueIsNotChecked, 2, "accept-wrong", "the client accepted it"),
    (M::StatusIsNotChecked, 2, "status-200", "instead of ending the TCP connection"),
    (M::FramesAreNotMasked, 3, "fresh-masking-keys", "a client must mask its frames"),
    (M::MaskingKeyIsTheSame, 3, "fresh-masking-keys", "two frames have the same masking key"),
    (M::MaskingKeyIsZero, 3, "fresh-masking-keys", "which masks nothing"),
    (M::NewlineFollowsEachFrame, 3, "fresh-masking-keys", "the client sent a line end, 0a, where a frame must begin"),
    (M::FramesHaveNoHeader, 3, "fresh-masking-keys", "the client sent the payload without a header"),
    (M::MaskBitIsSetWithoutKey, 3, "fresh-masking-keys", "MASK is set, but no masking key follows"),
    (M::EchoIsDoubled, 3, "fresh-masking-keys", "the client sent the same frame twice"),
    (M::LengthIsWrittenLittleEndian, 4, "text-of-126-bytes", "the length is written lowest byte first"),
    (M::LengthIsWrittenInOneByte, 4, "text-of-126-bytes", "after fe, the length takes 2 more bytes"),
    (M::LengthIsWrittenInEightBytes, 4, "text-of-126-bytes", "the length is not in its shortest form"),
    (M::LengthIsLittleEndian, 4, "text-of-126-bytes", "reads 00 7e in the other order"),
    (M::BytesAfterTheHeadAreDropped, 5, "first-frame-with-the-handshake", "belong to the first frame"),
    (M::SecondFrameOfAReadIsDropped, 5, "two-frames-in-one-write", "the echo of the second frame did not arrive"),
    (M::PongHasNoPayload, 6, "ping-of-5-bytes", "A Pong has the same payload as the Ping"),
    (
        M::LongPingIsAnswered,
        6,
        "long-ping",
        "the client sent a frame that breaks a rule: a Pong frame holds at most 125 bytes",
    ),
    (M::FragmentsAreAnsweredSingly, 7, "two-fragments", "These frames are one message. Join their payloads"),
    (M::Utf8IsCheckedPerFragment, 8, "character-cut-after-1-byte", "A fragment may end in the middle of a character"),
    (M::CloseCodeIsLittleEndian, 8, "invalid-utf8", "The two bytes of the code are in the wrong order"),
    (M::CodeIsAlways1000, 9, "close-with-own-code", "a Close 1000 arrived instead of a Close 4999"),
    (M::CodesOfApplicationsAreRejected, 9, "close-with-own-code", "Valid codes are 1000 to 1003"),
    (M::CloseIsNotEchoed, 9, "close-of-server", "a Close 1000 did not arrive"),
    (M::ClientEndsTcpFirst, 9, "close-of-server", "the client waits until the server has ended the TCP connection"),
    (M::MaskedFramesAreAccepted, 10, "masked-frame", "the client accepted it"),
    (M::NoLimit, 10, "endless-fragments", "close with 1009 as soon as they exceed your limit"),
    (M::OrphanFragmentBeginsAMessage, 7, "orphan-fragment", "Remember whether a message is unfinished"),
    (M::NewMessageReplacesTheUnfinishedOne, 7, "interleaved-message", "sent the message \"Hello\" before"),
    (M::NewMessageIsJoined, 7, "interleaved-message", "sent the message \"HelHello\" before"),
    (M::BadFrameIsEchoed, 7, "orphan-continuation", "A frame that breaks a rule is not a message"),
    (M::OverlongOf3BytesIsAccepted, 8, "invalid-utf8-overlong-3", "the client accepted it (Pong)"),
    (M::LongTextIsNotChecked, 8, "invalid-utf8-long", "the client accepted it (Pong)"),
    (M::ByteOrderMarkIsRemoved, 8, "byte-order-mark", "a character like any other"),
    (M::BadTextIsEchoed, 8, "invalid-utf8", "ended the connection, but sent the message"),
    (M::CloseBetweenFragmentsIsRejected, 9, "close-between-fragments", "a Close 1002 arrived instead"),
    (M::CloseIsSentTwice, 9, "close-of-server", "the client sent a Close after its Close"),
    (M::PingFollowsTheClose, 9, "close-of-server", "the client sent a Ping after its Close"),
    (M::MessageBeforeTheCloseIsLost, 9, "text-and-close-in-one-write", "Send back every message"),
    (M::CodesOfLibrariesAreRejected, 9, "close-with-3000", "Valid codes are 1000 to 1003"),
    (M::TextIsUnlimited, 10, "endless-text", "The limit applies to text and to binary messages"),
];

#[tokio::test]
async fn every_mistake_of_a_client_fails_in_its_stage_with_the_sentence_that_names_it() {
    let judging =
        stream::iter(MISTAKES).map(|&(mistake, stage, check, sentence)| expect(mistake, stage, check, sentence));
    let complaints: Vec<String> = judging.buffer_unordered(AT_ONCE).filter_map(future::ready).collect().await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
