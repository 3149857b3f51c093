//! Events in, effects out.

use ratatui::crossterm::event::{KeyCode, KeyModifiers, MouseButton, MouseEventKind};
use websocket::{
    Error,
    protocol::{CloseCode, CloseInfo, Config},
};

use super::{wire::tests::records, *};
use crate::{ending::Cause, screen::layout};

const HELLO: &[u8] = &[0x81, 5, b'H', b'e', b'l', b'l', b'o'];

fn connecting() -> Model {
    Model::new("ws://h/", (80, 24), true)
}

fn open() -> Model {
    let mut model = connecting();
    model.update(Event::Link(Happening::Connecting));
    model.update(Event::Link(Happening::Opened { subprotocol: None, extensions: Vec::new() }));
    model
}

fn closed() -> Model {
    let mut model = open();
    model.update(ended());
    model
}

fn ended() -> Event {
    let mut close_info = failed();
    close_info.code = CloseCode::NORMAL;
    Event::Link(Happening::Ended(Ending { close_info, cause: Cause::End, complete: true }))
}

/// How a connection ends on which nothing happened.
fn failed() -> CloseInfo {
    let keys = Box::new(|| websocket::protocol::frame::MaskingKey([0; 4]));
    websocket::protocol::Connection::client(Config::default(), keys, std::time::Instant::now()).close_info()
}

fn press(model: &mut Model, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
    model.update(Event::Key(KeyEvent::new(code, modifiers)))
}

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    press(model, code, KeyModifiers::NONE)
}

fn control(model: &mut Model, character: char) -> Vec<Effect> {
    press(model, KeyCode::Char(character), KeyModifiers::CONTROL)
}

fn type_text(model: &mut Model, text: &str) {
    for character in text.chars() {
        assert_eq!(key(model, KeyCode::Char(character)), []);
    }
}

fn enter(model: &mut Model, text: &str) -> Vec<Effect> {
    type_text(model, text);
    key(model, KeyCode::Enter)
}

fn frames(model: &mut Model, count: usize) {
    for record in records(&vec![(Direction::ToClient, HELLO); count]) {
        model.update(Event::Link(Happening::Record(record)));
    }
}

fn last_said(model: &Model) -> (Speaker, &str) {
    let said = model.talk.entries().back().expect("something was said");
    (said.speaker, &said.text)
}

#[test]
fn enter_sends_the_line_and_empties_it() {
    let mut model = open();
    let effects = enter(&mut model, "hello");
    assert_eq!(effects, [Effect::Order(Order::Text("hello".to_owned()))]);
    assert_eq!(model.editor.text(), "");
    assert_eq!(last_said(&model), (Speaker::Us, "hello"));
    type_text(&mut model, "typed ahead");
    assert_eq!(control(&mut model, 'j'), [Effect::Order(Order::Text("typed ahead".to_owned()))]);
    let effects = enter(&mut model, "//slash");
    assert_eq!(effects, [Effect::Order(Order::Text("/slash".to_owned()))]);
    assert_eq!(last_said(&model), (Speaker::Us, "/slash"));
}

#[test]
fn a_line_that_cannot_be_sent_stays() {
    for (mut model, line, why) in [
        (open(), "/ping\u{20}".to_owned() + &"x".repeat(126), "at most 125 bytes"),
        (open(), "/unknown".to_owned(), "/help lists them"),
        (connecting(), "hello".to_owned(), "the connection is CONNECTING"),
        (closed(), "hello".to_owned(), "the connection is CLOSED; /reconnect"),
        (closed(), "/raw 00".to_owned(), "the connection is CLOSED; /reconnect"),
    ] {
        assert_eq!(enter(&mut model, &line), []);
        assert_eq!(model.editor.text(), line);
        let hint = model.hint.clone().unwrap_or_default();
        assert!(hint.contains(why), "{line}: {hint}");
        // The next key takes the sentence away, and nothing else.
        key(&mut model, KeyCode::Left);
        assert_eq!((model.hint.as_deref(), model.editor.text()), (None, line.as_str()));
    }
}

#[test]
fn what_the_connection_refuses_is_told() {
    let mut model = open();
    model.update(Event::Link(Happening::Rejected("not sent: no".to_owned())));
    assert_eq!(last_said(&model), (Speaker::Mistake, "not sent: no"));
}

#[test]
fn while_closing_raw_bytes_may_be_sent_and_nothing_else() {
    let mut model = open();
    model.update(Event::Link(Happening::State(State::Closing)));
    assert_eq!(enter(&mut model, "/raw 8100"), [Effect::Order(Order::Raw(vec![0x81, 0]))]);
    assert_eq!(enter(&mut model, "/ping"), []);
}

#[test]
fn a_paste_is_text_and_no_commands_to_the_editor() {
    let mut model = open();
    model.update(Event::Paste("one\r\ntwo\rthree\u{3}".to_owned()));
    assert_eq!(model.editor.text(), "one\ntwo\nthree\u{3}");
    let effects = key(&mut model, KeyCode::Enter);
    assert_eq!(effects, [Effect::Order(Order::Text("one\ntwo\nthree\u{3}".to_owned()))]);
}

#[test]
fn tab_completes_commands_and_says_what_they_take() {
    let mut model = open();
    type_text(&mut model, "/p");
    key(&mut model, KeyCode::Tab);
    assert_eq!(model.hint.as_deref(), Some("/ping  /pong"));
    type_text(&mut model, "i");
    key(&mut model, KeyCode::Tab);
    assert_eq!(model.editor.text(), "/ping ");
    assert!(model.hint.as_deref().is_some_and(|hint| hint.starts_with("/ping [text]: ")), "{:?}", model.hint);
}

#[test]
fn tab_completes_what_follows_a_command_where_that_can_be_listed() {
    let mut model = open();
    type_text(&mut model, "/close 101");
    key(&mut model, KeyCode::Tab);
    assert_eq!(model.hint.as_deref(), Some("1010  1011  1012  1013  1014"));
    type_text(&mut model, "1");
    key(&mut model, KeyCode::Tab);
    assert_eq!(model.editor.text(), "/close 1011 ");
    // Nothing is known about reasons, and nothing happens.
    key(&mut model, KeyCode::Tab);
    assert_eq!((model.editor.text(), model.focus), ("/close 1011 ", Focus::Input));
}

#[test]
fn tab_after_tab_lists_every_rule_and_begins_anew() {
    let mut model = open();
    type_text(&mut model, "/break ");
    let mut seen = Vec::new();
    let first = loop {
        key(&mut model, KeyCode::Tab);
        let hint = model.hint.clone().expect("it lists");
        assert!(hint.len() <= 80, "{hint}");
        if seen.first() == Some(&hint) {
            break hint;
        }
        seen.push(hint);
    };
    let names: Vec<_> = seen.iter().flat_map(|hint| hint.split("  ").filter(|name| !name.starts_with('('))).collect();
    let all = command::completions("/break ");
    assert_eq!(names, all.iter().map(|line| line.trim_start_matches("/break ")).collect::<Vec<_>>());
    // Any other key, and it begins anew too.
    key(&mut model, KeyCode::Tab);
    key(&mut model, KeyCode::Left);
    key(&mut model, KeyCode::Tab);
    assert_eq!(model.hint, Some(first));
}

#[test]
fn tab_goes_round_and_typing_comes_back() {
    let mut model = open();
    for focus in [Focus::Talk, Focus::Wire, Focus::Frame, Focus::Input] {
        key(&mut model, KeyCode::Tab);
        assert_eq!(model.focus, focus);
    }
    key(&mut model, KeyCode::BackTab);
    assert_eq!(model.focus, Focus::Frame);
    type_text(&mut model, "x");
    assert_eq!((model.focus, model.editor.text()), (Focus::Input, "x"));
}

#[test]
fn the_first_control_c_closes_and_the_second_leaves() {
    let mut model = open();
    let close = Effect::Order(Order::Close(CloseCode::NORMAL, String::new()));
    assert_eq!(control(&mut model, 'c'), [close]);
    assert_eq!(control(&mut model, 'c'), [Effect::Quit]);
}

#[test]
fn after_control_c_the_end_of_the_connection_is_the_end() {
    let mut model = open();
    control(&mut model, 'c');
    assert_eq!(model.update(ended()), [Effect::Quit]);
    assert_eq!(
        model.ended.map(|(sentence, _)| sentence).as_deref(),
        Some("closed: 1000 (normal closure), by the server")
    );
}

#[test]
fn without_a_connection_leaving_takes_one_key() {
    assert_eq!(control(&mut closed(), 'c'), [Effect::Quit]);
    assert_eq!(control(&mut connecting(), 'c'), [Effect::Quit]);
    assert_eq!(control(&mut closed(), 'd'), [Effect::Quit]);
    assert_eq!(closed().update(Event::Stop), [Effect::Quit]);
    let mut model = closed();
    type_text(&mut model, "x");
    key(&mut model, KeyCode::Home);
    assert_eq!(control(&mut model, 'd'), [], "in a line it deletes");
    assert_eq!(model.editor.text(), "");
}

#[test]
fn a_server_that_dies_leaves_the_screen_and_a_way_back() {
    let mut model = open();
    let ending = Ending { close_info: failed(), cause: Cause::Failure(Error::EndedWithoutClose), complete: true };
    assert_eq!(model.update(Event::Link(Happening::Ended(ending))), []);
    assert_eq!(model.state, State::Closed);
    assert!(last_said(&model).1.contains("1006"), "{:?}", last_said(&model));
    assert_eq!(enter(&mut model, "/reconnect"), [Effect::Order(Order::Reconnect)]);
    model.update(Event::Link(Happening::Connecting));
    assert_eq!((model.state, model.ended.is_none()), (State::Connecting, true));
}

#[test]
fn frames_are_looked_at_one_by_one_and_field_by_field() {
    let mut model = open();
    frames(&mut model, 3);
    control(&mut model, 'p');
    assert_eq!(model.wire.selected().map(|entry| entry.number), Some(1));
    key(&mut model, KeyCode::BackTab);
    assert_eq!(model.fields()[model.field].1.term.name, Some("websocket.opcode"));
    key(&mut model, KeyCode::Down);
    assert_eq!(model.fields()[model.field].1.term.name, Some("websocket.mask"));
    // What is looked at stays while more arrives.
    frames(&mut model, 100);
    assert_eq!(model.wire.selected().map(|entry| entry.number), Some(1));
    key(&mut model, KeyCode::End);
    assert_eq!(model.field, model.fields().len() - 1);
    key(&mut model, KeyCode::Esc);
    assert!(model.wire.follows());
}

#[test]
fn looking_at_a_field_of_the_newest_frame_holds_it() {
    let mut model = open();
    frames(&mut model, 1);
    key(&mut model, KeyCode::BackTab);
    key(&mut model, KeyCode::Down);
    frames(&mut model, 1);
    assert_eq!(model.wire.selected().map(|entry| entry.number), Some(0));
    assert_eq!(model.fields()[model.field].1.term.name, Some("websocket.mask"));
}

#[test]
fn a_click_chooses_the_frame_under_it_and_the_wheel_scrolls() {
    let mut model = open();
    frames(&mut model, 3);
    let areas = layout::areas(model.size, 0);
    let mut mouse = |kind, column, row| {
        model.update(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
        (model.wire.selected().map(|entry| entry.number), model.focus)
    };
    let left = MouseEventKind::Down(MouseButton::Left);
    assert_eq!(mouse(left, areas.wire.x + 2, areas.wire.y + 2), (Some(1), Focus::Wire));
    assert_eq!(mouse(MouseEventKind::ScrollUp, areas.wire.x + 2, areas.wire.y + 2), (Some(0), Focus::Wire));
    // Below the last line, and on the frame's edge, there is nothing to choose.
    assert_eq!(mouse(left, areas.wire.x + 2, areas.wire.bottom() - 2), (Some(0), Focus::Wire));
    assert_eq!(mouse(left, areas.wire.x + 2, areas.wire.y), (Some(0), Focus::Wire));
    assert_eq!(mouse(left, areas.talk.x + 2, areas.talk.y + 2).1, Focus::Talk);
    assert_eq!(mouse(left, areas.frame.x + 2, areas.frame.y + 2).1, Focus::Frame);
    assert_eq!(mouse(left, areas.input.x + 2, areas.input.y).1, Focus::Input);
}

#[test]
fn save_writes_what_is_on_the_wire() {
    let mut model = open();
    frames(&mut model, 2);
    let [Effect::Save(path, text)] = &enter(&mut model, "/save x.json")[..] else { panic!("something else") };
    assert_eq!(path.to_str(), Some("x.json"));
    assert_eq!(text.lines().count(), 2);
    assert!(text.lines().all(|line| line.starts_with('{') && line.ends_with('}')));
    let [Effect::Save(_, text)] = &enter(&mut model, "/save x.txt")[..] else { panic!("something else") };
    assert!(text.starts_with("< Text, 5 bytes: Hello\n00000000  81 05 48"), "{text}");
    model.update(Event::Saved(Err("no".to_owned())));
    assert_eq!(last_said(&model), (Speaker::Mistake, "no"));
}

#[test]
fn any_key_closes_the_help() {
    let mut model = open();
    enter(&mut model, "/help");
    assert!(model.help);
    type_text(&mut model, "x");
    assert!(!model.help);
    assert_eq!(model.editor.text(), "");
    key(&mut model, KeyCode::F(1));
    assert_eq!(control(&mut model, 'c').len(), 1, "leaving works from everywhere");
}

#[test]
fn a_new_connection_counts_from_nothing() {
    let mut model = open();
    frames(&mut model, 2);
    assert_eq!(model.sums()[1], wire::Sums { bytes: 14, messages: 2 });
    model.update(Event::Link(Happening::Connecting));
    assert_eq!(model.sums()[1], wire::Sums::default());
    assert_eq!(model.wire.entries().len(), 2, "what was on the wire can still be looked at");
}
