//! Applies events to the model and checks their effects.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use dissector::Direction;
use websocket::{
    Error,
    protocol::{CloseCode, CloseInfo, Config, Connection, frame::MaskingKey},
};

use super::*;
use laboratory::{FaultTest, Role, faults};

use crate::{
    ending::{Cause, Ending},
    screen::{
        command, layout,
        link_command::{LinkCommand, NewConnection, SentFrames},
        model::{test_records::records, wire_log::TrafficTotals},
    },
};

const HELLO: &[u8] = &[0x81, 5, b'H', b'e', b'l', b'l', b'o'];

fn connecting() -> Model {
    Model::new("ws://h/", (80, 24), true)
}

fn open() -> Model {
    let mut model = connecting();
    update(&mut model, ScreenEvent::Link(LinkEvent::Connecting));
    let destination = model.url.clone();
    update(
        &mut model,
        ScreenEvent::Link(LinkEvent::Connected { destination, subprotocol: None, extensions: Vec::new() }),
    );
    model
}

fn closed() -> Model {
    let mut model = open();
    update(&mut model, ended());
    model
}

fn ended() -> ScreenEvent {
    let mut close_info = abnormal();
    close_info.code = CloseCode::NORMAL;
    ScreenEvent::Link(LinkEvent::Ended(Ending { close_info, cause: Cause::End, complete: true }))
}

/// Returns the close info of a connection that ended before anything was sent or received.
fn abnormal() -> CloseInfo {
    let keys = Box::new(|| MaskingKey([0; 4]));
    Connection::client(Config::default(), keys, std::time::Instant::now()).close_info()
}

fn press_with(model: &mut Model, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
    update(model, ScreenEvent::Key(KeyEvent::new(code, modifiers)))
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    press_with(model, code, KeyModifiers::NONE)
}

fn press_control(model: &mut Model, character: char) -> Vec<Effect> {
    press_with(model, KeyCode::Char(character), KeyModifiers::CONTROL)
}

fn type_text(model: &mut Model, text: &str) {
    for character in text.chars() {
        assert_eq!(press(model, KeyCode::Char(character)), []);
    }
}

fn enter(model: &mut Model, text: &str) -> Vec<Effect> {
    type_text(model, text);
    press(model, KeyCode::Enter)
}

/// Returns the effect of `/reconnect`.
fn reconnect(url: &str, deflate: bool) -> Effect {
    Effect::Link(LinkCommand::Reconnect(NewConnection { url: url.to_owned(), deflate, subprotocol: None }))
}

#[test]
fn reconnect_can_lead_to_another_server_or_path() {
    let mut model = open();
    assert_eq!(enter(&mut model, "/reconnect --deflate /echo"), [reconnect("ws://h/echo", true)]);
    assert_eq!(enter(&mut model, "/reconnect"), [reconnect("ws://h/echo", false)]);
    assert_eq!(enter(&mut model, "/reconnect wss://other"), [reconnect("wss://other/", false)]);
    let subprotocol = Some("chat".to_owned());
    let chat = NewConnection { url: "wss://other/chat".to_owned(), deflate: false, subprotocol };
    assert_eq!(enter(&mut model, "/reconnect -s chat /chat"), [Effect::Link(LinkCommand::Reconnect(chat))]);
    assert_eq!(enter(&mut model, "/reconnect -s , /"), []);
    assert!(model.hint.as_deref().is_some_and(|hint| hint.contains("is not a token")), "{:?}", model.hint);
    model.editor.set("");
    assert_eq!(enter(&mut model, "/reconnect /"), [reconnect("wss://other/", false)]);
    // An unusable address stays in the input line, and the connection is left unchanged.
    assert_eq!(enter(&mut model, "/reconnect nowhere"), []);
    assert!(model.hint.as_deref().is_some_and(|hint| hint.contains("nowhere")), "{:?}", model.hint);
    assert_eq!((model.url.as_str(), model.editor.text()), ("wss://other/", "/reconnect nowhere"));
}

#[test]
fn lessons_are_shown_and_watch_the_frames_of_the_connection() {
    let mut model = open();
    assert_eq!(enter(&mut model, "/lesson"), []);
    assert!(model.lessons.is_shown());
    // Tab moves to the lesson, which is between the transcript and the wire.
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.focus, Focus::Lesson);
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.focus, Focus::Wire);
    press(&mut model, KeyCode::BackTab);
    assert_eq!(model.focus, Focus::Lesson);
    let own: &[u8] = &[0x81, 0x81, 0, 0, 0, 0, b'x'];
    for record in records(&[(Direction::ToServer, own)]) {
        update(&mut model, ScreenEvent::Link(LinkEvent::Record(record)));
    }
    assert!(model.lessons.title().starts_with("lesson 2 "), "{}", model.lessons.title());
    // A click moves the focus too.
    let click =
        MouseEvent { kind: MouseEventKind::Down(MouseButton::Left), column: 60, row: 3, modifiers: KeyModifiers::NONE };
    update(&mut model, ScreenEvent::Mouse(click));
    assert_eq!(model.focus, Focus::Lesson);
    // The lessons stay available after the connection has ended.
    update(&mut model, ended());
    enter(&mut model, "/lesson 5");
    assert!(model.lessons.title().starts_with("lesson 5 "), "{}", model.lessons.title());
    enter(&mut model, "/lesson off");
    assert!(!model.lessons.is_shown());
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.focus, Focus::Wire, "there is no lesson to move to");
}

#[test]
fn a_lesson_selects_the_field_that_it_is_about() {
    let masked: &[u8] = &[0x81, 0x81, 0, 0, 0, 1, b'x'];
    let close: &[u8] = &[0x88, 0x83, 0, 0, 0, 0, 0x0f, 0xa0, b'x'];
    let long = [&[0x81, 0xfe, 0, 126, 0, 0, 0, 0][..], &[b'x'; 126]].concat();
    for (lesson, frame, field) in [
        // The first lesson is not about a single field. This frame completes it, so the second
        // lesson begins.
        ("/lesson 1", masked, "websocket.masking_key"),
        ("/lesson 2", masked, "websocket.masking_key"),
        ("/lesson 3", masked, "websocket.payload_length"),
        ("/lesson 4", masked, "websocket.payload_length"),
        // The frame that completes a lesson is shown with that lesson's field, not with the next
        // lesson's.
        ("/lesson 4", &long, "websocket.payload_length"),
        ("/lesson 5", masked, "websocket.opcode"),
        ("/lesson 6", masked, "websocket.fin"),
        ("/lesson 7", masked, "websocket.fin"),
        ("/lesson 9", close, "websocket.payload.close.status_code"),
        ("/lesson 9", masked, "websocket.opcode"),
        ("/lesson off", masked, "websocket.opcode"),
    ] {
        let mut model = open();
        enter(&mut model, lesson);
        add_records(&mut model, &[(TO_SERVER, frame)]);
        assert_eq!(model.fields()[model.field].1.term.name, Some(field), "{lesson}: {frame:02x?}");
    }
    // A field that breaks a rule takes precedence over the lesson's field.
    let mut model = open();
    enter(&mut model, "/lesson 6");
    add_records(&mut model, &[(TO_SERVER, &[0x83, 0x80, 0, 0, 0, 0])]);
    assert_eq!(model.fields()[model.field].1.term.name, Some("websocket.opcode"));
}

#[test]
fn on_a_small_terminal_the_lesson_gets_the_focus() {
    let mut model = Model::new("ws://h/", (40, 10), true);
    enter(&mut model, "/lesson");
    assert_eq!(model.focus, Focus::Lesson);
    type_text(&mut model, "x");
    assert_eq!(model.focus, Focus::Input);
}

fn add_frames(model: &mut Model, count: usize) {
    for record in records(&vec![(Direction::ToClient, HELLO); count]) {
        update(model, ScreenEvent::Link(LinkEvent::Record(record)));
    }
}

fn last_entry(model: &Model) -> (Speaker, &str) {
    let entry = model.transcript.entries().back().expect("an entry");
    (entry.speaker, &entry.text)
}

#[test]
fn enter_sends_the_line_and_empties_it() {
    let mut model = open();
    let effects = enter(&mut model, "hello");
    assert_eq!(effects, [Effect::Link(LinkCommand::Text("hello".to_owned()))]);
    assert_eq!(model.editor.text(), "");
    assert_eq!(last_entry(&model), (Speaker::User, "hello"));
    type_text(&mut model, "typed ahead");
    assert_eq!(press_control(&mut model, 'j'), [Effect::Link(LinkCommand::Text("typed ahead".to_owned()))]);
    let effects = enter(&mut model, "//slash");
    assert_eq!(effects, [Effect::Link(LinkCommand::Text("/slash".to_owned()))]);
    assert_eq!(last_entry(&model), (Speaker::User, "/slash"));
}

#[test]
fn a_line_that_cannot_be_sent_stays() {
    for (mut model, line, why) in [
        (open(), "/ping\u{20}".to_owned() + &"x".repeat(126), "at most 125 bytes"),
        (open(), "/unknown".to_owned(), "/help lists them"),
        (connecting(), "hello".to_owned(), "the connection is CONNECTING; wait until it is open"),
    ] {
        assert_eq!(enter(&mut model, &line), []);
        assert_eq!(model.editor.text(), line);
        let hint = model.hint.clone().unwrap_or_default();
        assert!(hint.contains(why), "{line}: {hint}");
        // The next key press removes the hint and changes nothing else.
        press(&mut model, KeyCode::Left);
        assert_eq!((model.hint.as_deref(), model.editor.text()), (None, line.as_str()));
    }
}

#[test]
fn a_command_that_the_connection_refuses_is_reported() {
    let mut model = open();
    update(&mut model, ScreenEvent::Link(LinkEvent::Failed("not sent: no".to_owned())));
    assert_eq!(last_entry(&model), (Speaker::Error, "not sent: no"));
}

#[test]
fn a_closing_connection_accepts_only_raw_bytes() {
    let mut model = open();
    update(&mut model, ScreenEvent::Link(LinkEvent::State(State::Closing)));
    assert_eq!(enter(&mut model, "/raw 8100"), [Effect::Link(LinkCommand::Raw(vec![0x81, 0]))]);
    assert_eq!(enter(&mut model, "/ping"), []);
}

#[test]
fn control_characters_in_a_paste_are_text() {
    let mut model = open();
    update(&mut model, ScreenEvent::Paste("one\r\ntwo\rthree\u{3}".to_owned()));
    assert_eq!(model.editor.text(), "one\ntwo\nthree\u{3}");
    let effects = press(&mut model, KeyCode::Enter);
    assert_eq!(effects, [Effect::Link(LinkCommand::Text("one\ntwo\nthree\u{3}".to_owned()))]);
}

#[test]
fn characters_typed_with_altgr_are_text() {
    // Windows reports AltGr as Control and Alt together. `j`, `c`, `d` and `p` do something else
    // with Control alone.
    let mut model = open();
    let altgr = KeyModifiers::CONTROL | KeyModifiers::ALT;
    for character in "@{}[]\\|~€jcdpabf".chars() {
        assert_eq!(press_with(&mut model, KeyCode::Char(character), altgr), [], "{character}");
    }
    press_with(&mut model, KeyCode::Char('¬'), altgr | KeyModifiers::SHIFT);
    assert_eq!(model.editor.text(), "@{}[]\\|~€jcdpabf¬");
    // When another pane has the focus, these characters go to the input line, as all characters do.
    press(&mut model, KeyCode::BackTab);
    press_with(&mut model, KeyCode::Char('@'), altgr);
    assert_eq!(model.focus, Focus::Input);
    // For keys other than characters, Control and Alt keep their usual effect. With them, for
    // example, Left moves back by a word.
    press_with(&mut model, KeyCode::Left, altgr);
    assert_eq!(model.editor.before_cursor(), "@{}[]\\|~€");
}

#[test]
fn tab_completes_commands_and_shows_their_usage() {
    let mut model = open();
    type_text(&mut model, "/p");
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.hint.as_deref(), Some("/ping  /pong"));
    type_text(&mut model, "i");
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.editor.text(), "/ping ");
    assert!(model.hint.as_deref().is_some_and(|hint| hint.starts_with("/ping [text]: ")), "{:?}", model.hint);
}

#[test]
fn tab_completes_arguments_that_can_be_listed() {
    let mut model = open();
    type_text(&mut model, "/close 101");
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.hint.as_deref(), Some("1010  1011  1012  1013  1014"));
    type_text(&mut model, "1");
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.editor.text(), "/close 1011 ");
    // The next argument is the reason. There are no completions for it, so Tab changes nothing.
    press(&mut model, KeyCode::Tab);
    assert_eq!((model.editor.text(), model.focus), ("/close 1011 ", Focus::Input));
}

#[test]
fn repeated_tabs_list_every_rule_and_start_again() {
    let mut model = open();
    type_text(&mut model, "/break ");
    let mut seen = Vec::new();
    let first = loop {
        press(&mut model, KeyCode::Tab);
        let hint = model.hint.clone().expect("a list");
        assert!(hint.len() <= 80, "{hint}");
        if seen.first() == Some(&hint) {
            break hint;
        }
        seen.push(hint);
    };
    let names: Vec<_> = seen.iter().flat_map(|hint| hint.split("  ").filter(|name| !name.starts_with('('))).collect();
    let all = command::completions("/break ");
    assert_eq!(names, all.iter().map(|line| line.trim_start_matches("/break ")).collect::<Vec<_>>());
    // After any other key, Tab starts the list from the beginning.
    press(&mut model, KeyCode::Tab);
    press(&mut model, KeyCode::Left);
    press(&mut model, KeyCode::Tab);
    assert_eq!(model.hint, Some(first));
}

#[test]
fn tab_cycles_through_the_panes_and_typing_returns_to_the_input() {
    let mut model = open();
    for focus in [Focus::Transcript, Focus::Wire, Focus::Frame, Focus::Input] {
        press(&mut model, KeyCode::Tab);
        assert_eq!(model.focus, focus);
    }
    press(&mut model, KeyCode::BackTab);
    assert_eq!(model.focus, Focus::Frame);
    type_text(&mut model, "x");
    assert_eq!((model.focus, model.editor.text()), (Focus::Input, "x"));
}

#[test]
fn the_first_ctrl_c_closes_and_the_second_quits() {
    let mut model = open();
    let close = Effect::Link(LinkCommand::Close(CloseCode::NORMAL, String::new()));
    assert_eq!(press_control(&mut model, 'c'), [close]);
    assert_eq!(press_control(&mut model, 'c'), [Effect::Quit]);
}

#[test]
fn after_ctrl_c_the_program_quits_with_the_connection() {
    let mut model = open();
    press_control(&mut model, 'c');
    assert_eq!(update(&mut model, ended()), [Effect::Quit]);
    assert_eq!(
        model.ended.map(|(sentence, _)| sentence).as_deref(),
        Some("closed: 1000 (normal closure), by the server")
    );
}

#[test]
fn without_a_connection_one_key_quits() {
    assert_eq!(press_control(&mut closed(), 'c'), [Effect::Quit]);
    assert_eq!(press_control(&mut connecting(), 'c'), [Effect::Quit]);
    assert_eq!(press_control(&mut closed(), 'd'), [Effect::Quit]);
    assert_eq!(update(&mut closed(), ScreenEvent::Stop), [Effect::Quit]);
    let mut model = closed();
    type_text(&mut model, "x");
    press(&mut model, KeyCode::Home);
    assert_eq!(press_control(&mut model, 'd'), [], "in a text, Ctrl-D deletes");
    assert_eq!(model.editor.text(), "");
}

#[test]
fn after_the_server_dies_the_user_can_reconnect() {
    let mut model = open();
    let ending = Ending { close_info: abnormal(), cause: Cause::Failure(Error::EndedWithoutClose), complete: true };
    assert_eq!(update(&mut model, ScreenEvent::Link(LinkEvent::Ended(ending))), []);
    assert_eq!(model.state, State::Closed);
    assert!(last_entry(&model).1.contains("1006"), "{:?}", last_entry(&model));
    assert_eq!(enter(&mut model, "/reconnect"), [reconnect("ws://h/", false)]);
    update(&mut model, ScreenEvent::Link(LinkEvent::Connecting));
    assert_eq!((model.state, model.ended.is_none()), (State::Connecting, true));
}

#[test]
fn records_and_fields_are_selected_one_by_one() {
    let mut model = open();
    add_frames(&mut model, 3);
    press_control(&mut model, 'p');
    assert_eq!(model.wire_log.selected().map(|entry| entry.number), Some(1));
    press(&mut model, KeyCode::BackTab);
    assert_eq!(model.fields()[model.field].1.term.name, Some("websocket.opcode"));
    press(&mut model, KeyCode::Down);
    assert_eq!(model.fields()[model.field].1.term.name, Some("websocket.mask"));
    // The selection stays while more frames arrive.
    add_frames(&mut model, 100);
    assert_eq!(model.wire_log.selected().map(|entry| entry.number), Some(1));
    press(&mut model, KeyCode::End);
    assert_eq!(model.field, model.fields().len() - 1);
    press(&mut model, KeyCode::Esc);
    assert!(model.wire_log.follows());
}

#[test]
fn selecting_a_field_of_the_newest_frame_stops_following() {
    let mut model = open();
    add_frames(&mut model, 1);
    press(&mut model, KeyCode::BackTab);
    press(&mut model, KeyCode::Down);
    add_frames(&mut model, 1);
    assert_eq!(model.wire_log.selected().map(|entry| entry.number), Some(0));
    assert_eq!(model.fields()[model.field].1.term.name, Some("websocket.mask"));
}

#[test]
fn a_click_selects_the_frame_under_it_and_the_wheel_scrolls() {
    let mut model = open();
    add_frames(&mut model, 3);
    let areas = layout::areas(&model);
    let mut mouse = |kind, column, row| {
        update(&mut model, ScreenEvent::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        (model.wire_log.selected().map(|entry| entry.number), model.focus)
    };
    let left = MouseEventKind::Down(MouseButton::Left);
    assert_eq!(mouse(left, areas.wire.x + 2, areas.wire.y + 2), (Some(1), Focus::Wire));
    assert_eq!(mouse(MouseEventKind::ScrollUp, areas.wire.x + 2, areas.wire.y + 2), (Some(0), Focus::Wire));
    // A click below the last line or on the border of the pane does not change the selection.
    assert_eq!(mouse(left, areas.wire.x + 2, areas.wire.bottom() - 2), (Some(0), Focus::Wire));
    assert_eq!(mouse(left, areas.wire.x + 2, areas.wire.y), (Some(0), Focus::Wire));
    assert_eq!(mouse(left, areas.transcript.x + 2, areas.transcript.y + 2).1, Focus::Transcript);
    assert_eq!(mouse(left, areas.frame.x + 2, areas.frame.y + 2).1, Focus::Frame);
    assert_eq!(mouse(left, areas.input.x + 2, areas.input.y).1, Focus::Input);
}

#[test]
fn save_writes_the_records() {
    let mut model = open();
    add_frames(&mut model, 2);
    let [Effect::Save(path, text)] = &enter(&mut model, "/save x.json")[..] else { panic!("another effect") };
    assert_eq!(path.to_str(), Some("x.json"));
    assert_eq!(text.lines().count(), 2);
    assert!(text.lines().all(|line| line.starts_with('{') && line.ends_with('}')));
    let [Effect::Save(_, text)] = &enter(&mut model, "/save x.txt")[..] else { panic!("another effect") };
    assert!(text.starts_with("< Text, 5 bytes: Hello\n00000000  81 05 48"), "{text}");
    update(&mut model, ScreenEvent::Saved(Err("no".to_owned())));
    assert_eq!(last_entry(&model), (Speaker::Error, "no"));
}

#[test]
fn the_help_stays_while_it_is_scrolled() {
    let mut model = open();
    model.size = (60, 20);
    enter(&mut model, "/help");
    let last = {
        press(&mut model, KeyCode::End);
        model.help.expect("the help is shown")
    };
    assert!(last > 0, "the help does not fit");
    for (key, top) in [
        (KeyCode::Down, last),
        (KeyCode::Up, last - 1),
        (KeyCode::Home, 0),
        (KeyCode::Up, 0),
        (KeyCode::PageDown, last.min(17)),
        (KeyCode::Tab, last.min(17)),
    ] {
        press(&mut model, key);
        assert_eq!(model.help, Some(top), "{key:?}");
    }
    let wheel = MouseEvent { kind: MouseEventKind::ScrollUp, column: 5, row: 5, modifiers: KeyModifiers::NONE };
    update(&mut model, ScreenEvent::Mouse(wheel));
    assert_eq!(model.help, Some(last.min(17) - 3));
    // On a large terminal everything fits.
    update(&mut model, ScreenEvent::Resize(120, 60));
    assert_eq!(model.help, Some(0));
    assert_eq!((model.focus, model.editor.text()), (Focus::Input, ""));
}

#[test]
fn the_help_is_closed_by_its_keys_and_by_typing() {
    let mut model = open();
    for key in [KeyCode::Esc, KeyCode::Enter, KeyCode::F(1)] {
        press(&mut model, KeyCode::F(1));
        assert_eq!(model.help, Some(0));
        press(&mut model, key);
        assert_eq!(model.help, None, "{key:?}");
    }
    press(&mut model, KeyCode::F(1));
    type_text(&mut model, "x");
    assert_eq!((model.help, model.editor.text()), (None, "x"));
    press(&mut model, KeyCode::F(1));
    assert_eq!(press_control(&mut model, 'c').len(), 1, "Ctrl-C works from everywhere");
}

/// Carries out a command as the link does: reports the start of the command, then its frames, then
/// its end.
fn send(model: &mut Model, command: &LinkCommand, frames: &[(Direction, &[u8])]) {
    let Some(sent) = command.sent_frames() else { panic!("{command:?} sends nothing") };
    update(model, ScreenEvent::Link(LinkEvent::Sending(sent)));
    add_records(model, frames);
    update(model, ScreenEvent::Link(LinkEvent::Sent));
}

fn add_records(model: &mut Model, frames: &[(Direction, &[u8])]) {
    for record in records(frames) {
        update(model, ScreenEvent::Link(LinkEvent::Record(record)));
    }
}

fn selected(model: &Model) -> Option<&str> {
    model.wire_log.selected().map(|entry| entry.record.summary.as_str())
}

const TO_SERVER: Direction = Direction::ToServer;
const TO_CLIENT: Direction = Direction::ToClient;
const MASKED_HELLO: &[u8] = &[0x81, 0x85, 0, 0, 0, 0, b'H', b'e', b'l', b'l', b'o'];
const MASKED_PONG: &[u8] = &[0x8a, 0x81, 0, 0, 0, 0, b'x'];

#[test]
fn the_frame_that_the_user_sent_stays_selected() {
    let mut model = open();
    add_frames(&mut model, 2);
    // The Pong comes from the engine itself, not from the command.
    let frames: [(Direction, &[u8]); 2] = [(TO_SERVER, MASKED_PONG), (TO_SERVER, MASKED_HELLO)];
    send(&mut model, &LinkCommand::Text("Hello".to_owned()), &frames);
    add_frames(&mut model, 50);
    add_records(&mut model, &[(TO_SERVER, MASKED_PONG)]);
    assert_eq!(model.wire_log.selected().map(|entry| entry.number), Some(3));
    assert_eq!(model.fields()[model.field].1.term.name, Some("websocket.opcode"));
    // The selection can still move. Ctrl-N selects the next frame, sending a frame selects that
    // frame, and Esc selects the newest frame and, from then on, each newer one.
    press_control(&mut model, 'n');
    assert_eq!(model.wire_log.selected().map(|entry| entry.number), Some(4));
    send(&mut model, &LinkCommand::Ping(Vec::new()), &[(TO_SERVER, &[0x89, 0x80, 0, 0, 0, 0])]);
    add_records(&mut model, &[(TO_CLIENT, &[0x8a, 0])]);
    assert_eq!(selected(&model), Some("Ping, 0 bytes"));
    press(&mut model, KeyCode::Esc);
    assert_eq!(selected(&model), Some("Pong, 0 bytes"));
    add_frames(&mut model, 1);
    assert_eq!(selected(&model), Some("Text, 5 bytes: Hello"));
}

#[test]
fn escape_empties_the_input_line_when_nothing_else_is_to_be_left() {
    let mut model = open();
    add_records(&mut model, &[(TO_CLIENT, &[0x81, 1, b'x']), (TO_CLIENT, &[0x81, 1, b'x'])]);
    enter(&mut model, "/close 1005");
    assert_eq!(model.editor.text(), "/close 1005");
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.editor.text(), "");
    // The history keeps the line.
    press(&mut model, KeyCode::Up);
    assert_eq!(model.editor.text(), "/close 1005");
    // Esc ends everything else first.
    press(&mut model, KeyCode::F(2));
    press_control(&mut model, 'p');
    press(&mut model, KeyCode::Esc);
    assert_eq!((model.zoomed, model.editor.text()), (None, "/close 1005"));
    press(&mut model, KeyCode::Esc);
    assert_eq!((model.wire_log.follows(), model.editor.text()), (true, "/close 1005"));
    press(&mut model, KeyCode::Esc);
    assert_eq!(model.editor.text(), "");
    // The user has started a line and moved the focus elsewhere. The first Esc returns to the line.
    model.editor.insert("half");
    press(&mut model, KeyCode::BackTab);
    press(&mut model, KeyCode::Esc);
    assert_eq!((model.focus, model.editor.text()), (Focus::Input, "half"));
}

#[test]
fn a_slow_frame_is_announced_and_the_wire_follows_the_newest_meanwhile() {
    let mut model = open();
    send(&mut model, &LinkCommand::Text("x".to_owned()), &[(TO_SERVER, &[0x81, 0x81, 0, 0, 0, 0, b'x'])]);
    add_frames(&mut model, 1);
    assert!(!model.wire_log.follows());
    enter(&mut model, "/slow 1000 Hi");
    assert!(model.wire_log.follows());
    let notice = "sending a byte every 1000 ms: the wire shows the frame after the last byte";
    assert!(model.transcript.entries().iter().any(|entry| entry.text == notice), "{:?}", model.transcript);
    // A frame that arrives while the slow frame is being sent is selected. Once the slow frame is
    // complete, it is selected instead.
    update(&mut model, ScreenEvent::Link(LinkEvent::Sending(SentFrames::Opcode(1))));
    add_records(&mut model, &[(TO_CLIENT, &[0x81, 1, b'm'])]);
    assert_eq!(selected(&model), Some("Text, 1 byte: m"));
    add_records(&mut model, &[(TO_SERVER, &[0x81, 0x82, 0, 0, 0, 0, b'H', b'i'])]);
    add_records(&mut model, &[(TO_CLIENT, &[0x81, 1, b'n'])]);
    assert_eq!(selected(&model), Some("Text, 2 bytes: Hi"));
}

#[test]
fn each_command_selects_its_first_frame() {
    let mut model = open();
    let first: &[u8] = &[0x01, 0x81, 0, 0, 0, 0, b'a'];
    let last: &[u8] = &[0x80, 0x81, 0, 0, 0, 0, b'b'];
    let fragments = LinkCommand::Fragments { count: 2, ping: false, text: "ab".to_owned() };
    send(&mut model, &fragments, &[(TO_SERVER, first), (TO_CLIENT, HELLO), (TO_SERVER, last)]);
    assert_eq!(selected(&model), Some("Text, first fragment, 1 byte: a"));
    for (command, frame, summary) in [
        (LinkCommand::Binary(vec![7]), &[0x82, 0x81, 0, 0, 0, 0, 7][..], "Binary, 1 byte"),
        (LinkCommand::Pong(b"x".to_vec()), MASKED_PONG, "Pong, 1 byte: x"),
        (LinkCommand::Raw(MASKED_PONG.to_vec()), MASKED_PONG, "Pong, 1 byte: x"),
        (LinkCommand::Raw(MASKED_HELLO.to_vec()), MASKED_HELLO, "Text, 5 bytes: Hello"),
        (LinkCommand::Close(CloseCode::NORMAL, String::new()), &[0x88, 0x82, 0, 0, 0, 0, 3, 0xe8], "Close 1000"),
    ] {
        send(&mut model, &command, &[(TO_CLIENT, HELLO), (TO_SERVER, frame)]);
        add_frames(&mut model, 1);
        let shown = selected(&model).unwrap_or_default();
        assert!(shown.starts_with(summary), "{command:?}: {shown}");
    }
}

#[test]
fn a_selection_that_the_user_has_moved_is_not_taken_away() {
    let mut model = open();
    add_frames(&mut model, 3);
    let slow = LinkCommand::Slow(std::time::Duration::from_millis(1), "Hello".to_owned());
    update(&mut model, ScreenEvent::Link(LinkEvent::Sending(slow.sent_frames().expect("frames"))));
    press_control(&mut model, 'p');
    add_records(&mut model, &[(TO_SERVER, MASKED_HELLO)]);
    update(&mut model, ScreenEvent::Link(LinkEvent::Sent));
    assert_eq!(model.wire_log.selected().map(|entry| entry.number), Some(1));
}

#[test]
fn after_break_the_broken_frame_or_the_answer_is_selected() {
    let close: &[u8] = &[0x88, 2, 3, 0xea];
    for fault in faults::sent_by(Role::Client).filter(|fault| !fault.is_in_handshake()) {
        let mut keys = || MaskingKey([1, 2, 3, 4]);
        let bytes = FaultTest::on_connection(fault, Role::Client, &mut keys).expect("a fault in frames").bytes;
        let mut model = open();
        // A frame arrives before the command is sent, and is selected because it is the newest.
        add_frames(&mut model, 1);
        send(&mut model, &LinkCommand::Break(fault.name), &[(TO_SERVER, MASKED_PONG), (TO_SERVER, &bytes)]);
        add_frames(&mut model, 3);
        add_records(&mut model, &[(TO_CLIENT, close)]);
        add_frames(&mut model, 3);
        let record = &model.wire_log.selected().expect("a record").record;
        let is_broken = record.direction == TO_SERVER && !record.findings.is_empty();
        let is_answer = record.direction == TO_CLIENT && record.summary.starts_with("Close 1002");
        assert!(is_broken || is_answer, "{}: {}", fault.name, record.summary);
        // The answer from the server is selected only if no frame shows the broken rule.
        let shows_it = records(&[(TO_SERVER, &bytes)]).iter().any(|record| !record.findings.is_empty());
        assert_eq!(is_broken, shows_it, "{}", fault.name);
    }
}

#[test]
fn the_fields_that_the_user_reads_are_not_replaced() {
    // Once the pane with the fields has the focus, new records do not replace the one that it
    // shows, even if no key has selected a field.
    for keys in [&[KeyCode::BackTab][..], &[KeyCode::Tab, KeyCode::Tab, KeyCode::Enter]] {
        let mut model = open();
        add_records(&mut model, &[(TO_CLIENT, HELLO)]);
        for key in keys {
            press(&mut model, *key);
        }
        assert_eq!(model.focus, Focus::Frame);
        add_records(&mut model, &[(TO_CLIENT, &[0x89, 0])]);
        assert_eq!(selected(&model), Some("Text, 5 bytes: Hello"));
    }
}

#[test]
fn a_new_connection_ends_the_selection_and_the_search_for_frames() {
    let mut model = open();
    let raw = LinkCommand::Raw(vec![0x81]);
    send(&mut model, &LinkCommand::Text("Hello".to_owned()), &[(TO_SERVER, MASKED_HELLO)]);
    // The connection ends while the command is being carried out.
    update(&mut model, ScreenEvent::Link(LinkEvent::Sending(raw.sent_frames().expect("frames"))));
    update(&mut model, ended());
    enter(&mut model, "/reconnect");
    assert!(model.wire_log.follows());
    update(&mut model, ScreenEvent::Link(LinkEvent::Connecting));
    add_records(&mut model, &[(TO_SERVER, MASKED_PONG), (TO_CLIENT, HELLO)]);
    assert_eq!(selected(&model), Some("Text, 5 bytes: Hello"));
}

#[test]
fn a_line_for_a_closed_connection_makes_room_for_reconnect() {
    for line in ["hello", "/raw 00"] {
        let mut model = closed();
        assert_eq!(enter(&mut model, line), []);
        let hint = model.hint.clone().unwrap_or_default();
        assert!(hint.contains("the connection is CLOSED; /reconnect opens a new one"), "{hint}");
        assert_eq!(enter(&mut model, "/reconnect"), [reconnect("ws://h/", false)]);
        press(&mut model, KeyCode::Up);
        press(&mut model, KeyCode::Up);
        assert_eq!(model.editor.text(), line);
    }
}

#[test]
fn a_new_connection_resets_the_totals_and_keeps_the_records() {
    let mut model = open();
    add_frames(&mut model, 2);
    assert_eq!(model.totals()[1], TrafficTotals { bytes: 14, messages: 2 });
    update(&mut model, ScreenEvent::Link(LinkEvent::Connecting));
    assert_eq!(model.totals()[1], TrafficTotals::default());
    assert_eq!(model.wire_log.entries().len(), 2, "earlier records can still be selected");
}
