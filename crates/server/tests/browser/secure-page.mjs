// Opens the page of a server with TLS, and checks that it works: the page is connected and gets
// pushes.

import assert from "node:assert/strict";
import { Server, until } from "./server.mjs";

// Starts the server `program`, opens its page, and calls `test(page, server)`. `protocol` is the
// protocol inside TLS over which the browser must have loaded the page: "http/1.1" or "h2".
export async function withSecurePage(chromium, program, protocol, test) {
  const page = await chromium.open();
  const server = await Server.start(program, "127.0.0.1:0", "--interval", "200ms", "--tls-self-signed");
  try {
    // The certificate is self-signed, so a user would have to click through a warning.
    await page.send("Security.setIgnoreCertificateErrors", { ignore: true });
    await page.send("Page.navigate", { url: `https://${server.address}/` });
    const text = (id) => page.evaluate(`document.getElementById("${id}")?.textContent`);
    await until("the page is connected", async () => (await text("state")) === "OPEN");
    await until("there is a first push", async () => Number(await text("sequence")) > 0);
    const used = `performance.getEntriesByType("navigation")[0].nextHopProtocol`;
    assert.equal(await page.evaluate(used), protocol);
    await test(page, server);
    assert.deepEqual(page.complaints, []);
  } finally {
    await server.stop();
  }
}
