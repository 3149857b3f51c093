//! Who may compress how: the client's offers, the server's choice, the client's judgement (RFC 7692, sections 5 and 7.1).
//!
//! ```text
//!   client: permessage-deflate; client_max_window_bits; server_max_window_bits=10,     what I would like best
//!           permessage-deflate; client_max_window_bits                                 or else this
//!   server: permessage-deflate; server_max_window_bits=10                              that is agreed
//!                                                                                      (or nothing: then no compression)
//! ```
//!
//! What a client says of the server is a *request*: a server that cannot do it declines the offer. What it says of
//! itself is a *hint*: the server may use it, and only its answer counts. The answer does not say which of the offers it
//! accepts, so the client goes by the answer alone.

use super::{
    DeflateOptions, Level, PERMESSAGE_DEFLATE, WindowBits,
    parameters::{Parameters, Place},
};
use crate::{Role, handshake::Extension, misuse::Misuse, violation::Violation};

/// What the two sides agreed on: how a connection is to compress, and how it is compressed to.
///
/// Comes from a handshake, and goes to [`Connection::with_compression`](crate::Connection::with_compression).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compression {
    /// What this end sends may refer to the message before.
    pub(crate) sends_with_takeover: bool,
    /// How far back it may refer.
    pub(crate) window_bits: WindowBits,
    /// What the peer sends may refer to the message before.
    pub(crate) receives_with_takeover: bool,
    pub(crate) level: Level,
    pub(crate) threshold: usize,
}

impl Compression {
    /// From the agreed parameters to what they mean for `role`: `server_` is how the server compresses and the client
    /// decompresses, `client_` the other way round.
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
}

/// The element with which a client offers what it wants.
pub(crate) fn offer(options: &DeflateOptions) -> Extension {
    offered(options).write()
}

fn offered(options: &DeflateOptions) -> Parameters {
    let limit = |bits| Some(bits).filter(|bits| *bits < WindowBits::MAX);
    Parameters {
        server_no_context_takeover: options.server_no_context_takeover,
        client_no_context_takeover: options.client_no_context_takeover,
        server_max_window_bits: limit(options.server_max_window_bits),
        // Always there: without it a server could not limit the window, and one that wants to would have to decline.
        client_max_window_bits: Some(limit(options.client_max_window_bits)),
    }
}

/// The server's choice: the first offer that can be met, and the answer to it. `None`: the connection goes without.
pub(crate) fn accept(options: &DeflateOptions, offers: &[Extension]) -> Option<(Extension, Compression)> {
    let offers = offers.iter().filter(|element| element.name() == PERMESSAGE_DEFLATE);
    let agreed =
        offers.flat_map(|element| Parameters::read(element, Place::Offer)).find_map(|offer| answer(options, offer))?;
    Some((agreed.write(), Compression::new(Role::Server, agreed, options)))
}

/// The answer to one offer; `None` declines it.
fn answer(options: &DeflateOptions, offer: Parameters) -> Option<Parameters> {
    let own_limit = |bits| Some(bits).filter(|bits| *bits < WindowBits::MAX);
    let client_max_window_bits = match offer.client_max_window_bits {
        // This client would not understand a limit.
        None if options.client_max_window_bits < WindowBits::MAX => return None,
        None => None,
        Some(None) => own_limit(options.client_max_window_bits),
        Some(Some(hint)) => Some(hint.min(options.client_max_window_bits)),
    };
    Some(Parameters {
        server_no_context_takeover: offer.server_no_context_takeover || options.server_no_context_takeover,
        // A client that will not use takeover anyway is taken at its word: the window need not be kept for it.
        client_no_context_takeover: offer.client_no_context_takeover || options.client_no_context_takeover,
        server_max_window_bits: match offer.server_max_window_bits {
            None => own_limit(options.server_max_window_bits),
            Some(request) => Some(request.min(options.server_max_window_bits)),
        },
        client_max_window_bits: client_max_window_bits.map(Some),
    })
}

/// The client's judgement of the server's answer to `offers`. `Ok(None)`: it was declined.
///
/// # Errors
/// [`Violation::ExtensionConflict`], [`Violation::DeflateAnswerWrong`].
pub(crate) fn judge(offers: &[DeflateOptions], response: &[Extension]) -> Result<Option<Compression>, Violation> {
    let mut elements = response.iter().filter(|element| element.name() == PERMESSAGE_DEFLATE);
    let (Some(element), false) = (elements.next(), offers.is_empty()) else { return Ok(None) };
    if let Some(other) = conflict(response) {
        return Err(Violation::ExtensionConflict(other.name().to_owned()));
    }
    let agreed =
        Parameters::read(element, Place::Response).map_err(|fault| Violation::DeflateAnswerWrong(fault.to_string()))?;
    let mut answered = offers.iter().filter(|options| meets(agreed, offered(options)));
    let Some(first) = answered.next() else {
        let what = "it is not what was asked for";
        return Err(Violation::DeflateAnswerWrong(what.to_owned()));
    };
    let mut compression = Compression::new(Role::Client, agreed, first);
    // What was hinted was promised too, whatever the answer says of it; and it may answer any of these offers.
    for options in std::iter::once(first).chain(answered) {
        compression.sends_with_takeover &= !options.client_no_context_takeover;
        compression.window_bits = compression.window_bits.min(options.client_max_window_bits);
    }
    Ok(Some(compression))
}

/// Whether `response` is one that can be given to `offer`: all its requests are met, and nothing is asked of a client
/// that did not say it could.
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

/// The second of the elements that want RSV1 for themselves. All extensions that compress messages do, and call
/// themselves `permessage-` something.
fn conflict(elements: &[Extension]) -> Option<&Extension> {
    elements.iter().filter(|element| element.name().starts_with("permessage-")).nth(1)
}

/// Refuses to accept two extensions that both want RSV1.
///
/// # Errors
/// [`Misuse::ExtensionConflict`].
pub(crate) fn check_no_conflict(elements: &[Extension]) -> Result<(), Misuse> {
    match conflict(elements) {
        Some(element) => Err(Misuse::ExtensionConflict(element.name().to_owned())),
        None => Ok(()),
    }
}
