//! For tools that show or teach: masking keys that are chosen and not random.
//!
//! An ordinary client needs nothing from this module. [`protocol::observer`] has more for tools.

use std::sync::Arc;

use protocol::frame::MaskingKey;

use crate::connect::Connector;

/// Makes a connector ask `choose` for the masking key of each frame, and draw a random one only if that returns `None`.
///
/// A predictable key is what section 10.3 forbids. Use this for demonstrations and tests.
#[must_use]
pub fn choose_masking_keys(
    connector: Connector,
    choose: impl Fn() -> Option<MaskingKey> + Send + Sync + 'static,
) -> Connector {
    connector.with_chosen_keys(Arc::new(choose))
}
