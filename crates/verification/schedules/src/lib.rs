//! The files of the crate `websocket` that two tasks of a split connection use, compiled with the
//! mutex of `shuttle` in place of the standard library's.
//!
//! `shuttle` runs several tasks on one thread, and decides at each lock which of them continues. It
//! can therefore try every order, and it reports a task that sleeps forever as a deadlock. The
//! source of `websocket` is not changed for this: in this crate, the name `std` stands for
//! [`scheduled_std`], and each file below is the file of `websocket` itself.
//!
//! `shared_wakers_tests` tries every order of two tasks that use [`SharedWakers`](wakers), and the
//! folder `tests` many orders of a whole split connection. [Schedules](../../../../docs/src/simulation.md#schedules) explains
//! them.

#![allow(dead_code, unused_imports, unreachable_pub, missing_docs, reason = "only a part of the crate is compiled")]

extern crate scheduled_std as std;

#[path = "../../../websocket/src/budget.rs"]
mod budget;
#[path = "../../../websocket/src/buffer_pool.rs"]
mod buffer_pool;
#[path = "../../../websocket/src/clock.rs"]
mod clock;
#[path = "../../../websocket/src/driver.rs"]
mod driver;
#[path = "../../../websocket/src/error.rs"]
mod error;
#[path = "../../../websocket/src/event.rs"]
mod event;
#[path = "../../../websocket/src/negotiated.rs"]
mod negotiated;
#[path = "../../../websocket/src/permit.rs"]
mod permit;
#[path = "../../../websocket/src/read_planner.rs"]
mod read_planner;
#[path = "../../../websocket/src/split.rs"]
mod split;
#[path = "../../../websocket/src/wakers.rs"]
mod wakers;
#[path = "../../../websocket/src/websocket.rs"]
mod websocket;

pub mod socket;
#[cfg(test)]
mod shared_wakers_tests;

pub use self::{
    error::Error,
    event::Event,
    split::{ReadHalf, WriteHalf},
    websocket::WebSocket,
};
