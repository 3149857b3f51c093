//! Fan-out: one connection says something, all others have to hear it.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

use super::{Fleet, STUCK, Script, stuck};

impl Fleet {
    /// Lets the first connection send the script's burst, and gives the time until every other connection has received its
    /// reply.
    pub(crate) fn push(&mut self, script: &Script) -> io::Result<Duration> {
        for connection in &mut self.connections {
            connection.expect();
        }
        let began = Instant::now();
        self.connections[0].begin(script, began)?;
        let mut waiting = self.connections.len() - 1;
        while waiting > 0 {
            self.poll.poll(&mut self.events, Some(STUCK))?;
            if self.events.is_empty() {
                return Err(stuck(waiting));
            }
            for event in self.events.iter().filter(|event| event.is_readable()) {
                let connection = &mut self.connections[event.token().0];
                match connection.stream().read(&mut self.buffer) {
                    Ok(0) => return Err(io::Error::other("the server closed the connection")),
                    Ok(count) => {
                        connection.compare(&self.buffer[..count], &script.reply)?;
                        waiting -= usize::from(connection.received() == script.reply.len());
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(began.elapsed())
    }
}
