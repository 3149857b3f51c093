// Tests the server's page over TLS in a real browser: it is loaded with https, and its script
// connects with wss. The policy and the check of the origin must allow that.
//
// node tls.mjs SERVER_BINARY, with CHROMIUM in the environment. See run.sh.

import assert from "node:assert/strict";
import { Chromium } from "./chromium.mjs";
import { Server, until } from "./server.mjs";

async function test(chromium) {
  const page = await chromium.open();
  const server = await Server.start(process.argv[2], "127.0.0.1:0", "--interval", "200ms", "--tls-self-signed");
  try {
    // Nobody has signed the certificate, so a user would have to click through a warning.
    await page.send("Security.setIgnoreCertificateErrors", { ignore: true });
    await page.send("Page.navigate", { url: `https://${server.address}/` });
    const text = (id) => page.evaluate(`document.getElementById("${id}")?.textContent`);
    await until("the page is connected", async () => (await text("state")) === "OPEN");
    await until("there is a first push", async () => Number(await text("sequence")) > 0);
    assert.equal(await page.evaluate("location.protocol"), "https:");
    await page.send("Input.insertText", { text: "over TLS" });
    await page.key("Enter", 13);
    await server.says(" says: over TLS");
    assert.deepEqual(page.complaints, []);
  } finally {
    await server.stop();
  }
}

const chromium = new Chromium(process.env.CHROMIUM);
try {
  await test(chromium);
  console.log("browser test: the page works over TLS");
} catch (error) {
  console.error(`browser test over TLS: ${error.stack}`);
  process.exitCode = 1;
} finally {
  await chromium.close();
}
