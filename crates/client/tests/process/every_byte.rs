//! Checks the replays of the chapter *Every byte of one connection* (`docs/src/every-byte.md`):
//! when typed into the client, they send the bytes that the chapter shows.

use std::fs;

use tokio::io::AsyncReadExt;

use crate::{support::bounded, terminal::open_raw};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/src/every-byte.md");

/// A step in which the client sends a frame.
struct Step<'a> {
    title: &'a str,
    frame: Vec<u8>,
    /// The lines to type into the client.
    commands: Vec<&'a str>,
}

/// Returns the steps whose replay is typed into the client.
fn steps(page: &str) -> Vec<Step<'_>> {
    page.split("<details class=\"to-server\"").skip(1).filter_map(step).collect()
}

fn step(text: &str) -> Option<Step<'_>> {
    let text = text.split("</details>").next()?;
    let block = text.split("```text\n").nth(1)?.split("```").next()?;
    let frame = block.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal digits"));
    let replay = text.split("* Replay:").nth(1).expect("each step has a replay");
    let code = replay.split('`').skip(1).step_by(2);
    let commands: Vec<&str> = code.filter(|code| !code.starts_with("python3")).collect();
    let title = text.split("<summary>").nth(1)?.split(" <small>").next()?;
    (!commands.is_empty()).then(|| Step { title, frame: frame.collect(), commands })
}

#[tokio::test]
async fn each_replay_sends_the_bytes_of_its_step() {
    let page = fs::read_to_string(PAGE).expect("the chapter can be read");
    let steps = steps(&page);
    assert!(steps.len() >= 8, "only {} steps have a replay", steps.len());
    // On the page, a command in the replay of the 300 bytes writes this file.
    let counting = concat!(env!("CARGO_TARGET_TMPDIR"), "/every-byte-counting");
    fs::write(counting, (0..300_u16).map(|number| number.to_le_bytes()[0]).collect::<Vec<_>>()).expect("a file");
    let (mut terminal, mut tcp) = open_raw().await;
    for Step { title, frame, commands } in steps {
        for command in commands {
            terminal.enter(&command.replace("@counting", &format!("@{counting}"))).await;
        }
        let mut sent = vec![0; frame.len()];
        bounded(tcp.read_exact(&mut sent)).await.unwrap_or_else(|error| panic!("{title}: {error}"));
        assert_eq!(sent, frame, "{title}");
    }
}
