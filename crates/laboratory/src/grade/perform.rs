//! Plays a script on a connection.

use std::time::Duration;

use protocol::handshake::ClientHandshake;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::sleep,
};

use super::{
    dialer::Dialer,
    peer::Peer,
    script::{Act, PIECE_PAUSE, PreparedScript},
    symptom::{Failure, Symptom},
};
use crate::head_editor::HeadEditor;

/// Plays a script. `dialer` opens further connections. It can be `None` if the script needs no
/// further connection, as is always the case when the judge tests a client.
pub(crate) async fn perform<S>(
    peer: &mut Peer<S>,
    script: PreparedScript,
    patience: Duration,
    dialer: Option<&Dialer>,
) -> Result<(), Failure>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let PreparedScript { acts, keys } = script;
    let mut handshake: Option<ClientHandshake> = None;
    for act in acts {
        match act {
            Act::Request { edit, pieces } => {
                let waiting = dialer.map(Dialer::handshake);
                let mut head =
                    HeadEditor::parse(&waiting.as_ref().map(ClientHandshake::request_bytes).unwrap_or_default());
                edit(&mut head);
                let bytes = head.to_bytes();
                for piece in bytes.chunks(bytes.len().div_ceil(pieces)) {
                    peer.write(piece).await;
                    if pieces > 1 {
                        sleep(PIECE_PAUSE).await;
                    }
                }
                handshake = waiting;
            }
            Act::Accepted => {
                if let Some(waiting) = handshake.take() {
                    peer.accepted(waiting).await?;
                }
            }
            Act::Rejected { statuses } => peer.rejected(statuses).await?,
            Act::Write(bytes) => peer.write(&bytes).await,
            Act::Pause(time) => sleep(time).await,
            Act::Message { label, opcode, payload } => peer.message(label, opcode, &payload, &keys).await?,
            Act::Pong { label, payload } => peer.pong(label, &payload, &keys).await?,
            Act::Close { label, codes } => peer.close(label, codes).await?,
            Act::End(limit) => peer.end(limit).await?,
            Act::StaysOpen(time) => peer.stays_open(time).await?,
            Act::IgnoreFrames => peer.ignore_frames(),
            Act::HalfClose => peer.shutdown().await,
            Act::Another { label } => {
                if let Some(dialer) = dialer {
                    dialer.open().await.map_err(|failure| Failure {
                        symptom: match failure.symptom {
                            Symptom::NotConnected => Symptom::Crashed,
                            symptom => symptom,
                        },
                        sentence: format!("{label} was not accepted: {}", failure.sentence),
                        ..failure
                    })?;
                }
            }
            Act::ResetAnother => {
                if let Some(dialer) = dialer {
                    dialer.reset_one().await?;
                }
            }
            Act::FloodUntilClose { unit, total, code } => peer.flood_until_close(&unit, total, code).await?,
            Act::FloodUntilRejected { unit, total } => peer.flood_until_rejected(&unit, total).await?,
            Act::EndsInTime => peer.ends_in_time(patience).await?,
            Act::EndsWithin(limit) => peer.ends_in_time(limit).await?,
            Act::OutlastRequest { begun } => {
                if let Some(dialer) = dialer {
                    peer.stay_silent(dialer.outlast_request(begun, patience)).await;
                }
            }
            Act::Trickle { byte, interval, both_directions } => {
                peer.trickle(byte, interval, both_directions, patience).await?;
            }
            Act::FreshKeys => peer.fresh_keys()?,
        }
    }
    peer.nothing_more()
}

#[cfg(test)]
mod tests {
    use protocol::{Role, handshake::ClientRequest};
    use tokio::{io::duplex, net::TcpListener, time::Instant};

    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    /// Plays one act against a server that sends nothing.
    async fn perform_one(act: Act, uri: &str) -> Result<(), Failure> {
        let (near, _far) = duplex(64 << 10);
        let dialer = Dialer::new(ClientRequest::new(uri.parse().expect("a URI")), LIMIT, LIMIT);
        let script = PreparedScript { acts: vec![act], keys: Vec::new() };
        perform(&mut Peer::new(near, Role::Client, LIMIT), script, LIMIT, Some(&dialer)).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_follows_each_piece_of_a_request_but_not_a_whole_one() {
        for (pieces, pauses) in [(1, 0), (3, 3)] {
            let begun = Instant::now();
            let result = perform_one(Act::Request { edit: |_| {}, pieces }, "ws://example.org/").await;
            assert_eq!((result, begun.elapsed()), (Ok(()), PIECE_PAUSE * pauses), "{pieces} pieces");
        }
    }

    #[tokio::test]
    async fn a_further_connection_that_fails_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let uri = format!("ws://{}/", listener.local_addr().expect("an address"));
        drop(listener);
        let failure = perform_one(Act::Another { label: "the second connection" }, &uri).await.expect_err("a failure");
        let begin = "the second connection was not accepted: cannot connect";
        assert!(failure.sentence.starts_with(begin), "{failure:?}");
    }
}
