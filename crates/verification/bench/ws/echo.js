// An echo server on ws. Its native helper, bufferutil, is installed beside it, and ws finds it by itself.
import { announce, listen } from './listen.js';

const server = listen((connection) => {
  connection.on('message', (message, isBinary) => connection.send(message, { binary: isBinary }));
});
announce(server);
