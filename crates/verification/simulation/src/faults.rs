//! Breaks hosts, links and connections, and repairs them again.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{
    task::AbortHandle,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    client::{self, Client},
    ledger::Ledger,
    network::{Link, Network},
    scenario::{Fault, Scenario},
    server::{self, SERVER},
};

/// The world of a run: the network, the programs on it, and their account.
#[derive(Debug)]
pub struct World {
    /// The network.
    pub network: Arc<Network>,
    /// The scenario of the run.
    pub scenario: Arc<Scenario>,
    /// The account of the run.
    pub ledger: Arc<Ledger>,
    /// The running programs, by host.
    programs: Mutex<Vec<Option<AbortHandle>>>,
}

impl World {
    /// Creates a world in which no program runs yet.
    #[must_use]
    pub fn new(network: Arc<Network>, scenario: Arc<Scenario>, ledger: Arc<Ledger>) -> Arc<Self> {
        let programs = Mutex::new(vec![None; scenario.clients.len() + 1]);
        Arc::new(Self { network, scenario, ledger, programs })
    }

    /// Starts the program of the server.
    pub fn start_server(&self) {
        let (network, scenario) = (Arc::clone(&self.network), Arc::clone(&self.scenario));
        let program = tokio::spawn(server::run(network, scenario, Arc::clone(&self.ledger)));
        self.replace(SERVER, Some(program.abort_handle()));
    }

    /// Starts the program of a client.
    pub fn start_client(&self, number: usize) {
        let (network, scenario) = (Arc::clone(&self.network), Arc::clone(&self.scenario));
        let client = Client { network, scenario, ledger: Arc::clone(&self.ledger), number };
        self.replace(client::host(number), Some(tokio::spawn(client.run()).abort_handle()));
    }

    /// Ends the program of a host, if it is running.
    pub fn stop(&self, host: usize) {
        self.replace(host, None);
    }

    fn replace(&self, host: usize, program: Option<AbortHandle>) {
        let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = std::mem::replace(&mut programs[host], program) {
            old.abort();
        }
    }

    /// Carries out the faults of the scenario.
    pub async fn break_things(self: Arc<Self>) {
        let begin = Instant::now();
        for (time, fault) in self.scenario.faults.clone() {
            sleep_until(begin + time).await;
            self.network.journal.note(|| format!("{fault:?}"));
            // Faults may overlap.
            tokio::spawn(Arc::clone(&self).break_one(fault));
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
                self.stop(host);
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
