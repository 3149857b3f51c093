//! Tests of the room, its speakers and its listeners together.

use std::{future::Future, pin::pin, task::Context};

use protocol::Message;

use super::{
    MAX_TEXT,
    member::join,
    room::{MAX_BACKLOG, MAX_BATCH, Room},
    text::Text,
};

fn is_pending(future: impl Future) -> bool {
    pin!(future).poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending()
}

fn short() -> Text {
    Text::new(&Message::text("x"), None)
}

#[tokio::test]
async fn texts_that_wait_leave_in_one_batch_and_not_to_their_speaker() {
    let room = Room::new();
    let ((mut anna, mut own), (_, mut ben)) = (join(&room), join(&room));
    for _ in 0..3 {
        anna.add(short());
        anna.say().await;
    }
    assert_eq!(ben.batch().await.len(), 3);
    assert!(is_pending(ben.batch()) && is_pending(own.batch()));
    assert_eq!(room.lock().list.len(), 0, "both have finished with all texts");
    // A member gets no texts that were said before it joined.
    let (_, mut carla) = join(&room);
    assert!(is_pending(carla.batch()));
}

#[tokio::test]
async fn a_batch_is_bounded_in_bytes_but_holds_at_least_one_text() {
    let room = Room::new();
    let ((mut anna, _own), (_, mut ben)) = (join(&room), join(&room));
    let longest = Text::new(&Message::text("x".repeat(MAX_TEXT)), None);
    assert!(longest.size > MAX_BATCH);
    anna.add(longest);
    anna.add(short());
    anna.say().await;
    anna.say().await;
    assert_eq!((ben.batch().await.len(), ben.batch().await.len()), (1, 1));
    let count = 2 * MAX_BATCH / short().size;
    for _ in 0..count {
        anna.add(short());
        anna.say().await;
    }
    assert_eq!(ben.batch().await.len(), count / 2);
}

#[tokio::test]
async fn a_batch_takes_exactly_its_bound() {
    let room = Room::new();
    let ((mut anna, _own), (_, mut ben)) = (join(&room), join(&room));
    let text = || {
        let overhead = Text::new(&Message::text(""), None).size;
        Text::new(&Message::text("x".repeat(1024 - overhead)), None)
    };
    assert_eq!(MAX_BATCH % text().size, 0);
    let fits = MAX_BATCH / text().size;
    for _ in 0..=fits {
        anna.add(text());
        anna.say().await;
    }
    assert_eq!((ben.batch().await.len(), ben.batch().await.len()), (fits, 1));
}

#[tokio::test]
async fn a_speaker_waits_for_the_slowest_listener_and_for_nobody_who_has_left() {
    let room = Room::new();
    let ((mut anna, mut own), (_, mut ben), (_, slow)) = (join(&room), join(&room), join(&room));
    let fits = MAX_BACKLOG / short().size;
    for _ in 0..fits {
        anna.add(short());
        anna.say().await;
    }
    anna.add(short());
    assert!(is_pending(anna.say()));
    let mut received = 0;
    while received < fits {
        received += ben.batch().await.len();
    }
    assert!(is_pending(ben.batch()) && is_pending(own.batch()));
    assert!(is_pending(anna.say()), "one member has read nothing");
    drop(slow);
    anna.say().await;
    assert_eq!(ben.batch().await.len(), 1);
}

/// Speakers get space in the order in which they began to wait, even if the futures that `say`
/// returns are dropped and created again.
#[tokio::test]
async fn speakers_take_turns() {
    let room = Room::new();
    let ((mut anna, _), (mut ben, _), (_, mut slow)) = (join(&room), join(&room), join(&room));
    while room.space.available_permits() >= short().size {
        anna.add(short());
        anna.say().await;
    }
    anna.add(short());
    ben.add(Text::new(&Message::text("x".repeat(1000)), None));
    assert!(is_pending(ben.say()), "ben is first");
    assert!(is_pending(anna.say()));
    // The texts of a batch leave the room when the listener asks for the next batch.
    let _ = slow.batch().await;
    let _ = slow.batch().await;
    ben.say().await;
    anna.say().await;
    let speakers: Vec<_> = room.lock().list.iter().rev().take(2).map(|text| text.speaker).collect();
    assert_eq!(speakers, [1, 2]);
}

/// A member that has left the room waits only for the other members to read its texts, not for
/// itself.
#[tokio::test]
async fn who_leaves_says_everything_and_waits_for_the_others_only() {
    let room = Room::new();
    let ((mut anna, own), (_, mut ben)) = (join(&room), join(&room));
    let fits = MAX_BACKLOG / short().size;
    for _ in 0..fits + 10 {
        anna.add(short());
    }
    drop(own);
    assert!(is_pending(anna.say_all()), "ben has read nothing");
    let mut received = 0;
    while received < fits + 10 {
        received += ben.batch().await.len();
        let _ = is_pending(anna.say_all());
    }
    anna.say_all().await;
    assert!(is_pending(ben.batch()), "each text is said once");
}
