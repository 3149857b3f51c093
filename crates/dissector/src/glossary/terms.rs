//! The terms, in groups: for a frame, for the first line of a head, for its header fields, and for
//! everything else.

use protocol::RfcSection;

use super::term::{RecordPart, Term};

/// Declares a static for each term, and a list of all the terms.
macro_rules! terms {
    ($($(#[$doc:meta])* $ident:ident = $name:expr, $label:literal, $part:ident, $rfc:literal $section:literal, $why:literal;)*) => {
        $(
            $(#[$doc])*
            pub static $ident: Term = Term {
                name: $name,
                label: $label,
                part: RecordPart::$part,
                why: $why,
                reference: RfcSection { rfc: $rfc, section: $section },
            };
        )*

        /// All terms.
        pub static ALL: &[&Term] = &[$(&$ident),*];
    };
}

terms! {
    // ---- A frame --------------------------------------------------------------------------------
    /// FIN.
    FIN = Some("websocket.fin"), "Fin", Fin, 6455 "5.2",
        "A sender may begin a message before it knows how long the message will be, and end it in a later frame. This \
         bit marks the last frame.";
    /// RSV1 to RSV3 together.
    RSV = Some("websocket.rsv"), "Reserved", Reserved, 6455 "5.2",
        "Room for extensions. If no extension was agreed on, a receiver must not accept a 1 here: the sender believes \
         that the bit changes the meaning of the payload.";
    /// RSV1 if permessage-deflate was negotiated.
    PMC = Some("websocket.pmc"), "Per-Message Compressed", Reserved, 7692 "6",
        "Compression pays off for some messages and not for others, so the first frame of each message says whether \
         the message is compressed.";
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
        "Frames of several kinds share one connection. The highest of the four bits tells control frames from data \
         frames, so a receiver needs only one test to know which rules apply.";
    /// The MASK bit.
    MASK = Some("websocket.mask"), "Mask", Mask, 6455 "5.2",
        "Clients mask every frame and servers mask none. Even so, the bit lets you read a frame without knowing who \
         sent it.";
    /// The seven bits of payload length.
    LENGTH = Some("websocket.payload_length"), "Payload length", Length, 6455 "5.2",
        "TCP does not mark where a message ends, so each frame states its own length. Most messages are short, and \
         seven bits are enough for them; the values 126 and 127 announce a longer form.";
    /// The length in two bytes.
    LENGTH_16 = Some("websocket.payload_length_ext_16"), "Extended Payload length (16 bits)", Length, 6455 "5.2",
        "For 126 to 65,535 bytes. A shorter length must not be written in this form. Otherwise there would be three \
         ways to write the same frame, and a filter that knows one of them would miss the others.";
    /// The length in eight bytes.
    LENGTH_64 = Some("websocket.payload_length_ext_64"), "Extended Payload length (64 bits)", Length, 6455 "5.2",
        "For 65,536 bytes and more. The highest bit is always 0, so that the number also fits the signed integers of \
         languages that have no unsigned ones.";
    /// The masking key.
    MASKING_KEY = Some("websocket.masking_key"), "Masking-Key", Mask, 6455 "5.3",
        "New and unpredictable for each frame. A script in a web page chooses the payload, but because of the key it \
         cannot choose the bytes on the wire and make them look like an HTTP request to an old proxy. The key keeps \
         nothing secret: it comes directly before the bytes that it masks.";
    /// The payload as it appears on the wire.
    MASKED_PAYLOAD = Some("websocket.masked_payload"), "Masked payload", Payload, 6455 "5.3",
        "Each byte of the payload is combined with a byte of the key by XOR; the four bytes of the key are used in \
         turn.";
    /// The payload after unmasking.
    PAYLOAD = Some("websocket.payload"), "Payload", Payload, 6455 "5.2",
        "The content of the frame: application data. An extension could put data of its own before it.";
    /// A text message.
    TEXT = Some("websocket.payload.text"), "Text", Payload, 6455 "5.6",
        "The message, which must be UTF-8. The rule applies to the message as a whole: a fragment may end in the middle \
         of a character.";
    /// A binary message. In Wireshark, this field belongs to the dissector to which the message is
    /// passed.
    BINARY = Some("data.data"), "Data", Payload, 6455 "5.6",
        "The message: bytes that only the application can interpret.";
    /// The fragment of a message that one frame carries.
    FRAGMENT = None, "Fragment", Payload, 6455 "5.4",
        "A fragment of a message. The sender chooses where to cut, the receiver joins the fragments, and the \
         application never sees where the cuts were.";
    /// A message whose last frame has no payload.
    MESSAGE = None, "Message", Payload, 6455 "5.4",
        "The message that the fragments add up to.";
    /// The payload of a compressed message.
    COMPRESSED = None, "Compressed", Payload, 7692 "7.2.1",
        "The message, compressed with DEFLATE. The last four bytes, 00 00 ff ff, are always the same, so the sender \
         leaves them out.";
    /// The inflated content of a part of a compressed message. Wireshark has no such field: it
    /// shows only whole messages, as text or data.
    INFLATED = None, "Inflated", Payload, 7692 "7.2.2",
        "Computed from the compressed bytes and, with context takeover, from earlier messages, which they may refer to. \
         These bytes must be UTF-8 in a text message; those of the payload need not be.";
    /// The body of a Close frame.
    CLOSE = Some("websocket.payload.close"), "Close", Payload, 6455 "5.5.1",
        "Says why the connection is closed. The body may be empty; otherwise it begins with a status code of two bytes.";
    /// The status code of a Close frame.
    CLOSE_CODE = Some("websocket.payload.close.status_code"), "Status code", Payload, 6455 "7.4",
        "A number for programs. They use it to decide whether to connect again, and how soon.";
    /// The reason of a Close frame.
    CLOSE_REASON = Some("websocket.payload.close.reason"), "Reason", Payload, 6455 "7.1.6",
        "Text for a log or a developer. It is meant neither for programs nor for their users.";
    /// The payload of a Ping.
    PING = Some("websocket.payload.ping"), "Ping", Payload, 6455 "5.5.2",
        "Returned in the Pong, so that the sender knows which Ping was answered.";
    /// The payload of a Pong.
    PONG = Some("websocket.payload.pong"), "Pong", Payload, 6455 "5.5.3",
        "The payload of the Ping that this Pong answers. An unsolicited Pong is allowed too, as a sign of life.";
    /// The payload of a frame that cannot be interpreted.
    UNKNOWN = Some("websocket.payload.unknown"), "Unknown", Payload, 6455 "5.2",
        "These bytes cannot be interpreted: the opcode is reserved, or the frame continues a message that never began.";

    // ---- The first line of a head ---------------------------------------------------------------
    /// The request line.
    REQUEST_LINE = None, "Request line", StartLine, 9112 "3",
        "A WebSocket begins as an HTTP request, so that it can use the existing ports, proxies and servers.";
    /// The method.
    METHOD = Some("http.request.method"), "Request Method", StartLine, 6455 "4.1",
        "GET, because the body of another method would come between the handshake and the frames.";
    /// The request target.
    TARGET = Some("http.request.uri"), "Request URI", StartLine, 6455 "3",
        "One server may offer several services; the path selects one.";
    /// The path of the request target.
    PATH = Some("http.request.uri.path"), "Request URI Path", StartLine, 6455 "3",
        "Selects the service.";
    /// The query of the request target.
    QUERY = Some("http.request.uri.query"), "Request URI Query", StartLine, 6455 "3",
        "Parameters for the service.";
    /// The HTTP version of the request.
    REQUEST_VERSION = Some("http.request.version"), "Request Version", StartLine, 6455 "4.1",
        "HTTP/1.1 or later: HTTP/1.0 has no Upgrade header, and does not keep a connection open after the response.";
    /// The status line.
    STATUS_LINE = None, "Status line", StartLine, 9112 "4",
        "The server's response in one line.";
    /// The HTTP version of the response.
    RESPONSE_VERSION = Some("http.response.version"), "Response Version", StartLine, 9112 "2.3",
        "HTTP/1.1, like the request.";
    /// The status code.
    STATUS = Some("http.response.code"), "Status Code", StartLine, 6455 "4.2.2",
        "Only 101 opens a WebSocket. Every other code is ordinary HTTP, such as a redirect or a request for a password.";
    /// The reason phrase.
    PHRASE = Some("http.response.phrase"), "Response Phrase", StartLine, 9112 "4",
        "The status in words, for people. Programs ignore it.";

    // ---- Headers of the handshake ---------------------------------------------------------------
    /// Host.
    HOST = Some("http.host"), "Host", Handshake, 6455 "4.1",
        "Several hosts may share an address. The header also lets a server reject a request that a forged host name has \
         led to it.";
    /// Upgrade.
    UPGRADE = Some("http.upgrade"), "Upgrade", Handshake, 6455 "4.1",
        "Names the protocol that the connection will use after the handshake.";
    /// Connection.
    CONNECTION = Some("http.connection"), "Connection", Handshake, 6455 "4.1",
        "Says that the Upgrade header is meant for the next machine only. A proxy that does not know WebSocket removes \
         the headers listed here, so the handshake fails cleanly instead of half succeeding.";
    /// Sec-WebSocket-Key.
    KEY = Some("http.sec_websocket_key"), "Sec-WebSocket-Key", Handshake, 6455 "11.3.1",
        "A challenge that only a WebSocket server answers correctly. It is neither a secret nor a password: it prevents \
         servers and caches that do not know WebSocket from appearing to agree.";
    /// The bytes that the key encodes.
    NONCE = None, "Nonce", Handshake, 6455 "4.1",
        "16 random bytes, new for each connection, so that the response to an older request does not match.";
    /// The input of the SHA-1 hash: the key, followed by the GUID of RFC 6455.
    KEY_AND_GUID = None, "Key and GUID", Handshake, 6455 "1.3",
        "The key as it was sent, followed by a fixed string that no other protocol uses by accident.";
    /// The SHA-1 digest whose Base64 encoding is the accept value.
    DIGEST = None, "SHA-1", Handshake, 6455 "4.2.2",
        "A digest of 20 bytes. SHA-1 is broken for signatures, but that does no harm here, because nothing is kept \
         secret.";
    /// The correct accept value for the key.
    EXPECTED_ACCEPT = None, "Expected answer", Handshake, 6455 "4.2.2",
        "The digest in Base64: the value that Sec-WebSocket-Accept must have.";
    /// Sec-WebSocket-Accept.
    ACCEPT = Some("http.sec_websocket_accept"), "Sec-WebSocket-Accept", Handshake, 6455 "11.3.3",
        "Proves that the server read this particular request and knows WebSocket. A server that agrees to everything \
         cannot produce this value by accident.";
    /// Sec-WebSocket-Version.
    VERSION = Some("http.sec_websocket_version"), "Sec-WebSocket-Version", Handshake, 6455 "11.3.5",
        "13 is the version of RFC 6455; the smaller numbers were drafts. A server that wants another version lists the \
         ones it supports.";
    /// Sec-WebSocket-Protocol.
    PROTOCOL = Some("http.sec_websocket_protocol"), "Sec-WebSocket-Protocol", Handshake, 6455 "11.3.4",
        "WebSocket carries messages but does not define their content. In this header the client offers protocols for \
         that content, called subprotocols, and the server selects at most one.";
    /// Sec-WebSocket-Extensions.
    EXTENSIONS = Some("http.sec_websocket_extensions"), "Sec-WebSocket-Extensions", Handshake, 6455 "11.3.2",
        "Extensions change the meaning of frames, so both sides must agree on them: the client offers some, and the \
         server accepts all, some or none of them.";
    /// One extension in the list.
    EXTENSION = None, "Extension", Handshake, 6455 "9.1",
        "A name, and the parameters that are negotiated with it.";
    /// Origin.
    ORIGIN = None, "Origin", Handshake, 6455 "10.2",
        "The web page that makes the request. A browser sends the user's cookies with a request from any page, and no \
         other rule keeps out the pages of strangers, so the server has to check.";

    // ---- Other headers --------------------------------------------------------------------------
    /// Authorization.
    AUTHORIZATION = Some("http.authorization"), "Authorization", Header, 9110 "11.6.2",
        "Says who makes the request. Only the handshake can carry this: frames have no place for it.";
    /// WWW-Authenticate.
    WWW_AUTHENTICATE = Some("http.www_authenticate"), "WWW-Authenticate", Header, 9110 "11.6.1",
        "Says how the client can prove its identity in its next request.";
    /// Cookie.
    COOKIE = Some("http.cookie"), "Cookie", Header, 6265 "4.2",
        "Lets the server recognise the client, as everywhere in HTTP.";
    /// One cookie in a Cookie header.
    COOKIE_PAIR = Some("http.cookie_pair"), "Cookie pair", Header, 6265 "4.2",
        "A name and a value that the server set earlier.";
    /// Set-Cookie.
    SET_COOKIE = Some("http.set_cookie"), "Set-Cookie", Header, 6265 "4.1",
        "A value for the client to send with its next requests.";
    /// User-Agent.
    USER_AGENT = Some("http.user_agent"), "User-Agent", Header, 9110 "10.1.5",
        "The program that makes the request.";
    /// Server.
    SERVER = Some("http.server"), "Server", Header, 9110 "10.2.4",
        "The program that responds.";
    /// Accept.
    ACCEPT_TYPES = Some("http.accept"), "Accept", Header, 9110 "12.5.1",
        "The kinds of content that the client accepts. A WebSocket carries none of them; browsers send this header with \
         every request.";
    /// Accept-Language.
    ACCEPT_LANGUAGE = Some("http.accept_language"), "Accept-Language", Header, 9110 "12.5.4",
        "The languages that the user reads.";
    /// Accept-Encoding.
    ACCEPT_ENCODING = Some("http.accept_encoding"), "Accept Encoding", Header, 9110 "12.5.3",
        "The ways in which an HTTP body may be compressed. It does not apply to frames: Sec-WebSocket-Extensions is for \
         those.";
    /// Cache-Control.
    CACHE_CONTROL = Some("http.cache_control"), "Cache-Control", Header, 9111 "5.2",
        "Instructions for the caches on the way. Browsers tell them to stay out of a handshake.";
    /// Date.
    DATE = Some("http.date"), "Date", Header, 9110 "6.6.1",
        "The time at which the response was made.";
    /// Location.
    LOCATION = Some("http.location"), "Location", Header, 9110 "10.2.2",
        "The address to which the client should send the request instead.";
    /// Content-Type.
    CONTENT_TYPE = Some("http.content_type"), "Content-Type", Header, 9110 "8.3",
        "The format of the body. A response that opens a WebSocket has no body.";
    /// Content-Length.
    CONTENT_LENGTH = Some("http.content_length_header"), "Content-Length", Header, 9110 "8.6",
        "The length of the body. Without it, and without chunks, the body ends when the connection does.";
    /// Transfer-Encoding.
    TRANSFER_ENCODING = Some("http.transfer_encoding"), "Transfer-Encoding", Header, 9112 "6.1",
        "The way in which the body is cut into pieces when its length is not known in advance.";
    /// X-Forwarded-For.
    FORWARDED_FOR = Some("http.x_forwarded_for"), "X-Forwarded-For", Header, 7239 "7.4",
        "The client's address, according to the proxy in between. Any client can send this header.";
    /// A header field for which there is no specific term.
    OTHER_HEADER = None, "Header", Header, 9110 "5",
        "A header without a meaning in WebSocket. A program that does not know it ignores it.";
    /// A line that is not a header field.
    STRAY_LINE = None, "Line", Header, 9112 "5",
        "Every line after the first must consist of a name, a colon and a value.";
    /// The parts of a head that are combined into one field because there are too many to list.
    FURTHER_PARTS = None, "Further parts", Header, 9110 "5.4",
        "No specification limits the number of headers, or of elements in a header. Each receiver sets limits of its own.";
    /// The empty line that ends a head.
    END_OF_HEAD = None, "End of head", StartLine, 9112 "2.1",
        "An empty line ends the head. After an accepted handshake the next byte is the first byte of a frame.";

    // ---- The rest -------------------------------------------------------------------------------
    /// The body of an HTTP message.
    BODY = Some("http.file_data"), "File Data", Payload, 9112 "6",
        "A web page, or the text that explains a rejection. There are no frames on this connection, at least not yet.";
    /// Bytes that can no longer be divided into units.
    UNREADABLE = None, "Unknown bytes", Payload, 6455 "7.1.7",
        "Nothing marks where a unit begins. A receiver that has lost track can never find a boundary again; it can only \
         end the connection.";
}
