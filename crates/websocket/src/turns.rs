//! Limits the connections in the CONNECTING state to one per address (section 4.1), for connectors
//! that request this limit.

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::OwnedMutexGuard;

/// The right to connect to certain addresses. It ends when this value is dropped.
#[derive(Debug, Default)]
pub(crate) struct Turns(#[expect(dead_code, reason = "holds the locks")] Vec<OwnedMutexGuard<()>>);

impl Turns {
    /// Waits until no other attempt that takes turns is connecting to any of these addresses.
    //= docs/src/rfc6455.md#section-4-1
    //# If the client is already opening a connection to the same IP address and port, it MUST wait
    //# until that connection is established or has failed.
    //= docs/src/rfc6455.md#section-4-1
    //# A client MUST NOT have more than one connection to the same IP address and port in the
    //# CONNECTING state.
    pub(crate) async fn take(addresses: &[SocketAddr]) -> Self {
        let mut turns = Vec::new();
        // Every caller takes the locks in the same order, because the set is sorted. Otherwise two
        // callers with the same two addresses could each hold the lock that the other waits for.
        // The set also removes repeated addresses, because a caller that takes the same lock twice
        // would wait for itself.
        for address in addresses.iter().collect::<BTreeSet<_>>() {
            turns.push(turn_for(Destination::Address(*address)).lock_owned().await);
        }
        Self(turns)
    }

    /// Waits until no other attempt that takes turns is connecting to this host and port. This
    /// function is for a client that does not know the host's addresses, because a proxy resolves
    /// the name.
    //= docs/src/rfc6455.md#section-4-1
    //# A client that cannot determine the IP address, for example because a proxy resolves host
    //# names, MUST treat each host name as a different host.
    pub(crate) async fn take_host(host: &str, port: u16) -> Self {
        Self(vec![turn_for(Destination::Host(host.to_owned(), port)).lock_owned().await])
    }
}

/// The destination of an attempt to connect.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Destination {
    Address(SocketAddr),
    Host(String, u16),
}

/// The locks of the destinations to which attempts are connecting, or wait to connect.
static TURNS: Mutex<Option<HashMap<Destination, Weak<tokio::sync::Mutex<()>>>>> = Mutex::new(None);

/// Returns the lock that an attempt to connect to `destination` must hold. Tokio's lock is fair:
/// attempts get it in the order in which they asked.
//= docs/src/rfc6455.md#section-4-1
//# A client that attempts several connections to the same IP address and port at once MUST open
//# them one after the other.
fn turn_for(destination: Destination) -> Arc<tokio::sync::Mutex<()>> {
    let mut turns = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
    let turns = turns.get_or_insert_default();
    // Remove the locks that no attempt holds or waits for, so that the map does not grow with every
    // address.
    turns.retain(|_, turn| turn.strong_count() > 0);
    if let Some(turn) = turns.get(&destination).and_then(Weak::upgrade) {
        return turn;
    }
    let turn = Arc::default();
    turns.insert(destination, Arc::downgrade(&turn));
    turn
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use testkit::tasks::{is_pending, ready};

    use super::*;

    /// Returns addresses that no other test uses.
    fn addresses<const N: usize>(texts: [&str; N]) -> [SocketAddr; N] {
        texts.map(|text| text.parse().expect("an address"))
    }

    #[test]
    fn a_repeated_address_is_one_turn() {
        let [address] = addresses(["192.0.2.1:1"]);
        let turns = ready(Turns::take(&[address, address]));
        assert!(is_pending(Turns::take(&[address])));
        drop(turns);
        ready(Turns::take(&[address]));
    }

    //= docs/src/rfc6455.md#section-4-1
    //= type=test
    //# A client that cannot determine the IP address, for example because a proxy resolves host
    //# names, MUST treat each host name as a different host.
    #[test]
    fn each_host_name_and_port_is_a_turn_of_its_own() {
        let _turns = ready(Turns::take_host("turns.example", 1));
        assert!(is_pending(Turns::take_host("turns.example", 1)));
        ready(Turns::take_host("turns.example", 2));
        ready(Turns::take_host("www.turns.example", 1));
    }

    /// A program may connect to any number of addresses.
    #[test]
    fn addresses_to_which_nothing_connects_are_forgotten() {
        let [address, next] = addresses(["192.0.2.3:1", "192.0.2.3:2"]);
        drop(ready(Turns::take(&[address])));
        let _turns = ready(Turns::take(&[next]));
        let known = TURNS.lock().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref().expect("turns were taken");
        assert!(!known.contains_key(&Destination::Address(address)));
        assert!(known.contains_key(&Destination::Address(next)));
    }

    #[test]
    fn two_attempts_with_the_same_addresses_in_another_order_do_not_block_each_other() {
        let ascending = addresses(["192.0.2.2:1", "192.0.2.2:2", "192.0.2.2:3"]);
        let descending = [ascending[2], ascending[1], ascending[0]];
        // Both attempts begin while another one holds the middle address. If they took the locks in
        // the order of their arguments, each would now hold the address that the other takes last.
        let earlier = ready(Turns::take(&ascending[1..2]));
        let (mut first, mut second) = (pin!(Turns::take(&ascending)), pin!(Turns::take(&descending)));
        assert!(is_pending(first.as_mut()) && is_pending(second.as_mut()));
        drop(earlier);
        drop(ready(first));
        ready(second);
    }
}
