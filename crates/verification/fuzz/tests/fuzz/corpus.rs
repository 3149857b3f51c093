//! Corpus files, and splits.

use fuzz::{corpus, splits};

#[test]
fn packing_sorts_and_unpacking_restores_the_inputs() {
    let inputs = vec![vec![3, 0xFF], vec![], vec![9], vec![3, 0xFF]];
    let text = corpus::pack(inputs);
    assert_eq!(text, "\n09\n03ff\n");
    assert_eq!(corpus::unpack(&text), Ok(vec![vec![], vec![9], vec![3, 0xFF]]));
}

#[test]
fn a_line_that_is_not_hexadecimal_is_an_error() {
    assert_eq!(corpus::unpack("00\n0g\n"), Err("line 2: \"0g\"".to_owned()));
    assert_eq!(corpus::unpack("000\n"), Err("line 1: \"000\"".to_owned()));
}

#[test]
fn joined_pieces_are_the_original_bytes() {
    let bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
    for seed in 0..50 {
        let pieces = splits::pieces(seed, &bytes);
        assert_eq!(pieces.concat(), bytes);
        assert!(pieces.iter().all(|piece| !piece.is_empty()));
        assert!(pieces.len() > 5000 / 256, "the bytes are split");
    }
}
