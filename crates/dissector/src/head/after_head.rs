//! The unit that follows a head.

use super::{
    body::BodyLength,
    request::{RequestFacts, dissect_request},
    response::dissect_response,
    unit::HeadUnit,
};
use crate::context::{ConnectionContext, NextProtocol, RequestContext};

/// The unit that follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AfterHead {
    /// The next unit is another head.
    Head,
    /// The next unit is a body of this many bytes. If the number is `None`, the body lasts until
    /// the stream ends.
    Body(Option<u64>),
    /// Frames follow.
    Frames,
    /// Frames or another head follow, depending on the response to this request.
    Undecided,
    /// The following bytes cannot be dissected.
    Unknown,
}

impl AfterHead {
    /// Returns the unit that follows a head whose body has this length, or `next` if there is no
    /// body.
    const fn body_or(length: BodyLength, next: Self) -> Self {
        match length {
            BodyLength::None => next,
            BodyLength::Known(length) => Self::Body(Some(length)),
            BodyLength::UntilEnd => Self::Body(None),
        }
    }
}

/// Adds a finished request to the context, and returns the unit that follows it.
pub(crate) fn after_request(head: &HeadUnit, context: &mut ConnectionContext) -> AfterHead {
    let (_, facts) = dissect_request(head, &context.options);
    let Some(RequestFacts { context: request, body }) = facts else { return AfterHead::Unknown };
    context.request = Some(request);
    AfterHead::body_or(body, AfterHead::Undecided)
}

/// Adds a finished response to the context, and returns the unit that follows it.
pub(crate) fn after_response(head: &HeadUnit, context: &mut ConnectionContext) -> AfterHead {
    let (_, facts) = dissect_response(head, context.request.as_ref(), &context.options);
    let Some(facts) = facts else { return AfterHead::Unknown };
    if facts.status == 101 {
        // If the request was not observed, assume that it asked for WebSocket.
        let is_websocket = context.request.as_ref().is_none_or(RequestContext::wants_websocket);
        context.extensions = facts.extensions;
        context.deflate = facts.deflate;
        context.next_protocol = Some(if is_websocket { NextProtocol::WebSocket } else { NextProtocol::Other });
        return if is_websocket { AfterHead::Frames } else { AfterHead::Unknown };
    }
    if facts.status < 200 {
        // An informational response, such as 100 or 103, comes before the final response, so
        // another head follows.
        return AfterHead::Head;
    }
    context.next_protocol = Some(NextProtocol::Http);
    AfterHead::body_or(facts.body, AfterHead::Head)
}
