//! The source files of `websocket` that the two tasks of a split connection use, compiled with
//! `shuttle`'s mutex instead of the standard library's.
//!
//! `shuttle` runs several tasks on one thread, and decides at each lock which of them continues. It
//! can therefore try every order, and it reports a task that sleeps forever as a deadlock. The
//! source of `websocket` does not change for these tests: in this crate, the name `std` means
//! [`scheduled_std`], and each file below is `websocket`'s own file.
//!
//! [`shared_wakers`] runs two tasks that use [`SharedWakers`](wakers) in every possible order, and
//! the tests in the folder `tests` run a whole split connection in many orders.
//! [Schedules](../../../../docs/src/simulation.md#schedules) explains these tests.

#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, reason = "only a part of the crate is compiled")]
#![allow(unexpected_cfgs, reason = "the features belong to `websocket`, and none of them is enabled here")]

extern crate scheduled_std as std;

/// Declares modules whose files are in another crate. The macro hides these modules from
/// `docs-check`, which checks each file in its own crate.
macro_rules! modules {
    ($keyword:tt: $($name:ident = $path:literal,)*) => { $(#[path = $path] $keyword $name;)* };
}

modules! {
    mod:
    budget = "../../../websocket/src/budget.rs",
    buffer_pool = "../../../websocket/src/buffer_pool.rs",
    clock = "../../../websocket/src/clock.rs",
    driver = "../../../websocket/src/driver.rs",
    error = "../../../websocket/src/error.rs",
    event = "../../../websocket/src/event.rs",
    memory_budget = "../../../websocket/src/memory_budget.rs",
    memory_share = "../../../websocket/src/memory_share.rs",
    negotiated = "../../../websocket/src/negotiated.rs",
    permit = "../../../websocket/src/permit.rs",
    read_plan = "../../../websocket/src/read_plan.rs",
    read_planner = "../../../websocket/src/read_planner.rs",
    redirect = "../../../websocket/src/redirect.rs",
    split = "../../../websocket/src/split.rs",
    wakers = "../../../websocket/src/wakers.rs",
    websocket = "../../../websocket/src/websocket.rs",
}

pub mod shared_wakers;
pub mod socket;

pub use self::{
    error::Error,
    event::Event,
    split::{ReadHalf, WriteHalf},
    websocket::WebSocket,
};
