// An echo server on the npm package ws, which is installed in the folder example.
import { createRequire } from 'node:module';

const { WebSocketServer } = createRequire(new URL('../../../../example/', import.meta.url))('ws');

// ws does not compress messages below the size `threshold`. With 0 it compresses all of them, so
// that the suite tests this.
const perMessageDeflate = { threshold: 0 };
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate });
server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}/`));
server.on('connection', (connection) => {
  connection.on('message', (message, isBinary) => connection.send(message, { binary: isBinary }));
  connection.on('error', () => {}); // The suite breaks rules on purpose. ws has closed the connection.
});
