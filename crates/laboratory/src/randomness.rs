//! The masking keys and the nonces that the laboratory sends.

use protocol::{frame::MaskingKey, handshake::Nonce};

/// The fixed masking key, used in place of random keys. All of its bytes are below 0x80: see
/// [`Randomness::ascii_key`].
const FIXED_KEY: MaskingKey = MaskingKey([0x37, 0x7a, 0x21, 0x3d]);

/// The example nonce of RFC 6455, section 1.3.
const FIXED_NONCE: Nonce = Nonce(*b"the sample nonce");

/// The source of masking keys and nonces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Randomness {
    /// Each key and each nonce is new, as sections 4.1 and 5.3 require of clients.
    #[default]
    Random,
    /// All keys are equal, and so are all nonces, so that two runs send the same bytes.
    Fixed,
}

impl Randomness {
    pub(crate) fn key(self) -> MaskingKey {
        match self {
            Self::Random => MaskingKey(rand::random()),
            Self::Fixed => FIXED_KEY,
        }
    }

    /// Returns a masking key whose bytes are below 0x80. If a program unmasks an ASCII text wrongly
    /// with such a key, the result is still ASCII, so the program sends it back. With another key,
    /// the result may not be UTF-8. The program would then fail the connection, and the judge would
    /// not see the result.
    pub(crate) fn ascii_key(self) -> MaskingKey {
        MaskingKey(self.key().0.map(|byte| byte & 0x7f))
    }

    pub(crate) fn nonce(self) -> Nonce {
        match self {
            Self::Random => Nonce(rand::random()),
            Self::Fixed => FIXED_NONCE,
        }
    }
}
