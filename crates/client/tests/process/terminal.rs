//! A terminal for the program under test: what a person would see, and keys to press.

use std::{num::NonZeroU16, process::ExitStatus, time::Duration};

use pty_process::{OwnedReadPty, OwnedWritePty, Size};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    time::{Instant, timeout, timeout_at},
};

/// Longer than anything here takes, so that a test that hangs fails.
const LIMIT: Duration = Duration::from_secs(30);

fn size(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("not nothing")
}

/// A terminal in which a program runs.
pub(crate) struct Terminal {
    keys: OwnedWritePty,
    output: OwnedReadPty,
    parser: vt100::Parser,
    child: Child,
    gone: bool,
}

impl Terminal {
    /// The client with these arguments, on 80 columns and 24 rows.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(pty_process::Command::new(env!("CARGO_BIN_EXE_client")).args(arguments))
    }

    /// Any program.
    pub(crate) fn spawn(command: pty_process::Command) -> Self {
        let (pty, pts) = pty_process::open().expect("a pseudo-terminal");
        pty.resize(Size::new(24, 80)).expect("a size");
        let command = command.env("TERM", "xterm-256color").env_remove("NO_COLOR").kill_on_drop(true);
        let child = command.spawn(pts).expect("the program starts");
        let (output, keys) = pty.into_split();
        Self { keys, output, parser: vt100::Parser::new(size(24), size(80), 0), child, gone: false }
    }

    /// As `start`, with a variable in its environment.
    pub(crate) fn start_with(arguments: &[&str], variable: (&str, &str)) -> Self {
        let client = env!("CARGO_BIN_EXE_client");
        let set = format!("{}={}", variable.0, variable.1);
        Self::spawn(pty_process::Command::new("env").args([&set, client]).args(arguments))
    }

    /// Gives it another size. The program is told by a signal.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.keys.resize(Size::new(rows, columns)).expect("a size");
        self.parser.screen_mut().set_size(size(rows), size(columns));
    }

    /// Presses keys: text as it is, and what a terminal sends for special keys.
    pub(crate) async fn press(&mut self, keys: &str) {
        timeout(LIMIT, self.keys.write_all(keys.as_bytes())).await.expect("in time").expect("the program is there");
    }

    /// Types a line and presses Enter.
    pub(crate) async fn enter(&mut self, line: &str) {
        self.press(line).await;
        self.press("\r").await;
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    pub(crate) fn contents(&self) -> String {
        self.screen().contents()
    }

    /// Waits until the screen shows all these texts.
    #[track_caller]
    pub(crate) fn shows<'a>(&'a mut self, texts: &'a [&'a str]) -> impl Future<Output = ()> + 'a {
        let place = std::panic::Location::caller();
        async move {
            let all = |screen: &vt100::Screen| {
                let contents = screen.contents();
                texts.iter().all(|text| contents.contains(text))
            };
            if !self.until(all).await {
                panic!("{place}: the screen does not show all of {texts:?}:\n{}", self.contents());
            }
        }
    }

    /// Waits until the screen is as it should be; `false` if that does not come about.
    pub(crate) async fn until(&mut self, is: impl Fn(&vt100::Screen) -> bool) -> bool {
        let deadline = Instant::now() + LIMIT;
        while !is(self.screen()) {
            if self.gone || !self.read(deadline).await {
                return is(self.screen());
            }
        }
        true
    }

    /// Reads what comes next; `false` if nothing comes.
    async fn read(&mut self, deadline: Instant) -> bool {
        let mut bytes = [0; 64 << 10];
        match timeout_at(deadline, self.output.read(&mut bytes)).await {
            Err(_) => return false,
            // When the last program has closed a terminal, Linux gives an error, and other systems an end.
            Ok(Ok(0) | Err(_)) => self.gone = true,
            Ok(Ok(count)) => self.parser.process(&bytes[..count]),
        }
        true
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// Sends a signal, by its name without SIG.
    pub(crate) async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id().to_string()]).status().await;
        assert!(sent.expect("kill runs").success());
    }

    /// Waits until the program has ended, and for everything that it wrote.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let deadline = Instant::now() + LIMIT;
        while !self.gone && self.read(deadline).await {}
        let status = timeout_at(deadline, self.child.wait()).await;
        status.unwrap_or_else(|_| panic!("it does not end:\n{}", self.contents())).expect("a status")
    }

    /// Whether everything is as a shell needs it.
    #[track_caller]
    pub(crate) fn is_restored(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor can be seen");
        assert!(!screen.bracketed_paste(), "pastes are not marked");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is the terminal's");
    }
}
