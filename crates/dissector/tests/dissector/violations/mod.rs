//! Every rule that bytes can break: it is reported at the bytes that break it, and they are
//! dissected all the same.

mod frames;
mod heads;
mod names;
mod support;
