//! All lessons.

use super::{Lesson, closing, compression, control, failures, fragments, handshake, messages, pace};

/// All lessons, in order.
pub(crate) static LESSONS: &[&Lesson] = &[
    &messages::FIRST_FRAME,
    &messages::MASKING_KEY,
    &messages::EMPTY_MESSAGE,
    &messages::LONGER_LENGTH,
    &control::PING_WITH_A_NAME,
    &fragments::CHARACTER_CUT_IN_TWO,
    &fragments::PING_BETWEEN_FRAGMENTS,
    &pace::BYTE_A_SECOND,
    &closing::CLOSE_WITH_A_REASON,
    &closing::CODE_THAT_NOBODY_SENDS,
    &failures::PROTOCOL_ERROR,
    &failures::NOT_UTF8,
    &failures::TOO_BIG,
    &failures::WRONG_KIND,
    &compression::COMPRESSED_MESSAGE,
    &handshake::BROKEN_HANDSHAKE,
];
