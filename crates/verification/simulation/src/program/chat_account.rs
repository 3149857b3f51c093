//! The account of the chat: which texts each member has received, and which it must receive.
//!
//! A text is `SESSION:NUMBER:` followed by filler. Once a member has joined, it must receive every
//! text that another member sends, each exactly once, and all members must receive the texts in the
//! same order.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{ledger::Ledger, network::Side};

/// Identifies a text: the session of the member that sent it, and its number in that session.
type TextId = (u64, u64);

/// One member of the chat, during one session.
#[derive(Debug, Default)]
struct Member {
    /// The number of the connection, or `None` once the client no longer uses it.
    connection: Option<usize>,
    /// Whether the member closed its connection and the program answered. If so, the program has
    /// read every text that the member sent before its Close.
    is_clean: bool,
    /// How many times the program had been started when the member joined.
    life: u64,
    /// For each earlier session with the same `life`, the number of texts that the session had sent
    /// when this member joined.
    sent_before: BTreeMap<u64, u64>,
    /// The number of the last text that the member has received from each speaker.
    last: BTreeMap<u64, u64>,
    /// All texts that the member has received, in order of arrival.
    received: Vec<TextId>,
}

#[derive(Debug, Default)]
struct Accounts {
    members: BTreeMap<u64, Member>,
    life: u64,
    is_quiet: bool,
}

/// The account of the chat.
#[derive(Debug)]
pub struct ChatAccount {
    ledger: Arc<Ledger>,
    accounts: Mutex<Accounts>,
}

impl ChatAccount {
    /// Creates an empty account.
    #[must_use]
    pub fn new(ledger: Arc<Ledger>) -> Arc<Self> {
        Arc::new(Self { ledger, accounts: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the program has been started, with nobody in its chat.
    pub fn begin_life(&self) {
        self.lock().life += 1;
    }

    /// Forbids the members to speak if `is_quiet` is true, or lets them speak again if it is false.
    pub fn set_quiet(&self, is_quiet: bool) {
        self.lock().is_quiet = is_quiet;
    }

    /// Returns `true` if the members must not say anything.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.lock().is_quiet
    }

    /// Records that a member has joined.
    pub fn join(&self, session: u64, connection: usize) {
        let mut accounts = self.lock();
        let life = accounts.life;
        let speakers = accounts.members.iter().filter(|(_, member)| member.life == life);
        let sent_before = speakers.map(|(speaker, _)| (*speaker, self.ledger.session(*speaker).sent)).collect();
        let member = Member { connection: Some(connection), life, sent_before, ..Member::default() };
        accounts.members.insert(session, member);
    }

    /// Records that a member has left. `is_clean` states whether the member started a closing
    /// handshake and completed it.
    pub fn leave(&self, session: u64, is_clean: bool) {
        if let Some(member) = self.lock().members.get_mut(&session) {
            (member.connection, member.is_clean) = (None, is_clean);
        }
    }

    /// Records that a member has received a text.
    pub fn receive(&self, session: u64, (speaker, number): TextId) {
        let wrong = {
            let mut accounts = self.lock();
            let sent = self.ledger.session(speaker).sent;
            let speaker_life = accounts.members.get(&speaker).map(|member| member.life);
            let Some(member) = accounts.members.get_mut(&session) else { return };
            let sent_before = member.sent_before.get(&speaker).copied().unwrap_or_default();
            let fits = match member.last.get(&speaker) {
                Some(last) => number == last + 1,
                // The only texts that the member can have missed are those sent before it joined.
                None => (1..=sent_before + 1).contains(&number),
            };
            let wrong = if speaker == session {
                Some("which it has said itself".to_owned())
            } else if number > sent || speaker_life != Some(member.life) {
                Some("which nobody has said".to_owned())
            } else if !fits {
                Some(format!("after {:?}; {sent_before} were sent before it joined", member.last.get(&speaker)))
            } else {
                None
            };
            member.last.insert(speaker, number);
            member.received.push((speaker, number));
            wrong
                .map(|wrong| format!("the member of session {session} got text {number} of session {speaker}, {wrong}"))
        };
        self.ledger.count_text();
        if let Some(wrong) = wrong {
            self.ledger.fail(wrong);
        }
    }

    /// Returns a description of a text that a member should have received by now but has not.
    /// Checks only members whose connections are still in use at both ends.
    #[must_use]
    pub fn missing(&self) -> Option<String> {
        let accounts = self.lock();
        let stays = |member: &Member| {
            let is_used = |connection| self.ledger.is_open(connection, Side::Server);
            member.life == accounts.life && member.connection.is_some_and(is_used)
        };
        for (session, member) in accounts.members.iter().filter(|(_, member)| stays(member)) {
            for (speaker, speaking) in accounts.members.iter().filter(|(speaker, _)| *speaker != session) {
                let last_said = if speaking.is_clean || stays(speaking) {
                    self.ledger.session(*speaker).sent
                } else {
                    // If one member has received a text, the program must have sent it to every
                    // member.
                    let others = accounts.members.values().filter(|other| other.life == member.life);
                    others.filter_map(|other| other.last.get(speaker).copied()).max().unwrap_or_default()
                };
                let before = member.sent_before.get(speaker).copied().unwrap_or_default();
                let last = member.last.get(speaker).copied().unwrap_or(before);
                if speaking.life == member.life && last < last_said {
                    return Some(format!(
                        "the member of session {session} has got text {last} of session {speaker} as the last one, \
                         but {last_said} were said"
                    ));
                }
            }
        }
        None
    }

    /// Checks that all texts can be put into one order that agrees with the order in which each
    /// member received them.
    pub fn check_order(&self) {
        let accounts = self.lock();
        let mut followers = BTreeMap::<TextId, Vec<TextId>>::new();
        let mut predecessors = BTreeMap::<TextId, usize>::new();
        for member in accounts.members.values() {
            for pair in member.received.windows(2) {
                followers.entry(pair[0]).or_default().push(pair[1]);
                *predecessors.entry(pair[1]).or_default() += 1;
            }
        }
        let count = predecessors.len();
        let is_first = |text: &TextId| !predecessors.contains_key(text);
        let mut ready: VecDeque<_> = followers.keys().copied().filter(is_first).collect();
        let mut placed = 0;
        while let Some(text) = ready.pop_front() {
            for follower in followers.remove(&text).unwrap_or_default() {
                if let Some(open) = predecessors.get_mut(&follower) {
                    *open -= 1;
                    if *open == 0 {
                        placed += 1;
                        ready.push_back(follower);
                    }
                }
            }
        }
        drop(accounts);
        if placed < count {
            self.ledger.fail(format!("the members of the chat got {} texts in different orders", count - placed));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{journal::Journal, network::Network};

    /// Returns a `ChatAccount` with three members, each of whom has sent two texts since all three
    /// joined.
    fn three() -> ChatAccount {
        let ledger = Ledger::new(Network::new(0, 1, (1, 1), Journal::new(false)), false);
        let account = ChatAccount { ledger: Arc::clone(&ledger), accounts: Mutex::default() };
        for _ in 0..3 {
            account.join(ledger.begin_session(), 0);
        }
        for session in 1..=3 {
            ledger.send(session);
            ledger.send(session);
        }
        account
    }

    fn failure_after(texts: &[(u64, TextId)]) -> Option<String> {
        let account = three();
        texts.iter().for_each(|(session, text)| account.receive(*session, *text));
        account.check_order();
        account.ledger.failure()
    }

    #[tokio::test]
    async fn lost_doubled_own_and_invented_texts_are_noticed() {
        assert_eq!(failure_after(&[(1, (2, 1)), (1, (2, 2)), (1, (3, 1)), (3, (2, 1))]), None);
        for wrong in
            [&[(1, (2, 2))][..], &[(1, (2, 1)), (1, (2, 1))], &[(1, (1, 1))], &[(1, (2, 1)), (1, (2, 2)), (1, (2, 3))]]
        {
            assert!(failure_after(wrong).is_some(), "{wrong:?}");
        }
    }

    #[tokio::test]
    async fn different_orders_are_noticed_even_if_no_two_members_disagree() {
        let (a, b, c) = ((1, 1), (2, 1), (3, 1));
        assert_eq!(failure_after(&[(1, b), (1, c), (2, a), (2, c), (3, a), (3, b)]), None);
        // One member gets b before c, another c before a, and the third a before b.
        let wrong = failure_after(&[(1, b), (1, c), (2, c), (2, a), (3, a), (3, b)]).unwrap();
        assert!(wrong.contains("different orders"), "{wrong}");
    }

    #[tokio::test]
    async fn a_member_that_leaves_misses_nothing() {
        let account = three();
        let used: Vec<_> = [0].map(|id| account.ledger.open(id, Side::Server, std::time::Duration::MAX)).into();
        assert!(account.missing().is_some());
        for (session, speaker) in [(1, 2), (1, 3), (2, 1), (2, 3)] {
            account.receive(session, (speaker, 1));
            account.receive(session, (speaker, 2));
        }
        assert!(account.missing().is_some_and(|missing| missing.contains("member of session 3")));
        account.leave(3, true);
        assert_eq!(account.missing(), None);
        drop(used);
    }
}
