//! Happy Eyeballs (RFC 8305): connects to the first of several addresses that accepts a connection.
//!
//! A host often has an IPv6 and an IPv4 address, and one of them may be unreachable. An attempt to
//! connect to that one rarely fails at once: usually its packets are dropped, and TCP retransmits
//! them for minutes. So do not wait for the result of one attempt before starting the next:
//!
//! ```text
//!   address 1  |--------------------- (no answer) ...
//!   address 2          |--- refused
//!   address 3              |---- connected: the other attempts are abandoned
//!              0 ms    250 ms
//! ```

use std::{io, net::SocketAddr, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::timeout;

/// The time after which the next attempt starts, even if no earlier attempt has failed. RFC 8305,
/// section 8, recommends 250 ms: longer than a round trip around the world usually takes, and
/// hardly noticeable to a user.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// Calls `connect` with one address after another, and returns the first connection to be
/// established. The next attempt starts when an attempt fails, or after [`ATTEMPT_DELAY`]. Earlier
/// attempts continue in the meantime.
///
/// # Errors
/// If every attempt fails, returns the error of the last attempt to fail. If there are no
/// addresses, returns [`io::ErrorKind::NotFound`].
pub(crate) async fn connect_to_any<T, F>(
    addresses: &[SocketAddr],
    connect: impl Fn(SocketAddr) -> F,
) -> Result<T, io::Error>
where
    F: Future<Output = io::Result<T>>,
{
    let mut waiting = alternate_families(addresses).into_iter();
    let mut attempts = FuturesUnordered::new();
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    loop {
        if let Some(address) = waiting.next() {
            attempts.push(connect(address));
        }
        let finished = if waiting.len() > 0 {
            // If no attempt finishes in time, start the next one alongside those that are still
            // running.
            let Ok(finished) = timeout(ATTEMPT_DELAY, attempts.next()).await else { continue };
            finished
        } else {
            attempts.next().await
        };
        match finished {
            Some(Ok(connection)) => return Ok(connection),
            Some(Err(error)) => last_error = error,
            None => return Err(last_error),
        }
    }
}

/// Returns the addresses in an order that alternates between IPv6 and IPv4, and begins with the
/// family of the first address (RFC 8305, section 4). If one whole family is unreachable, the
/// second attempt already uses the other. Within a family, the resolver's order is kept.
fn alternate_families(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_ipv6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.iter().copied().partition(|address| address.is_ipv6() == first_is_ipv6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut alternating = Vec::with_capacity(addresses.len());
    while first.len() + second.len() > 0 {
        alternating.extend(first.next());
        alternating.extend(second.next());
    }
    alternating
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, future::pending};

    use tokio::time::{Instant, sleep};

    use super::*;

    fn address(text: &str) -> SocketAddr {
        format!("{text}:80").parse().expect("an address")
    }

    fn addresses<const N: usize>(texts: [&str; N]) -> [SocketAddr; N] {
        texts.map(address)
    }

    /// The outcome of an attempt.
    #[derive(Clone, Copy)]
    enum Attempt {
        /// The address drops all packets.
        Hangs,
        RefusedAfter(u64),
        ConnectedAfter(u64),
    }

    /// Connects to addresses that behave as `attempts` says. Returns the index of the address that
    /// accepted, how long that took, and when each attempt started. The times are in milliseconds.
    async fn race(attempts: &[Attempt]) -> (io::Result<(usize, u128)>, Vec<u128>) {
        let listed: Vec<_> = (1..).zip(attempts).map(|(last, _)| address(&format!("192.0.2.{last}"))).collect();
        let (begin, starts) = (Instant::now(), RefCell::new(Vec::new()));
        let connect = |address| {
            let index = listed.iter().position(|listed| *listed == address).expect("a listed address");
            let starts = &starts;
            async move {
                starts.borrow_mut().push(begin.elapsed().as_millis());
                match attempts[index] {
                    Attempt::Hangs => pending().await,
                    Attempt::RefusedAfter(delay) => {
                        sleep(Duration::from_millis(delay)).await;
                        Err(io::Error::other(format!("refused by {index}")))
                    }
                    Attempt::ConnectedAfter(delay) => {
                        sleep(Duration::from_millis(delay)).await;
                        Ok((index, begin.elapsed().as_millis()))
                    }
                }
            }
        };
        let connected = connect_to_any(&listed, connect).await;
        (connected, starts.into_inner())
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_answers_in_time_is_the_only_one_tried() {
        let (connected, starts) = race(&[Attempt::ConnectedAfter(249), Attempt::ConnectedAfter(0)]).await;
        assert_eq!((connected.unwrap(), starts), ((0, 249), vec![0]));
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_drops_packets_delays_the_next_attempt_by_250_ms() {
        let (connected, starts) = race(&[Attempt::Hangs, Attempt::Hangs, Attempt::ConnectedAfter(30)]).await;
        assert_eq!((connected.unwrap(), starts), ((2, 530), vec![0, 250, 500]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_attempt_starts_the_next_one_at_once() {
        let attempts =
            [Attempt::RefusedAfter(10), Attempt::Hangs, Attempt::RefusedAfter(5), Attempt::ConnectedAfter(1)];
        let (connected, starts) = race(&attempts).await;
        assert_eq!((connected.unwrap(), starts), ((3, 266), vec![0, 10, 260, 265]));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_address_still_wins_over_a_slower_one() {
        let (connected, starts) = race(&[Attempt::ConnectedAfter(400), Attempt::ConnectedAfter(300)]).await;
        assert_eq!((connected.unwrap(), starts), ((0, 400), vec![0, 250]));
    }

    #[tokio::test(start_paused = true)]
    async fn if_all_attempts_fail_the_last_failure_is_returned() {
        let (connected, _) = race(&[Attempt::RefusedAfter(1_000), Attempt::RefusedAfter(1)]).await;
        assert_eq!(connected.unwrap_err().to_string(), "refused by 0");
        let (connected, _) = race(&[]).await;
        assert_eq!(connected.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn families_alternate_and_begin_with_the_first() {
        let [a, b, c, d] = addresses(["[2001:db8::1]", "[2001:db8::2]", "192.0.2.1", "192.0.2.2"]);
        assert_eq!(alternate_families(&[a, b, c, d]), [a, c, b, d]);
        assert_eq!(alternate_families(&[c, a, b]), [c, a, b]);
        assert_eq!(alternate_families(&[c, d]), [c, d]);
        assert_eq!(alternate_families(&[]), []);
    }
}
