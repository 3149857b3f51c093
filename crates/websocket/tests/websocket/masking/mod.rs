//! Masking keys, and the keys of opening handshakes (sections 4.1, 5.3 and 10.3).

mod chosen;
mod handshake_keys;
mod random;
