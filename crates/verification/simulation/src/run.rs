//! One run: a scenario from beginning to end.

use std::{fmt, panic::resume_unwind, sync::Arc, thread, time::Duration};

use tokio::time::{interval, sleep, timeout};

use crate::{
    client,
    faults::World,
    journal::Journal,
    ledger::{Ledger, Totals},
    network::{Network, Side},
    observer,
    scenario::Scenario,
    server::SERVER,
};

/// The time that the server gets to end all connections after all clients have lost power. Each
/// connection has a shorter limit of its own, which [`Ledger::check_silence`] checks.
const LAST_END: Duration = Duration::from_secs(600);

/// The result of a run.
#[derive(Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The invariant that does not hold.
    pub failure: Option<String>,
    /// The numbers of the run.
    pub totals: Totals,
    /// The virtual time of the run.
    pub time: Duration,
    /// A number that is the same for each run of the seed.
    pub digest: u64,
    /// The run in lines, if it was kept.
    pub conversation: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals { sessions, messages, acknowledged, clean, dead_peers, faults, max_queued, max_buffered } =
            self.totals;
        write!(
            f,
            "seed {}: {:.0} s, {faults} faults, {sessions} sessions ({clean} closed cleanly), {messages} messages \
             ({acknowledged} acknowledged), {dead_peers} dead peers reported, at most {max_queued} bytes queued and \
             {max_buffered} buffered",
            self.seed,
            self.time.as_secs_f64()
        )?;
        match &self.failure {
            None => Ok(()),
            Some(failure) => write!(f, "\nseed {} FAILED: {failure}", self.seed),
        }
    }
}

/// Runs a seed. `keep` states whether the conversation is to be printed.
///
/// # Panics
/// Panics if tokio cannot create a runtime, or if the system cannot create a thread.
#[must_use]
pub fn run(seed: u64, keep: bool) -> Report {
    run_scenario(Scenario::new(seed), keep)
}

/// Runs a scenario. [`run`] explains `keep`.
///
/// # Panics
/// Panics if tokio cannot create a runtime, or if the system cannot create a thread.
#[must_use]
pub fn run_scenario(scenario: Scenario, keep: bool) -> Report {
    // The crate `websocket` keeps buffers for each thread. In a new thread, they are as empty as in
    // every other run of the seed.
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime without I/O needs nothing of the system").block_on(run_in_runtime(scenario, keep))
    };
    thread::spawn(run).join().unwrap_or_else(|panic| resume_unwind(panic))
}

async fn run_in_runtime(scenario: Scenario, keep: bool) -> Report {
    let seed = scenario.seed;
    let clients = scenario.clients.len();
    // One host more for the server, and one for the observer.
    let network = Network::new(seed, clients + 2, scenario.buffers, Journal::new(keep));
    let ledger = Ledger::new(Arc::clone(&network));
    let world = World::new(Arc::clone(&network), Arc::new(scenario), Arc::clone(&ledger));
    network.journal.note(|| format!("{:#?}", world.scenario));
    tokio::select! {
        biased;
        () = ledger.failed() => {}
        () = play(&world) => {}
    }
    let (failure, totals) = (ledger.failure(), ledger.totals());
    let journal = &network.journal;
    let conversation = if keep { journal.conversation() } else { String::new() };
    Report { seed, failure, totals, time: journal.time(), digest: journal.digest(), conversation }
}

async fn play(world: &Arc<World>) {
    let World { network, scenario, ledger, .. } = &**world;
    for (number, plan) in scenario.clients.iter().enumerate() {
        world.change_links(client::host(number), &plan.link);
    }
    world.start_server();
    let observer = tokio::spawn(observer::run(Arc::clone(network), Arc::clone(scenario), Arc::clone(ledger)));
    for number in 0..scenario.clients.len() {
        world.start_client(number);
    }
    let breaking = tokio::spawn(Arc::clone(world).break_things());
    let watching = async {
        let mut seconds = interval(Duration::from_millis(100));
        loop {
            seconds.tick().await;
            ledger.check_silence();
        }
    };
    tokio::select! {
        biased;
        () = sleep(scenario.duration) => {}
        () = watching => {}
    }
    // The end: all clients lose power, and the server has to notice.
    breaking.abort();
    network.journal.note(|| "all clients lose power".to_owned());
    for client in 0..scenario.clients.len() {
        network.lose(client::host(client));
        world.stop(client::host(client));
    }
    observer.abort();
    network.lose(client::host(scenario.clients.len()));
    let empty = async {
        while ledger.open_count(Side::Server) > 0 {
            sleep(Duration::from_millis(100)).await;
            ledger.check_silence();
        }
    };
    if timeout(LAST_END, empty).await.is_err() {
        let open = ledger.open_count(Side::Server);
        ledger.fail(format!("{open} connections of the server have not ended {LAST_END:?} after their clients"));
    }
    world.stop(SERVER);
}
