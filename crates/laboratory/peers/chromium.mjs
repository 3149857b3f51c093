// Opens every ws://.../break/RULE of a server in Chromium: chromium.mjs PROGRAM http://HOST:PORT
//
// The connections come from the server's own page. The server logs how the browser reacts. This
// script prints the browser's name and version.

import { Chromium } from "../../server/tests/browser/chromium.mjs";

const [program, server] = process.argv.slice(2);
const browser = new Chromium(program);
try {
  const page = await browser.open();
  await page.send("Page.navigate", { url: server });
  // Until the page has loaded, its origin is that of about:blank, from which the server rejects
  // connections.
  while ((await page.evaluate("location.origin + document.readyState")) !== `${server}complete`) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await page.evaluate(`(async () => {
    const list = await (await fetch("/break/")).text();
    for (const [, path] of list.matchAll(/^(\\/break\\/\\S+)/gm)) {
      await new Promise((resolve) => (new WebSocket(path).onclose = resolve));
    }
  })()`);
  console.log((await browser.send("Browser.getVersion")).product);
} finally {
  await browser.close();
}
