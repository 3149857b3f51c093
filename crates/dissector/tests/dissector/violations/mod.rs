//! Every rule that bytes can break is reported with the bytes that break it, which are dissected
//! all the same.

mod frames;
mod heads;
mod names;
mod support;
