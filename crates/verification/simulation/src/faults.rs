//! Breaks hosts, links and connections, and repairs them again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    task::AbortHandle,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    client::{self, Client},
    ledger::Ledger,
    network::{Link, Network},
    program::{self, Service, chat_account::ChatAccount, member::Member, reader::Reader},
    scenario::{Fault, Scenario},
    server::{self, SERVER},
};

/// The state of a run: the network, the programs on its hosts, and a record of what these programs
/// do.
#[derive(Debug)]
pub struct World {
    /// The network.
    pub network: Arc<Network>,
    /// The scenario of the run.
    pub scenario: Arc<Scenario>,
    /// The account of the run.
    pub ledger: Arc<Ledger>,
    /// The account of the chat, which only the program `server` offers.
    pub chat: Arc<ChatAccount>,
    /// Cancelled when the program `server` must stop.
    shutdown: Mutex<CancellationToken>,
    /// Cancelled at the end of the run. A fault that is still active at that point is never
    /// repaired, because the repair would start a program that nothing would stop.
    pub over: CancellationToken,
    /// The running programs, by host.
    programs: Mutex<Vec<Option<AbortHandle>>>,
}

impl World {
    /// Creates a world in which no program runs yet.
    #[must_use]
    pub fn new(network: Arc<Network>, scenario: Arc<Scenario>, ledger: Arc<Ledger>) -> Arc<Self> {
        let programs = Mutex::new(vec![None; scenario.clients.len() + 1]);
        let chat = ChatAccount::new(Arc::clone(&ledger));
        Arc::new(Self {
            network,
            scenario,
            ledger,
            chat,
            shutdown: Mutex::default(),
            over: CancellationToken::new(),
            programs,
        })
    }

    /// Starts the program of the server.
    pub fn start_server(&self) {
        let (network, scenario) = (Arc::clone(&self.network), Arc::clone(&self.scenario));
        let ledger = Arc::clone(&self.ledger);
        self.stop(SERVER);
        let program = if scenario.program.is_none() {
            tokio::spawn(server::run(network, scenario, ledger))
        } else {
            self.chat.begin_life();
            let shutdown = CancellationToken::new();
            *self.shutdown.lock().unwrap_or_else(PoisonError::into_inner) = shutdown.clone();
            tokio::spawn(program::server::run(network, scenario, ledger, shutdown))
        };
        self.replace(SERVER, Some(program.abort_handle()));
    }

    /// Returns a client.
    #[must_use]
    pub fn client(&self, number: usize) -> Client {
        let (network, scenario) = (Arc::clone(&self.network), Arc::clone(&self.scenario));
        Client { network, scenario, ledger: Arc::clone(&self.ledger), number }
    }

    /// Starts the program of a client.
    pub fn start_client(&self, number: usize) {
        let client = self.client(number);
        let task = match &self.scenario.program {
            None => tokio::spawn(client.run()),
            Some(program) => match program.service(number) {
                Service::Echo => tokio::spawn(client.run()),
                Service::Chat => tokio::spawn(Member { client, chat: Arc::clone(&self.chat) }.run()),
                Service::Stats => tokio::spawn(Reader { client, push_interval: program.push_interval }.run()),
            },
        };
        self.replace(client::host(number), Some(task.abort_handle()));
    }

    /// Stops the server. The program `server` gets a signal, and must end in time.
    pub async fn stop_server(&self) {
        if self.scenario.program.is_some() {
            let begin = Instant::now();
            self.shutdown.lock().unwrap_or_else(PoisonError::into_inner).cancel();
            while self.is_running(SERVER) {
                if begin.elapsed() > program::server::stop_limit(&self.scenario) {
                    return self
                        .ledger
                        .fail(format!("the program has not ended {:?} after the signal", begin.elapsed()));
                }
                sleep(Duration::from_millis(10)).await;
            }
            // When a process ends, the operating system resets the connections that it left open.
            for connection in self.network.connections_of(SERVER) {
                self.network.reset(connection);
            }
        }
        self.stop(SERVER);
    }

    fn is_running(&self, host: usize) -> bool {
        let programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        programs[host].as_ref().is_some_and(|program| !program.is_finished())
    }

    /// Ends the program of a host, if it is running.
    pub fn stop(&self, host: usize) {
        self.replace(host, None);
        if host == SERVER && self.scenario.program.is_some() {
            // Its connections run in separate tasks, which end when their streams do.
            self.network.end_streams(SERVER);
        }
    }

    fn replace(&self, host: usize, program: Option<AbortHandle>) {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut programs[host], program) {
            old.abort();
        }
    }

    /// Starts each fault in the scenario at its planned time.
    pub async fn break_things(self: Arc<Self>) {
        let begin = Instant::now();
        for (time, fault) in self.scenario.faults.clone() {
            sleep_until(begin + time).await;
            self.network.journal.note(|| format!("{fault:?}"));
            // Spawn a task for each fault, because faults may overlap.
            let (world, over) = (Arc::clone(&self), self.over.clone());
            tokio::spawn(over.run_until_cancelled_owned(world.break_one(fault)));
        }
    }

    async fn break_one(self: Arc<Self>, fault: Fault) {
        let host = match fault {
            Fault::Partition { client, .. }
            | Fault::Degrade { client, .. }
            | Fault::LoseClient { client, .. }
            | Fault::RestartClient { client, .. }
            | Fault::Reset { client }
            | Fault::Forget { client } => client::host(client),
            Fault::LoseServer { .. } | Fault::RestartServer { .. } => SERVER,
        };
        self.ledger.disturb(host);
        match fault {
            Fault::Partition { to_server, to_client, duration, .. } => {
                self.block(host, to_server, to_client, true);
                sleep(duration).await;
                self.block(host, to_server, to_client, false);
            }
            Fault::Degrade { client, link, duration } => {
                self.change_links(host, &link);
                sleep(duration).await;
                self.change_links(host, &self.scenario.clients[client].link);
            }
            Fault::LoseClient { duration, client } => {
                self.network.lose(host);
                self.stop(host);
                sleep(duration).await;
                self.network.start(host);
                self.start_client(client);
            }
            Fault::LoseServer { duration } => {
                self.network.lose(host);
                self.stop(host);
                sleep(duration).await;
                self.network.start(host);
                self.start_server();
            }
            Fault::RestartClient { client, duration } => {
                self.stop(host);
                sleep(duration).await;
                self.start_client(client);
            }
            Fault::RestartServer { duration } => {
                self.stop_server().await;
                sleep(duration).await;
                self.start_server();
            }
            Fault::Reset { .. } => {
                self.network.connections_of(host).into_iter().for_each(|connection| self.network.reset(connection));
            }
            Fault::Forget { .. } => {
                self.network.connections_of(host).into_iter().for_each(|connection| self.network.forget(connection));
            }
        }
        self.ledger.calm(host);
        self.network.journal.note(|| format!("the fault at host {host} is over"));
    }

    fn block(&self, host: usize, to_server: bool, to_client: bool, blocked: bool) {
        if to_server {
            self.network.change_link(host, SERVER, |link| link.blocked = blocked);
        }
        if to_client {
            self.network.change_link(SERVER, host, |link| link.blocked = blocked);
        }
    }

    /// Sets both links of a client.
    pub fn change_links(&self, host: usize, new: &Link) {
        for (from, to) in [(host, SERVER), (SERVER, host)] {
            self.network.change_link(from, to, |link| *link = Link { blocked: link.blocked, ..new.clone() });
        }
    }
}
