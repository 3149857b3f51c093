//! Functions for tools that show or teach the protocol. They let a tool choose a client's masking
//! keys and nonce, which are otherwise random.
//!
//! Ordinary clients need nothing from this module. [`protocol::observer`] has further functions for
//! tools.

use std::sync::Arc;

use protocol::{frame::MaskingKey, handshake::Nonce};

use crate::connect::Connector;

/// Makes a connector call `choose` for the masking key of each frame. The connector draws a random
/// key only if `choose` returns `None`.
///
/// Section 10.3 forbids predictable keys, so use this function for demonstrations and tests only.
#[must_use]
pub fn choose_masking_keys(
    connector: Connector,
    choose: impl Fn() -> Option<MaskingKey> + Send + Sync + 'static,
) -> Connector {
    connector.with_chosen_keys(Arc::new(choose))
}

/// Makes a connector send `nonce` as the key of its request, in place of a random one.
///
/// Section 4.1 requires a random nonce for each connection, so use this function for demonstrations
/// and tests only.
#[must_use]
pub const fn choose_nonce(connector: Connector, nonce: Nonce) -> Connector {
    connector.with_chosen_nonce(nonce)
}
