//! The queue of events from the link to the screen.
//!
//! The queue is bounded. When the screen cannot keep up, the link stops reading from the server
//! until the queue has room again. TCP flow control then makes the server wait.

use crate::{
    byte_queue::{ITEM_OVERHEAD, QueueReceiver, QueueSender, byte_queue},
    screen::{link_event::LinkEvent, record_size::size_of_record},
};

/// The link reads from the server only while the queue holds fewer bytes than this, which is enough
/// for about a thousand records of small frames. A single read can then add about two thousand more
/// records.
const MAX_QUEUED_BYTES: usize = 4 << 20;

/// The link's end of the queue.
pub(crate) type LinkEventSender = QueueSender<LinkEvent>;

/// The screen's end of the queue.
pub(crate) type LinkEventReceiver = QueueReceiver<LinkEvent>;

/// Creates a queue.
pub(crate) fn event_queue() -> (LinkEventSender, LinkEventReceiver) {
    byte_queue(MAX_QUEUED_BYTES, size_of_event)
}

fn size_of_event(event: &LinkEvent) -> usize {
    let content = match event {
        LinkEvent::Message(message) => message.as_bytes().len(),
        LinkEvent::Record(record) => size_of_record(record),
        LinkEvent::NotConnected(text) | LinkEvent::Failed(text) | LinkEvent::Done(text) => text.len(),
        LinkEvent::Connecting
        | LinkEvent::Connected { .. }
        | LinkEvent::Sending(_)
        | LinkEvent::Sent
        | LinkEvent::State(_)
        | LinkEvent::Ended(_) => 0,
    };
    ITEM_OVERHEAD + size_of::<LinkEvent>() + content
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        task::{Context, Waker},
    };

    use dissector::Direction;
    use websocket::protocol::Message;

    use super::*;
    use crate::screen::model::test_records::records;

    #[tokio::test]
    async fn the_events_that_wait_for_the_screen_are_bounded_in_bytes() {
        let large = [&[0x81, 126, 0x10, 0][..], &[b'x'; 4096]].concat();
        let record = || records(&[(Direction::ToClient, &large)]).remove(0);
        let most = |event: &dyn Fn() -> LinkEvent| {
            let (sender, mut receiver) = event_queue();
            let has_room = || pin!(sender.has_room()).poll(&mut Context::from_waker(Waker::noop())).is_ready();
            let mut sent = 0;
            while has_room() {
                sender.send(event());
                sent += 1;
            }
            assert_eq!(receiver.try_recv().is_some(), sent > 0);
            sent
        };
        assert_eq!(most(&|| LinkEvent::Message(Message::from(vec![0; 1 << 20]))), 4);
        // This record stores its payload of 4 KiB twice: as bytes of the frame and as text.
        let sent = most(&|| LinkEvent::Record(record()));
        assert!((200..500).contains(&sent), "{sent} records of 4 KiB");
        let sent = most(&|| LinkEvent::Message(Message::text("")));
        assert!((5_000..50_000).contains(&sent), "{sent} empty messages");
    }
}
