// Opens every ws://.../break/RULE of a server in Chromium, from the server's own page: chromium.mjs PROGRAM http://HOST:PORT
//
// What the browser does is in the server's log. Prints the browser's name and version.

import { Chromium } from "../../server/tests/browser/chromium.mjs";

const [program, server] = process.argv.slice(2);
const browser = new Chromium(program);
try {
  const page = await browser.open();
  await page.send("Page.navigate", { url: server });
  // A page that is not there yet is about:blank, and that has no name for a server to trust.
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
