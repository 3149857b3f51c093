//! The program of each step passes the stages up to its own, and fails the next stage.

use crate::programs::{Judged, RunningServer, judge, program};

fn judge_step(number: u64) -> Judged {
    let server = RunningServer::start(program(&format!("step{number:02}")).arg("127.0.0.1:0"));
    judge(&server.url, &[])
}

macro_rules! steps {
    ($($test:ident: $number:literal, $check:literal, $sentence:literal;)*) => {$(
        #[test]
        fn $test() {
            judge_step($number).expect_failed($number + 1, $check, $sentence);
        }
    )*};
}

steps! {
    step_01_reads_no_header: 1, "unmasked-frame", "A client sends an unmasked frame: the server did nothing within 2 s";
    step_02_sends_nothing_back: 2, "text-of-5-bytes", "A text of 5 bytes: the echo did not arrive within 2 s";
    step_03_knows_short_lengths_only: 3, "text-of-126-bytes", "instead of sending the echo of 126 bytes";
    step_04_reads_one_frame_only: 4, "two-frames-in-one-write",
        "Two frames in one write: the echo of the second frame did not arrive within 2 s";
    step_05_knows_text_only: 5, "binary-message", "the echo has the opcode 1 (Text) instead of 2 (Binary)";
    step_06_answers_fragments_singly: 6, "two-fragments", "another payload: \"Hel\" instead of \"Hello\"";
    step_07_does_not_check_utf8: 7, "invalid-utf8", "the server accepted it (Pong) instead of ending the connection";
    step_08_does_not_answer_a_close: 8, "close-with-reason", "a Close 1000 did not arrive within 2 s";
    step_09_has_no_limits: 9, "endless-fragments", "a Close 1009 after 128 MiB of fragments did not arrive within 2 s";
    step_10_has_a_deadline_for_each_read_only: 10, "trickling-request", "the server still keeps the connection after 10 s";
    step_11_has_a_thread_for_each_connection: 11, "many-at-once", "the server answered HTTP 503";
}

#[test]
fn step_12_passes_all_stages() {
    judge_step(12).expect_passed();
}
