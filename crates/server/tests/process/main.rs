//! The server as a process of its own, tested over TCP as any client sees it.

mod chat;
mod deflate;
mod echo;
mod grade;
mod http;
mod laboratory;
mod shutdown;
mod slow_clients;
mod stats;
mod support;
mod trace;
mod violations;
mod wire;
