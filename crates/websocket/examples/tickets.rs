//! A feed for users who have logged in: checks the origin, accepts a ticket that is valid only
//! once, and ends the connection when the session expires.
//!
//! ```text
//! cargo run -p websocket --example tickets [ADDRESS]
//! ```
//!
//! Open the printed address in a browser. The page logs in, fetches a ticket, and opens the feed:
//!
//! ```text
//!   GET /login?NAME              a cookie for the session
//!   GET /ticket                  a ticket, in exchange for the cookie
//!   ws: /feed?TICKET             the feed, in exchange for the ticket
//! ```

use std::{collections::HashMap, env, io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::Mutex,
    time::{Instant, timeout_at},
};
use websocket::{
    CloseCode, CloseInfo, Error, ReceivedRequest, ServerConfig, UpgradeOptions, WebSocket,
    http::{Response, StatusCode, header},
    read_request,
};

/// The time within which a page must use its ticket: one round trip, plus extra time for slow
/// pages.
pub(crate) const TICKET: Duration = Duration::from_secs(10);

/// The time after which a user must log in again.
pub(crate) const SESSION: Duration = Duration::from_secs(15 * 60);

/// The close code for an expired session. Codes from 4000 up belong to the application, and the
/// page must know what this one means.
pub(crate) const SESSION_EXPIRED: CloseCode = CloseCode(4001);

/// The maximum length of a user's name, in bytes. A stranger chooses the name, and each session and
/// each ticket holds a copy of it.
pub(crate) const MAX_NAME: usize = 64;

/// The maximum number of sessions, and also of tickets. With a name of at most [`MAX_NAME`] bytes,
/// each takes less than 1 KiB, so all of them together take at most 20 MiB.
const MAX_SECRETS: usize = 10_000;

const PAGE: &str = "<!doctype html><pre id=log></pre><script type=module>
    await fetch('/login?guest');
    const ticket = await (await fetch('/ticket')).text();
    const feed = new WebSocket(`/feed?${ticket}`);
    feed.onmessage = (event) => log.append(event.data, '\\n');
    feed.onclose = (event) => log.append(event.code, ' ', event.reason, '\\n');
</script>";

/// A user who has logged in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    user: String,
    until: Instant,
}

/// Sessions, each stored under a random secret that only its owner knows. The instant stored with a
/// session is the time at which its secret expires.
#[derive(Default)]
struct Secrets(Mutex<HashMap<String, (Session, Instant)>>);

impl Secrets {
    /// Returns a new secret of 128 random bits, which nobody can guess. Returns `None` if there are
    /// too many secrets already.
    async fn issue(&self, session: Session, until: Instant) -> Option<String> {
        let mut secrets = self.0.lock().await;
        secrets.retain(|_, (_, until)| Instant::now() < *until);
        let secret = format!("{:032x}", rand::random::<u128>());
        (secrets.len() < MAX_SECRETS).then(|| secrets.insert(secret.clone(), (session, until)))?;
        Some(secret)
    }

    /// Returns the session of a secret.
    async fn find(&self, secret: &str) -> Option<Session> {
        let secrets = self.0.lock().await;
        secrets.get(secret).filter(|(_, until)| Instant::now() < *until).map(|(session, _)| session.clone())
    }

    /// Returns the session that belongs to a secret, and makes the secret invalid.
    async fn redeem(&self, secret: &str) -> Option<Session> {
        let (session, until) = self.0.lock().await.remove(secret)?;
        (Instant::now() < until).then_some(session)
    }
}

/// The server's state.
pub(crate) struct Site {
    /// The only origin whose pages may connect, such as `https://example.org`.
    origin: String,
    sessions: Secrets,
    tickets: Secrets,
}

impl Site {
    pub(crate) fn new(origin: String) -> Self {
        Self { origin, sessions: Secrets::default(), tickets: Secrets::default() }
    }

    /// Admits a request for the feed: uses up its ticket and returns the session. Returns `None` if
    /// the request comes from a page of another site, or if the ticket is not valid. A request
    /// without an origin is allowed, because it does not come from a browser, so no foreign page
    /// can have made it.
    async fn admit(&self, request: &ReceivedRequest) -> Option<Session> {
        let is_foreign = request.origin().is_some_and(|origin| origin != self.origin);
        if is_foreign { None } else { self.tickets.redeem(query(request)).await }
    }

    /// Answers a request that does not open the feed. Returns `None` if there are too many sessions
    /// or tickets.
    async fn respond(&self, request: &ReceivedRequest) -> Option<Response<String>> {
        let now = Instant::now();
        let response = Response::builder().header(header::CACHE_CONTROL, "no-store");
        Some(match request.path() {
            "/" => response.header(header::CONTENT_TYPE, "text/html").body(PAGE.to_owned()),
            "/login" if query(request).len() > MAX_NAME => {
                response.status(StatusCode::BAD_REQUEST).body(format!("a name has at most {MAX_NAME} bytes\n"))
            }
            "/login" => {
                // A real server checks a password here, and also sets the attribute `Secure`.
                let session = Session { user: query(request).to_owned(), until: now + SESSION };
                let secret = self.sessions.issue(session, now + SESSION).await?;
                let cookie = format!("session={secret}; HttpOnly; SameSite=Strict; Path=/");
                response.header(header::SET_COOKIE, cookie).body(String::new())
            }
            "/ticket" => match self.sessions.find(cookie(request)).await {
                Some(session) => response.body(self.tickets.issue(session, now + TICKET).await?),
                None => response.status(StatusCode::UNAUTHORIZED).body("log in first\n".to_owned()),
            },
            _ => response.status(StatusCode::NOT_FOUND).body("no such page\n".to_owned()),
        })
        .map(|response| response.expect("all headers are valid"))
    }
}

fn query(request: &ReceivedRequest) -> &str {
    request.head().uri().query().unwrap_or_default()
}

fn cookie(request: &ReceivedRequest) -> &str {
    let cookies = request.headers().get(header::COOKIE).and_then(|cookies| cookies.to_str().ok());
    cookies
        .and_then(|cookies| cookies.split("; ").find_map(|cookie| cookie.strip_prefix("session=")))
        .unwrap_or_default()
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(&address).await?;
    let site = Arc::new(Site::new(format!("http://{}", listener.local_addr()?)));
    println!("open {}/", site.origin);
    loop {
        let (stream, peer) = listener.accept().await?;
        let site = Arc::clone(&site);
        tokio::spawn(async move {
            match serve(stream, &site).await {
                Ok(Some(info)) => println!("{peer}: {info}"),
                Ok(None) => {}
                Err(error) => eprintln!("{peer}: {error}"),
            }
        });
    }
}

/// Answers one request. If the request opened a WebSocket connection, returns how that connection
/// closed.
pub(crate) async fn serve<S>(stream: S, site: &Site) -> Result<Option<CloseInfo>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = ServerConfig::default();
    let incoming = read_request(stream, &config).await?;
    let request = incoming.request();
    if !request.wants_websocket() || request.path() != "/feed" {
        let busy = || status(StatusCode::SERVICE_UNAVAILABLE, "too many users\n");
        let response = site.respond(request).await.unwrap_or_else(busy);
        incoming.respond(&response).await?;
        return Ok(None);
    }
    let Some(session) = site.admit(request).await else {
        incoming.respond(&status(StatusCode::FORBIDDEN, "the ticket is not valid\n")).await?;
        return Ok(None);
    };
    let mut connection = incoming.accept(UpgradeOptions::default(), &config).await?;
    match timeout_at(session.until, feed(&mut connection, &session)).await {
        Ok(ended) => ended.map(|()| Some(connection.close_info())),
        Err(_) => connection.close(SESSION_EXPIRED, "log in again").await.map(Some),
    }
}

async fn feed<S>(connection: &mut WebSocket<S>, session: &Session) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    connection.send(format!("welcome, {}", session.user)).await?;
    while let Some(message) = connection.next().await {
        message?;
    }
    Ok(())
}

fn status(status: StatusCode, text: &str) -> Response<String> {
    let mut response = Response::new(text.to_owned());
    *response.status_mut() = status;
    response
}
