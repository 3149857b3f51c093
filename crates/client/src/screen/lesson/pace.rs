//! A lesson about the byte stream that carries the frames.

use dissector::{Direction, Record};

use super::{Lesson, Verdict};
use crate::screen::frame_fields::opcode;

/// The minimum average pause between two bytes, in milliseconds. It is shorter than the second that
/// the task asks for, because the times in a record come from the wall clock, which may be adjusted
/// while the frame is being sent.
const SLOW: u128 = 900;

pub(super) static BYTE_A_SECOND: Lesson = Lesson {
    title: "One byte a second",
    task: "Send a short text at one byte a second: /slow N text pauses N milliseconds between two bytes. The wire shows \
           the frame when its last byte is sent. Watch what the server sends meanwhile.",
    idea: "The pause is in milliseconds, so a second is 1000. Two letters are enough.",
    hint: "The frame of Hi has eight bytes, so this takes seven seconds:",
    lines: &["/slow 1000 Hi"],
    field: None,
    observe: |wire| {
        let frame = wire.sent_data()?;
        let (start, end) = (frame.started_at?, frame.ended_at?);
        let time = end.duration_since(start).ok()?;
        let pauses = u128::from(frame.length.checked_sub(1)?);
        if time.as_millis() < pauses * SLOW {
            return Verdict::not_yet(format!(
                "{} bytes in {:.1} s, and a second for each is the task",
                frame.length,
                time.as_secs_f64()
            ));
        }
        let meanwhile = |record: &&Record| {
            let is_frame = record.direction == Direction::ToClient && opcode(record).is_some();
            is_frame && record.started_at > Some(start)
        };
        let report = format!(
            "{} bytes in {:.1} s. TCP may deliver bytes one by one, so a receiver collects them until a frame is \
             complete.",
            frame.length,
            time.as_secs_f64()
        );
        Verdict::done(match wire.earlier().filter(meanwhile).count() {
            0 => report,
            frames => {
                let s = if frames == 1 { "" } else { "s" };
                format!("{report} Meanwhile the server sent {frames} frame{s}: neither direction waits for the other.")
            }
        })
    },
};
