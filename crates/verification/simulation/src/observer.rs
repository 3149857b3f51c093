//! The observer: a client whose host and link never fail. It must not notice what happens to the
//! other clients.

use std::time::Duration;

use tokio::time::{Instant, interval, sleep, timeout};
use websocket::{Error, WebSocket};

use crate::{
    client::{Client, open},
    ledger::Ledger,
    message::{check, message},
    network::Stream,
    server::SERVER,
};

/// The maximum time from the observer's message to its acknowledgement. The observer's link carries
/// each of them as one segment, which takes at most 5 ms, and the timer of each direction adds at
/// most a millisecond.
const MAX_ROUND_TRIP: Duration = Duration::from_millis(15);

/// Runs the observer until the task is aborted.
pub async fn run(client: Client) {
    let talk = |session, connection| talk(connection, session, &client.ledger);
    observe(&client, "the observer", "an acknowledgement", talk).await;
}

/// Connects repeatedly, and runs `talk` on each connection. `talk` returns either an error or, if
/// something did not arrive in time, how long it waited. If `talk` returns or the client cannot
/// connect, although the server has had no fault since the attempt began, the run fails with a
/// message built from `name` and `awaited`.
pub(crate) async fn observe<F>(client: &Client, name: &str, awaited: &str, talk: impl Fn(u64, WebSocket<Stream>) -> F)
where
    F: Future<Output = Result<Duration, Error>>,
{
    let Client { network, scenario, ledger, number } = client;
    loop {
        let watch = ledger.watch([SERVER, SERVER]);
        let session = ledger.begin_session();
        let opened = open(network, scenario, (session, *number), (false, false));
        let why = match timeout(Duration::from_secs(5), opened).await {
            Ok(Ok(connection)) => match talk(session, connection).await {
                Ok(took) => format!("it waited {took:?} for {awaited}"),
                Err(error) => error.to_string(),
            },
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it could not connect in 5 s".to_owned(),
        };
        // Only a fault at the server itself may end the observer's session. If a session ended
        // although the server had no fault, faults at other hosts have affected the observer.
        if watch.is_undisturbed() {
            ledger.fail(format!("{name} noticed what happens to others: {why}"));
        }
        sleep(Duration::from_secs(1)).await;
    }
}

/// Sends a message every second. Returns how long it waited for the first acknowledgement that did
/// not arrive in time.
async fn talk(mut connection: WebSocket<Stream>, session: u64, ledger: &Ledger) -> Result<Duration, Error> {
    let mut seconds = interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        let begin = Instant::now();
        connection.send(message(ledger.send(session), 50)).await?;
        match timeout(MAX_ROUND_TRIP, connection.next()).await {
            Ok(Some(answer)) => ledger.acknowledge(session, check(&answer?)),
            Ok(None) => return Err(Error::EndedWithoutClose),
            Err(_) => return Ok(begin.elapsed()),
        }
    }
}
