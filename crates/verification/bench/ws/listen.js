// What both servers share: how they listen, and how they say where.
import { WebSocketServer } from 'ws';

/** Takes connections on a port that is free, as many at once as the other contestants. */
export function listen(onConnection) {
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    backlog: 4096,
    perMessageDeflate: false,
  });
  server.on('connection', (connection) => {
    // The load generator leaves without a Close. That is no reason to end the process.
    connection.on('error', () => {});
    onConnection(connection);
  });
  return server;
}

/** Prints the line that all contestants print. */
export function announce(server) {
  server.on('listening', () => {
    const { address, port } = server.address();
    console.log(`listening on ws://${address}:${port}/`);
  });
}
