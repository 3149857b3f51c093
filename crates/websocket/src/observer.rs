//! A function for tools that show or teach the protocol: it lets them choose the masking keys of a
//! client, which are otherwise random.
//!
//! Ordinary clients need nothing from this module. [`protocol::observer`] has further functions for
//! tools.

use std::sync::Arc;

use protocol::frame::MaskingKey;

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
