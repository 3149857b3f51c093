// The code that both servers share.
import { WebSocketServer } from 'ws';

/** Listens on a free port, with the same backlog as the other servers. */
export function listen(onConnection) {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    backlog: 4096,
    perMessageDeflate: false,
  });
  server.on('connection', (connection) => {
    // The load generator leaves without a Close. Without this listener, that would end the process.
    connection.on('error', () => {});
    onConnection(connection);
  });
  return server;
}

/** Prints the server's address in the same form as all servers. */
export function announce(server) {
  server.on('listening', () => {
    const { address, port } = server.address();
    console.log(`listening on ws://${address}:${port}/`);
  });
}
