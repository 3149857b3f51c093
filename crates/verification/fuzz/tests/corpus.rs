//! The files of inputs.

use fuzz::{corpus, cuts};

#[test]
fn what_is_packed_is_unpacked_again_short_ones_first() {
    let inputs = vec![vec![3, 0xFF], vec![], vec![9], vec![3, 0xFF]];
    let text = corpus::pack(inputs);
    assert_eq!(text, "\n09\n03ff\n");
    assert_eq!(corpus::unpack(&text), Ok(vec![vec![], vec![9], vec![3, 0xFF]]));
}

#[test]
fn what_is_not_hexadecimal_is_an_error() {
    assert_eq!(corpus::unpack("00\n0g\n"), Err("line 2: \"0g\"".to_owned()));
    assert_eq!(corpus::unpack("000\n"), Err("line 1: \"000\"".to_owned()));
}

#[test]
fn pieces_put_together_are_the_whole() {
    let bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
    for seed in 0..50 {
        let pieces = cuts::pieces(seed, &bytes);
        assert_eq!(pieces.concat(), bytes);
        assert!(pieces.iter().all(|piece| !piece.is_empty()));
        assert!(pieces.len() > 5000 / 256, "it is cut at all");
    }
}
