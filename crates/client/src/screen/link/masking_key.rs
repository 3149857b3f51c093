//! The masking key that the user chose with `/mask`.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use websocket::protocol::frame::MaskingKey;

use super::event_queue::LinkEventSender;
use crate::screen::link_event::LinkEvent;

/// The key for the next frame, if the user chose one. Clones share the key. The link stores it, and
/// either the engine or a fault test takes it, depending on which of them creates the next frame.
#[derive(Debug, Clone, Default)]
pub(super) struct NextMaskingKey(Arc<Mutex<Option<MaskingKey>>>);

impl NextMaskingKey {
    fn lock(&self) -> MutexGuard<'_, Option<MaskingKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stores the user's choice and confirms it.
    pub(super) fn choose(&self, key: MaskingKey, events: &LinkEventSender) {
        events.send(LinkEvent::Done("the next frame will be masked with this key".to_owned()));
        *self.lock() = Some(key);
    }

    /// Takes the key for the next frame. Later frames have random keys again.
    pub(super) fn take(&self) -> Option<MaskingKey> {
        self.lock().take()
    }
}
