// An echo server on ws. The native helper bufferutil is installed as well, and ws uses it
// automatically.
import { announce, listen } from './listen.js';

const server = listen((connection) => {
  connection.on('message', (message, isBinary) => connection.send(message, { binary: isBinary }));
});
announce(server);
