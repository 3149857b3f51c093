// Connects to each of the given URLs in turn with the npm package ws.

import { createRequire } from "node:module";

const { WebSocket } = createRequire(new URL("../../../example/package.json", import.meta.url))("ws");

for (const url of process.argv.slice(2)) {
  await new Promise((resolve) => {
    const connection = new WebSocket(url);
    connection.on("close", resolve);
    // Ignore the error, because the event 'close' follows. Without a listener, 'error' would end
    // the program.
    connection.on("error", () => {});
  });
}
