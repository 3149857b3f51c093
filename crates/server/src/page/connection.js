// The connection whose frames are shown, and its viewer: a second connection on which the server
// sends the records. See the server's wire/mod.rs.
//
//   connect ──▶ viewer opens ──▶ token ──▶ the connection opens with the token ──▶ ... ──▶ closed
//                    │                                                               │
//                    └── no viewer: the connection opens without a token             └── connects again?

// The longest delay before the first attempt to reconnect, and the longest before any later
// attempt, in milliseconds.
const [FIRST_DELAY, MAX_DELAY] = [4_000, 60_000];

// The close codes after which another attempt may succeed, because the server has gone away or is
// overloaded. With any other code, the server or the user had a reason to close the connection.
const WORTH_RETRYING = [1001, 1006, 1011, 1012, 1013];

// The subprotocols that a path requires.
const SUBPROTOCOLS = { chat: ["chat"] };

// Returns the WebSocket URL of a path relative to the page, with TLS if the page was loaded over
// TLS.
export function address(path, query = "") {
  const url = new URL(path, new URL("./", location.href));
  url.protocol = url.protocol.replace("http", "ws");
  url.search = query;
  url.hash = "";
  return url;
}

export class Connection {
  path = ""; // of the connection that is shown, relative to the page
  opened = false; // whether the browser has opened the connection
  #on;
  #socket;
  #viewer;
  #delay = FIRST_DELAY;
  #retry;
  #leaving; // "close" after the Close button, or { path } with the path to connect to next
  #view = ""; // the text about the view of the connection
  #again = ""; // the text about the next attempt

  // `on` contains the callbacks: start(path), state(text, isOpen), wire(text), item(item),
  // message(data), end(event). `start` is called only when there is something to show of the next
  // connection, so the log of the last connection stays in place while the server does not answer.
  constructor(on) {
    this.#on = on;
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  // Connects to a path. If a connection is open, closes it first.
  go(path) {
    this.#delay = FIRST_DELAY;
    if (this.isOpen) {
      this.#leaving = { path };
      this.#socket.close(1000, "connecting again");
    } else this.#connect(path);
  }

  send(data) {
    this.#socket.send(data);
  }

  // Throws if a script may not send this code or reason.
  close(code, reason) {
    code ? this.#socket.close(Number(code), reason) : this.#socket.close();
    this.#leaving = "close";
  }

  #say(view = this.#view) {
    this.#view = view;
    this.#on.wire([view, this.#again].filter(Boolean).join(" "));
  }

  #connect(path) {
    clearTimeout(this.#retry);
    this.#leaving = undefined;
    this.#drop();
    this.opened = false;
    this.#again = "";
    this.#on.state("CONNECTING", false);
    this.#say("Asking the server for a view of the next connection.");
    const viewer = (this.#viewer = new WebSocket(address("wire")));
    let token;
    let isStarted = false;
    const start = () => {
      if (isStarted) return;
      isStarted = true;
      this.path = path;
      this.#on.start(path);
    };
    viewer.onmessage = ({ data }) => {
      if (viewer !== this.#viewer) return;
      const message = JSON.parse(data);
      if (token === undefined) {
        token = message.token;
        this.#say("The connection as the server sees it. Type a text below, and watch its bytes here.");
        this.#open(path, `?wire=${token}`, start);
      } else {
        start();
        message.forEach((item) => this.#on.item(item));
      }
    };
    viewer.onclose = ({ code, reason }) => {
      if (viewer !== this.#viewer) return;
      if (token === undefined) {
        // A reason means that the server has answered, but has no room for another viewer.
        if (reason) start();
        this.#say(reason ? `The server does not show this connection: ${reason}.` : "");
        this.#open(path, "", start);
      } else {
        this.#say(code === 1000 || code === 1001
          ? "The connection has ended. This is all of it."
          : `The server no longer shows this connection (${code}).`);
      }
    };
  }

  // Drops the current connection and its viewer, whose late events then have no effect.
  #drop() {
    const [viewer, socket] = [this.#viewer, this.#socket];
    this.#viewer = this.#socket = undefined;
    viewer?.close();
    socket?.close();
  }

  #open(path, query, start) {
    const own = (this.#socket = new WebSocket(address(path, query), SUBPROTOCOLS[path] ?? []));
    const isCurrent = () => own === this.#socket;
    own.onopen = () => {
      if (!isCurrent()) return;
      this.opened = true;
      start();
      this.#on.state("OPEN", true);
    };
    own.onmessage = ({ data }) => {
      if (!isCurrent()) return;
      // The server works again, so the next failure counts as the first one. An open connection
      // alone does not prove that it works: a server may accept connections and then fail at once.
      this.#delay = FIRST_DELAY;
      this.#on.message(data);
    };
    own.onclose = (event) => {
      if (!isCurrent()) return;
      const { code } = event;
      // If the viewer has received a token, the server has answered, even if the browser then
      // rejects the handshake.
      const answered = query !== "" || this.opened;
      if (answered) start();
      const closed = answered ? `CLOSED ${code}` : "NO ANSWER";
      if (answered) this.#on.end(event);
      else this.#again = "The server does not answer.";
      if (this.#leaving?.path !== undefined) return this.#connect(this.#leaving.path);
      const again = this.#leaving !== "close" && !path.startsWith("break/") && WORTH_RETRYING.includes(code);
      this.#on.state(closed, false);
      if (!again) return this.#say();
      // Half of the delay is random, so that a thousand pages do not reconnect in the same instant.
      // After each failure the delay doubles, so that they do not keep an overloaded server down
      // (section 7.2.3).
      const wait = (this.#delay * (1 + Math.random())) / 2;
      this.#delay = Math.min(2 * this.#delay, MAX_DELAY);
      const words = wait < 1500 ? "1 second" : `${Math.ceil(wait / 1000)} seconds`;
      this.#again = `${answered ? "" : "The server does not answer. "}Trying again in ${words}.`;
      this.#say();
      this.#retry = setTimeout(() => this.#connect(path), wait);
    };
  }
}
