//! Every rule that bytes can break is reported together with the bytes that break it, and those
//! bytes are still dissected.

mod frames;
mod heads;
mod names;
mod support;
