//! A server that makes one mistake fails in the stage that checks for it, and the judge's
//! explanation names the mistake.

use std::{
    io::{ErrorKind, Read},
    net::{self, TcpStream},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use futures_util::{StreamExt, future, stream};
use laboratory::grade::{Selection, ServerJudge};
use protocol::{Role, handshake::ClientRequest};
use testkit::raw_peer::{accept_raw, listen, read_head};
use tokio::{io::AsyncReadExt, net::TcpListener, time::timeout};
use websocket::ConnectError;

use crate::{
    ANSWER_TIMEOUT, AT_ONCE, complaint, explanations,
    wrong_peer::{Mistake as M, start_server},
};

/// The last stage that the server passes if it makes no mistake. It fails stage 11 because its
/// deadline starts again with each read, so a request that trickles in never times out.
const STAGES: u8 = 10;

/// Twice as long as the server waits for a silent client.
const PATIENCE: Duration = Duration::from_secs(4);

/// Returns the number of the first stage with a failed check, and the judge's explanation for each
/// failed check in that stage.
async fn judge(mistake: M) -> (u8, Vec<String>) {
    judge_selected(mistake, Selection::All).await
}

async fn judge_selected(mistake: M, selection: Selection) -> (u8, Vec<String>) {
    let request = ClientRequest::new(start_server(mistake).parse().expect("a URI"));
    let judge = ServerJudge::new(request).answer_timeout(ANSWER_TIMEOUT).patience(PATIENCE);
    let mut failed = None;
    let whole = judge.run(selection, |result| {
        if !result.has_passed() {
            failed = Some((result.stage.number, explanations(result)));
        }
    });
    assert!(!whole.await.expect("the server listens"), "{mistake:?} passes all stages");
    failed.expect("a stage that was not passed")
}

/// Returns a complaint, unless the judge finds the mistake in this stage and this check, and
/// explains it with this sentence.
async fn expect(mistake: M, stage: u8, check: &str, sentence: &str) -> Option<String> {
    complaint(mistake, Some(judge(mistake).await), stage, check, sentence)
}

/// Makes sure that the other tests do not fail because of a second mistake in the same server.
#[tokio::test]
async fn a_server_without_a_mistake_passes_all_stages_before_the_whole_deadlines() {
    let (failed, explanations) = judge(M::None).await;
    assert_eq!(failed, STAGES + 1, "{explanations:#?}");
}

/// Without this error, every check would fail, and the judge would report mistakes in a program
/// that is not running.
#[tokio::test]
async fn a_server_that_does_not_listen_is_an_error_before_the_first_stage() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let judge = ServerJudge::new(ClientRequest::new(format!("ws://{address}/").parse().expect("a URI")));
    let result = judge.run(Selection::All, |result| panic!("{result:?}")).await;
    assert!(matches!(result, Err(ConnectError::Tcp { .. })), "{result:?}");
}

/// If the first connection stayed open, a server that serves one connection at a time would wait
/// there for a request, and fail the check. The judge would also take that connection for a sign of
/// life.
#[tokio::test]
async fn a_fault_that_is_selected_alone_does_not_leave_the_first_connection_open() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let request = ClientRequest::new(format!("ws://{address}/").parse().expect("a URI"));
    let judge = ServerJudge::new(request).answer_timeout(ANSWER_TIMEOUT);
    let selection = Selection::check(Role::Server, "long-ping").expect("a fault");
    let server = async {
        let (mut first, _) = listener.accept().await.expect("a connection");
        let (_second, _) = listener.accept().await.expect("a connection for the fault");
        timeout(ANSWER_TIMEOUT, first.read(&mut [0; 1])).await
    };
    let read = tokio::select! {
        read = server => read,
        result = judge.run(selection, |_| {}) => panic!("the judge opened one connection: {result:?}"),
    };
    assert_eq!(read.expect("the first connection is closed").expect("it is not reset"), 0);
}

/// A server that has not passed the first stage may serve one connection at a time. If several
/// checks ran at once, such a server would fail most of them.
#[tokio::test]
async fn the_checks_of_the_first_stage_run_one_at_a_time_and_before_the_slow_ones() {
    let listener = net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let most_open = Arc::new(AtomicUsize::new(0));
    let most = Arc::clone(&most_open);
    thread::spawn(move || {
        let mut open: Vec<TcpStream> = Vec::new();
        for socket in listener.incoming().map_while(Result::ok) {
            socket.set_nonblocking(true).expect("a socket");
            open.push(socket);
            // A check ends its connections before the next check opens one.
            open.retain_mut(is_open);
            most.fetch_max(open.len(), Ordering::Relaxed);
        }
    });
    let request = ClientRequest::new(format!("ws://{address}/").parse().expect("a URI"));
    // The server never answers, so every check waits this long.
    let judge = ServerJudge::new(request).answer_timeout(Duration::from_millis(200));
    let has_passed = judge.run(Selection::All, |result| assert_eq!(result.stage.number, 1)).await;
    assert!(!has_passed.expect("the server listens"));
    // One check needs two connections, and each of the others needs one.
    assert!(most_open.load(Ordering::Relaxed) <= 2, "{most_open:?} connections at a time");
}

/// Reads everything that has arrived. Returns `false` if the connection has ended.
fn is_open(socket: &mut TcpStream) -> bool {
    loop {
        match socket.read(&mut [0; 1 << 10]) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

/// Several checks run at the same time, so the check in which such a server crashes depends on the
/// machine. When each of these checks runs on its own, it finds the mistake.
#[tokio::test]
async fn the_end_of_the_whole_program_is_not_taken_for_the_end_of_a_connection() {
    for (mistake, stage, check) in
        [(M::ResetEndsTheProgram, 9, "tcp-is-reset"), (M::LateRequestEndsTheProgram, 10, "half-a-request")]
    {
        let selection = Selection::check(Role::Server, check).expect("a check");
        let found = judge_selected(mistake, selection).await;
        let sentence = "the server no longer listens, so it has probably crashed";
        assert_eq!(complaint(mistake, Some(found), stage, check, sentence), None);
    }
}

/// Judges a server that fails this check, and returns the judge's explanation.
async fn explanation(uri: &str, check: &str, server: impl Future<Output = ()>) -> String {
    let judge = ServerJudge::new(ClientRequest::new(uri.parse().expect("a URI")));
    let selection = Selection::check(Role::Server, check).expect("a check");
    let mut found = Vec::new();
    {
        let mut judging = pin!(judge.run(selection, |result| found = explanations(result)));
        tokio::select! {
            () = server => {}
            result = &mut judging => panic!("the judge ends before the server: {result:?}"),
        }
        assert!(!judging.await.expect("the server listens"), "{check} is passed");
    }
    found.join("\n")
}

/// After a broken rule, the server must end the TCP connection. A crash also ends it, and only a
/// new connection shows the difference.
#[tokio::test]
async fn a_crash_after_the_first_stage_is_noticed_although_the_check_has_passed() {
    let (listener, uri) = listen().await;
    let server = async {
        // The judge opens a connection in advance, and another one for the fault.
        let _first = listener.accept().await.expect("a connection");
        let mut second = accept_raw(&listener).await;
        drop(listener);
        let _ = second.read(&mut [0; 1 << 10]).await;
    };
    let said = explanation(&uri, "unmasked-frame", server).await;
    assert!(said.contains("frame: the server no longer listens, so it has probably crashed."), "{said}");
}

#[tokio::test]
async fn a_crash_in_the_first_stage_is_noticed() {
    let (listener, uri) = listen().await;
    let server = async {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        drop(listener);
        read_head(&mut stream).await;
    };
    let said = explanation(&uri, "valid-request", server).await;
    assert!(said.contains("request: the server no longer listens, so it has probably crashed ("), "{said}");
}

/// Stage 11 sends the same bytes in many ways. The judge's explanation must name the way that
/// failed.
#[tokio::test]
async fn the_way_in_which_a_write_was_cut_is_named() {
    let selection = Selection::check(Role::Server, "cut-at-every-byte").expect("a check");
    for (mistake, sentence) in [
        (M::SecondFrameOfAReadIsDropped, "in one write, the Pong did not arrive"),
        (M::HeaderIsAssumedWhole, "cut after byte 1, "),
        // The first payload begins after 6 bytes. Its second byte is the first that needs a
        // different byte of the key.
        (M::MaskIndexRestartsWithEachRead, "cut after byte 7, "),
        (M::ThirdReadOfAFrameIsLost, "byte by byte, "),
    ] {
        let found = judge_selected(mistake, selection).await;
        assert_eq!(complaint(mistake, Some(found), 11, "cut-at-every-byte", sentence), None);
    }
}

#[tokio::test]
async fn a_client_that_reads_nothing_must_not_hold_up_the_others() {
    let selection = Selection::check(Role::Server, "never-reads").expect("a check");
    let found = judge_selected(M::UnreadEchoHoldsUpTheOthers, selection).await;
    let sentence = "the echo did not arrive";
    assert_eq!(complaint(M::UnreadEchoHoldsUpTheOthers, Some(found), 12, "never-reads", sentence), None);
}

/// Each mistake, the stage and the check in which the judge finds it, and part of the judge's
/// explanation.
const MISTAKES: &[(M, u8, &str, &str)] = &[
    (M::AcceptValueIsInLowerCase, 1, "valid-request", "its letters are in lower case"),
    (M::AcceptValueIsOfTheDecodedKey, 1, "valid-request", "the key was decoded from Base64 before it was hashed"),
    (M::AcceptValueHasTheGuidInLowerCase, 1, "valid-request", "the GUID was hashed in lower case"),
    (M::AcceptValueIsOfTheKeyAlone, 1, "valid-request", "the key was hashed without the GUID"),
    (M::AcceptValueIsHexadecimal, 1, "valid-request", "the hash was written in hexadecimal"),
    (M::AcceptValueIsBase64OfHexadecimal, 1, "valid-request", "the hexadecimal digits of the hash were encoded"),
    (M::AcceptValueIsTheKey, 1, "valid-request", "it is the key itself"),
    (M::AcceptValueIsSha256, 1, "valid-request", "32 bytes, the length of a SHA-256 hash"),
    (M::HeadLinesEndWithLf, 1, "valid-request", "\"HTTP/1.1 101 Switching Protocols\" ends with LF alone"),
    (M::HeadHasNoEmptyLine, 1, "valid-request", "the empty line at the end of the response did not arrive within 1 s"),
    (M::NewlineFollowsTheHead, 1, "valid-request", "also sent bytes that are not a frame: 0a"),
    (M::NewlineFollowsEachFrame, 3, "text-of-5-bytes", "also sent bytes that are not a frame: 0a"),
    (M::FramesHaveNoHeader, 3, "text-of-5-bytes", "the server sent the payload without a header"),
    (M::MaskBitIsSetWithoutKey, 3, "text-of-5-bytes", "MASK is set, but no masking key follows"),
    (M::PayloadIsCutShort, 3, "text-of-125-bytes", "announces 125 bytes of payload, and 62 arrived"),
    (
        M::EchoIsDoubled,
        3,
        "text-of-5-bytes",
        "the server sent the same frame twice: Text \"Hello\". Send each message back once",
    ),
    (
        M::LengthIsWrittenLittleEndian,
        4,
        "text-of-126-bytes",
        "81 7e 7e 00 instead of 81 7e 00 7e: the length is written lowest byte first",
    ),
    (
        M::LengthIsWrittenInOneByte,
        4,
        "text-of-126-bytes",
        "81 7e instead of 81 7e 00 7e: after 7e, the length takes 2 more bytes",
    ),
    (
        M::LengthIsWrittenInEightBytes,
        4,
        "text-of-126-bytes",
        "81 7f 00 00 00 00 00 00 00 7e instead of 81 7e 00 7e: the length is not in its shortest form",
    ),
    (M::HeaderNamesInOneCase, 1, "lower-case-and-spaces", "Names of headers may have any case"),
    (M::OneConnectionAtATime, 1, "second-connection", "Accept the next connection while you serve"),
    (M::AnswersAreMasked, 3, "text-of-5-bytes", "the echo is masked, but a server must not mask"),
    (M::MaskIsKept, 3, "text-of-5-bytes", "the mask was not removed"),
    (M::MaskIndexRestartsWithEachRead, 4, "text-of-65536-bytes", "the index of the masking key began at 0 again"),
    (M::LengthIsLittleEndian, 4, "text-of-126-bytes", "reads 00 7e in the other order"),
    (M::LengthIsNotShortest, 3, "text-of-5-bytes", "shortest"),
    (
        M::ShortestLengthIsNotRequired,
        4,
        "overlong-length-16",
        "The length 5 is written in 16 bits, but 7 are enough: the server accepted it",
    ),
    (M::HeaderIsAssumedWhole, 5, "cut-in-extended-length", "An incomplete header is not an error"),
    (M::SecondFrameOfAReadIsDropped, 5, "two-frames-in-one-write", "the echo of the second frame did not arrive"),
    (
        M::BytesAfterTheHeadAreDropped,
        5,
        "first-frame-with-the-handshake",
        "The bytes after the empty line of the handshake belong to the first frame",
    ),
    (M::BinaryIsAnsweredAsText, 6, "binary-message", "the opcode 1 (Text) instead of 2 (Binary)"),
    (M::ReservedBitIsSet, 3, "text-of-5-bytes", "reserved bits are set that no extension uses: RSV1"),
    (M::PongIsAnswered, 6, "unsolicited-pong", "also sent a frame that nobody has asked for: Pong"),
    (M::PongHasNoPayload, 6, "ping-of-5-bytes", "A Pong has the same payload as the Ping"),
    (
        M::LongPingIsAnswered,
        6,
        "long-ping",
        "instead of ending the connection, the server sent a frame that breaks a rule: a Pong frame holds at most 125 bytes",
    ),
    (
        M::PingIsEchoedAsText,
        6,
        "ping-of-5-bytes",
        "instead of the Pong, the server sent a Text with the same payload. Answer a Ping, 9, with a Pong",
    ),
    (
        M::PingIsEchoedAsText,
        6,
        "long-ping",
        "the server answered with a Text frame of 126 bytes instead of ending the connection",
    ),
    (M::FragmentsAreAnsweredSingly, 7, "two-fragments", "These frames are one message. Join their payloads"),
    (
        M::PingIsAnsweredAfterTheMessage,
        7,
        "ping-between-fragments",
        "Answer a Ping at once, not only after the message",
    ),
    (M::Utf8IsCheckedPerFragment, 8, "character-cut-after-1-byte", "A fragment may end in the middle of a character"),
    (M::Utf8IsNotChecked, 8, "invalid-utf8", "the server accepted it"),
    (M::CloseCodeIsLittleEndian, 8, "invalid-utf8", "The two bytes of the code are in the wrong order"),
    (M::CodeIsAlways1000, 9, "close-with-own-code", "a Close 1000 arrived instead of a Close 4999"),
    (M::CodesOfApplicationsAreRejected, 9, "close-with-own-code", "Valid codes are 1000 to 1003"),
    (M::CloseIsNotEchoed, 9, "close-with-reason", "a Close 1000 did not arrive within 1 s"),
    (M::TcpEndsBeforeTheClose, 9, "close-with-reason", "Send your Close before you end the TCP connection"),
    (M::Code1005IsEchoed, 9, "close-code-1005", "which means that no code was received"),
    (M::EmptyCloseIsAnsweredWith1005, 9, "close-without-code", "Codes such as 1005 and 1006 are never sent"),
    (M::DataAfterCloseIsAnswered, 9, "data-after-close", "instead of answering the Close and nothing more"),
    (
        M::SocketIsClosedRightAfterTheClose,
        9,
        "close-survives",
        "TCP resets the connection, and the peer may lose your Close",
    ),
    (
        M::OneCodeForEverything,
        8,
        "invalid-utf8",
        "the server answered with Close 1002, TCP closed, instead of sending a Close 1007",
    ),
    (M::OrphanFragmentBeginsAMessage, 7, "orphan-fragment", "Remember whether a message is unfinished"),
    (M::OrphanAfterAMessageIsAccepted, 7, "orphan-after-message", "the server accepted it (echo, Pong)"),
    (
        M::NewMessageReplacesTheUnfinishedOne,
        7,
        "interleaved-message",
        "ended the connection, but sent the message \"Hello\" before. A frame that breaks a rule is not a message",
    ),
    (M::NewMessageReplacesTheUnfinishedOne, 7, "interleaved-binary", "the server accepted it (Pong)"),
    (M::NewMessageIsJoined, 7, "interleaved-message", "sent the message \"HelHello\" before"),
    (M::NewMessageIsJoined, 7, "interleaved-fragments", "the server accepted it (Pong)"),
    (
        M::OpcodeIsKeptAfterFragments,
        7,
        "texts-around-fragments",
        "the opcode 2 (Binary) instead of 1 (Text). After the frame with FIN, forget the message",
    ),
    (
        M::EchoOfFragmentsHasOpcode0,
        7,
        "two-fragments",
        "has the opcode 0 (Continuation) instead of 1 (Text). Send the echo in one frame",
    ),
    (M::PingIsJoined, 7, "ping-between-fragments", "Do not join its payload to theirs"),
    (M::BadFrameIsEchoed, 7, "orphan-continuation", "sent the message \"Hello\" before. A frame that breaks"),
    (M::OverlongOf3BytesIsAccepted, 8, "invalid-utf8-overlong-3", "the server accepted it (Pong)"),
    (M::OverlongOf4BytesIsAccepted, 8, "invalid-utf8-overlong-4", "the server accepted it (Pong)"),
    (M::LowSurrogateIsAccepted, 8, "invalid-utf8-low-surrogate", "the server accepted it (Pong)"),
    (M::F5IsAccepted, 8, "invalid-utf8-f5", "the server accepted it (Pong)"),
    (M::LoneByteIsAccepted, 8, "invalid-utf8-lone-byte", "the server accepted it (Pong)"),
    (M::LongTextIsNotChecked, 8, "invalid-utf8-long", "the server accepted it (Pong)"),
    (M::ByteOrderMarkIsRemoved, 8, "byte-order-mark", "a character like any other"),
    (M::BadTextIsEchoed, 8, "invalid-utf8", "ended the connection, but sent the message"),
    (M::CloseBetweenFragmentsIsIgnored, 9, "close-between-fragments", "A Close may arrive between two fragments"),
    (M::CloseBetweenFragmentsIsRejected, 9, "close-between-fragments", "a Close 1002 arrived instead of a Close 1000"),
    (M::CloseIsSentTwice, 9, "close-with-reason", "the server sent a Close after its Close"),
    (M::PingFollowsTheClose, 9, "close-with-reason", "the server sent a Ping after its Close"),
    (M::MessageBeforeTheCloseIsLost, 9, "text-and-close-in-one-write", "Send back every message that arrived before"),
    (M::OwnReasonIsNotUtf8, 9, "faults-of-earlier-stages", "the reason in the Close of the server is not UTF-8: ff"),
    (M::CloseOfThePeerIsAwaited, 6, "fragmented-close", "After a broken rule, do not wait for the client's Close"),
    (M::Code1001IsRejected, 9, "close-with-1001", "Valid codes are 1000 to 1003"),
    (M::Code1003IsRejected, 9, "close-with-1003", "Valid codes are 1000 to 1003"),
    (M::Code1007IsRejected, 9, "close-with-1007", "Valid codes are 1000 to 1003"),
    (M::Code1011IsRejected, 9, "close-with-1011", "Valid codes are 1000 to 1003"),
    (M::CodesAfterTheRfcAreRejected, 9, "close-with-1013", "Valid codes are 1000 to 1003"),
    (M::CodesOfLibrariesAreRejected, 9, "close-with-3000", "Valid codes are 1000 to 1003"),
    (M::CodesOfLibrariesAreRejected, 9, "close-with-3999", "Valid codes are 1000 to 1003"),
    (M::UpgradeIsNotChecked, 10, "upgrade-missing", "the server accepted it (HTTP 101)"),
    (M::UpgradeIsNotChecked, 10, "upgrade-to-something-else", "the server accepted it (HTTP 101)"),
    (M::ConnectionIsNotChecked, 10, "connection-missing", "the server accepted it (HTTP 101)"),
    (M::ConnectionIsNotChecked, 10, "connection-without-upgrade", "the server accepted it (HTTP 101)"),
    (M::KeyIsNotChecked, 10, "key-too-short", "the server accepted it (HTTP 101)"),
    (M::KeyIsNotChecked, 10, "key-not-base64", "the server accepted it (HTTP 101)"),
    (M::SecondKeyIsIgnored, 10, "key-twice", "the server accepted it (HTTP 101)"),
    (M::MissingVersionIsAccepted, 10, "version-missing", "the server accepted it (HTTP 101)"),
    (M::Http10IsAccepted, 10, "http-1.0", "the server accepted it (HTTP 101)"),
    (M::OriginPortIsIgnored, 10, "origin-of-another-port", "Compare the whole host and port"),
    (M::OriginSuffixIsEnough, 10, "origin-that-ends-like-host", "Compare the whole host and port"),
    (M::OriginPrefixIsEnough, 10, "origin-that-begins-like-host", "Compare the whole host and port"),
    (M::OriginNullIsAccepted, 10, "origin-null", "Compare the whole host and port"),
    (M::ForeignOriginIsABadRequest, 10, "foreign-origin", "The status for that is 403 Forbidden"),
    (M::Code1014IsRejected, 9, "close-with-1014", "Valid codes are 1000 to 1003"),
    (M::SocketIsKeptAfterTheClientsEnd, 9, "tcp-ends-without-close", "each client that leaves costs you one"),
    (
        M::SocketIsClosedHalfASecondAfterTheClose,
        9,
        "close-survives-a-second",
        "the server reset the TCP connection, which can destroy what it has sent before. After your Close, read until",
    ),
    (M::ConnectionIsComparedWhole, 10, "connection-is-a-list", "Connection and Upgrade are lists"),
    (M::UpgradeIsCaseSensitive, 10, "upgrade-in-another-case", "look for the word in any case"),
    (
        M::RequestTimeoutIsKept,
        10,
        "silence",
        "the server ended the TCP connection instead of sending the echo after the silence. The time-out of the request ends with the 101",
    ),
    (M::LimitIsForTheConnection, 10, "two-messages-of-1-mib", "Begin to count again after each message"),
    (M::LengthIsReadIn32Bits, 10, "frame-too-big-for-32-bits", "reads only the last four of them"),
    (M::KeyIsDecodedLeniently, 10, "key-without-padding", "the server accepted it (HTTP 101)"),
    (M::KeyIsDecodedLeniently, 10, "key-for-urls", "the server accepted it (HTTP 101)"),
    (M::HeaderIsSplitAtEachColon, 10, "own-origin", "if you split a line at each colon, Host loses its port"),
    (
        M::BigMessageEndsTheProgram,
        10,
        "message-of-1-mib",
        "A message of 1 MiB: the server no longer listens, so it has probably crashed (the server",
    ),
    (M::LongRequestEndsTheProgram, 10, "endless-request", "the next connection was not accepted: cannot connect"),
    (M::BufferIsShared, 1, "interleaved-requests", "Each connection needs a buffer of its own"),
    (M::BytesAreReadAsText, 2, "valid-frame", "keeps what it reads as text, 81 becomes another byte"),
    (
        M::EachReadIsAFrame,
        4,
        "text-of-65535-bytes",
        "of 65535 bytes came back. A long payload arrives in several reads",
    ),
    (M::KeyIsReadBeforeTheLength, 4, "text-of-126-bytes", "The key comes after the extended length"),
    (M::MarkerIsTheLength, 4, "text-of-65535-bytes", "After 126, the length is in the next two bytes"),
    (
        M::LengthCountsCharacters,
        8,
        "character-cut-after-1-byte",
        "(1 byte instead of 3): the length is the number of characters, not of bytes. A length counts bytes",
    ),
    (M::TextIsUnlimited, 10, "endless-text", "The limit applies to text and to binary messages"),
    (M::ShortFragmentsAreUnlimited, 10, "endless-text", "to fragments of every length"),
];

#[tokio::test]
async fn every_mistake_of_a_server_fails_in_its_stage_with_the_sentence_that_names_it() {
    let judging = stream::iter(MISTAKES).map(|&(mistake, stage, check, sentence)| async move {
        expect(mistake, stage, check, sentence).await.map(|_| (mistake, stage, check, sentence))
    });
    let suspects: Vec<_> = judging.buffer_unordered(AT_ONCE).filter_map(future::ready).collect().await;
    // With so many servers at once, a busy machine may miss a deadline, so judge each suspect again
    // on its own.
    let mut complaints = Vec::new();
    for (mistake, stage, check, sentence) in suspects {
        complaints.extend(expect(mistake, stage, check, sentence).await);
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
