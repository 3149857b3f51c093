//! Random inputs for each parser: of frame headers, UTF-8, Close bodies, URIs and lists of
//! extensions.

use proptest::{collection::vec, prelude::*};
use protocol::{
    CloseCode, CloseFrame, Uri,
    frame::{FrameHeader, MaskingKey, Opcode, ReservedBits},
    handshake::Extension,
    utf8::Utf8Validator,
};
use testkit::{cuts::cut_into, handshake::valid_request, http_head::HeadBuilder};

use super::mutation::any_mutation;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn an_encoded_header_is_parsed_to_the_original(
        fin: bool,
        first: u8,
        opcode in proptest::sample::select(&[
            Opcode::Continuation, Opcode::Text, Opcode::Binary, Opcode::Close, Opcode::Ping, Opcode::Pong,
        ][..]),
        key: Option<[u8; 4]>,
        length in prop_oneof![0..300_u64, 65_500..65_600_u64, 0..=i64::MAX as u64],
    ) {
        let (fin, payload_length) = if opcode.is_control() { (true, length % 126) } else { (fin, length) };
        let reserved = ReservedBits::from_first_byte(first);
        let header = FrameHeader { fin, reserved, opcode, masking_key: key.map(MaskingKey), payload_length };
        let bytes = header.encode();
        prop_assert_eq!(FrameHeader::parse(&bytes), Ok(Some((header, bytes.len()))));
        prop_assert_eq!(header.encoded_len(), bytes.len());
    }

    #[test]
    fn each_header_has_a_single_encoding(bytes in vec(any::<u8>(), 0..20)) {
        if let Ok(Some((header, length))) = FrameHeader::parse(&bytes) {
            prop_assert_eq!(&header.encode()[..], &bytes[..length]);
        }
    }

    #[test]
    fn the_validator_and_the_standard_library_agree_on_utf_8(
        bytes in prop_oneof![
            vec(any::<u8>(), 0..8),
            (any::<String>(), vec(any_mutation(), 0..2)).prop_map(|(text, mutations)| {
                let mut bytes = text.into_bytes();
                mutations.iter().for_each(|mutation| mutation.apply(&mut bytes));
                bytes
            }),
        ],
        sizes in vec(1..5_usize, 1..4),
    ) {
        let mut validator = Utf8Validator::new();
        let valid = cut_into(&bytes, &sizes).into_iter().all(|piece| validator.push(piece).is_ok())
            && validator.is_complete();
        prop_assert_eq!(valid, std::str::from_utf8(&bytes).is_ok());
    }

    #[test]
    fn any_close_body_is_parsed_or_rejected_with_a_close_code(body in vec(any::<u8>(), 0..126)) {
        match CloseFrame::parse(&body) {
            Ok(None) => prop_assert!(body.is_empty()),
            Ok(Some(frame)) => {
                prop_assert_eq!(&body[..2], &frame.code().0.to_be_bytes());
                prop_assert_eq!(&body[2..], frame.reason().as_bytes());
                let sent = CloseFrame::new(frame.code(), frame.reason());
                prop_assert_eq!(sent, Ok(frame), "a Close that may be received may be sent");
            }
            Err(violation) => {
                let code = violation.close_code();
                prop_assert!([CloseCode::PROTOCOL_ERROR, CloseCode::INVALID_DATA].contains(&code), "{code}");
            }
        }
    }

    #[test]
    fn a_parsed_uri_is_printed_as_an_equal_one_and_cannot_add_lines_to_a_request(uri in prop_oneof![
        any::<String>(),
        "wss?://[a-z0-9.\\[\\]:@-]{0,12}(:[0-9]{0,6})?(/[ -~\u{e9}\r\n]{0,10})?(\\?[ -~\u{20ac}]{0,6})?",
    ]) {
        if let Ok(parsed) = uri.parse::<Uri>() {
            prop_assert_eq!(parsed.to_string().parse::<Uri>(), Ok(parsed.clone()));
            for part in [parsed.resource_name(), &parsed.host_header()] {
                prop_assert!(part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#'), "{part:?}");
            }
            prop_assert!(parsed.resource_name().starts_with('/'));
        }
    }

    #[test]
    fn a_list_of_extensions_is_parsed_with_any_quotes_spaces_and_lines(
        extensions in vec(
            (
                "[a-zA-Z0-9!#$%&'*+.^_`|~-]{1,8}",
                vec(("[a-z_]{1,8}", proptest::option::of("[a-z0-9]{1,4}")), 0..3),
            ),
            1..4,
        ),
        quoted: bool,
        spaced: bool,
    ) {
        let mut expected = Vec::new();
        let mut elements = Vec::new();
        for (name, parameters) in extensions {
            let mut extension = Extension::new(&*name).unwrap();
            let mut element = name;
            for (name, value) in parameters {
                extension = extension.with(&*name, value.as_deref()).unwrap();
                element += if spaced { " ; " } else { ";" };
                element += &name;
                if let Some(value) = value {
                    element += if spaced { " = " } else { "=" };
                    element += &if quoted { format!("\"{value}\"") } else { value };
                }
            }
            expected.push(extension);
            elements.push(element);
        }
        let list = elements.join(if spaced { " ,\t" } else { "," });
        let one_line = HeadBuilder::request().with(format!("Sec-WebSocket-Extensions: {list}"));
        let lines = elements.iter()
            .fold(HeadBuilder::request(), |head, element| head.with(format!("Sec-WebSocket-Extensions: {element}")));
        for head in [one_line, lines] {
            let request = valid_request(&head);
            let upgrade = request.check_upgrade().unwrap();
            prop_assert_eq!(upgrade.extensions(), &expected[..]);
        }
    }
}
