//! `/break/RULE`: breaks one rule of the RFC on purpose, and logs how the client reacts.
//!
//! It is for a learner who wants to see a client refuse what it must not accept. The client may be
//! this workspace's, a browser or any other. The rules and the bytes that break them are in the
//! [`laboratory`] crate.

use std::{fmt::Write, net::SocketAddr, time::Duration};

use laboratory::{Experiment, Outcome, mirror, rules};
use protocol::{Role, handshake::UpgradeRequest};
use tokio::io::{AsyncRead, AsyncWrite};
use websocket::Incoming;

/// The part of the path before the rule's name.
pub(crate) const PATH: &str = "/break/";

/// Finds the experiment that breaks the rule with this name.
///
/// # Errors
/// Returns a list of the rules, one on a line, if there is no such rule.
pub(crate) fn find(name: &str) -> Result<&'static Experiment, String> {
    rules::find(Role::Server, name).ok_or_else(|| {
        let why = if name.is_empty() { "name a rule" } else { "there is no such rule" };
        let mut list = format!("{why}; use one of these paths:\n");
        for Experiment { name, section, broken, .. } in rules::of(Role::Server) {
            // Writing to a String cannot fail.
            let _ = write!(list, "\n{PATH}{name:<26}  section {section:<6}  {broken}");
        }
        list
    })
}

/// Breaks the rule. The client has `patience` to react.
pub(crate) async fn handle<S>(
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
            "{peer} on {PATH}{name}: {} ({}); expected: {asks} ({demand}, section {section})",
            outcome.verdict(),
            describe(&outcome),
        ),
        Err(error) => tracing::warn!("{peer} on {PATH}{name}: {error}"),
    }
}

/// Describes what the client did, with the reason that it gave.
fn describe(outcome: &Outcome) -> String {
    let seen = outcome.seen();
    match &seen.close {
        Some(close) if !close.reason.is_empty() => format!("{seen}: {:?}", close.reason),
        _ => seen.to_string(),
    }
}
