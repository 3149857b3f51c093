//! Tests of read plans: a table with cases on both sides of each boundary, and bounds that hold for
//! all sizes.
//!
//! The sizes are literals instead of the code's own constants, so that a wrong constant makes a
//! test fail.

use proptest::prelude::*;

use super::{
    InputSizes,
    Purpose::{self, Anything, LargeFrame, NextHeader},
    ReadBuffer::{Current, Own, Shared},
    ReadHistory, ReadPlan,
};

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// The size of the thread's block.
const BLOCK_BYTES: usize = 320 * KIB;
/// The size of the longest frame header.
const HEADER: usize = 14;

const fn sizes(len: usize, capacity: usize, remaining: usize) -> InputSizes {
    InputSizes { len, capacity, remaining }
}

fn after(last: Purpose, largest: usize) -> ReadHistory {
    ReadHistory { last, largest }
}

#[test]
fn the_table_of_plans() {
    #[rustfmt::skip]
    let table = [
        // last read, largest, (len, capacity, remaining) -> purpose, buffer, limit

        // Nothing has arrived, or no frame is incomplete.
        (Anything, 0, sizes(0, 0, 0), (Anything, Shared, BLOCK_BYTES)),
        (Anything, 0, sizes(0, BLOCK_BYTES, 0), (Anything, Shared, BLOCK_BYTES)),
        (Anything, 0, sizes(5, BLOCK_BYTES, 0), (Anything, Shared, BLOCK_BYTES)),
        (Anything, 0, sizes(10 * KIB, 20 * KIB, 0), (Anything, Shared, BLOCK_BYTES)),
        (LargeFrame, 0, sizes(5, BLOCK_BYTES, 0), (Anything, Shared, BLOCK_BYTES)),
        (NextHeader, MIB, sizes(0, BLOCK_BYTES, 0), (Anything, Shared, BLOCK_BYTES)),
        (Anything, 0, sizes(BLOCK_BYTES, BLOCK_BYTES, 0), (Anything, Shared, BLOCK_BYTES)),

        // After a large frame, make a short read for the next header.
        (LargeFrame, MIB, sizes(0, MIB, 0), (NextHeader, Shared, 32 * KIB)),
        (LargeFrame, MIB, sizes(1, MIB, 0), (Anything, Shared, BLOCK_BYTES)),

        // A frame is large if at least 64 KiB of it have yet to arrive.
        (Anything, 0, sizes(0, 320 * KIB, 64 * KIB - 1), (Anything, Shared, BLOCK_BYTES)),
        (Anything, 0, sizes(0, 320 * KIB, 64 * KIB), (LargeFrame, Current, 64 * KIB + HEADER)),
        (NextHeader, 0, sizes(0, 320 * KIB, 64 * KIB), (LargeFrame, Current, 64 * KIB + HEADER)),

        // A large frame counts as large until its end.
        (LargeFrame, 0, sizes(100 * KIB, 200 * KIB, 1), (LargeFrame, Current, 1 + HEADER)),
        (LargeFrame, 0, sizes(100 * KIB, 200 * KIB, 0), (Anything, Shared, BLOCK_BYTES)),
        (LargeFrame, 0, sizes(0, 200 * KIB, 1), (LargeFrame, Current, 1 + HEADER)),

        // A frame that fills a block is large, however little of it is missing.
        (Anything, 0, sizes(BLOCK_BYTES - 1, BLOCK_BYTES, 1), (Anything, Shared, BLOCK_BYTES)),
        (Anything, 0, sizes(BLOCK_BYTES, BLOCK_BYTES + 1, 1), (LargeFrame, Current, 1 + HEADER)),
        (Anything, 0, sizes(BLOCK_BYTES, BLOCK_BYTES, 1), (LargeFrame, Own { capacity: BLOCK_BYTES + 1 + HEADER }, 1 + HEADER)),

        // A smaller frame stays in its own buffer if more than 4 KiB of it have arrived.
        (Anything, 0, sizes(4 * KIB, 30 * KIB, 100), (Anything, Shared, BLOCK_BYTES)),
        (Anything, 0, sizes(4 * KIB + 1, 30 * KIB, 100), (Anything, Current, 100 + HEADER)),
        (Anything, 0, sizes(4 * KIB + 1, BLOCK_BYTES - 1, 100), (Anything, Current, 100 + HEADER)),
        (Anything, 0, sizes(4 * KIB + 1, BLOCK_BYTES, 100), (Anything, Shared, BLOCK_BYTES)),
        (Anything, 0, sizes(5 * KIB, 5 * KIB, 1000), (Anything, Own { capacity: 5 * KIB + 1000 + HEADER }, 1000 + HEADER)),

        // The room in a new buffer: 64 KiB, four times what has arrived, or what an earlier frame
        // needed, whichever is largest, but never more than is missing.
        (Anything, 0, sizes(0, 0, MIB), (LargeFrame, Own { capacity: 64 * KIB + HEADER }, MIB + HEADER)),
        (Anything, 0, sizes(16 * KIB, 16 * KIB, MIB), (LargeFrame, Own { capacity: 80 * KIB + HEADER }, MIB + HEADER)),
        (Anything, 0, sizes(17 * KIB, 17 * KIB, MIB), (LargeFrame, Own { capacity: 85 * KIB + HEADER }, MIB + HEADER)),
        (LargeFrame, 900 * KIB, sizes(100 * KIB, 100 * KIB, MIB), (LargeFrame, Own { capacity: 900 * KIB + HEADER }, MIB + HEADER)),
        (LargeFrame, 400 * KIB, sizes(100 * KIB, 100 * KIB, MIB), (LargeFrame, Own { capacity: 500 * KIB + HEADER }, MIB + HEADER)),
        (LargeFrame, 50 * KIB, sizes(100 * KIB, 100 * KIB, MIB), (LargeFrame, Own { capacity: 500 * KIB + HEADER }, MIB + HEADER)),
        (LargeFrame, MIB, sizes(10, 10, 70 * KIB), (LargeFrame, Own { capacity: 10 + 70 * KIB + HEADER }, 70 * KIB + HEADER)),

        // An input of up to 32 KiB is moved to a buffer of the full size at once, if its current
        // buffer is smaller.
        (Anything, 0, sizes(32 * KIB, 160 * KIB, 200 * KIB), (LargeFrame, Current, 200 * KIB + HEADER)),
        (Anything, 0, sizes(32 * KIB, 160 * KIB - 1, 200 * KIB), (LargeFrame, Own { capacity: 160 * KIB + HEADER }, 200 * KIB + HEADER)),
        // A larger input is moved only if the buffer has room for neither 32 KiB nor the missing
        // bytes.
        (Anything, 0, sizes(32 * KIB + 1, 64 * KIB + 1, 200 * KIB), (LargeFrame, Current, 200 * KIB + HEADER)),
        (Anything, 0, sizes(32 * KIB + 1, 64 * KIB, 200 * KIB), (LargeFrame, Own { capacity: 160 * KIB + 5 + HEADER }, 200 * KIB + HEADER)),
        (LargeFrame, 0, sizes(100 * KIB, 101 * KIB, KIB), (LargeFrame, Current, KIB + HEADER)),
        (LargeFrame, 0, sizes(100 * KIB, 101 * KIB - 1, KIB), (LargeFrame, Own { capacity: 101 * KIB + HEADER }, KIB + HEADER)),

        // A buffer that is larger than two blocks, and more than twice as large as the frame, is
        // not used for the frame.
        (Anything, 0, sizes(0, 640 * KIB, 70 * KIB), (LargeFrame, Current, 70 * KIB + HEADER)),
        (Anything, 0, sizes(0, 640 * KIB + 1, 70 * KIB), (LargeFrame, Own { capacity: 64 * KIB + HEADER }, 70 * KIB + HEADER)),
        (LargeFrame, 0, sizes(100 * KIB, 2 * MIB, 924 * KIB), (LargeFrame, Current, 924 * KIB + HEADER)),
        (LargeFrame, 0, sizes(100 * KIB, 2 * MIB + 1, 924 * KIB), (LargeFrame, Own { capacity: 500 * KIB + HEADER }, 924 * KIB + HEADER)),
    ];
    for (last, largest, input, (purpose, buffer, limit)) in table {
        let plan = after(last, largest).plan(input, usize::MAX);
        assert_eq!(plan, ReadPlan { purpose, buffer, limit }, "after {last:?}, {largest} bytes, {input:?}");
    }
}

#[test]
fn a_new_connection_has_read_nothing() {
    assert_eq!(ReadHistory::default(), after(Anything, 0));
}

#[test]
fn a_shared_read_needs_half_a_block_of_room_and_leaves_the_buffers_of_large_frames() {
    #[rustfmt::skip]
    let table = [
        // purpose, (len, capacity) -> whether the thread's block is needed
        (Anything, (0, 0), true),
        (Anything, (0, 160 * KIB - 1), true),
        (Anything, (0, 160 * KIB), false),
        (Anything, (10, 160 * KIB + 9), true),
        (Anything, (10, 160 * KIB + 10), false),
        (Anything, (0, 640 * KIB), false),
        (Anything, (0, 640 * KIB + 1), true),
        (NextHeader, (0, 640 * KIB + 1), false),
        (NextHeader, (0, 160 * KIB - 1), true),
    ];
    for (purpose, (len, capacity), needed) in table {
        assert_eq!(purpose.needs_block(sizes(len, capacity, 0)), needed, "{purpose:?} {len} {capacity}");
    }
}

#[test]
fn the_table_of_waits() {
    #[rustfmt::skip]
    let table = [
        // largest, last planned read, (len, capacity, remaining) -> the capacity to move to
        // A small buffer is kept, even an empty one.
        (0, Anything, sizes(0, 4 * KIB, 0), None),
        (0, Anything, sizes(0, 4 * KIB + 1, 0), Some(0)),
        (0, Anything, sizes(0, BLOCK_BYTES, 0), Some(0)),
        (0, NextHeader, sizes(0, BLOCK_BYTES, 0), Some(0)),
        // A large buffer is kept if it is nearly full.
        (0, Anything, sizes(5000, 5000 + HEADER, 0), None),
        // A block that holds half a frame is put back. An input of up to 4 KiB is kept without
        // spare room.
        (0, Anything, sizes(1500, BLOCK_BYTES, 1500), Some(1500)),
        (0, Anything, sizes(4 * KIB, BLOCK_BYTES, 1500), Some(4 * KIB)),
        (0, Anything, sizes(4 * KIB + 1, BLOCK_BYTES, 1500), Some(4 * KIB + 1 + 1500)),
        (0, Anything, sizes(5 * KIB, BLOCK_BYTES, 50 * KIB), Some(10 * KIB)),
        // The room that may stay unused: three times what has arrived, plus a header.
        (0, Anything, sizes(5 * KIB, 20 * KIB + HEADER, KIB), None),
        (0, Anything, sizes(5 * KIB, 20 * KIB + HEADER + 1, KIB), Some(6 * KIB)),
        // For a large frame: four times what has arrived, or what an earlier frame needed.
        (0, LargeFrame, sizes(5 * KIB, 25 * KIB + HEADER, MIB), None),
        (0, LargeFrame, sizes(5 * KIB, 25 * KIB + HEADER + 1, MIB), Some(10 * KIB)),
        (MIB, LargeFrame, sizes(5 * KIB, MIB + HEADER, MIB), None),
        (MIB, LargeFrame, sizes(5 * KIB, MIB + HEADER + 1, MIB), Some(10 * KIB)),
        (MIB, LargeFrame, sizes(0, MIB, 0), Some(0)),
    ];
    for (largest, purpose, input, expected) in table {
        // The purpose of the last read that brought bytes does not matter here.
        for last in [Anything, LargeFrame, NextHeader] {
            assert_eq!(after(last, largest).plan_wait(purpose, input), expected, "{largest} {purpose:?} {input:?}");
        }
    }
}

#[test]
fn the_history_keeps_the_largest_size_until_a_read_for_anything() {
    let mut history = ReadHistory::default();
    let mut record = |purpose, len| {
        history.record(purpose, len);
        history
    };
    assert_eq!(record(LargeFrame, 100), after(LargeFrame, 100));
    assert_eq!(record(LargeFrame, 300), after(LargeFrame, 300));
    assert_eq!(record(LargeFrame, 200), after(LargeFrame, 300));
    assert_eq!(record(NextHeader, 900), after(NextHeader, 300));
    assert_eq!(record(Anything, 50), after(Anything, 0));
}

fn purpose() -> impl Strategy<Value = Purpose> {
    prop_oneof![Just(Anything), Just(LargeFrame), Just(NextHeader)]
}

/// Generates sizes up to 1 GiB, with small and large sizes about equally likely.
fn size() -> impl Strategy<Value = usize> {
    (0..=30_u32).prop_flat_map(|bits| 0..=1_usize << bits)
}

fn input() -> impl Strategy<Value = InputSizes> {
    (size(), size(), size()).prop_map(|(len, free, remaining)| sizes(len, len + free, remaining))
}

fn history() -> impl Strategy<Value = ReadHistory> {
    (purpose(), size()).prop_map(|(last, largest)| after(last, largest))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A read of 0 bytes would look like the end of the stream.
    #[test]
    fn every_read_has_room_and_a_limit_above_zero(history in history(), input in input()) {
        let plan = history.plan(input, usize::MAX);
        prop_assert!(plan.limit > 0);
        match plan.buffer {
            Current => prop_assert!(input.capacity > input.len),
            Own { capacity } => prop_assert!(capacity > input.len),
            // If no block is needed, the current buffer has enough room. A block always has enough.
            Shared => prop_assert!(plan.purpose.needs_block(input) || input.capacity - input.len >= BLOCK_BYTES / 2),
        }
    }

    #[test]
    fn memory_follows_the_bytes_that_have_arrived_and_not_the_announced_length(history in history(), input in input()) {
        if let Own { capacity } = history.plan(input, usize::MAX).buffer {
            let arrived = history.largest.max(5 * input.len).max(input.len + 64 * KIB);
            prop_assert!(capacity <= arrived + HEADER, "{capacity}");
            prop_assert!(capacity <= input.len + input.remaining + HEADER, "no longer than the frame");
        }
    }

    #[test]
    fn a_read_into_a_frames_own_buffer_takes_at_most_one_header_of_what_follows(history in history(), input in input()) {
        let plan = history.plan(input, usize::MAX);
        if plan.buffer != Shared {
            prop_assert_eq!(plan.limit, input.remaining + HEADER);
        }
        prop_assert_eq!(plan.purpose == LargeFrame && input.remaining == 0, false);
    }

    #[test]
    fn a_limited_read_brings_no_more_and_grows_no_buffer_by_more(
        history in history(), input in input(), max_read in 1..400 * KIB,
    ) {
        let plan = history.plan(input, max_read);
        prop_assert_eq!(plan.limit, history.plan(input, usize::MAX).limit.min(max_read));
        if let Own { capacity } = plan.buffer {
            prop_assert!(capacity <= input.len + max_read + HEADER, "{capacity}");
        }
    }

    #[test]
    fn a_message_keeps_at_most_two_blocks_or_twice_its_size_alive(history in history(), input in input()) {
        if history.plan(input, usize::MAX).buffer == Current {
            prop_assert!(input.capacity <= (2 * BLOCK_BYTES).max(2 * (input.len + input.remaining)));
        }
    }

    #[test]
    fn a_waiting_connection_keeps_little_more_than_has_arrived(
        history in history(), purpose in purpose(), input in input(),
    ) {
        let kept = history.plan_wait(purpose, input).unwrap_or(input.capacity);
        let arrived = if purpose == LargeFrame { history.largest.max(5 * input.len) } else { 4 * input.len };
        let bound = if input.len == 0 { 0 } else { arrived };
        prop_assert!(kept <= (4 * KIB).max(bound + HEADER), "{kept}");
        prop_assert!(kept >= input.len);
    }

    /// If every wait moved the input to another buffer, the same bytes would be copied again each
    /// time.
    #[test]
    fn a_buffer_that_was_moved_for_a_wait_is_not_moved_for_the_next(
        history in history(), purpose in purpose(), input in input(),
    ) {
        if let Some(capacity) = history.plan_wait(purpose, input) {
            prop_assert_eq!(history.plan_wait(purpose, InputSizes { capacity, ..input }), None);
        }
    }
}
