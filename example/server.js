// The server of the walk-through, on the npm package `ws`:   node server [--listen HOST:PORT] [--interval DURATION]
//
//   /       tells every client how the server is doing, once per interval, and prints what the clients say
//   /echo   sends every message back
//   /chat   passes every text on to all the others
import { STATUS_CODES, createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';
import { describe } from './close-codes.js';

// `send` never waits: what a slow client hasn't taken yet piles up in our memory. Past this many bytes we stop adding.
const MAX_BACKLOG = 1024 * 1024;

const { host, port, interval } = readArguments();

// --- The opening handshake: a WebSocket starts as an HTTP request that asks for an upgrade -------------------------

// One WebSocketServer per path. Each keeps its own set of `clients`; the HTTP server below holds the port for all
// three (hence `noServer`). The default patience with a client that doesn't answer our Close would be 30 seconds.
const options = { noServer: true, closeTimeout: 5000 };
const status = new WebSocketServer({ ...options, handleProtocols: () => false });
const echo = new WebSocketServer({ ...options, handleProtocols: () => false });
const chat = new WebSocketServer({ ...options, handleProtocols: () => 'chat' });
const paths = new Map([['/', status], ['/echo', echo], ['/chat', chat]]);

const server = createServer((request, response) => {
  // A request that doesn't ask for an upgrade, such as a browser's address bar makes.
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

// Browsers let any page open a WebSocket to any host, also to one on your own machine, and say in `Origin` which page
// it was. Without this check every web page you visit could read along here. Other programs send no Origin.
function sameOrigin(origin, host) {
  // The browser writes host and port in the same form into both headers.
  return origin === undefined || origin.split('://')[1]?.toLowerCase() === host.toLowerCase();
}

function refuse(socket, code) {
  // From 'upgrade' on, Node leaves the socket to us: its errors, the words on it, and its end.
  socket.on('error', () => {});
  const answer = `HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  socket.end(answer, () => socket.destroy());
}

// --- The connections ----------------------------------------------------------------------------------------------

function greet(ws, { remoteAddress, remoteFamily, remotePort }, path) {
  // Noted now, because a closed socket no longer knows whom it was connected to.
  ws.peer = hostAndPort(remoteAddress, remoteFamily, remotePort);
  console.log(`${ws.peer} connected to ${path}`);
  ws.on('close', (code) => console.log(`${ws.peer} closed: ${describe(code)}`));
  // An 'error' event without a listener would end the program. 'close' follows in any case, and it does the reporting.
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
    // An echo must not be dropped. If a client sends but doesn't read, we read no more until our echoes have left.
    ws.send(data, { binary: isBinary }, () => ws.isPaused && ws.resume());
    if (ws.bufferedAmount > MAX_BACKLOG) ws.pause();
  });
});

chat.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => {
    if (isBinary) return;
    for (const other of chat.clients) {
      // `ws` hands out texts as Buffers too, and would send a Buffer as binary.
      if (other !== ws) sendUnlessSlow(other, data.toString());
    }
  });
});

function sendUnlessSlow(ws, text) {
  if (ws.bufferedAmount <= MAX_BACKLOG) ws.send(text);
}

// --- Start and end ------------------------------------------------------------------------------------------------

server.on('error', (error) => {
  console.error(`cannot listen on ${host}:${port}: ${error.message}`);
  process.exit(1);
});

server.listen(port, host, () => {
  // Asked of the server, not taken from the arguments: for port 0 the system has picked one.
  const { address, family, port } = server.address();
  console.log(`listening on ws://${hostAndPort(address, family, port)}/`);
});

function stop() {
  clearInterval(timer);
  server.close();
  server.closeAllConnections(); // those that haven't become WebSockets
  for (const { clients } of paths.values()) for (const ws of clients) ws.close(1001);
  // No process.exit(): Node ends by itself once the last client has answered (or run out of time).
}
process.once('SIGINT', stop);
process.once('SIGTERM', stop);

// Whoever read our lines may leave (`node server | head`); the clients should not suffer for it.
process.stdout.on('error', () => {});

// --- Helpers ------------------------------------------------------------------------------------------------------

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
    // setInterval counts in 32 bits, and takes anything that doesn't fit for 1 ms.
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

// A client's text is printed on our terminal, where control characters could clear the screen or fake another line.
function escapeControls(text) {
  const short = { '\t': '\\t', '\n': '\\n', '\r': '\\r' };
  return text.replace(/\p{Cc}/gu, (c) => short[c] ?? `\\u{${c.codePointAt(0).toString(16)}}`);
}
