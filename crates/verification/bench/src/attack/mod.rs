//! Attacks on the program `server`: what they cost the server, and how they affect its other
//! clients.
//!
//! Each scenario starts its own server. Attackers send or withhold bytes for as long as the
//! scenario specifies. Meanwhile, *bystanders* exchange messages and check every byte of each
//! reply. The results of a scenario are the server's peak memory, its memory after the attackers
//! have left, and the bystanders' latency.
//!
//! | module | contents |
//! |---|---|
//! | `scenario` | the attacks, and the bound of each |
//! | `attacker` | connections that misbehave |
//! | `bystander` | connections that behave well, and measure |
//! | `client` | the opening handshake, and frames |

mod attacker;
mod bystander;
mod client;
mod scenario;

use std::{io, time::Duration};

use serde::Serialize;
use tokio::time::sleep;

use self::{
    attacker::RunningAttack,
    bystander::{Bystanders, Experience},
    scenario::{SCENARIOS, Scenario},
};
use crate::{
    process::ServerProcess,
    report::ReportSection,
    table::{MarkdownTable, number},
};

/// How long to wait after the attackers have left before the memory is measured again.
const RECOVERY: Duration = Duration::from_secs(60);

/// The maximum amount, in bytes, by which the server's resident memory may exceed its idle memory
/// after [`RECOVERY`]. It leaves room for the few pages that an allocator keeps for each arena and
/// for each block size. During the larger attacks, the server uses many times this amount.
const MARGIN: u64 = 8 << 20;

/// The result of one scenario. All sizes are in bytes.
#[derive(Debug, Serialize)]
struct AttackResult {
    name: &'static str,
    /// The number of attackers' connections that ended during the attack. Whenever one ended, its
    /// attacker opened a new one.
    disconnected: usize,
    /// The resident memory before the attack, with all bystanders connected.
    idle: u64,
    /// The highest resident memory.
    peak: u64,
    /// The bound on the peak.
    bound: u64,
    /// The resident memory after [`RECOVERY`]. It includes memory that the allocator keeps for
    /// reuse.
    after: u64,
    bystanders: Experience,
}

impl AttackResult {
    /// Returns a sentence for each bound that this result violates.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.peak > self.bound {
            faults.push(format!("the peak of {} MiB exceeds the bound", mebibytes(self.peak)));
        }
        if self.after > self.idle + MARGIN {
            let seconds = RECOVERY.as_secs();
            faults.push(format!("{} MiB are still resident after {seconds} s", mebibytes(self.after)));
        }
        if self.bystanders.lost > 0 {
            faults.push(format!("{} messages of bystanders were lost", self.bystanders.lost));
        }
        faults
    }
}

/// Runs the scenarios whose names contain one of the strings in `only`, or all scenarios if it is
/// empty. Returns the report's section, and a sentence for each failure.
pub(crate) fn run(only: &[String]) -> io::Result<(ReportSection, Vec<String>)> {
    // Use two threads, so that a bystander does not have to wait while an attacker prepares its
    // bytes.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut results = Vec::new();
    let wanted =
        |scenario: &&Scenario| only.is_empty() || only.iter().any(|name| scenario.name.contains(name.as_str()));
    for scenario in SCENARIOS.iter().filter(wanted) {
        eprintln!("attack: {}", scenario.name);
        let result = runtime.block_on(measure(scenario))?;
        eprintln!("  {result:?}");
        results.push(result);
    }
    let faults = results
        .iter()
        .flat_map(|result| result.faults().into_iter().map(move |fault| format!("{}: {fault}", result.name)))
        .collect();
    Ok((section(&results), faults))
}

async fn measure(scenario: &Scenario) -> io::Result<AttackResult> {
    let server = ServerProcess::start_program(scenario.server_options)?;
    let bystanders = Bystanders::connect(server.target().address, scenario.bystanders, scenario.pace).await?;
    let idle = server.resident()?;
    let attack = RunningAttack::start(scenario.attackers, server.target().address);
    sleep(scenario.length).await;
    let disconnected = attack.stop().await;
    let peak = server.peak()?;
    sleep(RECOVERY).await;
    let after = server.resident()?;
    let experience = bystanders.finish().await;
    Ok(AttackResult {
        name: scenario.name,
        disconnected,
        idle,
        peak,
        bound: scenario.bound,
        after,
        bystanders: experience,
    })
}

fn mebibytes(bytes: u64) -> String {
    number(bytes as f64 / f64::from(1 << 20))
}

fn section(results: &[AttackResult]) -> ReportSection {
    let mut section = ReportSection::new("Under attack", &results);
    section.paragraph(
        "The resident memory of the program `server` in MiB: before an attack, at its highest, and \
         60 s after the attackers have left. By then, at most 8 MiB more than before the attack may \
         be resident. \"Ended\" counts the connections of attackers that ended, each of which was \
         followed by another. The other clients exchange messages during the whole time and compare \
         every byte. \"Lost\" counts their messages without a correct reply.",
    );
    let columns = ["", "idle", "peak", "bound", "after 60 s", "ended", "messages", "lost", "p50 ms", "p99 ms"];
    let mut table = MarkdownTable::new(columns);
    for result in results {
        let Experience { messages, lost, p50_ms, p99_ms } = result.bystanders;
        table.row(
            result.name,
            [
                mebibytes(result.idle),
                mebibytes(result.peak),
                mebibytes(result.bound),
                mebibytes(result.after),
                result.disconnected.to_string(),
                messages.to_string(),
                lost.to_string(),
                number(p50_ms),
                number(p99_ms),
            ],
        );
    }
    section.table(&table);
    for scenario in SCENARIOS.iter().filter(|scenario| results.iter().any(|result| result.name == scenario.name)) {
        section.paragraph(&format!("**{}.** {} {}", scenario.name, scenario.description, scenario.reason));
    }
    section
}
