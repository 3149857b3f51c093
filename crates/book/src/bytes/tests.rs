//! Marks and blocks on small pages.

use super::explained;

/// Returns the problems of a page, each as `line: advice`.
fn problems(page: &str) -> Vec<String> {
    match explained("a.md", page) {
        Ok(html) => panic!("the page has no problem:\n{html}"),
        Err(problems) => problems.iter().map(|problem| format!("{}: {}", problem.line, problem.advice)).collect(),
    }
}

/// Returns the page as HTML.
fn html(page: &str) -> String {
    explained("a.md", page).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// Returns a page with a mark and a block.
fn page(mark: &str, block: &str) -> String {
    format!("# One\n\n<!-- wire: {mark} -->\n```text\n{block}\n```\nThe end.\n")
}

const HELLO: &str = "81 85 37 fa 21 3d 7f 9f 4d 51 58";

#[test]
fn a_block_of_bytes_without_a_mark_is_a_problem() {
    let [problem] = &problems("# One\n\n```text\n81 05 48 65 6c 6c 6f\n```\n")[..] else { panic!("one problem") };
    assert!(problem.starts_with("3: this block of bytes needs a mark"), "{problem}");
    let [problem] = &problems("```http\nGET / HTTP/1.1\n```\n")[..] else { panic!("one problem") };
    assert!(problem.starts_with("1: this block of bytes needs a mark"), "{problem}");
}

#[test]
fn a_mark_needs_its_bytes() {
    assert_eq!(
        problems("<!-- wire: to-client -->\n\n```text\n81 00\n```\n")[0],
        "1: this mark needs a code block on the next line"
    );
    assert_eq!(
        problems("a <!-- wire: to-client --> b\n"),
        ["1: this mark needs code directly after it, on the same line"]
    );
    assert!(problems(&page("to-client", "no bytes"))[0].starts_with("3: there are no bytes"));
}

#[test]
fn a_mark_says_only_what_it_can() {
    for (mark, problem) in [
        ("to-nobody", "3: a mark cannot say `to-nobody`"),
        ("", "3: the mark needs a direction"),
        ("to-client lines many", "3: `lines` needs a number, not `many`"),
        ("payload red", "3: a `payload` is `text` or `compressed`"),
        ("to-client breaks", "3: `breaks` needs the name of a rule"),
        ("to-client to-server to-client", "3: the mark has 3 directions for 1 lines"),
        ("to-client continued", "3: there is no block that this one can continue"),
    ] {
        let found = problems(&page(mark, HELLO));
        assert!(found[0].starts_with(problem), "{mark}: {found:?}");
    }
}

#[test]
fn bytes_that_break_another_rule_than_the_mark_says_are_a_problem() {
    assert_eq!(
        problems(&page("to-client", HELLO)),
        ["3: the bytes break rules that the mark does not name after `breaks`: \
          MaskedFrame: a server's frames must not be masked (RFC 6455, section 5.1)"]
    );
    assert_eq!(
        problems(&page("to-server breaks MaskedFrame", HELLO)),
        ["3: the mark says that the bytes break `MaskedFrame`, but they do not"]
    );
    assert!(html(&page("to-client breaks MaskedFrame", HELLO)).contains("Broken rule: MaskedFrame"));
}

#[test]
fn a_frame_that_is_cut_off_needs_a_mark_that_says_so() {
    assert!(problems(&page("to-server", "81 85 37 fa"))[0].starts_with("3: the last unit is incomplete"));
    assert_eq!(problems(&page("to-server incomplete", HELLO)), ["3: the mark says `incomplete`, but no unit is"]);
    html(&page("to-server incomplete", "81 85 37 fa"));
}

#[test]
fn all_problems_of_a_page_are_found_at_once() {
    let page = [page("to-client", HELLO), page("to-nobody", HELLO)].concat();
    assert_eq!(problems(&page).len(), 2);
}

#[test]
fn every_byte_has_its_fields() {
    let html = html(&page("to-server", &format!("{HELLO}      \"Hello\"")));
    let bytes: Vec<&str> = html.split("<b ").skip(1).take_while(|byte| byte.contains("data-f")).collect();
    assert_eq!(bytes.len(), 11);
    assert!(html.contains("<b class=\"opcode bits-1\" data-f=\"0 1 2\">81</b>"), "{html}");
    // The last byte is masked with the first byte of the key.
    assert!(html.contains("data-k=\"37\" data-p=\"6f\">58</b>"), "{html}");
    assert!(html.contains("<span class=\"wire-note\">&#34;Hello&#34;</span>"), "{html}");
    assert!(html.contains("href=\"rfc6455.html#section-5-2\""), "{html}");
    assert!(!html.contains("<!-- wire"), "{html}");
}

#[test]
fn a_head_is_text_and_its_response_knows_the_key() {
    let handshake = "<!-- wire: to-server -->\n```http\nGET / HTTP/1.1\nHost: a\nUpgrade: websocket\nConnection: Upgrade\n\
                     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Version: 13\n```\n\n\
                     <!-- wire: to-client continued -->\n```http\nHTTP/1.1 101 Switching Protocols\n\
                     Upgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n```\n";
    assert!(html(handshake).contains("SHA-1 (computed)"));
    let wrong = handshake.replace("s3pP", "S3pP");
    assert!(
        problems(&wrong)[0]
            .starts_with("11: the bytes break rules that the mark does not name after `breaks`: AcceptWrong")
    );
}

#[test]
fn computed_blocks_of_a_chapter_need_no_mark() {
    let client = html("<!-- bytes: text \"Hi\" masked 00000000 -->\n```text\n81 82 00 00 00 00 48 69   Text\n```\n");
    assert!(client.contains("from the client"), "{client}");
    let answer = html("<!-- answers -->\n```text\n88 .. 03 ea ...   Close 1002\nthe end\n```\n");
    assert!(answer.contains(">..</b>") && answer.contains("protocol error (1002)"), "{answer}");
}

#[test]
fn the_words_of_the_judge_and_code_are_no_connection() {
    for mark in ["judge: step02 stage 3", "code: src/a.rs figure"] {
        let page = format!("<!-- {mark} -->\n```text\n81 85 37 fa\n```\n");
        assert_eq!(html(&page), page);
    }
}

#[test]
fn bytes_in_a_sentence_are_explained_there() {
    let html = html("The echo is <!-- wire: to-client -->`81 00`, and `03 e8` is a code.\n");
    assert!(html.starts_with("The echo is <span class=\"wire\""), "{html}");
    assert!(html.contains("</span>, and `03 e8` is a code.\n"), "{html}");
}

#[test]
fn a_mark_does_not_end_a_paragraph_or_an_item() {
    for page in ["The echo is\n<!-- wire: to-client -->`81 00`\n", "* <!-- wire: to-client -->`81 00`\n"] {
        assert!(problems(page)[0].contains("put a word before this mark"), "{page}");
    }
    html("| a |\n|---|\n| <!-- wire: to-client -->`81 00` |\n");
}

#[test]
fn a_block_in_a_list_stays_in_it() {
    let html = html("* One:\n\n  <!-- wire: to-client -->\n  ```text\n  81 00\n  ```\n");
    assert!(html.contains("\n  <div class=\"wire\""), "{html}");
}

#[test]
fn a_second_compressed_message_may_refer_to_the_first() {
    let page = page("payload compressed", "f2 48 cd c9 c9 07 00\nf2 00 11 00 00");
    assert_eq!(html(&page).matches("wire-unit").count(), 2);
    assert!(html(&page).contains("Text (computed)</b> <samp>Hello</samp>"), "{}", html(&page));
    assert!(problems(&page.replace("f2 00 11", "f2 00 ff"))[0].starts_with("3: the bytes break rules"));
}

#[test]
fn parts_of_characters_are_explained() {
    let html = html(&page("payload text", "e2 82 ac"));
    assert!(html.contains("<samp>the first of 3 bytes</samp> <span>of €, U+20AC</span>"), "{html}");
    assert!(html.contains("<samp>continuation byte 2</samp>"), "{html}");
}
