//! A counterexample as a conversation.

use exploration::{
    action::{Action, Amount, Cause, Fault},
    conversation,
    ending::EndingKind,
    property::{Broken, Property},
    search::Counterexample,
    world::{Bound, Setup},
};
use protocol::Role::{Client, Server};

#[test]
fn a_counterexample_names_each_step_in_the_words_of_the_dissector() {
    let setup = Setup::new(Bound::new(2, true));
    let counterexample = Counterexample {
        path: vec![
            Action::Cause(Server, Cause::Close),
            Action::Cause(Client, Cause::Break(Fault::HalfCode)),
            Action::Transmit(Server, Amount::All),
            Action::Read(Client, Amount::ToNextCut),
            Action::Read(Server, Amount::All),
            Action::Poll(Server),
        ],
        ending: Some((4, EndingKind::Silent(Server))),
        broken: Broken { property: Property::EndsInTime, found: "an example".to_owned() },
    };
    assert_eq!(
        conversation::describe(&setup, &counterexample),
        "   1. server begins to close
   2. client breaks a rule: a Close with half a code: Close, half a code [CloseBodyOneByte]
   3. server writes: Close 1001 (going away): restart
   4. client reads: 1 byte of a frame
      From here on, the server is left alone: nothing arrives, and it can write nothing.
   5. server reads: Close, half a code [CloseBodyOneByte]
   6. server polls for an event, fails the connection: a Close body is empty or has at least \
         the two bytes of a code (RFC 6455, section 5.5.1)
Broken: a connection that has begun to close ends within its deadlines.
        an example.
"
    );
}
