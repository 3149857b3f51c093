//! Mistakes in the driver. The simulation of networks must find each of them.

use crate::mistake::Mistake;

/// The mistakes. The argument of each mistake is a number of seeds large enough for the simulation
/// to find it.
pub const MISTAKES: [Mistake; 2] = [
    Mistake {
        name: "large-fragments",
        description: "a part of a message of 64 KiB or more is sent empty",
        file: "crates/websocket/src/driver.rs",
        original: "        self.engine.send_fragment(kind, part, last)\n",
        mistaken: "        let part = if part.len() < 1 << 16 { part } else { &[] };
        self.engine.send_fragment(kind, part, last)
",
        arguments: &["200"],
    },
    Mistake {
        name: "reader-not-shared",
        description: "a writer that waits for the deadline takes the timer away from the reader",
        file: "crates/websocket/src/driver.rs",
        original: "                wakers.wait(Side::Read, reader);\n",
        mistaken: "                let _ = reader;\n",
        arguments: &["200"],
    },
];
