//! Applies events to the model and checks their effects.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use dissector::Direction;
use websocket::{
    Error,
    protocol::{CloseCode, CloseInfo, Config, Connection, frame::MaskingKey},
};

use super::*;
use crate::{
    ending::{Cause, Ending},
    screen::{
        command, layout,
        link_command::LinkCommand,
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
    update(&mut model, ScreenEvent::Link(LinkEvent::Connected { subprotocol: None, extensions: Vec::new() }));
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

/// Returns the close info of a connection that ended before anything had happened.
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
        (closed(), "hello".to_owned(), "the connection is CLOSED; /reconnect opens a new one"),
        (closed(), "/raw 00".to_owned(), "the connection is CLOSED; /reconnect opens a new one"),
    ] {
        assert_eq!(enter(&mut model, &line), []);
        assert_eq!(model.editor.text(), line);
        let hint = model.hint.clone().unwrap_or_default();
        assert!(hint.contains(why), "{line}: {hint}");
        // The next key removes the hint and changes nothing else.
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
    // The next argument is the reason, for which there are no candidates. So Tab changes nothing.
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
    assert_eq!(enter(&mut model, "/reconnect"), [Effect::Link(LinkCommand::Reconnect)]);
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
    let areas = layout::areas(model.size, 0);
    let mut mouse = |kind, column, row| {
        update(&mut model, ScreenEvent::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        (model.wire_log.selected().map(|entry| entry.number), model.focus)
    };
    let left = MouseEventKind::Down(MouseButton::Left);
    assert_eq!(mouse(left, areas.wire.x + 2, areas.wire.y + 2), (Some(1), Focus::Wire));
    assert_eq!(mouse(MouseEventKind::ScrollUp, areas.wire.x + 2, areas.wire.y + 2), (Some(0), Focus::Wire));
    // Below the last line, and on the border of the pane, a click does not change the selection.
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
fn any_key_closes_the_help() {
    let mut model = open();
    enter(&mut model, "/help");
    assert!(model.help);
    type_text(&mut model, "x");
    assert!(!model.help);
    assert_eq!(model.editor.text(), "");
    press(&mut model, KeyCode::F(1));
    assert_eq!(press_control(&mut model, 'c').len(), 1, "Ctrl-C works from everywhere");
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
