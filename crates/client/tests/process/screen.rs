//! The full screen, as its users meet it: in a terminal.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};
use websocket::protocol::{CloseCode, handshake::UpgradeOptions};

use crate::{
    support::{Server, bounded, next_text, texts},
    terminal::Terminal,
};

/// The client on a screen, and a server that speaks bytes.
async fn raw() -> (Terminal, TcpStream) {
    let server = Server::start().await;
    let mut terminal = Terminal::start(&[&server.url()]);
    let tcp = server.accept_raw().await;
    terminal.shows(&["connected: ", " OPEN "]).await;
    (terminal, tcp)
}

/// Enters a command and compares the bytes that it makes. The next frame has a masking key of zeros, so that the payload can
/// be read.
async fn sends(terminal: &mut Terminal, tcp: &mut TcpStream, command: &str, expected: &[u8]) {
    terminal.enter("/mask 00000000").await;
    terminal.enter(command).await;
    let mut bytes = vec![0; expected.len()];
    bounded(tcp.read_exact(&mut bytes)).await.unwrap_or_else(|error| panic!("{command}: {error}"));
    assert_eq!(bytes, expected, "{command}");
}

#[tokio::test]
async fn what_is_typed_is_sent_and_what_arrives_is_shown() {
    let server = Server::start().await;
    let mut terminal = Terminal::start(&["-s", "chat", &server.url()]);
    let mut connection = server
        .accept_and(|_| UpgradeOptions { subprotocol: Some("chat".to_owned()), ..UpgradeOptions::default() })
        .await;
    terminal.shows(&[" OPEN ", "chat", "GET / HTTP/1.1", "101 Switching"]).await;
    terminal.enter("Grüße, 世界 🎉").await;
    assert_eq!(next_text(&mut connection).await, "Grüße, 世界 🎉");
    terminal.shows(&["> Grüße, 世界 🎉", " >  2 Text, 20 bytes", "msg > 1 < 0"]).await;
    connection.send("an answer").await.unwrap();
    terminal.shows(&["< an answer", " <  3 Text, 9 bytes", "msg > 1 < 1"]).await;
    for n in 1..=3 {
        connection.send(format!(r#"{{"load":{n},"name":"x"}}"#)).await.unwrap();
    }
    terminal.shows(&["numbers in the messages", "load 3 ▁▅█", "load 3  name \"x\"  (3 times)"]).await;
}

#[tokio::test]
async fn each_command_sends_its_bytes_and_no_others() {
    let (mut terminal, mut tcp) = raw().await;
    let mask = |head: &[u8], payload: &[u8]| [head, &[0; 4], payload].concat();
    for (command, expected) in [
        ("hi", mask(&[0x81, 0x82], b"hi")),
        ("//hi", mask(&[0x81, 0x83], b"/hi")),
        ("/ping", mask(&[0x89, 0x80], b"")),
        ("/ping one two", mask(&[0x89, 0x87], b"one two")),
        ("/pong x", mask(&[0x8a, 0x81], b"x")),
        ("/binary 00 ff:10", mask(&[0x82, 0x83], &[0, 0xff, 0x10])),
        ("/fragment 1 one", mask(&[0x81, 0x83], b"one")),
        ("/raw c0 01 02", vec![0xc0, 1, 2]),
    ] {
        sends(&mut terminal, &mut tcp, command, &expected).await;
    }
    // The key that the raw bytes left over is for this; the RFC's own example.
    terminal.enter("/mask 37fa213d").await;
    terminal.enter("Hello").await;
    let mut bytes = [0; 11];
    bounded(tcp.read_exact(&mut bytes)).await.unwrap();
    assert_eq!(bytes, [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]);
    sends(&mut terminal, &mut tcp, "/close 4000 bye", &mask(&[0x88, 0x85], &[0x0f, 0xa0, b'b', b'y', b'e'])).await;
    terminal.shows(&[" CLOSING "]).await;
    // Nothing else has come meanwhile, and raw bytes go out even now.
    terminal.enter("/raw 81").await;
    assert_eq!(bounded(tcp.read_u8()).await.unwrap(), 0x81);
}

#[tokio::test]
async fn fragments_come_with_a_ping_in_between_if_wanted() {
    let server = Server::start().await;
    let mut terminal = Terminal::start(&[&server.url()]);
    let mut connection = server.accept().await;
    terminal.shows(&[" OPEN "]).await;
    terminal.enter("/fragment 3+ping one two three").await;
    let reading = tokio::spawn(async move { texts(&mut connection).await });
    terminal.resize(200, 50);
    let parts = [
        "Text, first fragment, 4 bytes: one",
        "Ping, 17 bytes",
        "Continuation, 4 bytes: two",
        "last fragment, 5 bytes: three",
    ];
    terminal.shows(&parts).await;
    terminal.shows(&["Pong, 17 bytes: between fragments"]).await;
    terminal.press("\x03").await;
    terminal.ended().await;
    assert_eq!(reading.await.unwrap(), ["one two three"]);
}

#[tokio::test]
async fn a_slow_frame_is_many_reads() {
    let (mut terminal, mut tcp) = raw().await;
    terminal.enter("/mask 00000000").await;
    terminal.enter("/slow 20 snail").await;
    let begun = Instant::now();
    let mut reads = 0;
    let mut all = Vec::new();
    while all.len() < 11 {
        let mut bytes = [0; 64];
        let count = bounded(tcp.read(&mut bytes)).await.unwrap();
        all.extend_from_slice(&bytes[..count]);
        reads += 1;
    }
    assert_eq!(all, b"\x81\x85\0\0\0\0snail");
    // A busy machine may bring two bytes together; it cannot bring them before their time.
    assert!(reads > 1 && begun.elapsed() >= Duration::from_millis(9 * 20), "{reads} reads, {:?}", begun.elapsed());
    // And the next one goes as fast as ever.
    sends(&mut terminal, &mut tcp, "fast", b"\x81\x84\0\0\0\0fast").await;
}

#[tokio::test]
async fn a_mistake_is_explained_and_the_line_stays() {
    let (mut terminal, _tcp) = raw().await;
    terminal.enter("/raw 8g").await;
    terminal.shows(&["> /raw 8g", "'g' is no hexadecimal digit; write it as: /raw HEX"]).await;
    // Ctrl-U empties the line; Tab completes.
    terminal.press("\x15/rec\t").await;
    terminal.shows(&["> /reconnect", "close, and open a new connection"]).await;
}

#[tokio::test]
async fn a_ping_is_timed() {
    let server = Server::start().await;
    let mut terminal = Terminal::start(&[&server.url()]);
    let mut connection = server.accept().await;
    let reading = tokio::spawn(async move { texts(&mut connection).await });
    terminal.shows(&[" OPEN ", "RTT -"]).await;
    terminal.enter("/ping").await;
    assert!(terminal.until(|screen| screen.contents().contains(" ms │")).await, "{}", terminal.contents());
    terminal.press("\x03").await;
    terminal.ended().await;
    assert_eq!(reading.await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn frames_are_chosen_and_taken_apart() {
    let (mut terminal, mut tcp) = raw().await;
    tcp.write_all(b"\x81\x05Hello\x8a\x00").await.unwrap();
    terminal.shows(&[" <  3 Pong, 0 bytes"]).await;
    // Ctrl-P goes to the frame before; three times Tab to the fields, where the opcode is chosen; twice down.
    terminal.press("\x10").await;
    terminal.shows(&["81 05 48 65 6c 6c 6f", "2: Text, 5 bytes: Hello", "(newer below; Esc)"]).await;
    terminal.press("\t\t\t\x1b[B\x1b[B").await;
    terminal.shows(&["> .000 0101 = Payload length: 5"]).await;
    // A click on the first line of the wire: the request.
    terminal.press("\x1b[<0;5;9M").await;
    let chosen = terminal.until(|screen| screen.contents().contains("0: GET / HTTP/1.1")).await;
    assert!(chosen, "{}", terminal.contents());
    terminal.press("\x1b").await;
    assert!(terminal.until(|screen| !screen.contents().contains("newer below")).await, "{}", terminal.contents());
}

#[tokio::test]
async fn a_paste_of_several_lines_is_one_message() {
    let server = Server::start().await;
    let mut terminal = Terminal::start(&[&server.url()]);
    let mut connection = server.accept().await;
    terminal.shows(&[" OPEN "]).await;
    terminal.press("\x1b[200~one\rtwo\x03\x1b[201~").await;
    terminal.shows(&["> one⏎two"]).await;
    terminal.press("\r").await;
    assert_eq!(next_text(&mut connection).await, "one\ntwo\x03");
    // And it comes back from the history.
    terminal.press("\x1b[A").await;
    assert!(terminal.until(|screen| row(screen, 22).starts_with("> one⏎two")).await, "{}", terminal.contents());
}

fn row(screen: &vt100::Screen, row: u16) -> String {
    screen.contents_between(row, 0, row, 1000)
}

#[tokio::test]
async fn a_new_size_is_used_at_once() {
    let (mut terminal, _tcp) = raw().await;
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
async fn no_color_means_none() {
    let server = Server::start().await;
    for no_color in ["1", ""] {
        let mut terminal = Terminal::start_with(&[&server.url()], ("NO_COLOR", no_color));
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
async fn a_flood_freezes_nothing() {
    let server = Server::start().await;
    let mut terminal = Terminal::start(&[&server.url()]);
    let connection = server.accept().await;
    terminal.shows(&[" OPEN "]).await;
    let (mut reader, mut writer) = connection.split();
    // A hundred messages every ten milliseconds, until the client has gone.
    let flood = tokio::spawn(async move {
        let mut pause = tokio::time::interval(Duration::from_millis(10));
        let mut sent = 0_u64;
        loop {
            pause.tick().await;
            for _ in 0..100 {
                if futures_util::SinkExt::feed(&mut writer, format!(r#"{{"flood":{sent}}}"#).into()).await.is_err() {
                    return sent;
                }
                sent += 1;
            }
            if writer.flush().await.is_err() {
                return sent;
            }
        }
    });
    let heard = tokio::spawn(async move {
        let mut heard = Vec::new();
        while let Some(Ok(message)) = reader.next().await {
            heard.push(message.as_text().unwrap_or_default().to_owned());
        }
        heard
    });
    let shown = |text: &str| {
        let digits = text.split("flood ").nth(1)?.split(|character: char| !character.is_ascii_digit()).next()?;
        digits.parse::<u64>().ok()
    };
    // The flood is on, and more has come than is kept.
    let much = |screen: &vt100::Screen| shown(&screen.contents()).is_some_and(|count| count > 3000);
    assert!(terminal.until(much).await, "{}", terminal.contents());
    for word in ["one", "two", "three"] {
        let begun = Instant::now();
        terminal.press(word).await;
        assert!(terminal.until(|screen| row(screen, 22).contains(word)).await, "{}", terminal.contents());
        // A tenth of it is what one would notice; this is for busy machines.
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        terminal.press("\r").await;
        assert!(terminal.until(|screen| !row(screen, 22).contains(word)).await, "{}", terminal.contents());
    }
    let memory = resident(terminal.id());
    assert!(memory.is_none_or(|kib| kib < 200 << 10), "{memory:?} KiB");
    terminal.press("\x03").await;
    let status = terminal.ended().await;
    assert_eq!(status.code(), Some(0), "{}", terminal.contents());
    terminal.is_restored();
    assert_eq!(bounded(heard).await.unwrap(), ["one", "two", "three"]);
    assert!(bounded(flood).await.unwrap() > 3000);
}

/// Resident memory in KiB, where the system tells.
fn resident(id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

#[tokio::test]
async fn when_the_server_dies_the_screen_stays_and_can_reconnect() {
    let server = Server::start().await;
    let mut terminal = Terminal::start(&[&server.url()]);
    let tcp = server.accept_raw().await;
    terminal.shows(&[" OPEN "]).await;
    drop(tcp);
    terminal.shows(&[" CLOSED ", "1006 (abnormal closure), by the server", "/reconnect"]).await;
    terminal.enter("too late").await;
    terminal.shows(&["> too late", "not sent: the connection is CLOSED; /reconnect opens a new one"]).await;
    terminal.press("\x15").await;
    terminal.enter("/reconnect").await;
    let mut connection = server.accept().await;
    terminal.shows(&[" OPEN "]).await;
    terminal.enter("here again").await;
    assert_eq!(next_text(&mut connection).await, "here again");
    // And once more while it is open.
    terminal.enter("/reconnect").await;
    let (old, _new) = tokio::join!(texts(&mut connection), server.accept());
    assert_eq!(old, [""; 0]);
    assert_eq!(connection.close_info().code, CloseCode::NORMAL);
}

#[tokio::test]
async fn no_server_is_told_on_the_screen() {
    let server = Server::start().await;
    let url = server.url();
    drop(server);
    let mut terminal = Terminal::start(&[&url]);
    terminal.shows(&["nothing listens at 127.0.0.1", " CLOSED "]).await;
    terminal.press("\x03").await;
    assert_eq!(terminal.ended().await.code(), Some(1));
    terminal.is_restored();
    assert!(terminal.contents().contains("nothing listens"), "{}", terminal.contents());
}

#[tokio::test]
async fn the_terminal_is_given_back_on_every_way_out() {
    for (keys, signal, status, line) in [
        ("\x03", None, 0, "closed: 1000 (normal closure), by us"),
        ("\x04", None, 0, "closed: 1000 (normal closure), by us"),
        ("", Some("INT"), 0, "closed: 1000 (normal closure), by us"),
        ("", Some("TERM"), 0, "closed: 1000 (normal closure), by us"),
        ("", Some("HUP"), 143, "stopped without waiting"),
        ("", Some("QUIT"), 143, "stopped without waiting"),
    ] {
        let server = Server::start().await;
        let mut terminal = Terminal::start(&[&server.url()]);
        let mut connection = server.accept().await;
        // A server that answers a Close, and does not mind if none comes.
        let answering = tokio::spawn(async move { while let Some(Ok(_)) = connection.next().await {} });
        terminal.shows(&[" OPEN "]).await;
        terminal.press(keys).await;
        if let Some(signal) = signal {
            terminal.signal(signal).await;
        }
        let ended = terminal.ended().await;
        assert_eq!(ended.code(), Some(status), "{keys:?} {signal:?}: {}", terminal.contents());
        assert!(terminal.contents().contains(line), "{keys:?} {signal:?}: {}", terminal.contents());
        terminal.is_restored();
        let _ = bounded(answering).await;
    }
}

#[tokio::test]
async fn a_shell_finds_its_terminal_as_it_was() {
    let server = Server::start().await;
    let script = r#""$0" "$1"; echo "status $?"; stty -a"#;
    let url = server.url();
    let shell = pty_process::Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_client"), &url]);
    let mut terminal = Terminal::spawn(shell);
    let tcp = server.accept_raw().await;
    terminal.shows(&[" OPEN "]).await;
    // Nobody answers the Close; the second time it does not wait.
    terminal.press("\x03").await;
    terminal.shows(&["closing; once more to leave at once"]).await;
    terminal.press("\x03").await;
    terminal.shows(&["status 130"]).await;
    terminal.ended().await;
    terminal.is_restored();
    let settings = terminal.contents();
    for setting in ["icanon", "echo", "isig", "icrnl", "opost"] {
        assert!(settings.contains(setting) && !settings.contains(&format!("-{setting} ")), "{setting}:\n{settings}");
    }
    drop(tcp);
}

#[tokio::test]
async fn plain_and_trace_work_line_by_line_on_a_terminal_too() {
    for option in ["--plain", "--trace", "--verbose"] {
        let server = Server::start().await;
        let mut terminal = Terminal::start(&[option, &server.url()]);
        let mut connection = server.accept().await;
        terminal.shows(&["connected to "]).await;
        terminal.press("hi\n").await;
        assert_eq!(next_text(&mut connection).await, "hi");
        assert!(!terminal.screen().alternate_screen());
    }
}

#[tokio::test]
async fn files_are_sent_and_written() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (message, saved) = (folder.join("a message"), folder.join("saved.json"));
    std::fs::write(&message, [0, 255, 7]).expect("it can be written");
    let _ = std::fs::remove_file(&saved);
    let (mut terminal, mut tcp) = raw().await;
    let command = format!("/binary @{}", message.display());
    sends(&mut terminal, &mut tcp, &command, &[0x82, 0x83, 0, 0, 0, 0, 0, 255, 7]).await;
    terminal.enter("/binary @/nowhere/at/all").await;
    terminal.shows(&["! not sent: /nowhere/at/all cannot be read"]).await;
    // A wide terminal, so that the sentences stand on one line.
    terminal.resize(200, 50);
    terminal.enter(&format!("/save {}", saved.display())).await;
    terminal.shows(&["saved to "]).await;
    let text = std::fs::read_to_string(&saved).expect("it is there");
    assert_eq!(text.lines().count(), 3, "two heads and a frame: {text}");
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{text}");
    // What is there is not written over.
    terminal.enter(&format!("/save {}", saved.display())).await;
    terminal.shows(&["was not written"]).await;
    assert_eq!(std::fs::read_to_string(&saved).ok(), Some(text));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_capture_that_fails_is_told_on_the_screen() {
    let server = Server::start().await;
    let mut terminal = Terminal::start(&["--capture", "/dev/full", &server.url()]);
    let mut connection = server.accept().await;
    terminal.shows(&["! the capture ends here: it cannot be written", " OPEN "]).await;
    terminal.enter("all the same").await;
    assert_eq!(next_text(&mut connection).await, "all the same");
}

#[tokio::test]
async fn a_rule_is_broken_and_the_server_judged() {
    let server = Server::start().await;
    let mut terminal = Terminal::start(&[&server.url()]);
    terminal.resize(200, 50);
    let mut connection = server.accept().await;
    let failing = tokio::spawn(async move { connection.next().await });
    terminal.shows(&[" OPEN "]).await;
    // Completed by Tab.
    terminal.press("/break unm\t\r").await;
    terminal.shows(&["> /break unmasked-frame", "section 5.1", "verdict: as asked", " CLOSED "]).await;
    let failed = failing.await.unwrap();
    assert!(failed.is_some_and(|result| result.is_err()), "the server saw it");
}

#[tokio::test]
async fn a_server_that_minds_nothing_is_told_apart() {
    let server = Server::start().await;
    let mut terminal = Terminal::start(&["--probe-patience", "200ms", &server.url()]);
    terminal.resize(200, 50);
    let mut tcp = server.accept_raw().await;
    terminal.shows(&[" OPEN "]).await;
    terminal.enter("/mask 00000000").await;
    terminal.enter("/break reserved-opcode-f").await;
    let mut head = [0; 6];
    bounded(tcp.read_exact(&mut head)).await.unwrap();
    assert_eq!((head[0] & 0x88, &head[2..]), (0x88, &[0; 4][..]), "a control frame with the chosen key");
    terminal.shows(&["! reserved-opcode-f: ", "verdict: no answer"]).await;
    // The connection goes on as far as we are concerned.
    terminal.shows(&[" OPEN "]).await;
}
