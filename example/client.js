// The client of the walk-through, on the npm package `ws`:
//
//   node client [URL]
//
// Prints each text that arrives and sends each line you type. End of input (Ctrl-D) or Ctrl-C
// closes the connection.
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { describe } from './close-codes.js';

const url = process.argv[2] ?? 'ws://127.0.0.1:8080/';
// On a terminal, received texts appear between the lines you type, so they get a mark. A program
// that reads our output gets the bare text.
const mark = process.stdout.isTTY ? '< ' : '';

let open = false;
let closedByUs = false;

const ws = connect();

ws.on('open', () => {
  open = true;
  process.once('SIGINT', leave); // once: a second Ctrl-C kills the program
  sendLines();
});

ws.on('message', (data, isBinary) => {
  if (isBinary) console.error(`(binary message of ${data.length} bytes)`);
  else console.log(mark + data);
});

ws.on('error', (error) => {
  if (open) console.error(`connection failed: ${error.message}`); // a 'close' with code 1006 follows
  else cannotConnect(error);
});

ws.on('close', (code) => {
  if (!open) return; // cannotConnect has reported it
  console.error(`closed: ${describe(code)}, by ${closedByUs ? 'us' : 'the server'}`);
  // Not process.exit(), which could cut off output that has not been written yet. Node exits when
  // nothing is left to wait for, and standard input is the last such thing.
  process.exitCode = code === 1000 || code === 1001 ? 0 : 1;
  process.stdin.destroy();
});

// Nobody reads our output any more (`node client | head -1`), so we leave too.
process.stdout.on('error', leave);

function connect() {
  try {
    // The server accepts a client on /chat only if it offers the subprotocol `chat`. Elsewhere the
    // server picks no subprotocol, and a client that had offered one would have to give up. So this
    // client offers it only there.
    const protocols = new URL(url).pathname === '/chat' ? ['chat'] : [];
    return new WebSocket(url, protocols, { handshakeTimeout: 10_000, closeTimeout: 5000 });
  } catch (error) {
    cannotConnect(error); // not a valid address
  }
}

function cannotConnect(error) {
  // For a name with several addresses (localhost), Node reports an AggregateError, which has a code
  // but no message.
  console.error(`could not connect to ${url}: ${error.message || error.code}`);
  process.exit(1);
}

async function sendLines() {
  // Reading from standard input begins here, after the opening handshake. Lines typed earlier wait
  // in the operating system's buffer.
  for await (const line of createInterface({ input: process.stdin })) {
    // Wait until the line has been written, or a large file on standard input would fill the
    // memory.
    await new Promise((sent) => ws.send(line, sent));
  }
  leave();
}

function leave() {
  // If the server's Close came first, `ws` has answered it and is no longer OPEN. Then there is
  // nothing left to start.
  if (ws.readyState !== WebSocket.OPEN) return;
  closedByUs = true;
  ws.close(1000); // 'close' comes once the server has answered
}
