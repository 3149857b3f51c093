//! A client of `/`: it reads the pushes, and sends a text now and then.

use std::{io, time::Duration};

use protocol::{CloseCode, Endpoint, Message};
use tokio::time::{Instant, timeout};
use websocket::{Error, WebSocket};

use crate::{
    client::{Attempt, Client, open},
    network::{Side, Stream},
    observer::observe,
    server::{SLACK, close_limit, end_limit},
};

/// The maximum delay of a push to the observer. The observer's link needs at most 5 ms and never
/// splits a push. The timers of the push, the link and the observer add at most a millisecond each.
const MAX_DELAY: Duration = Duration::from_millis(10);

/// Returns the number of a push.
fn sequence(push: &Message) -> Option<u64> {
    let Message::Text(text) = push else { return None };
    serde_json::from_str::<serde_json::Value>(text).ok()?.get("sequence")?.as_u64()
}

/// A client of `/`.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The client.
    pub client: Client,
    /// The time between two pushes.
    pub push_interval: Duration,
}

impl Reader {
    /// Runs the client's program until the task is aborted.
    pub async fn run(self) {
        loop {
            let attempt = self.client.attempt(|session| self.session(session)).await;
            let Attempt { session, ended, undisturbed } = attempt;
            let Client { ledger, network, .. } = &self.client;
            network.journal.note(|| format!("session {session} ends: {ended:?}"));
            ledger.end(matches!(ended, Ok(Some(Endpoint::Local))), false);
            let plan = self.client.plan();
            let reads = plan.link.loss == 0.0 && plan.max_stall == 0 && self.client.reads_in_time();
            if undisturbed && reads && !matches!(ended, Ok(Some(Endpoint::Local))) {
                ledger.fail(format!("session {session} met no fault, but ended with {ended:?}"));
            }
        }
    }

    /// Runs one session. Returns which endpoint closed it.
    async fn session(&self, session: u64) -> Result<Option<Endpoint>, Error> {
        let Client { ledger, network, scenario, number } = &self.client;
        let opened = open(network, scenario, (session, *number), (true, self.client.plan().deflate));
        let opened = timeout(Duration::from_secs(200), opened).await;
        let mut connection = opened.map_err(|_| Error::Io(io::ErrorKind::TimedOut.into()))??;
        let id = connection.get_ref().id();
        network.journal.note(|| format!("session {session} reads pushes, connection #{id}"));
        let stall = Duration::from_millis(self.client.plan().max_stall);
        let max_silence = end_limit(scenario) + stall;
        let used = ledger.open(id, Side::Client, max_silence);
        let count = network.draw((0, self.client.plan().max_messages));
        let mut last = 0;
        for _ in 0..count {
            match connection.next().await {
                None => return Ok(connection.close_info().initiator),
                Some(push) => last = self.check(session, last, &push?),
            }
            if network.draw((0, 9)) == 0 {
                connection.send(Message::text("hello")).await?;
            }
            self.client.stall(&used).await;
        }
        ledger.expect_end(&used, close_limit(scenario) + SLACK);
        connection.close(CloseCode::NORMAL, "done").await?;
        Ok(connection.close_info().initiator)
    }

    /// Checks a push that arrived after the push `last`. Returns the number of the new push.
    fn check(&self, session: u64, last: u64, push: &Message) -> u64 {
        let ledger = &self.client.ledger;
        ledger.count_push();
        let number = sequence(push).unwrap_or_default();
        // A slow client may miss pushes, but must not get the same push twice.
        if number <= last {
            ledger.fail(format!("session {session} got push {number} after push {last}"));
        }
        number
    }

    /// Observes the pushes over a perfect link, until the task is aborted. Other clients must not
    /// delay these pushes.
    pub async fn observe(self) {
        let watch = |session, connection| self.watch(session, connection);
        observe(&self.client, "the observer of the pushes", "a push", watch).await;
    }

    /// Reads the pushes. Returns how long it waited for the first push that did not arrive in time.
    async fn watch(&self, session: u64, mut connection: WebSocket<Stream>) -> Result<Duration, Error> {
        let (mut last, mut begin) = (0, Instant::now());
        loop {
            match timeout(self.push_interval + MAX_DELAY, connection.next()).await {
                Ok(Some(push)) => {
                    let number = self.check(session, last, &push?);
                    if last > 0 && number != last + 1 {
                        self.client.ledger.fail(format!("the observer got push {number} after push {last}"));
                    }
                    (last, begin) = (number, Instant::now());
                }
                Ok(None) => return Err(Error::EndedWithoutClose),
                Err(_) => return Ok(begin.elapsed()),
            }
        }
    }
}
