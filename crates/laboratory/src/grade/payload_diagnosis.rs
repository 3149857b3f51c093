//! Recognises a peer's mistakes from the payload that it sent back.

use protocol::frame::MaskingKey;

use super::{
    mask_diagnosis::diagnose,
    symptom::{Failure, Symptom},
    words::{SHOWN, quote},
};

/// The smallest payload length that does not fit into the second byte of a header.
const EXTENDED: usize = 126;

/// The length in bytes of a masking key. If a long payload is wrong from one of its first four
/// bytes on, the peer has probably read the key from the wrong position.
const KEY: usize = 4;

const CHARACTERS_ADVICE: &str = "A length counts bytes, and a character may have up to four of them. Write the number of \
                                 bytes of the payload, not that of its characters.";

const KEY_ADVICE: &str = "The key comes after the extended length: it begins at byte 4 of the frame if the second byte \
                          announces 126, and at byte 10 if it announces 127. The payload follows the key.";

/// Checks that the payload `got` equals `expected`. If the judge masked `expected`, it used one of
/// `keys`.
pub(crate) fn check(label: &str, expected: &[u8], got: &[u8], keys: &[MaskingKey]) -> Result<(), Failure> {
    if expected == got {
        return Ok(());
    }
    let same = expected.iter().zip(got).take_while(|(expected, got)| expected == got).count();
    let is_prefix = same == got.len();
    let mut sentence = if same < SHOWN {
        format!("{label} has another payload: {} instead of {}", quote(got), quote(expected))
    } else if is_prefix {
        format!("{label} is cut short: only the first {same} of {} bytes came back", expected.len())
    } else {
        let (got, expected) = (quote(&got[same..]), quote(&expected[same..]));
        format!("{label} has another payload: from byte {same} on, {got} instead of {expected}")
    };
    if expected.len() != got.len() {
        if !is_prefix || same < SHOWN {
            let unit = if got.len() == 1 { "byte" } else { "bytes" };
            sentence.push_str(&format!(" ({} {unit} instead of {})", got.len(), expected.len()));
        }
    } else if (1..SHOWN).contains(&same) {
        sentence.push_str(&format!(", different from byte {same} on"));
    }
    if counts_characters(expected, got) {
        sentence.push_str(": the length is the number of characters, not of bytes");
        return Err(Failure::new(Symptom::OtherPayload, sentence).with_advice(Some(CHARACTERS_ADVICE)));
    }
    if is_prefix {
        return Err(Failure::new(Symptom::CutShort, sentence));
    }
    let mask = diagnose(expected, got, keys);
    let has_wrong_key = mask.is_none() && same < KEY && expected.len() >= EXTENDED && expected.len() == got.len();
    if let Some(mask) = mask {
        sentence.push_str(&format!(" ({mask})"));
    }
    let failure = Failure::new(Symptom::OtherPayload, sentence);
    Err(failure.with_advice(has_wrong_key.then_some(KEY_ADVICE)))
}

/// Returns `true` if `got` is the beginning of the text `expected`, and its length in bytes equals
/// the number of characters in that text.
fn counts_characters(expected: &[u8], got: &[u8]) -> bool {
    str::from_utf8(expected).is_ok_and(|text| text.chars().count() == got.len()) && expected.starts_with(got)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn failure(expected: &[u8], got: &[u8]) -> Failure {
        check("the echo", expected, got, &[]).expect_err("the payloads differ")
    }

    #[test]
    fn a_payload_of_which_only_the_beginning_came_back_is_cut_short() {
        let cut = failure(&[b'x'; 65_535], &[b'x'; 65_528]);
        assert_eq!(cut.symptom, Symptom::CutShort);
        assert_eq!(cut.sentence, "the echo is cut short: only the first 65528 of 65535 bytes came back");
        let short = failure(b"Hello", b"Hel");
        assert_eq!(short.symptom, Symptom::CutShort);
        assert_eq!(short.sentence, "the echo has another payload: \"Hel\" instead of \"Hello\" (3 bytes instead of 5)");
    }

    #[test]
    fn the_first_difference_is_quoted_wherever_it_is() {
        let mut got = b"The index goes through the whole payload.".to_vec();
        let expected = got.clone();
        got[30] = b'!';
        let late = failure(&expected, &got);
        let sentence = "the echo has another payload: from byte 30 on, \"!e payload.\" instead of \"le payload.\"";
        assert_eq!((late.symptom, late.sentence.as_str()), (Symptom::OtherPayload, sentence));
        let early = failure(b"Hello", b"Help!");
        assert!(early.sentence.ends_with("\"Help!\" instead of \"Hello\", different from byte 3 on"), "{early:?}");
    }

    #[test]
    fn a_length_in_characters_is_recognised() {
        for (expected, count) in [("€", 1), ("cut €ro", 7)] {
            let failure = failure(expected.as_bytes(), &expected.as_bytes()[..count]);
            assert!(failure.sentence.ends_with("the length is the number of characters, not of bytes"), "{failure:?}");
            assert_eq!(failure.advice, Some(CHARACTERS_ADVICE));
        }
        assert!(failure("€".as_bytes(), b"\xe2").sentence.contains("(1 byte instead of 3)"));
    }

    #[test]
    fn a_long_payload_that_is_wrong_from_the_beginning_has_a_wrong_key() {
        assert_eq!(failure(&[b'x'; 126], &[b'y'; 126]).advice, Some(KEY_ADVICE));
        assert_eq!(failure(&[b'x'; 125], &[b'y'; 125]).advice, None, "the length is not extended");
    }
}
