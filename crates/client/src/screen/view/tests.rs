//! Draws the model on an in-memory terminal and checks what is shown.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use dissector::{Conversation, Direction, Options, Record};
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    style::{Color, Modifier},
};
use testkit::terminal::{HOSTILE, assert_harmless};
use websocket::protocol::Message;

use super::*;
use crate::screen::{
    command::COMMANDS,
    event::ScreenEvent,
    lesson::{progress::LessonCommand, table::LESSONS},
    link_event::LinkEvent,
    model::{focus::Focus, test_records::records},
    text,
    update::update,
};

const HELLO: &[u8] = &[0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58];

fn model(size: (u16, u16)) -> Model {
    let mut model = Model::new("ws://h/", size, true);
    update(&mut model, ScreenEvent::Link(LinkEvent::Connecting));
    let extensions = vec!["permessage-deflate; server_max_window_bits=10".to_owned()];
    let destination = model.url.clone();
    update(
        &mut model,
        ScreenEvent::Link(LinkEvent::Connected { destination, subprotocol: Some("chat".to_owned()), extensions }),
    );
    model
}

fn add(model: &mut Model, records: Vec<Record>) {
    for record in records {
        update(model, ScreenEvent::Link(LinkEvent::Record(record)));
    }
}

fn receive(model: &mut Model, text: &str) {
    update(model, ScreenEvent::Link(LinkEvent::Message(Message::text(text))));
}

fn press(model: &mut Model, code: KeyCode) {
    update(model, ScreenEvent::Key(KeyEvent::new(code, KeyModifiers::NONE)));
}

fn draw_buffer(model: &Model) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(model.size.0, model.size.1)).expect("a terminal");
    terminal.draw(|frame| draw(model, frame)).expect("a picture");
    terminal.backend().buffer().clone()
}

/// Returns the rows as text. Skips the cell after each wide character, because that cell belongs to
/// the character.
fn rows(buffer: &Buffer) -> Vec<String> {
    (0..buffer.area.height)
        .map(|y| {
            let mut row = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                row.push_str(symbol);
                x += u16::try_from(text::width(symbol)).unwrap_or(1).max(1);
            }
            row
        })
        .collect()
}

fn draw_text(model: &Model) -> String {
    rows(&draw_buffer(model)).join("\n")
}

/// Returns the column and the row of `text` on the screen.
fn find(buffer: &Buffer, text: &str) -> (u16, u16) {
    for (y, row) in (0..).zip(rows(buffer)) {
        if let Some(start) = row.find(text) {
            return (u16::try_from(text::width(&row[..start])).expect("a column on the screen"), y);
        }
    }
    panic!("{text:?} is not on the screen:\n{}", rows(buffer).join("\n"));
}

#[test]
fn every_usual_size_shows_everything() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        let mut model = model(size);
        add(&mut model, records(&[(Direction::ToServer, HELLO)]));
        receive(&mut model, r#"{"n":1}"#);
        let screen = draw_text(&model);
        for part in [
            " ws://h/ ",
            " numbers in the messages ",
            ">  0 Text, 5 bytes: Hello",
            "81 85 37 fa 21 3d 7f 9f",
            "1... .... = Fin: True",
            "RFC 6455, section 5.2",
            " OPEN ",
            "chat",
            "permessage-deflate",
            "^C quit",
        ] {
            assert!(screen.contains(part), "{part:?} is missing at {size:?}:\n{screen}");
        }
    }
}

#[test]
fn wire_and_frame_show_a_compressed_text() {
    let mut conversation = Conversation::new(Options::default());
    let mut seen = Vec::new();
    let extensions = "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let request = format!("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n{extensions}");
    let response = format!("HTTP/1.1 101 Switching Protocols\r\n{extensions}");
    // The example in RFC 7692, section 7.2.3.1.
    let frame: &[u8] = &[0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];
    for (direction, bytes) in [
        (Direction::ToServer, request.as_bytes()),
        (Direction::ToClient, response.as_bytes()),
        (Direction::ToClient, frame),
    ] {
        conversation.push(direction, bytes, None, &mut |record| seen.push(record));
    }
    let mut model = model((120, 40));
    add(&mut model, seen);
    let screen = draw_text(&model);
    for part in ["<  2 Text, 5 bytes from 7: Hello", "  Compressed: f248cdc9c90700", "[Text: Hello]"] {
        assert!(screen.contains(part), "{part:?} is missing:\n{screen}");
    }
}

#[test]
fn every_size_can_be_drawn() {
    for columns in 1..90 {
        for rows in 1..30 {
            let mut model = model((columns, rows));
            add(&mut model, records(&[(Direction::ToServer, HELLO)]));
            receive(&mut model, r#"{"n":1,"世界":2}"#);
            update(&mut model, ScreenEvent::Paste("世界 👨‍👩‍👧‍👦".to_owned()));
            if columns % 3 == 0 {
                model.command_lessons(LessonCommand::Show);
            }
            model.help = ((columns + rows) % 5 == 0).then_some(0);
            draw_buffer(&model);
            let panes = [Focus::Transcript, Focus::Lesson, Focus::Numbers, Focus::Wire, Focus::Frame];
            let focus = panes[usize::from(columns + rows) % panes.len()];
            (model.focus, model.zoomed, model.help) = (focus, Some(focus), None);
            model.hint = (rows % 2 == 0).then(|| "a long hint ".repeat(20));
            draw_buffer(&model);
        }
    }
}

#[test]
fn the_bytes_of_the_selected_field_are_reversed() {
    let mut model = model((80, 24));
    add(&mut model, records(&[(Direction::ToServer, HELLO)]));
    model.focus = Focus::Frame;
    // The opcode is selected first. The masking key is three fields below it, after the mask bit
    // and the payload length.
    (0..3).for_each(|_| press(&mut model, KeyCode::Down));
    let buffer = draw_buffer(&model);
    let (x, y) = find(&buffer, "81 85 37 fa 21 3d 7f 9f");
    let reversed: Vec<_> = (0..8).map(|byte| buffer[(x + 3 * byte, y)].modifier.contains(Modifier::REVERSED)).collect();
    assert_eq!(reversed, [false, false, true, true, true, true, false, false]);
    let (x, y) = find(&buffer, "Masking-Key: 37fa213d");
    assert!(buffer[(x, y)].modifier.contains(Modifier::REVERSED));
    find(&buffer, "RFC 6455, section 5.3");
}

#[test]
fn the_directions_differ_in_colour_and_without_colour_too() {
    for colours in [true, false] {
        let mut model = model((80, 24));
        model.colours = colours;
        add(
            &mut model,
            records(&[
                (Direction::ToServer, HELLO),
                (Direction::ToClient, &[0x89, 0]),
                (Direction::ToClient, &[0x8a, 0]),
            ]),
        );
        let buffer = draw_buffer(&model);
        let background = |text| buffer[find(&buffer, text)].bg;
        let (to_server, to_client) = (background(">  0 Text"), background("<  1 Ping"));
        assert_eq!(to_server != to_client, colours);
        if !colours {
            let coloured = buffer.content.iter().find(|cell| cell.bg != Color::Reset || cell.fg != Color::Reset);
            assert_eq!(coloured, None, "without colours, no cell has one");
        }
    }
}

#[test]
fn a_violation_is_named() {
    let mut model = model((80, 24));
    // An unmasked frame from the client, which is a violation.
    add(&mut model, records(&[(Direction::ToServer, &[0x81, 1, b'x'])]));
    let screen = draw_text(&model);
    assert!(screen.contains("UnmaskedFrame"), "{screen}");
    assert!(screen.contains(" 0 !Text"), "{screen}");
}

#[test]
fn wide_characters_do_not_shift_the_borders() {
    let mut model = model((80, 24));
    receive(&mut model, r#"{"n":1}"#);
    for text in ["世界世界世界世界世界世界世界世界世界世界世界世界世界世界世界", "👨‍👩‍👧‍👦 e\u{301} 🎉 x"]
    {
        receive(&mut model, text);
    }
    let buffer = draw_buffer(&model);
    let areas = layout::areas(&model);
    for y in areas.transcript.y + 1..areas.transcript.bottom() - 1 {
        assert_eq!(buffer[(areas.transcript.x, y)].symbol(), "│");
        assert_eq!(buffer[(areas.transcript.right() - 1, y)].symbol(), "│");
        assert_eq!(buffer[(areas.numbers.x, y)].symbol(), "│");
    }
}

#[test]
fn the_cursor_follows_the_typed_text() {
    let mut model = model((80, 24));
    let cursor = |model: &Model| {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a terminal");
        terminal.draw(|frame| draw(model, frame)).expect("a picture");
        let position = terminal.get_cursor_position().expect("a cursor");
        (position.x, position.y)
    };
    assert_eq!(cursor(&model), (2, 22));
    update(&mut model, ScreenEvent::Paste("a世🎉".to_owned()));
    assert_eq!(cursor(&model), (7, 22));
    press(&mut model, KeyCode::Left);
    assert_eq!(cursor(&model), (5, 22));
    // If a line is longer than the screen, only its end is shown.
    update(&mut model, ScreenEvent::Paste("x".repeat(500)));
    press(&mut model, KeyCode::End);
    assert_eq!(cursor(&model), (79, 22));
    assert!(rows(&draw_buffer(&model))[22].trim_end().ends_with("xx🎉"));
}

#[test]
fn a_paste_of_several_lines_is_shown_on_one() {
    let mut model = model((80, 24));
    update(&mut model, ScreenEvent::Paste("one\r\ntwo\u{1b}[2J".to_owned()));
    assert_eq!(rows(&draw_buffer(&model))[22].trim_end(), "> one⏎two�[2J");
}

#[test]
fn the_summaries_on_the_wire_are_aligned() {
    let mut model = model((120, 40));
    add(&mut model, records(&[(Direction::ToServer, HELLO); 11]));
    let screen = draw_text(&model);
    assert!(screen.contains(" >  9 Text, 5"), "{screen}");
    assert!(screen.contains(" > 10 Text, 5"), "{screen}");
}

#[test]
fn bytes_use_the_rows_that_fields_leave_free_and_the_rest_is_counted() {
    let text = |length: u8| [&[0x81, length][..], &vec![b'x'; usize::from(length)]].concat();
    // 121 bytes take eight rows of 16 bytes, and all eight rows are shown.
    let mut model = model((200, 60));
    add(&mut model, records(&[(Direction::ToClient, &text(119))]));
    let roomy = draw_text(&model);
    assert!(roomy.contains("0070  78 78"), "{roomy}");
    assert!(!roomy.contains(" more"), "{roomy}");
    update(&mut model, ScreenEvent::Resize(80, 24));
    let small = draw_text(&model);
    assert!(small.contains("0008  "), "{small}");
    assert!(!small.contains("0010  "), "{small}");
    assert!(small.contains("…+105") || small.contains("… 105 more"), "{small}");
    update(&mut model, ScreenEvent::Resize(120, 30));
    let between = draw_text(&model);
    // The number of hidden bytes does not fit to the right of the last row of bytes, so it gets its
    // own line.
    assert!(between.contains("0010  78 78"), "{between}");
    assert!(between.contains("      … 89 bytes more"), "{between}");
}

#[test]
fn the_status_shows_messages_and_bytes_on_the_wire() {
    for (size, expected) in
        [((80, 24), "msg > 1 < 0 │ wire > 11 B < 0 B"), ((200, 60), "messages: > 1 < 0 │ on the wire: > 11 B < 0 B")]
    {
        let mut model = model(size);
        add(&mut model, records(&[(Direction::ToServer, HELLO)]));
        let screen = draw_text(&model);
        assert!(screen.contains(expected), "{screen}");
    }
}

#[test]
fn numbers_are_drawn_as_bars() {
    let mut model = model((80, 24));
    for n in [1, 8, 4] {
        receive(&mut model, &format!(r#"{{"load":{n}}}"#));
    }
    let buffer = draw_buffer(&model);
    find(&buffer, "load 4 ▁█▄");
    find(&buffer, "load 4  (3 times)");
}

#[test]
fn numbers_without_room_are_counted_and_the_zoomed_pane_shows_them() {
    let mut model = model((80, 24));
    let members: Vec<String> = (0..12).map(|n| format!(r#""a rather long name, number {n}":{n}"#)).collect();
    receive(&mut model, &format!("{{{}}}", members.join(",")));
    let screen = draw_text(&model);
    assert!(screen.contains(" numbers (5 of 12) "), "{screen}");
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::F(2));
    let screen = draw_text(&model);
    assert!((0..12).all(|n| screen.contains(&format!("a rather long name, number {n} "))), "{screen}");
}

/// Presses `key` until the screen stops changing, and returns the text of each screen.
fn pictures(model: &mut Model, key: KeyCode) -> Vec<String> {
    let mut pictures = vec![draw_text(model)];
    loop {
        press(model, key);
        let picture = draw_text(model);
        if pictures.last() == Some(&picture) {
            return pictures;
        }
        pictures.push(picture);
    }
}

#[test]
fn help_shows_everything_on_a_small_terminal_too() {
    for size in [(200, 60), (80, 24), (60, 20), (30, 8)] {
        for key in [KeyCode::PageDown, KeyCode::Down] {
            let mut model = model(size);
            press(&mut model, KeyCode::F(1));
            let pictures = pictures(&mut model, key);
            let rows: Vec<&str> = pictures.iter().flat_map(|picture| picture.lines()).collect();
            let inside = |row: &&str| row.split('┃').nth(1).unwrap_or_default().to_owned();
            assert!(rows.iter().map(inside).all(|row| !row.contains('…')), "{size:?}: {rows:#?}");
            let names = COMMANDS.iter().map(|command| command.name);
            for part in names.chain(["//text", "F2", "Up, Down", "PgUp, PgDn", "mouse", "Ctrl-C"]) {
                let is_shown = rows.iter().any(|row| row.contains(&format!("┃{part}")));
                assert!(is_shown, "{part} at {size:?}: {rows:#?}");
            }
            // The last words of the help.
            assert!(rows.iter().any(|row| row.contains("at once")), "{size:?}: {rows:#?}");
        }
    }
}

#[test]
fn the_keys_of_a_pane_fit_and_the_help_is_always_among_them() {
    for focus in [Focus::Input, Focus::Transcript, Focus::Lesson, Focus::Numbers, Focus::Wire, Focus::Frame] {
        let mut model = model((80, 24));
        model.focus = focus;
        for zoomed in [None, Some(Focus::Frame)] {
            model.zoomed = zoomed;
            for columns in 7..200 {
                let keys = footer::keys(&model, columns);
                assert!(keys.contains("F1 help") && text::width(&keys) <= columns, "{columns}: {keys}");
                assert!(columns < 60 || keys.contains("F2 "), "{columns}: {keys}");
            }
        }
    }
}

#[test]
fn a_hint_is_shown_in_full() {
    for size in [(80, 24), (60, 20), (40, 10)] {
        for line in ["/unknown", "/close 1005", "/fragment x", "/break masked-frame"] {
            let mut model = model(size);
            update(&mut model, ScreenEvent::Paste(line.to_owned()));
            press(&mut model, KeyCode::Enter);
            let hint = model.hint.clone().expect("a hint");
            let screen = draw_text(&model);
            let words: Vec<&str> = screen.split_whitespace().collect();
            let shown = words.join(" ");
            assert!(shown.ends_with(&hint), "{size:?}: {hint}\n{screen}");
            // The input line stays visible above the hint.
            assert!(screen.lines().any(|row| row.trim_end() == format!("> {line}")), "{screen}");
        }
    }
    // Even a hint that repeats a long paste leaves half of the screen free.
    let mut model = model((80, 24));
    update(&mut model, ScreenEvent::Paste(format!("/binary {}", "1".repeat(10_001))));
    press(&mut model, KeyCode::Enter);
    let screen = draw_text(&model);
    assert!(screen.lines().nth(10).is_some_and(|row| row.starts_with(" OPEN ")), "{screen}");
    assert!(screen.ends_with('…'), "{screen}");
}

/// Returns the records of an opening request with a long header field.
fn handshake(value: &str) -> Vec<Record> {
    let mut conversation = Conversation::new(Options::default());
    let mut seen = Vec::new();
    let request = format!("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nX-Long: {value}\r\n\r\n");
    conversation.push(Direction::ToServer, request.as_bytes(), None, &mut |record| seen.push(record));
    seen
}

#[test]
fn the_zoomed_frame_shows_a_long_header_in_full() {
    let words: Vec<String> = (0..200).map(|n| format!("word-{n:03}")).collect();
    for size in [(80, 24), (60, 20), (40, 10)] {
        let mut model = model(size);
        add(&mut model, handshake(&words.join(" ")));
        model.set_focus(Focus::Frame);
        if layout::zoomed(&model).is_none() {
            assert!(!draw_text(&model).contains("word-199"), "{size:?}");
            press(&mut model, KeyCode::F(2));
        }
        press(&mut model, KeyCode::End);
        let below = pictures(&mut model, KeyCode::PageUp).join("\n");
        for word in &words {
            assert!(below.contains(word.as_str()), "{word} at {size:?}:\n{below}");
        }
        // Scrolling shows the first byte too.
        assert!(below.contains("0000  47 45"), "{below}");
    }
}

#[test]
fn the_zoomed_frame_explains_every_field_in_full() {
    for size in [(80, 24), (60, 20)] {
        let mut model = model(size);
        add(&mut model, handshake("x"));
        add(&mut model, records(&[(Direction::ToServer, HELLO), (Direction::ToServer, &[0x81, 1, b'x'])]));
        for record in 0..3 {
            model.select_record(record);
            model.set_focus(Focus::Frame);
            model.zoomed = Some(Focus::Frame);
            press(&mut model, KeyCode::Home);
            for index in 0..model.fields().len() {
                let screen = draw_text(&model);
                let shown: Vec<&str> =
                    screen.lines().filter_map(|row| Some(row.strip_prefix('┃')?.strip_suffix('┃')?.trim())).collect();
                let shown = shown.join(" ");
                let (_, field) = model.fields()[index];
                for text in [field.term.why, field.meaning.as_ref(), &field.term.reference.to_string()] {
                    assert!(shown.contains(text), "{text:?} at {size:?}:\n{screen}");
                }
                press(&mut model, KeyCode::Down);
            }
        }
    }
}

#[test]
fn the_zoomed_frame_shows_all_bytes_that_are_kept() {
    let mut model = model((80, 24));
    let mut records = records(&[(Direction::ToClient, &[&[0x82, 126, 0x10, 0][..], &[7; 0x1000]].concat())]);
    records[0].length += 5;
    add(&mut model, records);
    model.set_focus(Focus::Frame);
    press(&mut model, KeyCode::F(2));
    press(&mut model, KeyCode::End);
    let all = pictures(&mut model, KeyCode::PageUp).join("\n");
    for offset in (0..0x1004).step_by(16) {
        assert!(all.contains(&format!("┃{offset:04x}  ")), "{offset:04x}:\n{all}");
    }
    assert!(all.contains("… 5 bytes more, not kept"), "{all}");
}

#[test]
fn one_key_makes_any_pane_the_whole_screen() {
    for size in [(80, 24), (60, 20), (200, 60)] {
        let mut model = model(size);
        add(&mut model, records(&[(Direction::ToServer, HELLO)]));
        receive(&mut model, r#"{"n":1}"#);
        for (tabs, title) in [(0, " ws://h/ "), (1, " ws://h/ "), (2, " numbers in"), (3, " wire"), (4, " 0: Text")] {
            press(&mut model, KeyCode::Esc);
            (0..tabs).for_each(|_| press(&mut model, KeyCode::Tab));
            press(&mut model, KeyCode::F(2));
            let screen = rows(&draw_buffer(&model));
            let corners = |row: &str| row.chars().filter(|symbol| "┌┐┏┓".contains(*symbol)).count();
            assert!(
                corners(&screen[0]) == 2 && screen[0].contains(title),
                "{title} at {size:?}:\n{}",
                screen.join("\n")
            );
            assert!(screen[1..].iter().all(|row| corners(row) == 0), "{title} at {size:?}:\n{}", screen.join("\n"));
            press(&mut model, KeyCode::F(2));
            assert!(rows(&draw_buffer(&model)).iter().map(|row| corners(row)).sum::<usize>() == 8);
        }
    }
}

#[test]
fn typing_does_not_change_the_zoomed_pane() {
    let mut model = model((80, 24));
    add(&mut model, records(&[(Direction::ToServer, HELLO)]));
    press(&mut model, KeyCode::BackTab);
    press(&mut model, KeyCode::F(2));
    press(&mut model, KeyCode::Char('x'));
    let screen = draw_text(&model);
    assert!(screen.contains(" 0: Text") && screen.contains("> x"), "{screen}");
    press(&mut model, KeyCode::Esc);
    assert!(draw_text(&model).contains(" ws://h/ "));
}

#[test]
fn the_beginning_of_a_long_message_can_be_scrolled_to() {
    let words: Vec<String> = (0..=150).map(|n| format!("word-{n:03}")).collect();
    for size in [(80, 24), (60, 20), (120, 40), (40, 10)] {
        for key in [KeyCode::PageUp, KeyCode::Up] {
            let mut model = model(size);
            receive(&mut model, &words.join(" "));
            model.focus = Focus::Transcript;
            assert!(draw_text(&model).contains("word-150"));
            let all = pictures(&mut model, key).join("\n");
            for word in &words {
                assert!(all.contains(word.as_str()), "{word} at {size:?}");
            }
            press(&mut model, KeyCode::End);
            assert!(draw_text(&model).contains("word-150"));
        }
    }
}

#[test]
fn small_terminals_show_the_pane_with_the_focus() {
    let mut model = model((40, 10));
    add(&mut model, records(&[(Direction::ToServer, HELLO)]));
    for (focus, part) in
        [(Focus::Transcript, "connected"), (Focus::Wire, ">  0 Text"), (Focus::Frame, "Opcode: Text (1)")]
    {
        model.set_focus(focus);
        let screen = draw_text(&model);
        assert!(screen.contains(part), "{part}:\n{screen}");
    }
}

#[test]
fn a_server_cannot_send_commands_to_the_terminal() {
    let mut model = model((120, 40));
    receive(&mut model, "\x1b[2J");
    receive(&mut model, "{\"\\u001b[31m\":1}");
    add(&mut model, records(&[(Direction::ToClient, &[0x81, 4, 0x1b, b'[', b'2', b'J'])]));
    let buffer = draw_buffer(&model);
    assert!(buffer.content.iter().all(|cell| !cell.symbol().contains(char::is_control)));
}

#[test]
fn no_pane_shows_a_character_that_controls_the_terminal() {
    let url = format!("ws://h/{HOSTILE}");
    let mut model = Model::new(&url, (200, 60), true);
    let extensions = vec![format!("permessage-deflate; a={HOSTILE}")];
    let destination = model.url.clone();
    update(
        &mut model,
        ScreenEvent::Link(LinkEvent::Connected { destination, subprotocol: Some(HOSTILE.to_owned()), extensions }),
    );
    add(&mut model, records(&[(Direction::ToClient, &[&[0x81, 85], HOSTILE.as_bytes()].concat())]));
    receive(&mut model, HOSTILE);
    receive(&mut model, &serde_json::json!({ HOSTILE: 1, "b": HOSTILE }).to_string());
    update(&mut model, ScreenEvent::Link(LinkEvent::Failed(HOSTILE.to_owned())));
    update(&mut model, ScreenEvent::Paste(HOSTILE.to_owned()));
    model.hint = Some(HOSTILE.to_owned());
    let screen = draw_text(&model);
    assert_harmless("the screen", &screen);
    // The input line shows each harmful character as one replacement character. All other panes
    // show it as an escape.
    assert_eq!(screen.matches('�').count(), model.editor.text().chars().filter(|&c| is_harmful(c)).count());
}

#[test]
fn a_character_that_a_pane_has_forgotten_is_replaced() {
    let mut buffer = Buffer::with_lines(["a\u{a0}b"]);
    buffer[(1, 0)].set_symbol("\u{202e}");
    replace_harmful(&mut buffer);
    assert_eq!(rows(&buffer), ["a�b"]);
}

/// Returns a model that shows a lesson and its hint, after a frame has been sent.
fn lesson(size: (u16, u16), index: usize) -> Model {
    let mut model = model(size);
    receive(&mut model, r#"{"n":1}"#);
    add(&mut model, records(&[(Direction::ToServer, HELLO)]));
    model.command_lessons(LessonCommand::Jump(index));
    model.command_lessons(LessonCommand::Hint);
    model.command_lessons(LessonCommand::Hint);
    model
}

/// Returns `true` if all words of `text` are on the screen in order, possibly with other words
/// between them.
fn shows_words(screen: &str, text: &str) -> bool {
    let mut shown = screen.split(|character: char| character.is_whitespace() || matches!(character, '│' | '┃'));
    text.split_whitespace().all(|word| shown.any(|other| other == word))
}

#[test]
fn a_lesson_and_its_hint_are_beside_the_frame_that_they_are_about() {
    for size in [(80, 24), (120, 40), (200, 60)] {
        for (index, lesson_shown) in LESSONS.iter().enumerate() {
            let model = lesson(size, index);
            let screen = draw_text(&model);
            for text in [lesson_shown.task, lesson_shown.hint].iter().chain(lesson_shown.lines) {
                assert!(shows_words(&screen, text), "{text} at {size:?}:\n{screen}");
            }
            for part in [lesson_shown.title, " ws://h/ ", ">  0 Text, 5 bytes", "81 85 37 fa", "Opcode: Text (1)"] {
                assert!(screen.contains(part), "{part:?} is missing at {size:?}:\n{screen}");
            }
            assert!(!screen.contains("numbers in the messages"), "the lesson takes their place:\n{screen}");
        }
    }
}

#[test]
fn a_small_terminal_shows_the_task_and_the_zoomed_pane_all_of_the_lesson() {
    for size in [(60, 20), (50, 14), (40, 10)] {
        for (index, lesson_shown) in LESSONS.iter().enumerate() {
            let mut model = lesson(size, index);
            model.set_focus(Focus::Lesson);
            let first: String = lesson_shown.task.split_inclusive(' ').take(3).collect();
            assert!(shows_words(&draw_text(&model), &first), "{size:?}:\n{}", draw_text(&model));
            if layout::zoomed(&model).is_none() {
                press(&mut model, KeyCode::F(2));
            }
            let all = pictures(&mut model, KeyCode::Down).join("\n");
            for text in [lesson_shown.task, lesson_shown.hint].iter().chain(lesson_shown.lines) {
                assert!(shows_words(&all, text), "{text} at {size:?}:\n{all}");
            }
        }
    }
}

#[test]
fn what_is_missing_is_visible_beside_the_lines_to_type() {
    for (index, missing) in [(2, "Not yet: the payload length of this message is 5."), (6, "this message has 1 frame,")]
    {
        let mut model = lesson((80, 24), index);
        add(&mut model, records(&[(Direction::ToServer, HELLO)]));
        let screen = draw_text(&model);
        for text in [missing].iter().chain(LESSONS[index].lines) {
            assert!(shows_words(&screen, text), "{text}:\n{screen}");
        }
    }
}

#[test]
fn the_task_is_visible_even_if_the_report_leaves_it_no_room() {
    let mut model = model((60, 20));
    model.command_lessons(LessonCommand::Show);
    add(&mut model, records(&[(Direction::ToServer, HELLO)]));
    let screen = draw_text(&model);
    assert!(shows_words(&screen, "A client masks every frame with a new key of four bytes."), "{screen}");
    assert!(screen.contains("lesson 2 of 16: The"), "{screen}");
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::F(2));
    let screen = draw_text(&model);
    assert!(shows_words(&screen, "✓ 1: A message of 5 bytes took 11 on the wire:"), "{screen}");
    // Turning the lessons off also ends the zoom of their pane.
    update(&mut model, ScreenEvent::Paste("/lesson off".to_owned()));
    press(&mut model, KeyCode::Enter);
    assert!(draw_text(&model).contains(" ws://h/ "), "{}", draw_text(&model));
}
