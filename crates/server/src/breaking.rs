//! `/break/RULE`: breaks one rule of the RFC towards the client, on purpose, and logs what the client makes of it.
//!
//! For a learner who wants to see a client refuse what it must not take, be it ours, a browser or any other. What can be
//! broken, and how, is in the [`laboratory`] crate.

use std::{fmt::Write, net::SocketAddr, time::Duration};

use laboratory::{Evaluation, Fault, Role, faults, serve_fault};
use tokio::io::{AsyncRead, AsyncWrite};
use websocket::{Incoming, protocol::handshake::UpgradeRequest};

/// Where the rules are.
pub(crate) const PATH: &str = "/break/";

/// The fault of a path under [`PATH`].
///
/// # Errors
/// What there is instead, line by line.
pub(crate) fn fault(name: &str) -> Result<&'static Fault, String> {
    faults::find(Role::Server, name).ok_or_else(|| {
        let why = if name.is_empty() { "name the rule" } else { "there is no such rule" };
        let mut list = format!("{why} behind {PATH}; these can be broken here:\n");
        for Fault { name, section, description, .. } in faults::sent_by(Role::Server) {
            // Writing to a String cannot fail.
            let _ = write!(list, "\n{PATH}{name:<26}  section {section:<6}  {description}");
        }
        list
    })
}

/// Breaks the rule, and gives the client `patience` to notice.
pub(crate) async fn converse<S>(
    incoming: Incoming<S>,
    upgrade: UpgradeRequest,
    fault: &'static Fault,
    peer: SocketAddr,
    patience: Duration,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Fault { name, section, level, expected, .. } = fault;
    tracing::info!("{peer} gets {PATH}{name}: {}", fault.description);
    let (stream, request) = incoming.into_parts();
    match serve_fault(stream, request, upgrade, fault, patience).await {
        Ok(evaluation) => tracing::info!(
            "{peer} on {PATH}{name}: {} ({}); expected: {expected} ({level}, section {section})",
            evaluation.verdict(),
            seen(&evaluation),
        ),
        Err(error) => tracing::warn!("{peer} on {PATH}{name}: {error}"),
    }
}

/// What the client did, and what it said about it.
fn seen(evaluation: &Evaluation) -> String {
    let seen = evaluation.observations();
    match &seen.close {
        Some(close) if !close.reason.is_empty() => format!("{seen}: {:?}", close.reason),
        _ => seen.to_string(),
    }
}
