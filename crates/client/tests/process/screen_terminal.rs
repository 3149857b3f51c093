//! The full screen and its terminal: size, colours, and restoring it at the end.

use crate::{
    support::{ScriptedServer, WITH_FULL_DISK, bounded, next_text},
    terminal::{TestTerminal, open_raw, row},
};

#[tokio::test]
async fn a_new_size_takes_effect_at_once() {
    let (mut terminal, _tcp) = open_raw().await;
    for (columns, rows) in [(200, 60), (120, 40), (40, 10), (80, 24)] {
        terminal.resize(columns, rows);
        let drawn = |screen: &vt100::Screen| {
            let corner = screen.cell(0, columns - 1).map(|cell| cell.contents().to_owned());
            row(screen, rows - 1).contains("Enter send")
                && corner.as_deref().is_some_and(|corner| "┐┓".contains(corner) && !corner.is_empty())
        };
        assert!(terminal.until(drawn).await, "{columns} x {rows}:\n{}", terminal.contents());
    }
}

#[tokio::test]
async fn keys_and_sizes_that_arrive_together_are_not_lost() {
    let (mut terminal, _tcp) = open_raw().await;
    for count in 1..=60 {
        let (columns, rows) = if count % 2 == 0 { (80, 24) } else { (100, 30) };
        // The kernel decides whether the key or the new size reaches the client first.
        terminal.press("x").await;
        terminal.resize(columns, rows);
        let line = format!("> {}", "x".repeat(count));
        let is_drawn = |screen: &vt100::Screen| {
            let corner = screen.cell(0, columns - 1).map(|cell| cell.contents() == "┐");
            row(screen, rows - 2).trim_end() == line && corner == Some(true)
        };
        assert!(terminal.until(is_drawn).await, "after {count}:\n{}", terminal.contents());
    }
}

#[tokio::test]
async fn with_no_color_there_are_no_colours() {
    let server = ScriptedServer::start().await;
    for no_color in ["1", ""] {
        let mut terminal = TestTerminal::start_with(&[&server.url()], ("NO_COLOR", no_color));
        let _tcp = server.accept_raw().await;
        terminal.shows(&[" OPEN ", " <  1 HTTP/1.1 101"]).await;
        let screen = terminal.screen();
        let cells = (0..24).flat_map(|y| (0..80).filter_map(move |x| screen.cell(y, x)));
        let coloured =
            cells.filter(|cell| cell.bgcolor() != vt100::Color::Default || cell.fgcolor() != vt100::Color::Default);
        assert_eq!(coloured.count() > 0, no_color.is_empty());
    }
}

#[tokio::test]
async fn the_terminal_is_restored_however_the_program_ends() {
    for (keys, signal, status, line) in [
        ("\x03", None, 0, "closed: 1000 (normal closure), by us"),
        ("\x04", None, 0, "closed: 1000 (normal closure), by us"),
        ("", Some("INT"), 0, "closed: 1000 (normal closure), by us"),
        ("", Some("TERM"), 0, "closed: 1000 (normal closure), by us"),
        ("", Some("HUP"), 143, "stopped without waiting"),
        ("", Some("QUIT"), 143, "stopped without waiting"),
    ] {
        let server = ScriptedServer::start().await;
        let mut terminal = TestTerminal::start(&[&server.url()]);
        let mut connection = server.accept().await;
        // The library answers any Close, but in some of these cases the client sends none.
        let answering = tokio::spawn(async move { while let Some(Ok(_)) = connection.next().await {} });
        terminal.shows(&[" OPEN "]).await;
        terminal.press(keys).await;
        if let Some(signal) = signal {
            terminal.signal(signal).await;
        }
        let ended = terminal.exited().await;
        assert_eq!(ended.code(), Some(status), "{keys:?} {signal:?}: {}", terminal.contents());
        assert!(terminal.contents().contains(line), "{keys:?} {signal:?}: {}", terminal.contents());
        terminal.assert_restored();
        let _ = bounded(answering).await;
    }
}

#[tokio::test]
async fn the_shell_gets_its_terminal_settings_back() {
    let server = ScriptedServer::start().await;
    let script = r#""$0" "$1"; echo "status $?"; stty -a"#;
    let url = server.url();
    let shell = pty_process::Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_client"), &url]);
    let mut terminal = TestTerminal::spawn(shell);
    let tcp = server.accept_raw().await;
    terminal.shows(&[" OPEN "]).await;
    // Nobody answers the Close, but the second Ctrl-C does not wait for an answer.
    terminal.press("\x03").await;
    terminal.shows(&["closing; press Ctrl-C again to leave at once"]).await;
    terminal.press("\x03").await;
    terminal.shows(&["status 130"]).await;
    terminal.exited().await;
    terminal.assert_restored();
    let settings = terminal.contents();
    for setting in ["icanon", "echo", "isig", "icrnl", "opost"] {
        assert!(settings.contains(setting) && !settings.contains(&format!("-{setting} ")), "{setting}:\n{settings}");
    }
    drop(tcp);
}

#[tokio::test]
async fn some_options_work_line_by_line_even_on_a_terminal() {
    for option in ["--plain", "--trace", "--verbose"] {
        let server = ScriptedServer::start().await;
        let mut terminal = TestTerminal::start(&[option, &server.url()]);
        let mut connection = server.accept().await;
        terminal.shows(&["connected to "]).await;
        terminal.press("hi\n").await;
        assert_eq!(next_text(&mut connection).await, "hi");
        assert!(!terminal.screen().alternate_screen());
    }
}

#[tokio::test]
async fn a_missing_server_is_reported_on_the_screen() {
    let server = ScriptedServer::start().await;
    let url = server.url();
    drop(server);
    let mut terminal = TestTerminal::start(&[&url]);
    terminal.shows(&["nothing is listening at 127.0.0.1", " CLOSED "]).await;
    terminal.press("\x03").await;
    assert_eq!(terminal.exited().await.code(), Some(1));
    terminal.assert_restored();
    assert!(terminal.contents().contains("nothing is listening"), "{}", terminal.contents());
}

#[tokio::test]
async fn a_capture_that_fails_is_reported_on_the_screen() {
    let server = ScriptedServer::start().await;
    let path = format!("{}/on_the_screen-{}.pcapng", env!("CARGO_TARGET_TMPDIR"), server.port());
    let command = pty_process::Command::new("sh").args(["-c", WITH_FULL_DISK, env!("CARGO_BIN_EXE_client")]);
    let mut terminal = TestTerminal::spawn(command.args(["--capture", &path, &server.url()]));
    let mut connection = server.accept().await;
    connection.send(vec![0; 1000]).await.unwrap();
    terminal.shows(&["! the capture ends here: it cannot be written", " OPEN "]).await;
    terminal.enter("all the same").await;
    assert_eq!(next_text(&mut connection).await, "all the same");
    std::fs::remove_file(path).expect("the file can be removed");
}
