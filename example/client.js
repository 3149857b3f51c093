// The client of the walk-through, on the npm package `ws`:   node client [URL]
//
// Prints each text that arrives; sends each line you type. End of input (Ctrl-D) or Ctrl-C closes the connection.
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { describe } from './close-codes.js';

const url = process.argv[2] ?? 'ws://127.0.0.1:8080/';
// On a terminal, arrivals stand between the lines you type, so they get a mark. A program gets the bare text.
const mark = process.stdout.isTTY ? '< ' : '';

let open = false;
let closedByUs = false;

const ws = connect();

ws.on('open', () => {
  open = true;
  process.once('SIGINT', leave); // once: a second Ctrl-C ends the program the hard way
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
  if (!open) return; // already told
  console.error(`closed: ${describe(code)}, by ${closedByUs ? 'us' : 'the server'}`);
  // Not process.exit(), which may cut off output that is still on its way. Node ends when nothing is left to wait for,
  // and the keyboard is the last such thing.
  process.exitCode = code === 1000 || code === 1001 ? 0 : 1;
  process.stdin.destroy();
});

// Whoever read our output has left (`node client | head -1`): so do we.
process.stdout.on('error', leave);

function connect() {
  try {
    // The server lets only clients that offer the subprotocol `chat` into /chat. A client that offers one where the
    // server picks none would have to give up, so it is offered nowhere else.
    const protocols = new URL(url).pathname === '/chat' ? ['chat'] : [];
    return new WebSocket(url, protocols, { handshakeTimeout: 10_000, closeTimeout: 5000 });
  } catch (error) {
    cannotConnect(error); // an address that isn't one
  }
}

function cannotConnect(error) {
  // For a name with several addresses (localhost) Node reports a bundle of errors, which has a code but no message.
  console.error(`could not connect to ${url}: ${error.message || error.code}`);
  process.exit(1);
}

async function sendLines() {
  // Standard input is first touched here, after the opening handshake: lines typed earlier wait in the system's buffer.
  for await (const line of createInterface({ input: process.stdin })) {
    // Waiting until a line has left keeps a large file on standard input from filling the memory.
    await new Promise((sent) => ws.send(line, sent));
  }
  leave();
}

function leave() {
  // If the server's Close came first, `ws` has answered it, is no longer OPEN, and there is nothing to start.
  if (ws.readyState !== WebSocket.OPEN) return;
  closedByUs = true;
  ws.close(1000); // 'close' comes once the server has answered
}
