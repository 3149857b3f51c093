//! Recognises mistakes in the use of the masking key, from a payload that came back changed.

use protocol::frame::{MaskingKey, apply_mask};

/// The minimum number of bytes needed for a diagnosis. The chance that four bytes match a mistake
/// by accident is only one in four billion.
const EVIDENCE: usize = 4;

/// Returns the mistake that the peer probably made when it unmasked a payload that the judge had
/// masked with one of `keys`. `expected` is the payload before the judge masked it, and `got` is
/// what came back.
pub(crate) fn diagnose(expected: &[u8], got: &[u8], keys: &[MaskingKey]) -> Option<String> {
    if expected.len() != got.len() {
        return None;
    }
    let first = expected.iter().zip(got).position(|(expected, got)| expected != got)?;
    keys.iter().find_map(|&key| {
        let mut masked = expected.to_vec();
        apply_mask(&mut masked, key);
        if got == masked && got.len() >= EVIDENCE {
            return Some("the mask was not removed".to_owned());
        }
        // The first few bytes after the index restarted may be right by accident, so the restart
        // may be up to three positions before the first wrong byte.
        (first.saturating_sub(3)..=first).find_map(|start| {
            let mut again = masked[start..].to_vec();
            apply_mask(&mut again, key);
            // If the index restarts again, the later bytes differ, so compare only the beginning.
            let window = EVIDENCE.min(again.len());
            let restarted = window == EVIDENCE && again[..window] == got[start..start + window];
            restarted.then(|| format!("from byte {start} on, the index of the masking key began at 0 again"))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: MaskingKey = MaskingKey([0x37, 0xfa, 0x21, 0x3d]);

    #[test]
    fn a_mask_that_was_not_removed_is_recognised() {
        let mut got = b"Hello".to_vec();
        apply_mask(&mut got, KEY);
        assert_eq!(diagnose(b"Hello", &got, &[KEY]).as_deref(), Some("the mask was not removed"));
        assert_eq!(diagnose(b"Hello", b"World", &[KEY]), None);
        assert_eq!(diagnose(b"Hello", b"Hello", &[KEY]), None);
    }

    #[test]
    fn an_index_that_restarts_is_recognised() {
        let expected = b"The index goes through the whole payload.";
        let mut got = expected.to_vec();
        apply_mask(&mut got, KEY);
        let (head, tail) = got.split_at_mut(6);
        apply_mask(head, KEY);
        apply_mask(tail, KEY);
        let sentence = diagnose(expected, &got, &[MaskingKey([1, 2, 3, 4]), KEY]);
        assert_eq!(sentence.as_deref(), Some("from byte 6 on, the index of the masking key began at 0 again"));
    }
}
