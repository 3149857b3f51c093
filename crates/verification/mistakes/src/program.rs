//! Mistakes in the program `server`. The simulation of networks must find each of them.

use crate::mistake::Mistake;

/// The mistakes. The argument of each mistake is a number of seeds large enough for the simulation
/// to find it.
pub const MISTAKES: [Mistake; 2] = [
    Mistake {
        name: "unsaid",
        description: "the texts of a member that wait for space are lost when the member leaves the chat",
        file: "crates/server/src/chat/handler.rs",
        original: "                    speaker.say_all().await;\n",
        mistaken: "",
        arguments: &["400"],
    },
    Mistake {
        name: "two-steps",
        description: "a server that stops waits for both steps of closing, and takes twice the time that it promises",
        file: "crates/server/src/listen.rs",
        original: "    if timeout(state.config.config.close_timeout, tasks.wait())",
        mistaken: "    if timeout(2 * state.config.config.close_timeout, tasks.wait())",
        arguments: &["400"],
    },
];
