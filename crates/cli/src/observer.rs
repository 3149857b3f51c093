//! A tap that dissects and captures the bytes of one connection as they pass.

use std::{fmt, io, time::SystemTime};

use dissector::{Conversation, Direction, Options, Record, capture::Capture, tap::Tap};

use crate::capture_file::CaptureSection;

/// A [`Tap`] that passes each record to a closure and writes all bytes to a capture, if it has one.
pub struct Observer<F> {
    conversation: Conversation,
    on_record: F,
    capture: Option<Capture<CaptureSection>>,
    on_capture_error: Box<dyn FnMut(&io::Error) + Send>,
}

impl<F> fmt::Debug for Observer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observer")
            .field("conversation", &self.conversation)
            .field("capture", &self.capture)
            .finish_non_exhaustive()
    }
}

impl<F: FnMut(Record)> Observer<F> {
    /// Creates an observer for a new connection, on which no byte has been sent or received.
    pub fn new(on_record: F) -> Self {
        Self {
            conversation: Conversation::new(Options::default()),
            on_record,
            capture: None,
            on_capture_error: Box::new(|_| {}),
        }
    }

    /// Adds a capture of the connection.
    ///
    /// If the capture cannot be written, for example because the disk is full, the observer drops
    /// the capture and calls `on_error` once.
    #[must_use]
    pub fn with_capture(
        mut self,
        capture: Capture<CaptureSection>,
        on_error: impl FnMut(&io::Error) + Send + 'static,
    ) -> Self {
        self.capture = Some(capture);
        self.on_capture_error = Box::new(on_error);
        self
    }

    fn write_capture(&mut self, write: impl FnOnce(&mut Capture<CaptureSection>) -> io::Result<()>) {
        let Some(capture) = &mut self.capture else { return };
        if let Err(error) = write(capture).and_then(|()| capture.flush()) {
            // A failed capture must not end the connection, so continue without a capture.
            self.capture = None;
            (self.on_capture_error)(&error);
        }
    }
}

impl<F: FnMut(Record)> Tap for Observer<F> {
    fn bytes(&mut self, direction: Direction, bytes: &[u8]) {
        let now = SystemTime::now();
        self.write_capture(|capture| capture.data(direction, bytes, now));
        self.conversation.push(direction, bytes, Some(now), &mut self.on_record);
    }

    fn end(&mut self, direction: Direction) {
        let now = SystemTime::now();
        self.write_capture(|capture| capture.end(direction, now));
        self.conversation.end(direction, Some(now), &mut self.on_record);
    }
}
