//! Checks that the right lines complete each lesson, and that a near miss does not.

use super::{
    progress::{LessonCommand, LessonProgress},
    table::LESSONS,
    test_connection::TestConnection,
};

/// The columns and rows inside the lesson's border on a terminal of 80 columns and 24 rows.
const SMALL_PANE: (usize, usize) = (47, 10);

/// Returns a user who begins with the lesson that has this title.
fn begin(title: &str) -> TestConnection {
    let index = LESSONS.iter().position(|lesson| lesson.title == title).unwrap_or_else(|| panic!("no lesson {title}"));
    let mut lessons = LessonProgress::default();
    lessons.command(LessonCommand::Jump(index));
    TestConnection::new(lessons)
}

/// Types lines, and returns the text of the pane if they complete the lesson.
fn completes(title: &str, lines: &[&str]) -> Option<String> {
    let mut user = begin(title);
    let before = user.lessons.title();
    for line in lines {
        user.enter(line);
    }
    (user.lessons.title() != before).then(|| text(&user))
}

/// Returns the text of the pane as one line.
fn text(user: &TestConnection) -> String {
    user.lessons.rows(1000).into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(" ")
}

#[test]
fn each_lesson_is_completed_by_the_lines_of_its_hint() {
    for lesson in LESSONS {
        assert!(completes(lesson.title, lesson.lines).is_some(), "{}", lesson.title);
    }
}

#[test]
fn no_lesson_is_completed_before_its_last_line() {
    for lesson in LESSONS {
        let (_, before) = lesson.lines.split_last().expect("lines");
        assert_eq!(completes(lesson.title, before), None, "{}", lesson.title);
    }
}

#[test]
fn other_deeds_complete_a_lesson_too() {
    for (title, lines, report) in [
        ("The first frame", &["/fragment 1 Hello"][..], "5 bytes took 11 on the wire: 2 that hold"),
        ("The masking key", &["/ping", "Hello", "/binary 12040608"], "12 04 06 08: right"),
        ("The empty message", &["/binary"], "Six"),
        ("A longer length", &["/binary @Cargo.toml"], "the seven bits say 126, and the next 2 bytes"),
        ("A longer length", &["/binary @../../Cargo.lock"], "the seven bits say 127, and the next 8 bytes"),
        ("A character cut in two", &["/fragment 2 ä"], "ended with c3, and the next one began with a4"),
        ("A character cut in two", &["/fragment 3+ping 世"], "ended with e4, and the next one began with b8"),
        ("Close with a reason", &["/close 4000 bye"], "You sent 4000 and \"bye\""),
        ("What 1005 is", &["/raw 8880 01020304"], "\"by the server\""),
        ("1002, protocol error", &["/close 4000", "/reconnect", "/raw 8105 48656c6c6f"], "failed the connection"),
        ("1007, not UTF-8", &["/raw 0181 00000000 c3", "/raw 8081 00000000 41"], "must not reach"),
        ("A compressed message", &["/reconnect --deflate", "/fragment 3 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"], "32 bytes"),
        ("A broken handshake", &["/reconnect /break/upgrade-missing"], "accept value"),
    ] {
        let text = completes(title, lines).unwrap_or_else(|| panic!("{title}: {lines:?}"));
        assert!(text.contains(report), "{title}: {text}");
    }
}

#[test]
fn a_near_miss_does_not_complete_a_lesson() {
    for (title, lines) in [
        ("The first frame", &["/binary 48", "", "/ping Hello", "/fragment 2 Hello", "/raw 81 81 00000000 ff"][..]),
        // The key's bytes in the wrong order, too few bytes, and the key sent as text.
        ("The masking key", &["/mask 01020304", "Hello", "/binary 04030201", "/binary 010203", "01020304"]),
        // A key of an earlier connection.
        ("The masking key", &["/mask 01020304", "Hello", "/reconnect", "/binary 01020304"]),
        // The key of the frame itself.
        ("The masking key", &["Hello", "/mask 01020304", "/binary 01020304"]),
        ("The empty message", &["/ping", "/fragment 2", "x"]),
        // A length written in a longer form than necessary.
        ("A longer length", &["/raw 82fe0001 00000000 00"]),
        ("A Ping with your name", &["/ping", "/pong Ada", "Ada"]),
        ("A character cut in two", &["/fragment 2 ab", "ä", "/fragment 2 äö"]),
        ("A character cut in two", &["/raw 0181 00000000 c3", "/raw 8081 00000000 c3"]),
        ("A Ping between fragments", &["/fragment 3+ping abc", "/fragment 3 abc", "/ping", "/fragment 4+ping abcd"]),
        ("A Ping between fragments", &["/fragment 2+ping ab", "/ping"]),
        ("One byte a second", &["Hi", "/slow 800 Hi"]),
        ("Close with a reason", &["/close 4000"]),
        // A reason, but a different code from the one that the task asks for.
        ("Close with a reason", &["/close 1000 bye"]),
        ("Close with a reason", &["/close 4001 bye"]),
        ("What 1005 is", &["/close 1000"]),
        ("What 1005 is", &["/raw 8800"]),
        // The key of an older frame rather than of the newest one.
        ("The masking key", &["/mask 01020304", "Hello", "Hi", "/binary 01020304"]),
        // A masked frame that breaks another rule.
        ("1002, protocol error", &["/raw 8380 00000000"]),
        // The server's answer to a Close merely repeats the user's code.
        ("1002, protocol error", &["/close 1002"]),
        ("1002, protocol error", &["/raw 8181 00000000 ff"]),
        ("1007, not UTF-8", &["/close 1007"]),
        ("1007, not UTF-8", &["/binary ff", "/raw 8105 48656c6c6f"]),
        ("1009, too big", &["/close 1009"]),
        ("1009, too big", &["/raw 82ff 0000000000010000 00000000"]),
        ("1003, wrong kind", &["/binary 00", "/reconnect -s chat /chat", "text"]),
        ("1003, wrong kind", &["/close 1003"]),
        ("A compressed message", &["/fragment 2 again and again and again and again"]),
        ("A compressed message", &["/reconnect --deflate", "again", "/fragment 2 xy"]),
        ("A broken handshake", &["/reconnect /echo"]),
        ("A broken handshake", &["/raw 8105 48656c6c6f"]),
    ] {
        assert_eq!(completes(title, lines), None, "{title}: {lines:?}");
    }
    let longest = "x".repeat(125);
    assert_eq!(completes("A longer length", &[&longest]), None);
    assert!(completes("A longer length", &[&format!("{longest}x")]).is_some());
}

#[test]
fn an_attempt_says_what_is_missing() {
    let short = "x".repeat(120);
    for (title, lines, missing) in [
        ("The first frame", &["/binary 48"][..], "this message is binary"),
        ("The first frame", &[""], "this message is empty"),
        ("The first frame", &["/fragment 2 Hello"], "several frames"),
        ("The masking key", &["/binary 010203"], "3 bytes, and a key has 4"),
        ("The masking key", &["Hello", "/binary 01020304"], "01 02 03 04 is not the key of an earlier frame"),
        ("The masking key", &["11 02 03 04"], "these are characters"),
        ("The empty message", &["x"], "the payload length of this message is 1"),
        ("A longer length", &[&short], "120 bytes, and the seven bits are enough up to 125"),
        ("A Ping with your name", &["/ping"], "this Ping carries nothing"),
        ("A Ping with your name", &["Ada"], "this is a message"),
        ("A character cut in two", &["ä"], "only one frame"),
        ("A character cut in two", &["/fragment 2 ab"], "each character of this text is one byte"),
        ("A character cut in two", &["/fragment 2 äö"], "between two characters"),
        ("A Ping between fragments", &["/fragment 3+ping abc"], "no Ping came between the second and the third"),
        ("A Ping between fragments", &["/fragment 4+ping abcd"], "this message has 4 frames"),
        ("A Ping between fragments", &["/raw 0181 00000000 41", "/raw 8181 00000000 42"], "start again from the first"),
        ("One byte a second", &["/slow 100 Hi"], "8 bytes in 0.7 s"),
        ("Close with a reason", &["/close 1000 bye"], "you sent 1000, and the task is 4000"),
        ("Close with a reason", &["/close 4000"], "your Close has no reason"),
        ("What 1005 is", &["/close 1000"], "your Close has the code 1000"),
        ("What 1005 is", &["/raw 8800"], "your Close was not masked, so the server closed with 1002"),
        ("What 1005 is", &["/raw 8881 00000000 00"], "the server closed with 1002 instead of answering your Close"),
        ("Close with a reason", &["/raw 8803 0fa0 41"], "your Close was not masked, so the server closed with 1002"),
        ("The masking key", &["/mask 01020304", "Hello", "Hi", "/binary 01020304"], "the key of an older frame"),
        ("1002, protocol error", &["/raw 8380 00000000"], "your frame was masked and broke another rule"),
        ("1002, protocol error", &["Hello"], "breaks no rule"),
        ("1007, not UTF-8", &["/raw 8105 48656c6c6f"], "the server closed with 1002, not 1007"),
        ("1009, too big", &["/close 1009"], "you closed first"),
        ("1003, wrong kind", &["/reconnect -s chat /chat", "text"], "Send a binary message"),
        ("A compressed message", &["again"], "this message is not compressed"),
        ("A compressed message", &["/reconnect --deflate", "/fragment 2 xy"], "Repeat more"),
        ("A broken handshake", &["/reconnect /echo"], "this response breaks no rule"),
    ] {
        let mut user = begin(title);
        assert!(!text(&user).contains("Not yet"), "before any attempt: {}", text(&user));
        for line in lines {
            user.enter(line);
        }
        let text = text(&user);
        assert!(text.contains("Not yet: ") && text.contains(missing), "{title}: {lines:?}: {text}");
    }
}

#[test]
fn what_is_not_an_attempt_is_not_called_one() {
    for (title, lines) in [
        ("The masking key", &["Hello", "/ping"][..]),
        ("A Ping between fragments", &["/raw 0181 00000000 41", "/raw 0081 00000000 42", "/ping"]),
        ("1007, not UTF-8", &["/raw 0181 00000000 c3"]),
        ("What 1005 is", &["/reconnect"]),
        ("A compressed message", &["/reconnect --deflate"]),
    ] {
        let mut user = begin(title);
        for line in lines {
            user.enter(line);
        }
        assert!(!text(&user).contains("Not yet"), "{title}: {lines:?}: {}", text(&user));
    }
}

#[test]
fn the_second_miss_names_the_hint() {
    let mut user = begin("The empty message");
    user.enter("x");
    assert!(!text(&user).contains("/lesson hint"), "{}", text(&user));
    user.enter("x");
    assert!(text(&user).contains("/lesson hint helps"), "{}", text(&user));
    user.enter("/lesson hint");
    assert!(!text(&user).contains("Not yet") && !text(&user).contains("/lesson hint helps"), "{}", text(&user));
    user.enter("x");
    assert!(text(&user).contains("Not yet") && !text(&user).contains("/lesson hint helps"), "{}", text(&user));
    // Another lesson begins without misses.
    user.enter("/lesson 4");
    user.enter("x");
    assert!(text(&user).contains("Not yet") && !text(&user).contains("/lesson hint"), "{}", text(&user));
}

#[test]
fn an_unmasked_text_of_the_server_completes_nothing() {
    for lesson in LESSONS {
        let mut user = begin(lesson.title);
        let before = user.lessons.title();
        for text in ["Hello", "", &"x".repeat(126)] {
            user.push(text);
        }
        assert_eq!(user.lessons.title(), before);
    }
}

#[test]
fn a_frame_sent_slowly_reports_what_arrived_meanwhile() {
    for (line, report) in [("/slow 1000 Hi", "8 bytes in 7.0 s."), ("/slow 2000 Hi", "8 bytes in 14.0 s.")] {
        let mut user = begin("One byte a second");
        user.push("before");
        user.enter(line);
        let text = text(&user);
        assert!(text.contains(report) && text.contains("the server sent 7 frames:"), "{text}");
    }
    let mut user = begin("One byte a second");
    user.enter("/reconnect /echo");
    user.enter("/slow 1000 Hi");
    assert!(!text(&user).contains("Meanwhile"), "{}", text(&user));
}

#[test]
fn the_lessons_are_done_one_after_the_other_and_fit_into_a_small_pane() {
    let (columns, most) = SMALL_PANE;
    let mut too_long = Vec::new();
    let mut measure = |user: &TestConnection| {
        let rows = user.lessons.rows(columns);
        if rows.len() > most {
            too_long.push((rows.len(), rows));
        }
    };
    let mut user = begin(LESSONS[0].title);
    for (index, lesson) in LESSONS.iter().enumerate() {
        assert_eq!(user.lessons.title(), format!("lesson {} of {}: {}", index + 1, LESSONS.len(), lesson.title));
        measure(&user);
        user.enter("/lesson hint");
        measure(&user);
        assert!(text(&user).contains(lesson.idea), "{}", text(&user));
        let gives_away = |line: &&&str| line.contains(' ') && lesson.idea.contains(**line);
        assert_eq!(lesson.lines.iter().find(gives_away), None, "{}", lesson.title);
        user.enter("/lesson hint");
        measure(&user);
        assert!(text(&user).contains(lesson.hint) && !text(&user).contains(lesson.idea), "{}", text(&user));
        assert!(
            text(&user).ends_with(lesson.lines.last().filter(|line| !line.is_empty()).unwrap_or(&"(an empty line)"))
        );
        for line in lesson.lines {
            user.enter(line);
        }
        assert!(text(&user).starts_with(&format!("✓ {}: ", index + 1)), "{}", text(&user));
    }
    measure(&user);
    assert!(text(&user).contains("You have done every lesson."), "{}", text(&user));
    // A completed lesson shows its explanation above the task.
    for number in 1..=LESSONS.len() {
        user.enter(&format!("/lesson {number}"));
        assert!(text(&user).contains(&format!("✓ {number}: ")), "{}", text(&user));
        measure(&user);
    }
    assert!(too_long.is_empty(), "more than {most} rows: {too_long:#?}");
}

/// The task must stay visible, whatever the user does.
#[test]
fn a_hint_takes_the_place_of_the_last_attempt() {
    let (columns, most) = SMALL_PANE;
    let mut user = begin("A Ping between fragments");
    for line in ["Hello", "/lesson hint", "/lesson hint"] {
        user.enter(line);
        let rows = user.lessons.rows(columns);
        assert!(rows.len() <= most, "{line}: {rows:#?}");
    }
    assert!(text(&user).contains("With a key of zeros") && !text(&user).contains("Not yet"), "{}", text(&user));
    // After the next attempt, the sentence about it replaces the hint, but the lines to type stay.
    user.enter("Hello");
    assert!(text(&user).contains("Not yet") && text(&user).contains("/raw 0081 00000000 42"), "{}", text(&user));
    assert!(!text(&user).contains("With a key of zeros, 41"), "{}", text(&user));
}

#[test]
fn a_new_connection_clears_what_was_missing_on_the_old_one() {
    let mut user = begin("Close with a reason");
    user.enter("/close 1000 bye");
    assert!(text(&user).contains("you sent 1000"), "{}", text(&user));
    user.enter("/reconnect");
    assert!(!text(&user).contains("Not yet"), "{}", text(&user));
}

#[test]
fn a_title_fits_above_its_pane() {
    let (columns, _) = SMALL_PANE;
    for lesson in LESSONS {
        let mut user = begin(lesson.title);
        for line in lesson.lines {
            user.enter(line);
        }
        let number = LESSONS.iter().position(|other| other.title == lesson.title).expect("it is listed") + 1;
        user.enter(&format!("/lesson {number}"));
        let title = user.lessons.title();
        assert!(title.contains('✓') && title.chars().count() + 2 <= columns, "{title}");
    }
}

#[test]
fn a_skipped_lesson_is_not_forgotten() {
    let mut user = begin(LESSONS[0].title);
    user.enter("/lesson next");
    user.enter("/lesson 3");
    user.enter("");
    assert!(user.lessons.title().starts_with("lesson 4 "));
    user.enter("/lesson 16");
    user.enter("/lesson next");
    assert!(text(&user).contains("Not done yet: 1, 2, 4, 5, "), "{}", text(&user));
    // After the last lesson, the next one is the first lesson that was skipped.
    user.enter("/lesson 3");
    assert!(user.lessons.title().starts_with("lesson 3 of 16 ✓: "), "{}", user.lessons.title());
    user.enter("/lesson 16");
    user.enter("/reconnect /break/accept-wrong");
    assert!(user.lessons.title().starts_with("lesson 1 "));
}

#[test]
fn a_lesson_that_is_done_shows_its_explanation_again() {
    let mut user = begin(LESSONS[0].title);
    user.enter("Hello");
    let report = "A message of 5 bytes took 11";
    user.enter("/lesson 3");
    assert!(!text(&user).contains(report), "{}", text(&user));
    user.enter("/lesson 1");
    assert!(text(&user).contains(LESSONS[0].task) && text(&user).contains(report), "{}", text(&user));
    // The hint takes the place of the explanation, but the explanation can still be shown later.
    user.enter("/lesson hint");
    assert!(!text(&user).contains(report), "{}", text(&user));
    user.enter("/lesson 1");
    assert!(text(&user).contains(report), "{}", text(&user));
    // Doing it again replaces the explanation.
    user.enter("Hello, world");
    user.enter("/lesson 1");
    assert!(text(&user).contains("A message of 12 bytes") && !text(&user).contains(report), "{}", text(&user));
}

#[test]
fn the_task_with_raw_frames_names_each_part_of_a_frame() {
    let task = begin("A Ping between fragments").lessons.rows(1000)[0].1.clone();
    for part in ["01 (Text)", "00 (Continuation)", "80 (Continuation, Fin)", "81 (masked, one byte)", "key", "the byte"]
    {
        assert!(task.contains(part), "{part}: {task}");
    }
}

#[test]
fn no_task_looks_as_if_an_answer_were_to_be_typed() {
    for lesson in LESSONS {
        assert!(!lesson.task.contains('?'), "{}: {}", lesson.title, lesson.task);
    }
}

#[test]
fn lessons_that_are_off_watch_nothing_and_keep_their_progress() {
    let mut user = begin(LESSONS[0].title);
    user.enter("Hello");
    user.enter("/lesson off");
    user.enter("/binary 11020304");
    assert!(!user.lessons.is_shown());
    user.enter("/lesson");
    assert!(user.lessons.is_shown() && user.lessons.title().starts_with("lesson 2 "), "{}", user.lessons.title());
}
