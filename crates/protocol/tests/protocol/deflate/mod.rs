//! permessage-deflate (RFC 7692).

mod conversations;

mod negotiation;
mod payload;
mod receiving;
mod sending;

use protocol::{
    Config, DeflateOptions, Role,
    extension::{Deflater, Level},
};
use testkit::{deflate::negotiate, endpoint::TestEndpoint};

/// Options with which every message is compressed, however small it is.
const ALWAYS: DeflateOptions = DeflateOptions::DEFAULT.threshold(0);

/// The same without context takeover.
const ALWAYS_FRUGAL: DeflateOptions = DeflateOptions::FRUGAL.threshold(0);

/// Creates an endpoint that compresses, as negotiated with a peer that has the same options.
fn compressing_endpoint(role: Role, config: Config, options: &DeflateOptions) -> TestEndpoint {
    TestEndpoint::new(role, config).with_deflate(&negotiate(options, options).of(role))
}

/// Runs a test once for a server and once for a client that compress every message.
fn for_both(test: impl Fn(&mut TestEndpoint)) {
    for_both_with(&Config::default(), &ALWAYS, test);
}

/// Runs a test once for a server and once for a client that compress with these options.
fn for_both_with(config: &Config, options: &DeflateOptions, test: impl Fn(&mut TestEndpoint)) {
    for role in [Role::Server, Role::Client] {
        println!("as a {role:?}"); // The test harness prints it if the test fails.
        test(&mut compressing_endpoint(role, config.clone(), options));
    }
}

/// Compresses a message as a client with these options would.
fn deflated(message: &[u8], options: &DeflateOptions) -> Vec<u8> {
    Deflater::new(&negotiate(options, options).client).deflate(message, true)
}

/// Returns the options with the highest compression level.
fn hardest(options: DeflateOptions) -> DeflateOptions {
    options.level(Level::new(9).expect("a level from 0 to 9"))
}
