// Takes a picture of the page while it shows a text frame: node picture.mjs SERVER_BINARY FILE.png.
// See img/make-page.sh.

import { writeFileSync } from "node:fs";
import { Chromium } from "./chromium.mjs";
import { Server, until } from "./server.mjs";

const [program, file] = process.argv.slice(2);
const chromium = new Chromium(process.env.CHROMIUM ?? "chromium");
try {
  const server = await Server.start(program, "127.0.0.1:0", "--interval", "100ms");
  const page = await chromium.open();
  const show = (width, height) =>
    page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await show(1040, 800);
  await page.send("Emulation.setEmulatedMedia", {
    features: [
      { name: "prefers-color-scheme", value: "light" },
      { name: "prefers-reduced-motion", value: "reduce" },
    ],
  });
  await page.send("Page.navigate", { url: `http://${server.address}/` });
  const text = (id) => page.evaluate(`document.getElementById("${id}")?.textContent ?? ""`);
  // Enough pushes for the charts, with a text now and then.
  for (const [pushes, said] of [
    [20, "Is anybody there?"],
    [50, "Yes."],
    [80, "Then hello!"],
    [110, "Hello, wire!"],
  ]) {
    await until(`there are ${pushes} pushes`, async () => Number(await text("sequence")) >= pushes);
    await page.evaluate(`document.getElementById("text").focus()`);
    await page.send("Input.insertText", { text: said });
    await page.key("Enter", 13);
  }
  await until("the frame is shown", async () => (await text("unit")).includes("Hello, wire!"));
  await until("the server repeats it", async () => (await text("last_text")) === "Hello, wire!");
  await page.evaluate(`document.getElementById("text").blur()`);
  // The mouse needs a position before it can move.
  await page.point("h1");
  await page.point("#bytes .byte:nth-child(4)");
  await until("the key is explained", async () => (await text("explanation")).includes("websocket.masking_key"));
  await page.evaluate("scrollTo(0, 0)");
  await show(1040, await page.evaluate("document.documentElement.scrollHeight"));
  writeFileSync(file, await page.screenshot());
  await server.stop();
} finally {
  await chromium.close();
}
