//! Runs every target on its committed inputs.

use std::{fs, panic};

use fuzz::{TARGETS, corpus};

/// Runs one target. Each target has a separate test, so that a failure names the target.
fn replay(target: &str) {
    let (_, run) = TARGETS.into_iter().find(|(name, _)| *name == target).expect("the target exists");
    let file = corpus::file(target);
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let inputs = corpus::unpack(&text).unwrap_or_else(|error| panic!("{}, {error}", file.display()));
    assert!(inputs.len() > 10, "{} holds only {} inputs", file.display(), inputs.len());
    for (number, input) in inputs.iter().enumerate() {
        if let Err(panic) = panic::catch_unwind(|| run(input)) {
            eprintln!("{}:{}: this is the input", file.display(), number + 1);
            panic::resume_unwind(panic);
        }
    }
    assert_eq!(corpus::pack(inputs), text, "{} must be written with `cargo run -p fuzz -- --pack`", file.display());
}

macro_rules! replay {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                replay(stringify!($target));
            }
        )*

        #[test]
        fn every_target_is_replayed() {
            assert_eq!(TARGETS.map(|(name, _)| name), [$(stringify!($target)),*]);
        }
    };
}

replay! {
    uri
    request
    response
    frames_to_server
    frames_to_client
    deflate_to_server
    deflate_to_client
    deflate_round_trip
    server_beside_tungstenite
    client_beside_tungstenite
    dissector
    driver
}
