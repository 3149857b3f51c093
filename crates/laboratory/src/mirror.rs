//! A server that breaks a rule, to see what the client does.

use std::{io, time::Duration};

use protocol::{
    Role,
    handshake::{ReceivedRequest, UpgradeOptions, UpgradeRequest, encode_response},
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    experiment::Experiment,
    judge::Outcome,
    run::{random_key, run},
};

/// Does `experiment` to a client that has sent `request` and waits for the answer on `stream`. `upgrade` comes from
/// [`check_upgrade`](Request::check_upgrade).
///
/// The client gets a response, right or wrong, and frames, right or wrong. Then there are `patience` to see what it does
/// about it. The connection ends here in any case.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] if no right response can be made for the request, which no request that was checked
/// brings about.
///
/// # Panics
/// If the experiment is none that a server can do.
pub async fn mirror<S>(
    stream: S,
    request: ReceivedRequest,
    upgrade: UpgradeRequest,
    experiment: &'static Experiment,
    patience: Duration,
) -> io::Result<Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    assert!(experiment.is_for(Role::Server), "{} is for clients", experiment.name);
    let accepted = upgrade
        .accept(UpgradeOptions::default())
        .map_err(|usage_error| io::Error::new(io::ErrorKind::InvalidData, usage_error))?;
    let right = encode_response(&accepted.response);
    let mut keys = random_key;
    let (bytes, mut judge) = match experiment.in_handshake(Role::Server, &right, &mut keys) {
        Some(wrong) => wrong,
        None => {
            let (frames, judge) = experiment.on_connection(Role::Server, &mut keys).expect("it is no response");
            ([&right[..], &frames].concat(), judge)
        }
    };
    judge.feed(&request.into_rest());
    run(stream, Role::Server, &bytes, &mut judge, patience).await;
    Ok(judge.outcome())
}
