//! `tokio::sync`, with another `watch`.

pub use tokio::sync::*;

/// The part of tokio's `watch` channel that the program uses. It wakes its receivers in the order
/// in which they began to wait.
pub mod watch {
    use std::{
        ops::Deref,
        sync::{Arc, Mutex, MutexGuard, PoisonError},
    };

    use tokio::{sync::Notify, task::coop::cooperative};

    #[derive(Debug)]
    struct Shared<T> {
        value: Mutex<Versioned<T>>,
        changed: Notify,
    }

    #[derive(Debug)]
    struct Versioned<T> {
        value: T,
        version: u64,
    }

    impl<T> Shared<T> {
        fn lock(&self) -> MutexGuard<'_, Versioned<T>> {
            self.value.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    /// The counterpart of tokio's `Sender`.
    #[derive(Debug)]
    pub struct Sender<T>(Arc<Shared<T>>);

    /// The counterpart of tokio's `Receiver`.
    #[derive(Debug)]
    pub struct Receiver<T> {
        shared: Arc<Shared<T>>,
        seen: u64,
    }

    /// The error that would report that the sender has been dropped. It never occurs, because the
    /// program's state holds the senders.
    #[derive(Debug)]
    pub struct RecvError(());

    /// A borrowed value.
    #[derive(Debug)]
    pub struct Ref<'a, T>(MutexGuard<'a, Versioned<T>>);

    impl<T> Deref for Ref<'_, T> {
        type Target = T;

        fn deref(&self) -> &T {
            &self.0.value
        }
    }

    impl<T> Sender<T> {
        /// Does the same as tokio's `new`.
        pub fn new(value: T) -> Self {
            let value = Mutex::new(Versioned { value, version: 0 });
            Self(Arc::new(Shared { value, changed: Notify::new() }))
        }

        /// Does the same as tokio's `subscribe`.
        #[must_use]
        pub fn subscribe(&self) -> Receiver<T> {
            Receiver { shared: Arc::clone(&self.0), seen: self.0.lock().version }
        }

        /// Does the same as tokio's `send_replace`.
        pub fn send_replace(&self, value: T) -> T {
            let mut shared = self.0.lock();
            shared.version += 1;
            let old = std::mem::replace(&mut shared.value, value);
            drop(shared);
            self.0.changed.notify_waiters();
            old
        }
    }

    impl<T> Receiver<T> {
        /// Does the same as tokio's `changed`.
        ///
        /// # Errors
        /// Returns no error.
        pub async fn changed(&mut self) -> Result<(), RecvError> {
            cooperative(async {
                loop {
                    // Any value sent from now on completes this future.
                    let changed = self.shared.changed.notified();
                    let version = self.shared.lock().version;
                    if version != self.seen {
                        self.seen = version;
                        return Ok(());
                    }
                    changed.await;
                }
            })
            .await
        }

        /// Does the same as tokio's `borrow_and_update`.
        pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
            let value = self.shared.lock();
            self.seen = value.version;
            Ref(value)
        }

        /// Does the same as tokio's `wait_for`.
        ///
        /// # Errors
        /// Returns no error.
        pub async fn wait_for(&mut self, mut is_wanted: impl FnMut(&T) -> bool) -> Result<Ref<'_, T>, RecvError> {
            cooperative(async {
                loop {
                    let changed = self.shared.changed.notified();
                    {
                        let value = self.shared.lock();
                        self.seen = value.version;
                        if is_wanted(&value.value) {
                            break;
                        }
                    }
                    changed.await;
                }
            })
            .await;
            Ok(Ref(self.shared.lock()))
        }
    }
}
