//! The glossary: every kind of field there is, with Wireshark's name for it, why it exists and where it is specified.
//!
//! ```text
//!   FIN      websocket.fin       so that a sender can begin before it knows ...      RFC 6455, section 5.2
//!   └ Term   └ name              └ why                                               └ reference
//! ```

use std::fmt;

/// An entry: what a field is, whatever its value.
#[derive(Debug, PartialEq, Eq)]
pub struct Term {
    /// Wireshark's name for it, as one types it into the filter bar; `None` for what Wireshark has no field for.
    pub name: Option<&'static str>,
    /// What it is called, as in Wireshark's tree.
    pub label: &'static str,
    /// Which part of a unit it belongs to. Parts have colours.
    pub part: Part,
    /// Why it is there: what would go wrong without it.
    pub why: &'static str,
    /// Where it is specified.
    pub reference: Reference,
}

/// A section of an RFC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    /// The number of the RFC.
    pub rfc: u16,
    /// The section, such as `5.2`.
    pub section: &'static str,
}

/// Parts of a unit, to be told apart by colour, the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// FIN.
    Fin,
    /// RSV1-3.
    Reserved,
    /// The opcode.
    Opcode,
    /// The MASK bit and the masking key.
    Mask,
    /// The payload length in all its forms.
    Length,
    /// The payload; the body of an HTTP message.
    Payload,
    /// The first line of a head.
    StartLine,
    /// A header that the handshake is about.
    Handshake,
    /// Any other header.
    Header,
}

impl Reference {
    /// A section of RFC 6455, The WebSocket Protocol.
    #[must_use]
    pub const fn rfc6455(section: &'static str) -> Self {
        Self { rfc: 6455, section }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RFC {}, section {}", self.rfc, self.section)
    }
}

/// Declares the terms, and the list of them all.
macro_rules! terms {
    ($($(#[$doc:meta])* $ident:ident = $name:expr, $label:literal, $part:ident, $rfc:literal $section:literal, $why:literal;)*) => {
        $(
            $(#[$doc])*
            pub static $ident: Term = Term {
                name: $name,
                label: $label,
                part: Part::$part,
                why: $why,
                reference: Reference { rfc: $rfc, section: $section },
            };
        )*

        /// Every term there is.
        pub static ALL: &[&Term] = &[$(&$ident),*];
    };
}

terms! {
    // ---- A frame ------------------------------------------------------------------------------------------------
    /// FIN.
    FIN = Some("websocket.fin"), "Fin", Fin, 6455 "5.2",
        "A sender may begin a message before it knows how long it will be, and end it in a later frame. Somebody has to \
         say which frame is the last.";
    /// RSV1 to RSV3 together.
    RSV = Some("websocket.rsv"), "Reserved", Reserved, 6455 "5.2",
        "Room for extensions. A receiver that has agreed on none must not see a 1 here: the sender believes that it \
         changes what the payload means.";
    /// RSV1 where permessage-deflate was agreed on.
    PMC = Some("websocket.pmc"), "Per-Message Compressed", Reserved, 7692 "6",
        "NegotiatedDeflate pays for some messages and not for others, so each message says in its first frame whether it is \
         compressed.";
    /// RSV1 alone.
    RSV1 = None, "RSV1", Reserved, 6455 "5.2",
        "The first of three bits for extensions. permessage-deflate marks compressed messages with it.";
    /// RSV2 alone.
    RSV2 = None, "RSV2", Reserved, 6455 "5.2",
        "The second of three bits for extensions. No registered extension uses it.";
    /// RSV3 alone.
    RSV3 = None, "RSV3", Reserved, 6455 "5.2",
        "The third of three bits for extensions. No registered extension uses it.";
    /// The opcode.
    OPCODE = Some("websocket.opcode"), "Opcode", Opcode, 6455 "5.2",
        "Frames of several kinds share one connection. The highest of the four bits tells control frames from data, so \
         that one test shows which rules apply.";
    /// The MASK bit.
    MASK = Some("websocket.mask"), "Mask", Mask, 6455 "5.2",
        "Every frame from a client is masked and none from a server, yet the bit makes each frame readable without \
         knowing who sent it.";
    /// The seven bits of payload length.
    LENGTH = Some("websocket.payload_length"), "Payload length", Length, 6455 "5.2",
        "TCP has no marks between messages, so each frame says how far it reaches. Short messages are most messages and \
         pay seven bits for it; 126 and 127 announce a longer form.";
    /// The length in two bytes.
    LENGTH_16 = Some("websocket.payload_length_ext_16"), "Extended Payload length (16 bits)", Length, 6455 "5.2",
        "For 126 to 65,535 bytes. A shorter length must not be written like this, or one frame could be spelled in \
         three ways and a filter that knows one would miss the others.";
    /// The length in eight bytes.
    LENGTH_64 = Some("websocket.payload_length_ext_64"), "Extended Payload length (64 bits)", Length, 6455 "5.2",
        "For 65,536 bytes and more. The highest bit stays 0, so that the number fits the signed integers of languages \
         that have no others.";
    /// The masking key.
    MASKING_KEY = Some("websocket.masking_key"), "Masking-Key", Mask, 6455 "5.3",
        "New and unforeseeable for each frame, so that a script in a web page, which chooses the payload, cannot choose \
         the bytes on the wire and make them look like an HTTP request to an old proxy. It hides nothing: it stands \
         right in front of what it masks.";
    /// The payload as it is on the wire.
    MASKED_PAYLOAD = Some("websocket.masked_payload"), "Masked payload", Payload, 6455 "5.3",
        "Each byte of the payload combined by XOR with a byte of the key, the four of them in turn.";
    /// The payload as it was meant.
    PAYLOAD = Some("websocket.payload"), "Payload", Payload, 6455 "5.2",
        "What the frame is for: application data, in front of which an extension could put data of its own.";
    /// A text message.
    TEXT = Some("websocket.payload.text"), "Text", Payload, 6455 "5.6",
        "The message, which has to be UTF-8. That holds for the message as a whole: a fragment may end within a \
         character.";
    /// A binary message. Wireshark gives it to another dissector, whose field this is.
    BINARY = Some("data.data"), "Data", Payload, 6455 "5.6",
        "The message: bytes that mean something to the application alone.";
    /// The piece of a message that one frame carries.
    FRAGMENT = None, "Fragment", Payload, 6455 "5.4",
        "A piece of a message, cut wherever the sender liked. The receiver puts the pieces together, and the \
         application never sees where the cuts were.";
    /// The message that ends with a frame that has no payload.
    MESSAGE = None, "Message", Payload, 6455 "5.4",
        "What the fragments add up to.";
    /// The payload of a message that is compressed.
    COMPRESSED = None, "Compressed", Payload, 7692 "7.2.1",
        "DEFLATE of the message, less the four bytes 00 00 ff ff at its end, which are always the same and need not be \
         sent.";
    /// What a part of a compressed message inflates to. Wireshark shows whole messages only, as text or data.
    INFLATED = None, "Inflated", Payload, 7692 "7.2.2",
        "Made of the compressed bytes, and with context takeover of earlier messages too, which they may refer to. What \
         has to be UTF-8 is this, not the payload.";
    /// The body of a Close frame.
    CLOSE = Some("websocket.payload.close"), "Close", Payload, 6455 "5.5.1",
        "Says why the connection is closed. It may be empty; if not, it begins with the two bytes of a status code.";
    /// The status code of a Close frame.
    CLOSE_CODE = Some("websocket.payload.close.status_code"), "Status code", Payload, 6455 "7.4",
        "A number for programs, to decide whether to connect again, and how soon.";
    /// The reason of a Close frame.
    CLOSE_REASON = Some("websocket.payload.close.reason"), "Reason", Payload, 6455 "7.1.6",
        "Words for a log or for a developer. Nothing in it is meant for programs or for the user of a program.";
    /// The payload of a Ping.
    PING = Some("websocket.payload.ping"), "Ping", Payload, 6455 "5.5.2",
        "Comes back in the Pong, so that the sender can tell which Ping was answered.";
    /// The payload of a Pong.
    PONG = Some("websocket.payload.pong"), "Pong", Payload, 6455 "5.5.3",
        "The payload of the Ping that it answers. A Pong that answers nothing is allowed as a sign of life.";
    /// The payload of a frame that nobody can interpret.
    UNKNOWN = Some("websocket.payload.unknown"), "Unknown", Payload, 6455 "5.2",
        "Nothing says what it means: the opcode is reserved, or the frame continues a message that never began.";

    // ---- The first line of a head -------------------------------------------------------------------------------
    /// The request line.
    REQUEST_LINE = None, "Request line", StartLine, 9112 "3",
        "A WebSocket begins as an HTTP request, so that it can use the ports, the proxies and the servers that are \
         there.";
    /// The method.
    METHOD = Some("http.request.method"), "Request Method", StartLine, 6455 "4.1",
        "GET, since a method with a body would put something between the handshake and the frames.";
    /// The request target.
    TARGET = Some("http.request.uri"), "Request URI", StartLine, 6455 "3",
        "One server may offer several services; the path chooses one.";
    /// The target's path.
    PATH = Some("http.request.uri.path"), "Request URI Path", StartLine, 6455 "3",
        "Chooses the service.";
    /// The target's query.
    QUERY = Some("http.request.uri.query"), "Request URI Query", StartLine, 6455 "3",
        "Parameters for the service.";
    /// The request's HTTP version.
    REQUEST_VERSION = Some("http.request.version"), "Request Version", StartLine, 6455 "4.1",
        "HTTP/1.1 or later: 1.0 knows no Upgrade, and has no rule that a connection goes on after the answer.";
    /// The status line.
    STATUS_LINE = None, "Status line", StartLine, 9112 "4",
        "The server's answer in one line.";
    /// The response's HTTP version.
    RESPONSE_VERSION = Some("http.response.version"), "Response Version", StartLine, 9112 "2.3",
        "HTTP/1.1, like the request.";
    /// The status code.
    STATUS = Some("http.response.code"), "Status Code", StartLine, 6455 "4.2.2",
        "101 and nothing else opens a WebSocket. Every other code is ordinary HTTP, such as a redirect or a request for \
         a password.";
    /// The reason phrase.
    PHRASE = Some("http.response.phrase"), "Response Phrase", StartLine, 9112 "4",
        "The status in words, for people. Programs do not look at it.";

    // ---- Headers that the handshake is about --------------------------------------------------------------------
    /// Host.
    HOST = Some("http.host"), "Host", Handshake, 6455 "4.1",
        "Several hosts may share an address. It also lets a server refuse a request that was led to it by a forged name.";
    /// Upgrade.
    UPGRADE = Some("http.upgrade"), "Upgrade", Handshake, 6455 "4.1",
        "Names the protocol that is to be spoken from here on.";
    /// Connection.
    CONNECTION = Some("http.connection"), "Connection", Handshake, 6455 "4.1",
        "Marks Upgrade as meant for the next machine alone. A proxy that does not know WebSocket removes what is listed \
         here, and the handshake fails cleanly instead of half succeeding.";
    /// Sec-WebSocket-Key.
    KEY = Some("http.sec_websocket_key"), "Sec-WebSocket-Key", Handshake, 6455 "11.3.1",
        "A question that only a WebSocket server answers rightly. It is no secret and no password: it keeps servers and \
         caches that know nothing of WebSocket from seeming to agree.";
    /// The bytes that the key stands for.
    NONCE = None, "Nonce", Handshake, 6455 "4.1",
        "16 random bytes, new for each connection, so that an old answer cannot fit.";
    /// What goes into the hash.
    KEY_AND_GUID = None, "Key and GUID", Handshake, 6455 "1.3",
        "The key as it was sent, and behind it a string that nobody uses by chance.";
    /// The digest between key and answer.
    DIGEST = None, "SHA-1", Handshake, 6455 "4.2.2",
        "A fingerprint of 20 bytes. That SHA-1 is broken for signatures does no harm here, for nothing is kept secret.";
    /// The right answer to the key.
    EXPECTED_ACCEPT = None, "Expected answer", Handshake, 6455 "4.2.2",
        "The digest in Base64: what Sec-WebSocket-Accept has to say.";
    /// Sec-WebSocket-Accept.
    ACCEPT = Some("http.sec_websocket_accept"), "Sec-WebSocket-Accept", Handshake, 6455 "11.3.3",
        "Proves that the server read this very request and knows WebSocket. A server that says yes to everything cannot \
         produce it by accident.";
    /// Sec-WebSocket-Version.
    VERSION = Some("http.sec_websocket_version"), "Sec-WebSocket-Version", Handshake, 6455 "11.3.5",
        "13 is the version of RFC 6455; smaller numbers were drafts. A server that wants another version lists those it \
         speaks.";
    /// Sec-WebSocket-Protocol.
    PROTOCOL = Some("http.sec_websocket_protocol"), "Sec-WebSocket-Protocol", Handshake, 6455 "11.3.4",
        "WebSocket carries messages and does not say what they mean. Here the client offers languages to put in them, \
         and the server chooses at most one.";
    /// Sec-WebSocket-Extensions.
    EXTENSIONS = Some("http.sec_websocket_extensions"), "Sec-WebSocket-Extensions", Handshake, 6455 "11.3.2",
        "Extensions change what frames mean, so both sides have to agree: the client offers, the server takes a part of \
         the offer or nothing.";
    /// One extension in the list.
    EXTENSION = None, "Extension", Handshake, 6455 "9.1",
        "A name, and parameters that were negotiated with it.";
    /// Origin.
    ORIGIN = None, "Origin", Handshake, 6455 "10.2",
        "Which web page asks. A browser sends the user's cookies along whoever asks, and no other rule keeps strangers' \
         pages out, so the server has to look.";

    // ---- Other headers ------------------------------------------------------------------------------------------
    /// Authorization.
    AUTHORIZATION = Some("http.authorization"), "Authorization", Header, 9110 "11.6.2",
        "Says who asks. The handshake is where it can be asked for: frames have no place for it.";
    /// WWW-Authenticate.
    WWW_AUTHENTICATE = Some("http.www_authenticate"), "WWW-Authenticate", Header, 9110 "11.6.1",
        "How the client may prove who it is, next time.";
    /// Cookie.
    COOKIE = Some("http.cookie"), "Cookie", Header, 6265 "4.2",
        "Recognises a client, as in all of HTTP.";
    /// One cookie of several.
    COOKIE_PAIR = Some("http.cookie_pair"), "Cookie pair", Header, 6265 "4.2",
        "A name and a value that the server set earlier.";
    /// Set-Cookie.
    SET_COOKIE = Some("http.set_cookie"), "Set-Cookie", Header, 6265 "4.1",
        "Something for the client to send along next time.";
    /// User-Agent.
    USER_AGENT = Some("http.user_agent"), "User-Agent", Header, 9110 "10.1.5",
        "Which program asks.";
    /// Server.
    SERVER = Some("http.server"), "Server", Header, 9110 "10.2.4",
        "Which program answers.";
    /// Accept.
    ACCEPT_TYPES = Some("http.accept"), "Accept", Header, 9110 "12.5.1",
        "Which kinds of content the client takes. A WebSocket has none of them; browsers send it with everything.";
    /// Accept-Language.
    ACCEPT_LANGUAGE = Some("http.accept_language"), "Accept-Language", Header, 9110 "12.5.4",
        "Which languages the user reads.";
    /// Accept-Encoding.
    ACCEPT_ENCODING = Some("http.accept_encoding"), "Accept Encoding", Header, 9110 "12.5.3",
        "How an HTTP body may be compressed. Frames are not concerned: that is what Sec-WebSocket-Extensions is for.";
    /// Cache-Control.
    CACHE_CONTROL = Some("http.cache_control"), "Cache-Control", Header, 9111 "5.2",
        "What caches on the way may do. Browsers ask them to stay out of a handshake.";
    /// Date.
    DATE = Some("http.date"), "Date", Header, 9110 "6.6.1",
        "When the answer was made.";
    /// Location.
    LOCATION = Some("http.location"), "Location", Header, 9110 "10.2.2",
        "Where to ask instead.";
    /// Content-Type.
    CONTENT_TYPE = Some("http.content_type"), "Content-Type", Header, 9110 "8.3",
        "What the body is. An answer that opens a WebSocket has none.";
    /// Content-Length.
    CONTENT_LENGTH = Some("http.content_length_header"), "Content-Length", Header, 9110 "8.6",
        "How long the body is. Without it, and without chunks, the body ends with the connection.";
    /// Transfer-Encoding.
    TRANSFER_ENCODING = Some("http.transfer_encoding"), "Transfer-Encoding", Header, 9112 "6.1",
        "How the body is cut into pieces when its length is not known beforehand.";
    /// X-Forwarded-For.
    FORWARDED_FOR = Some("http.x_forwarded_for"), "X-Forwarded-For", Header, 7239 "7.4",
        "Who asked, according to the proxy in between. Anybody can send it.";
    /// Any other header.
    OTHER_HEADER = None, "Header", Header, 9110 "5",
        "A header that WebSocket gives no meaning to. Whoever does not know it passes over it.";
    /// A line that is no header.
    STRAY_LINE = None, "Line", Header, 9112 "5",
        "Behind the first line each line is a name, a colon and a value.";
    /// The empty line.
    END_OF_HEAD = None, "End of head", StartLine, 9112 "2.1",
        "An empty line ends the head. After an accepted handshake the next byte is the first one of a frame.";

    // ---- The rest -----------------------------------------------------------------------------------------------
    /// The body of an HTTP message.
    BODY = Some("http.file_data"), "File Data", Payload, 9112 "6",
        "The page, or the words that go with a rejection. There are no frames on this connection, at least not yet.";
    /// Bytes that cannot be read any more.
    UNREADABLE = None, "Unknown bytes", Payload, 6455 "7.1.7",
        "Nothing marks where a unit begins. Whoever has once lost count can never find the place again, so all that is \
         left is to end the connection.";
}

/// The term of a header, by its name in any mixture of upper and lower case.
pub(crate) fn of_header(name: &str) -> Option<&'static Term> {
    /// The headers that Wireshark or RFC 6455 has a name for.
    static HEADERS: [&Term; 25] = [
        &HOST,
        &UPGRADE,
        &CONNECTION,
        &KEY,
        &ACCEPT,
        &VERSION,
        &PROTOCOL,
        &EXTENSIONS,
        &ORIGIN,
        &AUTHORIZATION,
        &WWW_AUTHENTICATE,
        &COOKIE,
        &SET_COOKIE,
        &USER_AGENT,
        &SERVER,
        &ACCEPT_TYPES,
        &ACCEPT_LANGUAGE,
        &ACCEPT_ENCODING,
        &CACHE_CONTROL,
        &DATE,
        &LOCATION,
        &CONTENT_TYPE,
        &CONTENT_LENGTH,
        &TRANSFER_ENCODING,
        &FORWARDED_FOR,
    ];
    // One label is not the header's name: Wireshark writes "Accept Encoding" without the hyphen.
    HEADERS.iter().find(|term| term.label.replace(' ', "-").eq_ignore_ascii_case(name)).copied()
}
