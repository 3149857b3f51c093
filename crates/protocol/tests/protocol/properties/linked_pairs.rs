//! Random actions of two endpoints, over a network that stalls at times: both endpoints always
//! reach CLOSED.

use proptest::{collection::vec, prelude::*};
use protocol::{Role, State};
use testkit::{duration::secs, linked_pair::LinkedPair, observed::Observed};

use super::{
    any_role,
    sent_item::{SentItem, any_control_frame, any_message},
};

/// One step of an application, of the network, or of the clock.
#[derive(Debug, Clone)]
enum PairAction {
    Send(Role, SentItem),
    Close(Role, Option<u16>),
    SetBlocked(Role, bool),
    AdvanceSecs(u64),
    Run,
}

fn any_action() -> impl Strategy<Value = PairAction> {
    let code = prop_oneof![Just(None), Just(Some(1000)), (3000..5000_u16).prop_map(Some)];
    prop_oneof![
        6 => (any_role(), prop_oneof![any_message(), any_control_frame()])
            .prop_map(|(role, item)| PairAction::Send(role, item)),
        1 => (any_role(), code).prop_map(|(role, code)| PairAction::Close(role, code)),
        1 => (any_role(), any::<bool>()).prop_map(|(role, blocked)| PairAction::SetBlocked(role, blocked)),
        1 => (0..8_u64).prop_map(PairAction::AdvanceSecs),
        4 => Just(PairAction::Run),
    ]
}

fn messages_in(observed: &[Observed]) -> Vec<Observed> {
    let is_message = |observed: &&Observed| matches!(observed, Observed::Text(_) | Observed::Binary(_));
    observed.iter().filter(is_message).cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn both_endpoints_always_reach_closed(
        actions in vec(any_action(), 0..20), closer in any_role(), read_size in 1..3000_usize,
    ) {
        let mut pair = LinkedPair::new();
        pair.read_size = read_size;
        let mut sent_by_client: Vec<Observed> = Vec::new();
        for action in actions {
            match action {
                PairAction::Send(role, item) => {
                    let connection = &mut pair.endpoint(role).connection;
                    if connection.state() == State::Open {
                        item.send(connection);
                        if role == Role::Client {
                            sent_by_client.extend(item.observed());
                        }
                    }
                }
                PairAction::Close(role, Some(code)) => pair.endpoint(role).close(code, ""),
                PairAction::Close(role, None) => pair.endpoint(role).close_without_code(),
                PairAction::SetBlocked(role, blocked) => pair.set_blocked(role, blocked),
                PairAction::AdvanceSecs(seconds) => pair.advance(secs(seconds)),
                PairAction::Run => pair.run(),
            }
        }
        pair.endpoint(closer).close(1000, "");
        pair.run();
        // This time is long enough for two deadlines to pass one after the other.
        pair.advance(secs(30));
        pair.set_blocked(Role::Client, false);
        pair.set_blocked(Role::Server, false);
        pair.advance(secs(30));
        prop_assert_eq!(pair.client.connection.state(), State::Closed);
        prop_assert_eq!(pair.server.connection.state(), State::Closed);
        // The server received the client's messages in order, up to the end of the connection.
        let (sent, received) = (messages_in(&sent_by_client), messages_in(&pair.observed_by_server));
        prop_assert!(sent.starts_with(&received), "{sent:?} was received as {received:?}");
        // Neither a delay nor a lost connection may make an endpoint break a rule.
        for observed in [&pair.observed_by_client, &pair.observed_by_server] {
            prop_assert!(!observed.iter().any(|observed| matches!(observed, Observed::Violation(_))), "{observed:?}");
        }
    }
}
