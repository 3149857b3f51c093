//! Fan-out: one connection sends a message, and all others must receive it.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

use super::{
    burst::Burst,
    generator::{LoadGenerator, STUCK_AFTER, stuck},
};

impl LoadGenerator {
    /// Sends the burst on the first connection. Returns the time until all other connections have
    /// received the forwarded messages.
    pub(crate) fn push(&mut self, burst: &Burst) -> io::Result<Duration> {
        for connection in &mut self.connections {
            connection.expect_reply();
        }
        let began = Instant::now();
        self.connections[0].begin(burst, began)?;
        let mut waiting = self.connections.len() - 1;
        while waiting > 0 {
            self.poll.poll(&mut self.events, Some(STUCK_AFTER))?;
            if self.events.is_empty() {
                return Err(stuck(waiting));
            }
            for event in self.events.iter().filter(|event| event.is_readable()) {
                let connection = &mut self.connections[event.token().0];
                match connection.stream().read(&mut self.buffer) {
                    Ok(0) => return Err(io::Error::other("the server closed the connection")),
                    Ok(count) => {
                        connection.compare(&self.buffer[..count], &burst.reply)?;
                        waiting -= usize::from(connection.received() == burst.reply.len());
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(began.elapsed())
    }
}
