// Takes the pictures of the book: two panes, a byte that is explained, and a *Try it here* box on a
// phone.
//
//   node pictures.mjs BOOK_BINARY SERVER_BINARY FOLDER, with CHROMIUM in the environment.
//
// See img/make-book.sh.

import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { Chromium } from "../../../server/tests/browser/chromium.mjs";
import { Server, until } from "../../../server/tests/browser/server.mjs";

const [bookProgram, serverProgram, folder] = process.argv.slice(2);

const blind = await Server.start(serverProgram, "127.0.0.1:0");
const port = blind.address.split(":")[1];
const book = spawn(bookProgram, ["--listen", "127.0.0.1:0", "--server-port", port], { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => book.kill());
let first;
createInterface(book.stdout).on("line", (line) => (first ??= line));
await new Promise((resolve) => book.stdout.once("data", resolve));
const base = (await until("the book is served", () => first)).match(/http:\S+\//)[0];
// The server must know the book's address, and the book must know the server's port. So the server
// is stopped, and started again on the same port.
await blind.stop();
const server = await Server.start(serverProgram, `127.0.0.1:${port}`, "--allow-origin", base.replace(/\/$/, ""));

const chromium = new Chromium(process.env.CHROMIUM ?? "chromium");
const page = await chromium.open();

async function open(path, width, height, ready) {
  await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 2, mobile: width < 600 });
  await page.send("Page.navigate", { url: base + path });
  await until(`${path} is ready`, () =>
    page.evaluate(`document.readyState === "complete" && document.fonts.status === "loaded" && Boolean(${ready})`),
  );
  // The table of contents takes up space that the picture needs.
  await page.evaluate(`document.getElementById("mdbook-sidebar-toggle-anchor")?.checked && document.getElementById("mdbook-sidebar-toggle")?.click()`);
}

async function picture(name) {
  const { data } = await page.send("Page.captureScreenshot", { format: "png" });
  writeFileSync(join(folder, name), Buffer.from(data, "base64"));
}

const top = (selector, offset) =>
  page.evaluate(`(() => {
    document.querySelector(${JSON.stringify(selector)}).scrollIntoView({ block: "start" });
    scrollBy(0, -${offset});
  })()`);

const CHECK = "crates/protocol/src/frame/rules.rs:check_in_context";
await open(`messages.html?source=${CHECK}`, 1280, 800, `document.querySelector(".marked-name")`);
await top("#a-ping-in-the-middle", 70);
await picture("book-panes.png");

await open("frames.html", 1000, 640, `document.querySelector(".wire b[data-p]")`);
await top("#the-same-text-from-a-client", 70);
await page.evaluate(`[...document.querySelectorAll(".wire b[data-p]")][0].click()`);
await picture("book-byte.png");

await open("masking.html", 390, 844, `document.querySelector(".tryit:not([hidden])")`);
await page.evaluate(`document.querySelector(".tryit-send").click()`);
await until("the echo is shown", () => page.evaluate(`/Server: Text/.test(document.querySelector(".tryit-log").textContent)`));
await top(".tryit", 70);
await picture("book-phone.png");

await chromium.close();
await server.stop();
process.exit();
