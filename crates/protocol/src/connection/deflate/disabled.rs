//! The types for a build without compression. No value of these types can exist, so their methods
//! can never be called.

use bytes::Bytes;

use crate::{extension::WindowBits, violation::Violation};

/// A type without values.
#[derive(Debug)]
pub(in super::super) enum Deflating {}

impl Deflating {
    pub(in super::super) const fn message(&mut self, _: &[u8]) -> Option<Bytes> {
        match *self {}
    }

    pub(in super::super) const fn fragment(&mut self, _: &[u8], _: bool) -> Bytes {
        match *self {}
    }

    pub(in super::super) const fn admits_prepared(&mut self, _: WindowBits) -> bool {
        match *self {}
    }
}

/// A type without values.
#[derive(Debug)]
pub(in super::super) enum Inflating {}

impl Inflating {
    pub(in super::super) const fn add(&mut self, _: &[u8], _: bool, _: usize) -> (&[u8], Result<(), Violation>) {
        match *self {}
    }

    pub(in super::super) const fn message_len(&self) -> usize {
        match *self {}
    }

    pub(in super::super) const fn capacity(&self) -> usize {
        match *self {}
    }

    pub(in super::super) const fn take(&mut self) -> Bytes {
        match *self {}
    }
}
