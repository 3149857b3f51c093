//! `/break/RULE`: breaks one rule of the RFC on purpose, and logs how the client reacts.
//!
//! The handler is for learners who want to see how a client rejects invalid data. The client may be
//! this workspace's client, a browser or any other program. The [`laboratory`] crate contains the
//! rules and the bytes that break them.

use std::{fmt::Write, time::Duration};

use laboratory::{Evaluation, Fault, faults, serve_fault};
use protocol::Role;
use tokio::io::{AsyncRead, AsyncWrite};
use websocket::Incoming;

use crate::{peer::Peer, wire::Notes};

/// The part of the path before the rule's name.
pub(crate) const PATH: &str = "/break/";

/// Returns the fault that breaks the rule called `name`.
///
/// # Errors
/// Returns a list of all rules, one per line, if no rule has this name.
pub(crate) fn find(name: &str) -> Result<&'static Fault, String> {
    faults::find(Role::Server, name).ok_or_else(|| {
        let why = if name.is_empty() { "name a rule" } else { "there is no such rule" };
        let mut list = format!("{why}; use one of these paths:\n");
        for Fault { name, section, description, .. } in faults::sent_by(Role::Server) {
            // Writing to a String cannot fail.
            let _ = write!(list, "\n{PATH}{name:<26}  section {section:<6}  {description}");
        }
        list
    })
}

/// Sends `fault` to the client, waits at most `patience` for the client's reaction, and logs that
/// reaction. If a page is viewing the frames of this connection, `notes` carries the verdict to
/// that page.
pub(crate) async fn handle<S>(
    incoming: Incoming<S>,
    fault: &'static Fault,
    peer: &Peer,
    patience: Duration,
    notes: Option<Notes>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Fault { name, section, level, expected, .. } = fault;
    tracing::info!("{peer} gets {PATH}{name}: {}", fault.description);
    let (stream, request) = incoming.into_parts();
    match serve_fault(stream, request, fault, patience).await {
        Ok(evaluation) => {
            let (verdict, seen) = (evaluation.verdict(), describe(&evaluation));
            tracing::info!(
                "{peer} on {PATH}{name}: {verdict} ({seen}); expected: {expected} ({level}, section {section})"
            );
            if let Some(notes) = notes {
                notes.add(&serde_json::json!({ "verdict": verdict.to_string(), "seen": seen }));
            }
        }
        Err(error) => tracing::warn!("{peer} on {PATH}{name}: {error}"),
    }
}

/// Describes the client's reaction, including the reason in its Close.
fn describe(evaluation: &Evaluation) -> String {
    let seen = evaluation.observations();
    match &seen.close {
        Some(close) if !close.reason.is_empty() => format!("{seen}: {:?}", close.reason),
        _ => seen.to_string(),
    }
}
