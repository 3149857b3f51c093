// The server of the walk-through, built on the npm package `ws`:
//
//   node server [--listen HOST:PORT] [--interval DURATION]
//
//   /       sends every client a status message once per interval, and prints what clients send
//   /echo   sends every message back
//   /chat   forwards every text message to all other clients
import { STATUS_CODES, createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { describe } from './close-codes.js';

// The maximum number of bytes that may be queued for a client before we add no more messages.
// `send` never waits: messages that a slow client has not read yet accumulate in our memory.
const MAX_BACKLOG = 1024 * 1024;

const { host, port, interval } = readArguments();

// --- The opening handshake: a WebSocket starts as an HTTP request for an upgrade ---------------

// There is one WebSocketServer for each path, with its own set of `clients`. The HTTP server below
// listens on the port for all three (hence `noServer`). `closeTimeout` is the time that a client
// may take to answer our Close. By default, `ws` would wait 30 seconds.
const options = { noServer: true, closeTimeout: 5000 };
const status = new WebSocketServer({ ...options, handleProtocols: () => false });
const echo = new WebSocketServer({ ...options, handleProtocols: () => false });
const chat = new WebSocketServer({ ...options, handleProtocols: () => 'chat' });
const paths = new Map([['/', status], ['/echo', echo], ['/chat', chat]]);

const server = createServer((request, response) => {
  // This is a request without an upgrade, such as the one that a browser sends when you type in the
  // address.
  response.writeHead(426, { Connection: 'Upgrade', Upgrade: 'websocket' });
  response.end('This server speaks WebSocket only.\n');
});

server.on('upgrade', (request, socket, head) => {
  const path = request.url.split('?')[0];
  const { host = '', origin, 'sec-websocket-protocol': offered = '' } = request.headers;
  if (!paths.has(path)) return refuse(socket, 404);
  if (!sameOrigin(origin, host)) return refuse(socket, 403);
  if (path === '/chat' && !offered.split(',').some((name) => name.trim() === 'chat')) return refuse(socket, 400);
  paths.get(path).handleUpgrade(request, socket, head, (ws) => {
    greet(ws, request.socket, path);
    paths.get(path).emit('connection', ws);
  });
});

// Browsers let any page open a WebSocket to any host, even to your own machine, and name the site
// of the page in the `Origin` header. Without this check, every web page that you visit could read
// the messages of this server. Other programs send no Origin, so a request without this header is
// allowed.
function sameOrigin(origin, host) {
  // The browser writes the host and the port in the same form into Origin and Host, so the two can
  // be compared as strings.
  return origin === undefined || origin.split('://')[1]?.toLowerCase() === host.toLowerCase();
}

function refuse(socket, code) {
  // After 'upgrade', Node leaves the socket to us: we must handle its errors, write the response
  // and close it.
  socket.on('error', () => {});
  const answer = `HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  socket.end(answer, () => socket.destroy());
}

// --- The connections ---------------------------------------------------------------------------

function greet(ws, { remoteAddress, remoteFamily, remotePort }, path) {
  // Save the address now, because a closed socket no longer has the address of its peer.
  ws.peer = hostAndPort(remoteAddress, remoteFamily, remotePort);
  console.log(`${ws.peer} connected to ${path}`);
  ws.on('close', (code) => console.log(`${ws.peer} closed: ${describe(code)}`));
  // An 'error' event without a listener would end the program. A 'close' event always follows, and
  // the listener above reports it, so this listener has nothing to do.
  ws.on('error', () => {});
}

const start = performance.now();
let sequence = 0;
let messagesReceived = 0;
let lastText = null;

status.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => {
    if (isBinary) return;
    messagesReceived += 1;
    lastText = data.toString();
    console.log(`${ws.peer} says: ${escapeControls(lastText)}`);
  });
});

const timer = setInterval(() => {
  sequence += 1;
  const push = JSON.stringify({
    sequence,
    uptime_seconds: Math.round(performance.now() - start) / 1000,
    clients: status.clients.size,
    messages_received: messagesReceived,
    last_text: lastText,
    rss_bytes: process.memoryUsage.rss(),
  });
  for (const ws of status.clients) sendUnlessSlow(ws, push);
}, interval);

echo.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => {
    // An echo must not be dropped. If a client sends but does not read, stop reading from it until
    // our echoes have been written.
    ws.send(data, { binary: isBinary }, () => ws.isPaused && ws.resume());
    if (ws.bufferedAmount > MAX_BACKLOG) ws.pause();
  });
});

chat.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => {
    if (isBinary) return;
    for (const other of chat.clients) {
      // `ws` also delivers a text message as a Buffer, but it would send a Buffer as a binary
      // message. So convert the data to a string.
      if (other !== ws) sendUnlessSlow(other, data.toString());
    }
  });
});

function sendUnlessSlow(ws, text) {
  if (ws.bufferedAmount <= MAX_BACKLOG) ws.send(text);
}

// --- Start and end -----------------------------------------------------------------------------

server.on('error', (error) => {
  console.error(`cannot listen on ${host}:${port}: ${error.message}`);
  process.exit(1);
});

server.listen(port, host, () => {
  // Ask the server for its port instead of using the argument: for port 0, the system has chosen a
  // free port.
  const { address, family, port } = server.address();
  console.log(`listening on ws://${hostAndPort(address, family, port)}/`);
});

function stop() {
  clearInterval(timer);
  server.close();
  server.closeAllConnections(); // HTTP connections that have not become WebSockets
  for (const { clients } of paths.values()) for (const ws of clients) ws.close(1001);
  // Do not call process.exit(): Node exits by itself once the last client has answered or timed
  // out.
}
process.once('SIGINT', stop);
process.once('SIGTERM', stop);

// If the reader of our output has exited (`node server | head`), ignore the error and continue to
// serve the clients.
process.stdout.on('error', () => {});

// --- Helpers -----------------------------------------------------------------------------------

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        listen: { type: 'string', default: '127.0.0.1:8080' },
        interval: { type: 'string', default: '1s' },
      },
    });
    const [, host, port] = values.listen.match(/^\[?(.+?)\]?:(\d{1,5})$/) ?? [];
    if (!host || port > 65535) throw new Error(`--listen takes HOST:PORT, not ${values.listen}`);
    const [, amount, unit] = values.interval.match(/^(\d+)(ms|s|m)$/) ?? [];
    const interval = amount * { ms: 1, s: 1000, m: 60_000 }[unit];
    // setInterval stores the delay in a signed 32-bit integer and treats anything larger as 1 ms,
    // so reject longer intervals.
    if (!(interval >= 1 && interval < 2 ** 31)) {
      throw new Error(`--interval takes a time such as 250ms, 1s or 2m, not ${values.interval}`);
    }
    return { host, port: Number(port), interval };
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

function hostAndPort(address, family, port) {
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`;
}

// We print a client's text on our terminal, where control characters could clear the screen or fake
// another line. So replace them with escape sequences.
function escapeControls(text) {
  const short = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };
  return text.replace(/\p{Cc}/gu, (c) => short[c] ?? `\\u{${c.codePointAt(0).toString(16)}}`);
}
