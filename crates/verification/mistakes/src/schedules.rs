//! Mistakes in how the two tasks of a split connection work together. The tests that try the tasks'
//! steps in many orders must find each of these mistakes.

use crate::mistake::Mistake;

/// The mistakes.
pub const MISTAKES: [Mistake; 2] = [
    Mistake {
        name: "registered-late",
        description: "a task registers its waker after it has polled the socket, not before",
        file: "crates/websocket/src/driver.rs",
        original: "            let waker = self.waker_for_both(cx, side);
            result = self.poll_transmit_once(&mut Context::from_waker(&waker));
",
        mistaken: "            let wakers = Arc::clone(self.wakers.get_or_insert_default());
            result = self.poll_transmit_once(&mut Context::from_waker(&Waker::from(Arc::clone(&wakers))));
            if let Some(reader) = &self.reader {
                wakers.wait(Side::Read, reader);
            }
            wakers.wait(side, cx.waker());
",
        arguments: &[],
    },
    Mistake {
        name: "busy-half",
        description: "the reader does not wait for the lock while the writer holds it, and is not woken afterwards",
        file: "crates/websocket/src/split.rs",
        original: "        self.0.lock().poll_event(cx)\n",
        mistaken: "        self.0.driver.try_lock().map_or(Poll::Pending, |mut driver| driver.poll_event(cx))\n",
        arguments: &[],
    },
];
