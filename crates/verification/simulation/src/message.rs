//! The messages of a conversation. Each carries its number, which also determines all its other
//! bytes, so a receiver notices any change.

use protocol::Message;

/// Returns the message with this number and about this size in bytes. It begins with the number.
#[must_use]
pub fn message(number: u64, size: usize) -> Message {
    let mut bytes = format!("{number}:").into_bytes();
    let size = size.max(bytes.len());
    if number.is_multiple_of(2) {
        bytes.resize(size, filler(number));
        return Message::binary(bytes);
    }
    // Use characters that are several bytes long, so that some of the places where the message is
    // split fall inside a character.
    let mut text = String::from_utf8(bytes).unwrap_or_default();
    while text.len() + 3 <= size {
        text.push('€');
    }
    Message::text(text)
}

/// Returns the number of a message.
///
/// # Errors
/// Returns a description of what is wrong if any byte has changed.
pub fn check(received: &Message) -> Result<u64, String> {
    let bytes = received.as_bytes();
    let colon = bytes.iter().position(|byte| *byte == b':').ok_or("a message without a number arrived")?;
    let number = std::str::from_utf8(&bytes[..colon]).ok().and_then(|digits| digits.parse().ok());
    let number: u64 = number.ok_or("a message whose number cannot be read arrived")?;
    if *received == message(number, bytes.len()) {
        Ok(number)
    } else {
        Err(format!("message {number} arrived with other bytes than were sent"))
    }
}

#[allow(clippy::cast_possible_truncation)]
const fn filler(number: u64) -> u8 {
    number as u8
}

/// Returns the size on the wire, in bytes, of a client's message that is sent as one uncompressed
/// frame.
#[must_use]
pub const fn wire_size(payload: usize) -> u64 {
    let header = match payload {
        0..=125 => 2,
        126..=0xFFFF => 4,
        _ => 10,
    };
    header + 4 + payload as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_shows_its_number_and_every_change() {
        for number in 0..300 {
            for size in [0, 1, 10, 1000] {
                assert_eq!(check(&message(number, size)), Ok(number));
            }
        }
        assert!(check(&Message::binary(vec![b'4', b':', 4, 5])).is_err());
        assert!(check(&Message::text("5:€?")).is_err());
    }
}
