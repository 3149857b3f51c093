//! A server that makes one mistake fails in the stage of the mistake, with the sentence that names
//! it.

use std::time::Duration;

use laboratory::grade::ServerJudge;
use protocol::handshake::ClientRequest;

use crate::{
    explanations,
    wrong_peer::{Mistake as M, start_server},
};

/// The last stage that the server passes if it makes no mistake. It has no limits.
const STAGES: u8 = 9;

/// Returns the number of the first stage that is not whole, and what the judge says about each
/// failed check there.
async fn judge(mistake: M) -> (u8, Vec<String>) {
    let request = ClientRequest::new(start_server(mistake).parse().expect("a URI"));
    let judge = ServerJudge::new(request).answer_timeout(Duration::from_secs(1)).patience(Duration::from_secs(1));
    let mut failed = None;
    let whole = judge.run(None, |result| {
        if !result.is_whole() {
            failed = Some((result.stage.number, explanations(result)));
        }
    });
    assert!(!whole.await.expect("the server listens"), "{mistake:?} passes all stages");
    failed.expect("a stage that is not whole")
}

async fn expect(mistake: M, stage: u8, check: &str, sentence: &str) {
    let (failed, explanations) = judge(mistake).await;
    assert_eq!(failed, stage, "{mistake:?}: {explanations:#?}");
    let named = explanations.iter().any(|said| said.starts_with(&format!("{check}: ")) && said.contains(sentence));
    assert!(named, "{mistake:?}: expected {check} with {sentence:?}, but the judge says {explanations:#?}");
}

/// Without this test, the others could fail because of another mistake of the same server.
#[tokio::test]
async fn a_server_without_a_mistake_passes_all_stages_before_the_limits() {
    let (failed, explanations) = judge(M::None).await;
    assert_eq!(failed, STAGES + 1, "{explanations:#?}");
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
    a_wrong_accept_value: WrongAcceptValue, 1, "valid-request", "the SHA-1 of the key";
    header_names_in_one_case: HeaderNamesInOneCase, 1, "lower-case-and-spaces", "Names of headers may have any case";
    one_connection_at_a_time: OneConnectionAtATime, 1, "second-connection", "Accept the next connection while you serve";
    masked_answers: AnswersAreMasked, 3, "text-of-5-bytes", "the echo is masked, but a server must not mask";
    a_mask_that_is_kept: MaskIsKept, 3, "text-of-5-bytes", "the mask was not removed";
    a_mask_index_that_restarts_with_each_read: MaskIndexRestartsWithEachRead, 4, "text-of-65536-bytes",
        "the index of the masking key began at 0 again";
    a_little_endian_length: LengthIsLittleEndian, 4, "text-of-126-bytes", "reads 00 7e in the other order";
    a_length_that_is_not_the_shortest: LengthIsNotShortest, 3, "text-of-5-bytes", "shortest";
    a_shortest_length_that_is_not_required: ShortestLengthIsNotRequired, 4, "overlong-length-16",
        "The length 5 is written in 16 bits, but 7 are enough: the server accepted it";
    a_header_that_is_assumed_to_arrive_whole: HeaderIsAssumedWhole, 5, "cut-in-extended-length",
        "An incomplete header is no error";
    a_second_frame_that_is_dropped: SecondFrameOfAReadIsDropped, 5, "two-frames-in-one-write",
        "the echo of the second frame did not arrive";
    bytes_after_the_request_that_are_dropped: BytesAfterTheHeadAreDropped, 5, "first-frame-with-the-handshake",
        "The bytes after the empty line of the handshake belong to the first frame";
    binary_that_is_answered_as_text: BinaryIsAnsweredAsText, 6, "binary-message",
        "the opcode 1 (Text) instead of 2 (Binary)";
    a_pong_without_a_payload: PongHasNoPayload, 6, "ping-of-5-bytes", "A Pong has the same payload as the Ping";
    fragments_that_are_answered_singly: FragmentsAreAnsweredSingly, 7, "two-fragments",
        "These frames are one message. Join their payloads";
    a_ping_that_is_answered_after_the_message: PingIsAnsweredAfterTheMessage, 7, "ping-between-fragments",
        "Answer a Ping at once, not only after the message";
    utf8_that_is_checked_per_fragment: Utf8IsCheckedPerFragment, 8, "character-cut-after-1-byte",
        "A fragment may end in the middle of a character";
    utf8_that_is_not_checked: Utf8IsNotChecked, 8, "invalid-utf8", "the server accepted it";
    a_close_that_is_not_echoed: CloseIsNotEchoed, 9, "close-with-reason", "a Close 1000 did not arrive within 1 s";
    tcp_that_ends_before_the_close: TcpEndsBeforeTheClose, 9, "close-with-reason", "Send your Close before you end TCP";
    code_1005_that_is_echoed: Code1005IsEchoed, 9, "close-code-1005", "which means that no code was received";
    an_empty_close_that_is_answered_with_1005: EmptyCloseIsAnsweredWith1005, 9, "close-without-code",
        "Codes such as 1005 and 1006 are never sent";
    data_after_a_close_that_is_answered: DataAfterCloseIsAnswered, 9, "data-after-close",
        "instead of answering the Close and nothing more";
    a_reset_that_destroys_the_close: SocketIsClosedRightAfterTheClose, 9, "close-survives",
        "TCP resets the connection, and the peer may lose your Close";
    one_code_for_everything: OneCodeForEverything, 8, "invalid-utf8",
        "the server answered with Close 1002, TCP closed instead of sending a Close 1007";
}
