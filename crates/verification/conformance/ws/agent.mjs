// The agent on the npm package ws, which is installed in the folder example:   node agent.mjs URL
// NAME
import { createRequire } from 'node:module';

const { WebSocket } = createRequire(new URL('../../../../example/', import.meta.url))('ws');
const [url, name] = process.argv.slice(2);

// Connects and passes the connection to `serve`. Resolves when the connection is closed.
function connection(path, serve) {
  return new Promise((closed) => {
    const ws = new WebSocket(url + path, { perMessageDeflate: { threshold: 0 } });
    ws.on('error', (error) => console.error(`${path}: ${error.message}`));
    ws.on('close', closed);
    serve(ws);
  });
}

let count = 0;
await connection('getCaseCount', (ws) => ws.on('message', (text) => (count = Number(text))));
for (let number = 1; number <= count; number++) {
  await connection(`runCase?case=${number}&agent=${name}`, (ws) =>
    ws.on('message', (message, isBinary) => ws.send(message, { binary: isBinary })),
  );
}
await connection(`updateReports?agent=${name}`, () => {});
