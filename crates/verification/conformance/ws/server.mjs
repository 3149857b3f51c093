// An echo server on the npm package ws, as installed in the folder example.
import { createRequire } from 'node:module';

const { WebSocketServer } = createRequire(new URL('../../../../example/', import.meta.url))('ws');

// `threshold` is the size below which ws does not compress; 0 has it compress everything, so that all is tried.
const perMessageDeflate = { threshold: 0 };
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate });
server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}/`));
server.on('connection', (connection) => {
  connection.on('message', (message, isBinary) => connection.send(message, { binary: isBinary }));
  connection.on('error', () => {}); // What the suite does wrong is its business; ws has closed the connection.
});
