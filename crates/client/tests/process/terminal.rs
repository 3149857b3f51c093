//! A terminal for the program under test: it shows what a user would see, and has keys to press.

use std::{num::NonZeroU16, process::ExitStatus, time::Duration};

use pty_process::{OwnedReadPty, OwnedWritePty, Size};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
    time::{Instant, timeout, timeout_at},
};

use crate::support::ScriptedServer;

/// The maximum time for one step of a test. It is longer than any step takes, so only a test that
/// hangs fails.
const LIMIT: Duration = Duration::from_secs(30);

fn size(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).expect("a positive number")
}

/// A terminal in which a program runs.
pub(crate) struct TestTerminal {
    keys: OwnedWritePty,
    output: OwnedReadPty,
    parser: vt100::Parser,
    /// Everything that the program has written.
    written: Vec<u8>,
    child: Child,
    gone: bool,
}

impl TestTerminal {
    /// Starts the client with these arguments, on 80 columns and 24 rows.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::spawn(pty_process::Command::new(env!("CARGO_BIN_EXE_client")).args(arguments))
    }

    /// Starts any program.
    pub(crate) fn spawn(command: pty_process::Command) -> Self {
        let (pty, pts) = pty_process::open().expect("a pseudo-terminal");
        pty.resize(Size::new(24, 80)).expect("a size");
        let command = command.env("TERM", "xterm-256color").env_remove("NO_COLOR").kill_on_drop(true);
        let child = command.spawn(pts).expect("a running program");
        let (output, keys) = pty.into_split();
        let parser = vt100::Parser::new(size(24), size(80), 0);
        Self { keys, output, parser, written: Vec::new(), child, gone: false }
    }

    /// Starts the client with these arguments and an environment variable.
    pub(crate) fn start_with(arguments: &[&str], variable: (&str, &str)) -> Self {
        let client = env!("CARGO_BIN_EXE_client");
        let set = format!("{}={}", variable.0, variable.1);
        Self::spawn(pty_process::Command::new("env").args([&set, client]).args(arguments))
    }

    /// Changes the size. The kernel sends the program a signal.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.keys.resize(Size::new(rows, columns)).expect("a size");
        self.parser.screen_mut().set_size(size(rows), size(columns));
    }

    /// Presses keys. Special keys are written as the escape sequences that a terminal sends.
    pub(crate) async fn press(&mut self, keys: &str) {
        timeout(LIMIT, self.keys.write_all(keys.as_bytes())).await.expect("in time").expect("a running program");
    }

    /// Types a line and presses Enter.
    pub(crate) async fn enter(&mut self, line: &str) {
        self.press(line).await;
        self.press("\r").await;
    }

    pub(crate) fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Returns everything that the program has written to the terminal.
    pub(crate) fn written(&self) -> String {
        String::from_utf8_lossy(&self.written).into_owned()
    }

    pub(crate) fn contents(&self) -> String {
        self.screen().contents()
    }

    /// Waits until the screen shows all of these strings.
    #[track_caller]
    pub(crate) fn shows<'a>(&'a mut self, texts: &'a [&'a str]) -> impl Future<Output = ()> + 'a {
        let caller = std::panic::Location::caller();
        async move {
            let all = |screen: &vt100::Screen| {
                let contents = screen.contents();
                texts.iter().all(|text| contents.contains(text))
            };
            if !self.until(all).await {
                panic!("{caller}: the screen does not show all of {texts:?}:\n{}", self.contents());
            }
        }
    }

    /// Waits until the screen meets a condition. Returns `false` if that does not happen in time.
    pub(crate) async fn until(&mut self, is: impl Fn(&vt100::Screen) -> bool) -> bool {
        let deadline = Instant::now() + LIMIT;
        while !is(self.screen()) {
            if self.gone || !self.read(deadline).await {
                return is(self.screen());
            }
        }
        true
    }

    /// Reads the next output. Returns `false` if nothing arrives in time.
    async fn read(&mut self, deadline: Instant) -> bool {
        let mut bytes = [0; 64 << 10];
        match timeout_at(deadline, self.output.read(&mut bytes)).await {
            Err(_) => return false,
            // After the last program has closed the terminal, a read fails on Linux, and returns no
            // bytes on other systems.
            Ok(Ok(0) | Err(_)) => self.gone = true,
            Ok(Ok(count)) => {
                self.parser.process(&bytes[..count]);
                self.written.extend(&bytes[..count]);
            }
        }
        true
    }

    /// Returns the process ID.
    pub(crate) fn id(&self) -> u32 {
        self.child.id().expect("a running program")
    }

    /// Sends a signal. The name is written without SIG.
    pub(crate) async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.id().to_string()]).status().await;
        assert!(sent.expect("kill").success());
    }

    /// Waits until the program has exited and everything that it wrote has been read.
    pub(crate) async fn exited(&mut self) -> ExitStatus {
        let deadline = Instant::now() + LIMIT;
        while !self.gone && self.read(deadline).await {}
        let status = timeout_at(deadline, self.child.wait()).await;
        status.unwrap_or_else(|_| panic!("the program does not exit:\n{}", self.contents())).expect("a status")
    }

    /// Checks that the terminal is in the state that a shell needs.
    #[track_caller]
    pub(crate) fn assert_restored(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is still on");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is still captured");
    }
}

/// Starts the client on a terminal, and returns the server's TCP connection, on which a test can
/// send any bytes.
pub(crate) async fn open_raw() -> (TestTerminal, TcpStream) {
    let server = ScriptedServer::start().await;
    let mut terminal = TestTerminal::start(&[&server.url()]);
    let tcp = server.accept_raw().await;
    terminal.shows(&["connected: ", " OPEN "]).await;
    (terminal, tcp)
}

/// Returns the text of one row of the screen.
pub(crate) fn row(screen: &vt100::Screen, row: u16) -> String {
    screen.contents_between(row, 0, row, 1000)
}
