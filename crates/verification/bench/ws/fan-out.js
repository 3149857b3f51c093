// A server on ws that forwards each message to all other clients.
import { announce, listen } from './listen.js';

const server = listen((connection) => {
  connection.on('message', (message, isBinary) => {
    for (const other of server.clients) {
      if (other !== connection) other.send(message, { binary: isBinary });
    }
  });
});
announce(server);
