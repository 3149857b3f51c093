//! The attacks, and how much memory each may cost the server.

use std::time::Duration;

use super::attacker::Attacker;

/// An attack on one server.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// What the attackers do.
    pub(super) description: &'static str,
    /// The server's command-line options for this scenario.
    pub(super) server_options: &'static [&'static str],
    pub(super) attackers: &'static [(usize, Attacker)],
    /// The number of connections that exchange messages during the attack.
    pub(super) bystanders: usize,
    /// How long each bystander pauses between two messages.
    pub(super) pace: Duration,
    /// How long the attack lasts.
    pub(super) length: Duration,
    /// The bound on the server's peak resident memory, in bytes.
    pub(super) bound: u64,
    /// The reason for the bound.
    pub(super) reason: &'static str,
}

const MIB: u64 = 1 << 20;

/// All scenarios.
pub(super) const SCENARIOS: [Scenario; 7] = [
    Scenario {
        name: "control characters",
        description: "Four clients of `/` send texts of 1 MiB that consist of control characters. The server \
                      has one thread, and nobody reads its standard output.",
        server_options: &["--threads", "1"],
        attackers: &[(4, Attacker::ControlCharacters(1 << 20))],
        bystanders: 20,
        pace: Duration::from_millis(20),
        length: Duration::from_secs(10),
        bound: 32 * MIB,
        reason: "The bound: each attacker may have one message in memory, and the excerpts that wait for standard \
                 output have a bound in bytes.",
    },
    Scenario {
        name: "chat flood",
        description: "Four members of `/chat` send bursts of 9,000 empty texts, and 100 members never read.",
        server_options: &[],
        attackers: &[(100, Attacker::ChatNeverReads), (4, Attacker::ChatFlood)],
        bystanders: 50,
        pace: Duration::from_millis(50),
        length: Duration::from_secs(15),
        bound: 32 * MIB,
        reason: "The bound: the room keeps at most 1 MiB of texts for all members together, and each connection \
                 its send queue.",
    },
    Scenario {
        name: "half messages",
        description: "1,000 clients send all but the last byte of a message of 1 MiB. The server may hold 64 MiB \
                      for all connections (`--max-memory`).",
        server_options: &["--max-memory", "64M"],
        attackers: &[(1_000, Attacker::HalfMessage(1 << 20))],
        bystanders: 100,
        pace: Duration::from_millis(100),
        length: Duration::from_secs(20),
        bound: 144 * MIB,
        reason: "The bound: twice the budget, because an allocator keeps freed memory, and 16 KiB for each \
                 connection.",
    },
    Scenario {
        name: "unread echoes",
        description: "1,000 clients send messages of 64 KiB to `/echo` and never read a reply.",
        server_options: &["--max-memory", "64M"],
        attackers: &[(1_000, Attacker::NeverReads(64 << 10))],
        bystanders: 100,
        pace: Duration::from_millis(100),
        length: Duration::from_secs(20),
        bound: 144 * MIB,
        reason: "The bound is that of *half messages*: queued replies count towards the same budget.",
    },
    Scenario {
        name: "Ping flood",
        description: "1,000 clients send Pings of 125 bytes as fast as they can and never read a Pong.",
        server_options: &["--max-memory", "64M"],
        attackers: &[(1_000, Attacker::PingFlood)],
        bystanders: 100,
        pace: Duration::from_millis(100),
        length: Duration::from_secs(20),
        bound: 144 * MIB,
        reason: "The bound is that of *half messages*: Pings that wait for their turn count towards the same budget.",
    },
    Scenario {
        name: "one byte a second",
        description: "5,000 clients send a message of 60,000 bytes, one byte per second.",
        server_options: &[],
        attackers: &[(5_000, Attacker::Trickle)],
        bystanders: 100,
        pace: Duration::from_millis(100),
        length: Duration::from_secs(20),
        bound: 64 * MIB,
        reason: "The bound: memory grows with the bytes that have arrived, not with the announced length.",
    },
    Scenario {
        name: "everything at once",
        description: "10,000 connections: 1,000 never read, 1,000 send Pings as fast as they can, 1,000 send one \
                      byte per second, 1,000 open and reset, and 6,000 exchange messages.",
        server_options: &["--max-memory", "64M"],
        attackers: &[
            (1_000, Attacker::NeverReads(64 << 10)),
            (1_000, Attacker::PingFlood),
            (1_000, Attacker::Trickle),
            (1_000, Attacker::Reset),
        ],
        bystanders: 6_000,
        pace: Duration::from_secs(2),
        length: Duration::from_secs(30),
        bound: 288 * MIB,
        reason: "The bound: twice the budget, and 16 KiB for each connection.",
    },
];
