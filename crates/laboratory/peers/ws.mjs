// Opens every URL that it is given with the npm package ws, one after the other.

import { createRequire } from "node:module";

const { WebSocket } = createRequire(new URL("../../../example/package.json", import.meta.url))("ws");

for (const url of process.argv.slice(2)) {
  await new Promise((resolve) => {
    const connection = new WebSocket(url);
    connection.on("close", resolve);
    // 'close' follows.
    connection.on("error", () => {});
  });
}
