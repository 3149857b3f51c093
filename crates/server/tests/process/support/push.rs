//! The messages that the server pushes on `/`.

/// Whether the server under test can find out how much memory it uses.
pub(crate) const REPORTS_MEMORY: bool = cfg!(target_os = "linux");

/// One push, parsed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Push {
    pub(crate) sequence: u64,
    pub(crate) uptime_seconds: f64,
    pub(crate) clients: u64,
    pub(crate) messages_received: u64,
    pub(crate) last_text: Option<String>,
    /// The server's memory, or 0 on a system where the server does not report it.
    pub(crate) rss_bytes: u64,
}

impl Push {
    /// Parses a push. Serialising the parsed values again must produce the same text, which proves
    /// that the push has exactly these keys, in this order.
    #[track_caller]
    pub(crate) fn parse(json: &str) -> Self {
        let value: serde_json::Value = serde_json::from_str(json).expect("a push is JSON");
        let number = |key: &str| value[key].as_u64().unwrap_or_else(|| panic!("{key} is not a number in {json}"));
        let push = Self {
            sequence: number("sequence"),
            uptime_seconds: value["uptime_seconds"].as_f64().expect("a number"),
            clients: number("clients"),
            messages_received: number("messages_received"),
            last_text: value["last_text"].as_str().map(str::to_owned),
            rss_bytes: if REPORTS_MEMORY { number("rss_bytes") } else { 0 },
        };
        let memory = if REPORTS_MEMORY { format!(r#","rss_bytes":{}"#, push.rss_bytes) } else { String::new() };
        let again = format!(
            r#"{{"sequence":{},"uptime_seconds":{},"clients":{},"messages_received":{},"last_text":{}{memory}}}"#,
            push.sequence, value["uptime_seconds"], push.clients, push.messages_received, value["last_text"]
        );
        assert_eq!(json, again);
        push
    }

    /// Returns only the push's number, which is its first value.
    #[track_caller]
    pub(crate) fn sequence_of(json: &str) -> u64 {
        let number = json.strip_prefix(r#"{"sequence":"#).and_then(|rest| rest.split(',').next()?.parse().ok());
        number.unwrap_or_else(|| panic!("a push without a number: {json}"))
    }
}
