//! A server that breaks a rule on purpose, to see how the client reacts.

use std::{io, time::Duration};

use protocol::{
    Role,
    handshake::{ReceivedRequest, UpgradeOptions, encode_response},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    time::sleep,
};

use crate::{evaluator::Evaluation, exchange::exchange, fault::Fault, fault_test::FaultTest, randomness::Randomness};

/// Sends `fault` to a client that has sent `request` and is waiting for the response on `stream`.
///
/// The client receives a response and, for most faults, frames. The fault is in the response or in
/// the frames. The client then has `reaction_timeout` to react. The connection is always closed
/// before this function returns.
///
/// # Errors
/// Returns [`io::ErrorKind::InvalidData`] if the request is not a valid upgrade, because no valid
/// response can accept such a request. In this case, nothing has been sent. To answer such a
/// request in another way, call [`check_upgrade`](ReceivedRequest::check_upgrade) first.
///
/// # Panics
/// Panics if a server cannot send this fault.
pub async fn serve_fault<S>(
    stream: S,
    request: ReceivedRequest,
    fault: &'static Fault,
    reaction_timeout: Duration,
) -> io::Result<Evaluation>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    serve_fault_after(Duration::ZERO, stream, request, fault, reaction_timeout).await
}

/// Sends `fault` as [`serve_fault`] does, but pauses between a valid response and the faulty
/// frames. If `pause` is zero, the response and the frames are sent in one write.
pub(crate) async fn serve_fault_after<S>(
    pause: Duration,
    mut stream: S,
    request: ReceivedRequest,
    fault: &'static Fault,
    reaction_timeout: Duration,
) -> io::Result<Evaluation>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    assert!(fault.can_be_sent_by(Role::Server), "{} is a fault of clients", fault.name);
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    let upgrade = request.check_upgrade().map_err(|violation| invalid(violation.to_string()))?;
    let accepted = upgrade.accept(UpgradeOptions::default()).map_err(|error| invalid(error.to_string()))?;
    let valid = encode_response(&accepted.response);
    let mut keys = || Randomness::Random.key();
    let mut test = match FaultTest::in_handshake(fault, Role::Server, &valid, &mut keys) {
        Some(test) => test,
        None => {
            let mut test =
                FaultTest::on_connection(fault, Role::Server, &mut keys).expect("it is not in the handshake");
            if pause.is_zero() {
                test.bytes.splice(..0, valid.iter().copied());
            } else {
                stream.write_all(&valid).await?;
                sleep(pause).await;
            }
            test
        }
    };
    // The client may have sent frames right after its request. They were read together with the
    // request, so pass them to the evaluator here.
    test.evaluator.receive(&request.into_rest());
    Ok(exchange(stream, Role::Server, test, Randomness::Random, reaction_timeout).await)
}
