//! The judge's stages, which correspond to the steps in the book.

use protocol::Role;

/// One stage: a set of checks that belong to one step of the book.
#[derive(Debug, PartialEq, Eq)]
pub struct Stage {
    /// The number, from 1.
    pub number: u8,
    /// The title. For a server, it is the title of the chapter.
    pub title: &'static str,
    /// The name that the chapter's file shares with the folder of its program, such as
    /// `05-the-loop`.
    name: &'static str,
}

impl Stage {
    /// Returns the path of the chapter to read, relative to the root of the repository.
    #[must_use]
    pub fn chapter(&self) -> String {
        format!("docs/src/build/{}.md", self.name)
    }

    /// Returns the path of the program that passes this stage.
    #[must_use]
    pub fn example(&self) -> String {
        format!("example/steps/{}", self.name)
    }

    /// Returns the stages for programs with this role.
    #[must_use]
    pub fn of(role: Role) -> &'static [Self] {
        match role {
            Role::Server => SERVER_STAGES,
            Role::Client => CLIENT_STAGES,
        }
    }
}

const fn stage(number: u8, title: &'static str, name: &'static str) -> Stage {
    Stage { number, title, name }
}

static SERVER_STAGES: &[Stage] = &[
    stage(1, "Answer 101", "01-answer-101"),
    stage(2, "Read one header", "02-read-one-header"),
    stage(3, "Unmask", "03-unmask"),
    stage(4, "Three lengths", "04-three-lengths"),
    stage(5, "The loop", "05-the-loop"),
    stage(6, "Ping and Pong", "06-ping-and-pong"),
    stage(7, "Fragments", "07-fragments"),
    stage(8, "UTF-8 across cuts", "08-utf-8"),
    stage(9, "The closing handshake", "09-closing-handshake"),
    stage(10, "Limits, deadlines, Origin and Host", "10-limits"),
    stage(11, "Take the socket out", "11-sans-io"),
    stage(12, "Under tokio", "12-tokio"),
];

/// A client is judged once it is complete, so its stages do not follow the order of the steps.
static CLIENT_STAGES: &[Stage] = &[
    stage(1, "The request", "11-sans-io"),
    stage(2, "The answer is checked", "11-sans-io"),
    stage(3, "Masks", "11-sans-io"),
    stage(4, "Three lengths", "04-three-lengths"),
    stage(5, "The loop", "05-the-loop"),
    stage(6, "Ping and Pong", "06-ping-and-pong"),
    stage(7, "Fragments", "07-fragments"),
    stage(8, "UTF-8 across cuts", "08-utf-8"),
    stage(9, "The closing handshake", "09-closing-handshake"),
    stage(10, "Forbidden frames, and limits", "10-limits"),
];
