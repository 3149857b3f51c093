//! RFC 7692, section 7.2: from messages to compressed payloads and back, without frames.

mod compressing;
mod decompressing;
mod properties;
mod rfc_examples;

use protocol::{
    DeflateOptions,
    extension::{Deflater, InflateError, Inflater},
};
use testkit::{deflate::negotiate, hex::to_hex};

/// The options with context takeover, and those without.
const TAKEOVER: DeflateOptions = DeflateOptions::DEFAULT;
const NO_TAKEOVER: DeflateOptions = DeflateOptions::FRUGAL;

/// The maximum number of bytes to which a payload may decompress.
const LIMIT: usize = 1 << 20;

/// Returns a client's compressor and the server's decompressor.
fn client_to_server(options: &DeflateOptions) -> (Deflater, Inflater) {
    let negotiated = negotiate(options, &DeflateOptions::DEFAULT);
    (Deflater::new(&negotiated.client), Inflater::new(&negotiated.server))
}

/// Returns a server's compressor and the client's decompressor.
fn server_to_client(options: &DeflateOptions) -> (Deflater, Inflater) {
    let negotiated = negotiate(options, &DeflateOptions::DEFAULT);
    (Deflater::new(&negotiated.server), Inflater::new(&negotiated.client))
}

/// Returns the compressors and decompressors of both directions.
fn both_directions(options: &DeflateOptions) -> [(Deflater, Inflater); 2] {
    [client_to_server(options), server_to_client(options)]
}

/// Returns a server's decompressor, with context takeover.
fn inflater() -> Inflater {
    client_to_server(&DeflateOptions::DEFAULT).1
}

/// Decompresses a complete payload.
fn inflate(inflater: &mut Inflater, payload: &[u8]) -> Result<Vec<u8>, InflateError> {
    let mut output = Vec::new();
    inflater.inflate(payload, true, &mut output, LIMIT).map(|()| output)
}

#[track_caller]
fn assert_inflates(inflater: &mut Inflater, payload: &[u8], expected: &[u8]) {
    match inflate(inflater, payload) {
        Ok(message) => assert!(message == expected, "{} became {}", to_hex(payload), to_hex(&message)),
        Err(error) => panic!("{}: {error}", to_hex(payload)),
    }
}
