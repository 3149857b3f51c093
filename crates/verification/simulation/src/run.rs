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
    program::reader::Reader,
    scenario::{Scenario, Subject},
    server::SERVER,
};

/// How long the server may take to end all connections after all clients have lost power. Each
/// connection also has a shorter limit, which [`Ledger::check_silence`] checks.
const LAST_END: Duration = Duration::from_secs(600);

/// How long the chat may take to deliver everything once the faults are over and the members have
/// stopped talking: long enough for the slowest links to carry everything that may be on its way.
const LAST_TEXT: Duration = Duration::from_secs(3600);

/// The result of a run.
#[derive(Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The invariant that failed, if one did.
    pub failure: Option<String>,
    /// The numbers of the run.
    pub totals: Totals,
    /// The virtual time of the run.
    pub time: Duration,
    /// A number that is the same every time this seed is run.
    pub digest: u64,
    /// The run as lines of text, or an empty string if the caller did not ask for them.
    pub conversation: String,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Totals {
            sessions,
            messages,
            acknowledged,
            clean,
            dead_peers,
            faults,
            max_queued,
            max_buffered,
            texts,
            pushes,
        } = self.totals;
        write!(
            f,
            "seed {}: {:.0} s, {faults} faults, {sessions} sessions ({clean} closed cleanly), {messages} messages \
             ({acknowledged} acknowledged), {dead_peers} dead peers reported, at most {max_queued} bytes queued and \
             {max_buffered} buffered, {texts} texts and {pushes} pushes",
            self.seed,
            self.time.as_secs_f64()
        )?;
        match &self.failure {
            None => Ok(()),
            Some(failure) => write!(f, "\nseed {} FAILED: {failure}", self.seed),
        }
    }
}

/// Runs the scenario of a seed with the chosen server. If `keep` is true, the report contains the
/// conversation.
///
/// # Panics
/// Panics if tokio cannot create a runtime, or if the system cannot create a thread.
#[must_use]
pub fn run(seed: u64, subject: Subject, keep: bool) -> Report {
    run_scenario(Scenario::new(seed, subject), keep)
}

/// Runs a scenario. [`run`] explains `keep`.
///
/// # Panics
/// Panics if tokio cannot create a runtime, or if the system cannot create a thread.
#[must_use]
pub fn run_scenario(scenario: Scenario, keep: bool) -> Report {
    // The crate `websocket` keeps buffers for each thread. Use a new thread, so that no run of a
    // seed inherits buffers from an earlier one.
    let run = move || {
        seeded_tokio::seed(scenario.seed);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.expect("a runtime without I/O needs nothing of the system").block_on(run_in_runtime(scenario, keep))
    };
    thread::spawn(run).join().unwrap_or_else(|panic| resume_unwind(panic))
}

async fn run_in_runtime(scenario: Scenario, keep: bool) -> Report {
    let seed = scenario.seed;
    let clients = scenario.clients.len();
    // Add one host for the server and two for the observers.
    let network = Network::new(seed, clients + 3, scenario.buffers, Journal::new(keep));
    let ledger = Ledger::new(Arc::clone(&network), scenario.program.is_none());
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
    let observer = tokio::spawn(observer::run(world.client(scenario.clients.len())));
    let observer_of_pushes = scenario.program.as_ref().map(|program| {
        let client = world.client(scenario.clients.len() + 1);
        tokio::spawn(Reader { client, push_interval: program.push_interval }.observe())
    });
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
    let running = async {
        sleep(scenario.duration).await;
        breaking.abort();
        if scenario.program.is_some() {
            await_chat(world).await;
        }
    };
    tokio::select! {
        biased;
        () = running => {}
        () = watching => {}
    }
    world.over.cancel();
    observer.abort();
    observer_of_pushes.iter().for_each(tokio::task::JoinHandle::abort);
    if scenario.program.as_ref().is_some_and(|program| program.stops_first) {
        network.journal.note(|| "the program gets a signal".to_owned());
        ledger.disturb(SERVER);
        return world.stop_server().await;
    }
    // At the end, all clients lose power, and the server must notice.
    network.journal.note(|| "all clients lose power".to_owned());
    for client in 0..scenario.clients.len() {
        network.lose(client::host(client));
        world.stop(client::host(client));
    }
    for observer in 0..2 {
        network.lose(client::host(scenario.clients.len() + observer));
    }
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
    world.stop_server().await;
}

/// Waits until the faults are over and the chat has delivered everything to the members still
/// connected.
async fn await_chat(world: &World) {
    let World { network, ledger, chat, .. } = world;
    while ledger.active_faults() > 0 {
        sleep(Duration::from_millis(100)).await;
    }
    network.journal.note(|| "nobody says anything any more".to_owned());
    chat.set_quiet(true);
    let delivered = async {
        while chat.missing().is_some() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    if timeout(LAST_TEXT, delivered).await.is_err()
        && let Some(missing) = chat.missing()
    {
        ledger.fail(format!("after {LAST_TEXT:?} of silence, {missing}"));
    }
    chat.check_order();
    network.journal.note(|| "the chat has delivered everything".to_owned());
    chat.set_quiet(false);
}
