//! Finds the frames sent by one of the user's commands, so that the screen can show them.
//!
//! The link reports when it starts and ends a command. The records in between include the command's
//! frames, but also frames that the engine sends by itself, such as a Pong.

use dissector::{Direction, Record};

use crate::screen::{
    frame_fields::{CLOSE, PONG, opcode},
    link_command::SentFrames,
};

/// The search for the frames of one command.
#[derive(Debug)]
pub(crate) struct OwnFrameSearch {
    frames: SentFrames,
    /// How well the best-matching record so far fits the command.
    best: Fit,
}

/// How well a record fits the command, from worst to best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The command did not send it.
    Not,
    /// A Pong. The engine may have sent it to answer a Ping, but a command that sends raw bytes may
    /// also have sent it.
    Perhaps,
    /// The command sent it.
    Own,
    /// The record shows what the user wants to see: the frame that breaks the rule or, if no frame
    /// shows the broken rule, the server's answer.
    Broken,
}

impl OwnFrameSearch {
    pub(super) const fn new(frames: SentFrames) -> Self {
        Self { frames, best: Fit::Not }
    }

    /// Returns `true` if this record fits better than every record before it and should therefore
    /// be selected.
    pub(super) fn selects(&mut self, record: &Record) -> bool {
        let fit = self.fit(record);
        let better = fit > self.best;
        self.best = self.best.max(fit);
        better
    }

    fn fit(&self, record: &Record) -> Fit {
        let opcode = opcode(record);
        match (record.direction, self.frames) {
            (Direction::ToClient, SentFrames::Broken) if opcode == Some(CLOSE) => Fit::Broken,
            (Direction::ToClient, _) => Fit::Not,
            (Direction::ToServer, SentFrames::Opcode(sent)) => {
                if opcode == Some(u64::from(sent)) {
                    Fit::Own
                } else {
                    Fit::Not
                }
            }
            (Direction::ToServer, _) if !record.findings.is_empty() => Fit::Broken,
            (Direction::ToServer, _) if opcode == Some(PONG) => Fit::Perhaps,
            (Direction::ToServer, _) => Fit::Own,
        }
    }

    /// Returns `true` if the search must continue after the command has been carried out, because
    /// no frame has shown the broken rule but the server's answer may still show it.
    pub(super) fn expects_an_answer(&self) -> bool {
        self.frames == SentFrames::Broken && self.best < Fit::Broken
    }
}
