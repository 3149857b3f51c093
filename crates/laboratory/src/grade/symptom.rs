//! The ways in which a peer can fail a check, as far as the judge can see from outside.

/// The way in which a peer has failed a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symptom {
    /// The TCP connection could not be opened.
    NotConnected,
    /// The program no longer accepts connections, so it has probably crashed.
    Crashed,
    /// The opening handshake went wrong.
    Handshake,
    /// Nothing arrived in time.
    NoAnswer,
    /// The TCP connection ended before the answer arrived.
    Ended,
    /// A Close arrived instead of the answer.
    Closed,
    /// The answer has another payload.
    OtherPayload,
    /// Only the beginning of the payload came back.
    CutShort,
    /// The answer has another opcode.
    OtherOpcode,
    /// A fragment of a message arrived instead of a message in one frame.
    Fragment,
    /// A server masks its frames, or a client does not mask each frame with a new, random key.
    Masking,
    /// The peer sent a frame that it had no reason to send.
    Unexpected,
    /// The peer's bytes are not valid frames.
    Garbage,
    /// Part of a frame or of a head arrived, but the rest did not.
    Incomplete,
    /// The Close has another code.
    OtherCode,
    /// The peer has not ended the TCP connection.
    LeftOpen,
    /// The peer has reset the TCP connection.
    Reset,
    /// The peer accepted something that it must reject.
    Tolerated,
}

/// The failure of a check, as a symptom and in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The symptom.
    pub symptom: Symptom,
    /// One sentence on what was expected and what happened, without its full stop.
    pub sentence: String,
    /// Advice on the mistake, if the judge has recognised it. Otherwise, the advice of the check
    /// applies.
    pub advice: Option<&'static str>,
}

impl Failure {
    pub(crate) fn new(symptom: Symptom, sentence: impl Into<String>) -> Self {
        Self { symptom, sentence: sentence.into(), advice: None }
    }

    /// Puts a name, such as that of the failed connection, before the sentence.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.sentence = format!("{name}: {}", self.sentence);
        self
    }

    /// Adds advice on a mistake that the judge has recognised.
    pub(crate) const fn with_advice(mut self, advice: Option<&'static str>) -> Self {
        self.advice = advice;
        self
    }
}
