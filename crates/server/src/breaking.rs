//! `/break/RULE`: breaks one rule of the RFC towards the client, on purpose, and logs what the client makes of it.
//!
//! For a learner who wants to see a client refuse what it must not take, be it ours, a browser or any other. What can be
//! broken, and how, is in the [`laboratory`] crate.

use std::{fmt::Write, net::SocketAddr, time::Duration};

use laboratory::{Experiment, Outcome, Role, mirror, rules};
use tokio::io::{AsyncRead, AsyncWrite};
use websocket::{Incoming, protocol::handshake::UpgradeRequest};

/// Where the rules are.
pub(crate) const PATH: &str = "/break/";

/// The experiment of a path under [`PATH`].
///
/// # Errors
/// What there is instead, line by line.
pub(crate) fn experiment(name: &str) -> Result<&'static Experiment, String> {
    rules::find(Role::Server, name).ok_or_else(|| {
        let why = if name.is_empty() { "name the rule" } else { "there is no such rule" };
        let mut list = format!("{why} behind {PATH}; these can be broken here:\n");
        for Experiment { name, section, broken, .. } in rules::of(Role::Server) {
            // Writing to a String cannot fail.
            let _ = write!(list, "\n{PATH}{name:<26}  section {section:<6}  {broken}");
        }
        list
    })
}

/// Breaks the rule, and gives the client `patience` to notice.
pub(crate) async fn converse<S>(
    incoming: Incoming<S>,
    upgrade: UpgradeRequest,
    experiment: &'static Experiment,
    peer: SocketAddr,
    patience: Duration,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Experiment { name, section, demand, asks, .. } = experiment;
    tracing::info!("{peer} gets {PATH}{name}: {}", experiment.broken);
    let (stream, request) = incoming.into_parts();
    match mirror(stream, request, upgrade, experiment, patience).await {
        Ok(outcome) => tracing::info!(
            "{peer} on {PATH}{name}: {} ({}); asked for is: {asks} ({demand}, section {section})",
            outcome.verdict(),
            seen(&outcome),
        ),
        Err(error) => tracing::warn!("{peer} on {PATH}{name}: {error}"),
    }
}

/// What the client did, and what it said about it.
fn seen(outcome: &Outcome) -> String {
    let seen = outcome.seen();
    match &seen.close {
        Some(close) if !close.reason.is_empty() => format!("{seen}: {:?}", close.reason),
        _ => seen.to_string(),
    }
}
