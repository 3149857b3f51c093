// Tests the server's page over TLS in a real browser: the page is loaded over https with HTTP/1.1,
// and its script connects with wss. The page's policy and the server's check of the origin must
// allow that.
//
// node tls.mjs SERVER_BINARY, with CHROMIUM in the environment. See run.sh.

import assert from "node:assert/strict";
import { Chromium } from "./chromium.mjs";
import { withSecurePage } from "./secure-page.mjs";

async function test(page, server) {
  assert.equal(await page.evaluate("location.protocol"), "https:");
  await page.send("Input.insertText", { text: "over TLS" });
  await page.key("Enter", 13);
  await server.says(" says: over TLS");
}

// The server may also offer HTTP/2. That is tested by http2.mjs, so disable it here.
const chromium = new Chromium(process.env.CHROMIUM, "--disable-http2");
try {
  await withSecurePage(chromium, process.argv[2], "http/1.1", test);
  console.log("browser test: the page works over TLS");
} catch (error) {
  console.error(`browser test over TLS: ${error.stack}`);
  process.exitCode = 1;
} finally {
  await chromium.close();
}
