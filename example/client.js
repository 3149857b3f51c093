// The client of the walk-through, built on the npm package `ws`:
//
//   node client [URL]
//
// Prints each text message that arrives and sends each line that you type. End of input (Ctrl-D) or
// Ctrl-C closes the connection.
import { createInterface } from 'node:readline';
import { WebSocket } from 'ws';
import { describe } from './close-codes.js';

const url = process.argv[2] ?? 'ws://127.0.0.1:8080/';
// On a terminal, received messages appear between the lines that you type, so they get a mark. A
// program that reads our output gets the bare text.
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
  if (open) console.error(`connection failed: ${error.message}`); // a 'close' event with code 1006 follows
  else cannotConnect(error);
});

ws.on('close', (code) => {
  if (!open) return; // cannotConnect has reported the failure
  console.error(`closed: ${describe(code)}, by ${closedByUs ? 'us' : 'the server'}`);
  // Do not call process.exit(), which could cut off output that has not been written yet. Node
  // exits by itself when it has nothing left to wait for. Only standard input is left, so stop
  // reading it.
  process.exitCode = code === 1000 || code === 1001 ? 0 : 1;
  process.stdin.destroy();
});

// This error means that the reader of our output has exited (`node client | head -1`), so close the
// connection.
process.stdout.on('error', leave);

function connect() {
  try {
    // On /chat, the server accepts a client only if the client offers the subprotocol `chat`. On
    // other paths, the server selects no subprotocol, and `ws` fails a handshake in which no
    // offered subprotocol was selected. So this client offers `chat` only on /chat.
    const protocols = new URL(url).pathname === '/chat' ? ['chat'] : [];
    return new WebSocket(url, protocols, { handshakeTimeout: 10_000, closeTimeout: 5000 });
  } catch (error) {
    cannotConnect(error); // not a valid address
  }
}

function cannotConnect(error) {
  // For a name with several addresses (localhost), Node reports an AggregateError. It has a code
  // but no message, so print the code.
  console.error(`could not connect to ${url}: ${error.message || error.code}`);
  process.exit(1);
}

async function sendLines() {
  // Reading from standard input begins here, after the opening handshake. Lines typed earlier wait
  // in the operating system's buffer.
  for await (const line of createInterface({ input: process.stdin })) {
    // Wait until the line has been written. Otherwise a large file on standard input would fill the
    // memory.
    await new Promise((sent) => ws.send(line, sent));
  }
  leave();
}

function leave() {
  // If the server's Close arrived first, `ws` has answered it and is no longer OPEN. In that case,
  // there is no Close left to send.
  if (ws.readyState !== WebSocket.OPEN) return;
  closedByUs = true;
  ws.close(1000); // 'close' fires once the server has answered
}
