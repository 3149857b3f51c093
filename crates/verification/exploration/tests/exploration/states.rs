//! Which steps lead to the same state, and where the bytes on the wire are cut.

use exploration::{
    action::{Action, Amount, Cause},
    frames::FrameReader,
    world::{Bound, Setup, World},
};
use protocol::Role::{self, Client, Server};
use testkit::hex::hex;

const TEXT: Action = Action::Cause(Client, Cause::SendText);
const PING: Action = Action::Cause(Server, Cause::SendPing);

fn identity(setup: &Setup, path: &[Action]) -> u128 {
    World::replay(setup, path).identity()
}

#[test]
fn the_order_of_steps_that_do_not_affect_each_other_makes_no_difference() {
    let setup = Setup::new(Bound::new(2, true));
    assert_eq!(identity(&setup, &[TEXT, PING]), identity(&setup, &[PING, TEXT]));
    let write = |role: Role| Action::Transmit(role, Amount::All);
    let one = [TEXT, write(Client), PING, write(Server)];
    let other = [PING, write(Server), TEXT, write(Client)];
    assert_eq!(identity(&setup, &one), identity(&setup, &other));
}

#[test]
fn every_step_that_changes_something_leads_to_another_state() {
    let setup = Setup::new(Bound::new(2, true));
    let path = [
        TEXT,
        Action::Transmit(Client, Amount::ToNextCut),
        Action::Transmit(Client, Amount::ToNextCut),
        Action::Transmit(Client, Amount::All),
        Action::Read(Server, Amount::ToNextCut),
        // In this step, the engine processes its input but returns no event.
        Action::Poll(Server),
        Action::Read(Server, Amount::All),
        Action::Poll(Server),
        Action::Cause(Server, Cause::Close),
        Action::Transmit(Server, Amount::All),
    ];
    let mut identities: Vec<u128> = (0..=path.len()).map(|len| identity(&setup, &path[..len])).collect();
    identities.sort_unstable();
    identities.dedup();
    assert_eq!(identities.len(), path.len() + 1);
}

#[test]
fn the_clock_is_part_of_the_state() {
    let setup = Setup::new(Bound::new(2, true));
    let close = Action::Cause(Client, Cause::Close);
    let late = [close, Action::Cause(Client, Cause::ReachDeadline)];
    assert_ne!(identity(&setup, &[close]), identity(&setup, &late));
}

#[test]
fn the_wire_cuts_after_the_first_byte_the_header_and_the_frame() {
    // A masked Ping and the beginning of a second one.
    let bytes = hex("89 81 00000000 70  89 81");
    let cuts = |inside| {
        let (mut reader, mut rest, mut cuts) = (FrameReader::default(), &bytes[..], Vec::new());
        while !rest.is_empty() {
            let cut = reader.next_cut(rest.iter().copied(), inside);
            for byte in &rest[..cut] {
                reader.push(*byte);
            }
            rest = &rest[cut..];
            cuts.push(bytes.len() - rest.len());
        }
        cuts
    };
    assert_eq!(cuts(true), [1, 6, 7, 8, 9]);
    assert_eq!(cuts(false), [7, 9]);
}
