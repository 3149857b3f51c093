//! Assigns one core to the servers and another to the load generator.

use std::io;

use clap::Args;

use crate::machine;

/// The numbers of the two cores, as command-line options.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct CoreAssignment {
    /// The core for the servers
    #[arg(long, global = true, value_name = "NUMBER", default_value_t = 0)]
    server_core: usize,

    /// The core for the load
    #[arg(long, global = true, value_name = "NUMBER", default_value_t = 1)]
    load_core: usize,
}

impl CoreAssignment {
    /// Moves this thread, and all processes that it starts later, to the servers' core.
    pub(crate) fn move_to_server_core(self) -> io::Result<()> {
        machine::pin_to(self.server_core)
    }

    /// Moves this thread, and all processes that it starts later, to the load generator's core.
    pub(crate) fn move_to_load_core(self) -> io::Result<()> {
        machine::pin_to(self.load_core)
    }
}
