// An echo server on `ws` for the tests of compression:   node server.mjs PER_MESSAGE_DEFLATE
//
// PER_MESSAGE_DEFLATE is the option `perMessageDeflate` as JSON. The working directory must contain
// `ws`.
import { createRequire } from 'node:module';

const { WebSocketServer } = createRequire(`${process.cwd()}/`)('ws');
const perMessageDeflate = JSON.parse(process.argv[2]);
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate });

server.on('listening', () => console.log(`listening on ws://127.0.0.1:${server.address().port}/`));
server.on('connection', (ws, request) => {
  console.log(`extensions: ${ws.extensions}`);
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on('error', (error) => console.log(`error: ${error.message}`));
  ws.on('close', (code) => {
    console.log(`closed: ${code}, read ${request.socket.bytesRead}, written ${request.socket.bytesWritten}`);
    server.close();
  });
});
