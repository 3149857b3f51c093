//! The negotiation of compression: the client's offers, the server's choice, and the client's check
//! of that choice (RFC 7692, sections 5 and 7.1).
//!
//! ```text
//!   client: permessage-deflate; client_max_window_bits; server_max_window_bits=10,    first offer
//!           permessage-deflate; client_max_window_bits                                second offer
//!   server: permessage-deflate; server_max_window_bits=10                             its choice
//!                                                               (or nothing: then no compression)
//! ```
//!
//! In an offer, a `server_` parameter is a *request*: a server that cannot meet it declines the
//! offer. A `client_` parameter is a *hint*, which the server may use or ignore. The client obeys
//! its own hint in either case. The answer does not name the offer that it accepts, so the client
//! must work out which offers match it.

use super::{
    options::{DeflateOptions, Level, WindowBits},
    parameters::{ElementKind, PERMESSAGE_DEFLATE, Parameters},
};
use crate::{
    handshake::{Extension, HandshakeViolation},
    role::Role,
    usage_error::UsageError,
};

/// The compression that two endpoints have negotiated, from the point of view of one endpoint.
///
/// The opening handshake returns this value, and
/// [`Connection::with_deflate`](crate::Connection::with_deflate) takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiatedDeflate {
    /// Whether a message that this endpoint sends may refer to earlier ones.
    pub(crate) sends_with_takeover: bool,
    /// The size of the window: how far back a message from this endpoint may refer.
    pub(crate) window_bits: WindowBits,
    /// Whether a message that the peer sends may refer to earlier ones.
    pub(crate) receives_with_takeover: bool,
    pub(crate) level: Level,
    pub(crate) threshold: usize,
}

impl NegotiatedDeflate {
    /// Converts the agreed parameters into the settings of the endpoint with this role. The
    /// `server_` parameters describe how the server compresses and the client decompresses, and the
    /// `client_` parameters describe the opposite direction.
    //= docs/src/rfc7692.md#section-7-1-1-2
    //# A client MUST be able to compress without takeover when the response requires it.
    fn new(role: Role, agreed: Parameters, options: &DeflateOptions) -> Self {
        let server = (!agreed.server_no_context_takeover, agreed.server_max_window_bits);
        let client = (!agreed.client_no_context_takeover, agreed.client_max_window_bits.flatten());
        let ((sends_with_takeover, window_bits), (receives_with_takeover, _)) = match role {
            Role::Server => (server, client),
            Role::Client => (client, server),
        };
        Self {
            sends_with_takeover,
            window_bits: window_bits.unwrap_or(WindowBits::MAX),
            receives_with_takeover,
            level: options.level,
            threshold: options.threshold,
        }
    }

    /// Returns the compression that two other endpoints have negotiated. See
    /// [`observer::negotiated_deflate`](crate::observer::negotiated_deflate).
    pub(crate) fn between_others(
        role: Role,
        offered: &[Extension],
        accepted: &[Extension],
    ) -> Result<Option<Self>, HandshakeViolation> {
        let Some(element) = answer_in(accepted)? else { return Ok(None) };
        let agreed = read_answer(element)?;
        let offers = offered.iter().filter(|element| element.name() == PERMESSAGE_DEFLATE);
        // The server cannot have accepted an offer that cannot be parsed, so skip such offers.
        let mut offers = offers.flat_map(|element| Parameters::read(element, ElementKind::Offer));
        if offers.any(|offer| meets(agreed, offer)) {
            Ok(Some(Self::new(role, agreed, &DeflateOptions::DEFAULT)))
        } else {
            Err(matches_no_offer())
        }
    }
}

/// Creates the header element with which a client offers these options.
//= docs/src/rfc7692.md#section-5
//# A client that wants to use a compression extension MUST name it in the
//# `Sec-WebSocket-Extensions` header of its request.
pub(crate) fn offer(options: &DeflateOptions) -> Extension {
    offered(options).write()
}

/// Returns the parameters of the offer for these options. A window of 15 bits is the default, so it
/// is omitted.
fn offered(options: &DeflateOptions) -> Parameters {
    let limit = |bits| Some(bits).filter(|bits| *bits < WindowBits::MAX);
    Parameters {
        //= docs/src/rfc7692.md#section-7-1-1-1
        //# A client MAY offer `server_no_context_takeover`, so that it need not keep a window
        //# between messages.
        server_no_context_takeover: options.server_no_context_takeover,
        //= docs/src/rfc7692.md#section-7-1-1-2
        //# A client MAY offer `client_no_context_takeover`, as a hint that it will not use
        //# takeover, whatever the response says.
        client_no_context_takeover: options.client_no_context_takeover,
        //= docs/src/rfc7692.md#section-5
        //# In an offer, the client MUST inform the server of the largest window that it can
        //# decompress with.
        //= docs/src/rfc7692.md#section-7-1-2-1
        //# A client MAY offer `server_max_window_bits`, so that it need not keep a larger window.
        server_max_window_bits: limit(options.server_max_window_bits),
        //= docs/src/rfc7692.md#section-5
        //# The client MAY also state, as a hint, the largest window that it will compress with.
        //= docs/src/rfc7692.md#section-7-1-2-2
        //# A client MAY offer `client_max_window_bits`, with or without a value, to say that it
        //# understands the parameter in a response.
        // This parameter is always offered. Without it, a server must not limit the client's
        // window, so a server that needs such a limit would decline the offer.
        client_max_window_bits: Some(limit(options.client_max_window_bits)),
    }
}

/// Chooses the first offer that the server can accept, and returns the answer to that offer
/// together with the negotiated settings. Returns `None` if there is no such offer, in which case
/// messages are not compressed.
//= docs/src/rfc7692.md#section-5
//# To accept an offer, the server MUST name the extension in the `Sec-WebSocket-Extensions` header
//# of its response.
//= docs/src/rfc7692.md#section-5
//# A server that declines all offers MUST NOT name a compression extension in its response.
pub(crate) fn accept(options: &DeflateOptions, offers: &[Extension]) -> Option<(Extension, NegotiatedDeflate)> {
    let offers = offers.iter().filter(|element| element.name() == PERMESSAGE_DEFLATE);
    let agreed =
        // Skip an offer that cannot be parsed. A server declines an offer by skipping it.
        offers.flat_map(|element| Parameters::read(element, ElementKind::Offer)).find_map(|offer| answer(options, offer))?;
    Some((agreed.write(), NegotiatedDeflate::new(Role::Server, agreed, options)))
}

/// Returns the server's answer to one offer, or `None` to decline it.
//= docs/src/rfc7692.md#section-5
//# The server MUST fully support the configuration in its response.
//= docs/src/rfc7692.md#section-7
//# A server MUST decline an offer of a configuration that it does not support.
fn answer(options: &DeflateOptions, offer: Parameters) -> Option<Parameters> {
    let own_limit = |bits| Some(bits).filter(|bits| *bits < WindowBits::MAX);
    let client_max_window_bits = match offer.client_max_window_bits {
        // The server wants to limit the client's window, but this client did not offer the
        // parameter and would not understand it, so decline the offer.
        //= docs/src/rfc7692.md#section-7-1-2-2
        //# If `client_max_window_bits` was not offered, the server MUST NOT respond with it.
        None if options.client_max_window_bits < WindowBits::MAX => return None,
        None => None,
        //= docs/src/rfc7692.md#section-7-1-2-2
        //# A server MAY respond with `client_max_window_bits` if it was offered.
        Some(None) => own_limit(options.client_max_window_bits),
        Some(Some(hint)) => Some(hint.min(options.client_max_window_bits)),
    };
    Some(Parameters {
        //= docs/src/rfc7692.md#section-7-1-1-1
        //# A server that accepts an offer with `server_no_context_takeover` MUST repeat the
        //# parameter in its response.
        //= docs/src/rfc7692.md#section-7-1-1-1
        //# It is RECOMMENDED that a server can compress without takeover when an offer requests it.
        //= docs/src/rfc7692.md#section-7-1-1-1
        //# A server MAY respond with `server_no_context_takeover` even if it was not offered.
        server_no_context_takeover: offer.server_no_context_takeover || options.server_no_context_takeover,
        // If the client has announced with `client_no_context_takeover` that it will not use
        // context takeover, the response contains this parameter too. That binds the client, so the
        // server need not keep a window for it.
        //= docs/src/rfc7692.md#section-7-1-1-2
        //# A server MAY respond with `client_no_context_takeover`, offered or not, so that it need
        //# not keep a window between messages.
        client_no_context_takeover: offer.client_no_context_takeover || options.client_no_context_takeover,
        server_max_window_bits: match offer.server_max_window_bits {
            //= docs/src/rfc7692.md#section-7-1-2-1
            //# A server MAY respond with `server_max_window_bits` even if it was not offered.
            None => own_limit(options.server_max_window_bits),
            //= docs/src/rfc7692.md#section-7-1-2-1
            //# A server that accepts an offer with `server_max_window_bits` MUST respond with the
            //# same value or a smaller one.
            Some(request) => Some(request.min(options.server_max_window_bits)),
        },
        client_max_window_bits: client_max_window_bits.map(Some),
    })
}

/// Checks the server's answer to the client's `offers`. Returns `Ok(None)` if the server declined
/// all offers.
///
/// # Errors
/// - [`HandshakeViolation::ExtensionConflict`] for two extensions that both use RSV1;
/// - [`HandshakeViolation::DeflateAnswerWrong`] for an answer that has an invalid parameter or
///   matches none of the offers.
pub(crate) fn validate_response(
    offers: &[DeflateOptions],
    response: &[Extension],
) -> Result<Option<NegotiatedDeflate>, HandshakeViolation> {
    let Some(element) = answer_in(response)?.filter(|_| !offers.is_empty()) else { return Ok(None) };
    let agreed = read_answer(element)?;
    //= docs/src/rfc7692.md#section-5
    //# If the response is invalid, for example because it accepts an extension that was not
    //# offered, the client MUST fail the connection.
    //= docs/src/rfc7692.md#section-7
    //# A client MUST fail the connection if the response requires a configuration that it does not
    //# support.
    let mut answered = offers.iter().filter(|options| meets(agreed, offered(options)));
    let Some(first) = answered.next() else { return Err(matches_no_offer()) };
    let mut compression = NegotiatedDeflate::new(Role::Client, agreed, first);
    // A hint is also a promise, which the client must keep even if the answer does not mention it.
    // The answer does not name the offer that it accepts, so keep the promises in all offers that
    // match the answer.
    for options in std::iter::once(first).chain(answered) {
        compression.sends_with_takeover &= !options.client_no_context_takeover;
        //= docs/src/rfc7692.md#section-7-1-2-2
        //# A client that offers `client_max_window_bits` with a value MUST NOT use a larger window,
        //# even if the response allows it.
        //= docs/src/rfc7692.md#section-7-2-1
        //# Up to the agreed size, the client MAY use a window of any size, regardless of its hint.
        compression.window_bits = compression.window_bits.min(options.client_max_window_bits);
    }
    Ok(Some(compression))
}

/// Returns the element with which the server accepts an offer, or `None` if the server declined.
fn answer_in(response: &[Extension]) -> Result<Option<&Extension>, HandshakeViolation> {
    //= docs/src/rfc7692.md#section-5
    //# A client that receives a response with two extensions that use RSV1 MUST fail the
    //# connection.
    if let Some(other) = conflict(response) {
        return Err(HandshakeViolation::ExtensionConflict(other.name().to_owned()));
    }
    Ok(response.iter().find(|element| element.name() == PERMESSAGE_DEFLATE))
}

fn read_answer(element: &Extension) -> Result<Parameters, HandshakeViolation> {
    Parameters::read(element, ElementKind::Response)
        .map_err(|error| HandshakeViolation::DeflateAnswerWrong(error.to_string()))
}

fn matches_no_offer() -> HandshakeViolation {
    HandshakeViolation::DeflateAnswerWrong("it matches none of the offers".to_owned())
}

/// Returns `true` if `response` is a valid answer to `offer`: it meets all requests, and it limits
/// the client's window only if the client offered `client_max_window_bits`.
fn meets(response: Parameters, offer: Parameters) -> bool {
    let takeover = response.server_no_context_takeover || !offer.server_no_context_takeover;
    let window = match (response.server_max_window_bits, offer.server_max_window_bits) {
        (_, None) => true,
        (Some(answered), Some(requested)) => answered <= requested,
        (None, Some(_)) => false,
    };
    let limitable = response.client_max_window_bits.is_none() || offer.client_max_window_bits.is_some();
    takeover && window && limitable
}

/// Returns the second element that uses RSV1, or `None` if at most one element uses it. An element
/// counts as using RSV1 if its name begins with `permessage-`, as the names of all extensions that
/// compress messages do.
fn conflict(elements: &[Extension]) -> Option<&Extension> {
    elements.iter().filter(|element| element.name().starts_with("permessage-")).nth(1)
}

/// Checks that at most one of the accepted extensions uses RSV1.
///
/// # Errors
/// [`UsageError::ExtensionConflict`] if two extensions use RSV1.
//= docs/src/rfc7692.md#section-5
//# A server MUST NOT accept a compression extension together with another extension that uses RSV1
//# too.
pub(crate) fn check_no_conflict(elements: &[Extension]) -> Result<(), UsageError> {
    match conflict(elements) {
        Some(element) => Err(UsageError::ExtensionConflict(element.name().to_owned())),
        None => Ok(()),
    }
}
