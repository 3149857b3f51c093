// Tests the *Try it here* boxes in a real browser, with a real server: a box says how to start a
// server that accepts the page, and that very command works; a text is shown as the frames that the
// server saw; and a rule can be broken. Everything also works from a disk.
//
// node tryit.mjs BOOK_BINARY SERVER_BINARY [DIRECTORY_FOR_SCREENSHOTS], with CHROMIUM in the
// environment. See run.sh.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { Chromium } from "../../../server/tests/browser/chromium.mjs";
import { Server, until } from "../../../server/tests/browser/server.mjs";

const [bookProgram, serverProgram, screenshots] = process.argv.slice(2);
const AXE = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const PAGES = ["handshake", "frames", "masking", "messages", "text", "control", "closing", "compression", "laboratory"];
const BOX = ".tryit:not([hidden])";

let page;
let base;

const evaluate = (expression) => page.evaluate(expression);
const text = (selector) => evaluate(`document.querySelector(${JSON.stringify(`${BOX} ${selector}`)})?.textContent ?? ""`);
const isHidden = (selector) => evaluate(`document.querySelector(${JSON.stringify(`${BOX} ${selector}`)}).hidden`);
const log = () => text(".tryit-log");

function step(name) {
  console.log(name);
}

async function go(name) {
  await page.send("Page.navigate", { url: base + name });
  await until(`${name} is ready`, () =>
    evaluate(`location.pathname.endsWith("/${name}") && document.readyState === "complete" && !!document.querySelector("${BOX}")`),
  );
}

const click = (selector) => page.click(`${BOX} ${selector}`);

async function size(width) {
  await page.send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: width < 600 });
}

async function picture(name) {
  if (screenshots) writeFileSync(join(screenshots, `${name}.png`), await page.screenshot());
}

// Starts the server as the box says.
async function startAsTold() {
  await until("the box says how to start a server", async () => !(await isHidden(".tryit-help")));
  const command = await text(".tryit-help code");
  const start = "cargo run -p server -- ";
  assert.ok(command.startsWith(start), command);
  const [listen, port, ...rest] = command.slice(start.length).split(" ");
  assert.equal(listen, "--listen", "the port is not the usual one");
  return Server.start(serverProgram, port, ...rest);
}

async function sendAndBreak() {
  await click(".tryit-send");
  await until("the echo is shown", async () => /Server: Text.*Hello/s.test(await log()));
  const shown = await log();
  assert.match(shown, /Browser: GET \/echo/, "the request");
  assert.match(shown, /Server: HTTP\/1\.1 101|Server: 101/, "the response");
  // The browser's frame is masked, and the server's is not.
  assert.match(shown, /81 85 /);
  assert.match(shown, /81 05 48 65 6c 6c 6f/);
  assert.match(shown, /Masking-Key: /);
  await click(".tryit-close");
  await until("the connection is closed", async () => (await text(".tryit-state")) === "closed: code 1000");
  await until("the Close is shown", async () => /Server: Close/.test(await log()));

  await click(".tryit-break");
  await until("the rule is named", async () => (await text(".tryit-broken")) !== "");
  assert.match(await text(".tryit-broken"), /^MaskedFrame/);
  await until("the verdict is shown", async () => /verdict on this browser: /.test(await log()));
  await until("the browser closes", async () => /closed: code 1006/.test(await text(".tryit-state")));
}

async function testServed(server, port) {
  step("a server that does not know the book rejects it, and the box says how to start one");
  await size(1280);
  await go("masking.html");
  assert.equal(await text(".tryit-state"), "not connected", "nothing is opened without the reader");
  await click(".tryit-send");
  await until("the box has no connection", async () => (await text(".tryit-state")) === "no connection");
  await server.stop();

  step("the command of the box starts a server that accepts the page");
  const allowed = await startAsTold();
  assert.equal(allowed.address, `127.0.0.1:${port}`);
  await sendAndBreak();
  await picture("tryit-1280");

  step("a field is explained, with a link to its rule");
  await evaluate(`document.querySelectorAll("${BOX} details").forEach((record) => (record.open = true))`);
  assert.ok((await evaluate(`document.querySelectorAll('${BOX} li a[href^="rfc6455.html#section-"]').length`)) > 5);

  step("frames that were skipped are counted, and no emoji is cut in two");
  // The page keeps no reference to its viewer, so replace the constructor and connect again.
  await evaluate(`window.WebSocket = class extends WebSocket {
    constructor(...address) { super(...address); (window.sockets ??= []).push(this); }
  }; 0`);
  await evaluate(`document.querySelector("${BOX} input").value = "a" + "\u{1f600}".repeat(200); 0`);
  await click(".tryit-send");
  await until("the echo is shown", async () => /Server: Text/.test(await log()));
  assert.doesNotMatch(await log(), /\p{Surrogate}/u);
  const skipped = JSON.stringify([{ skipped: { to_server: { frames: 2, bytes: 20 }, to_client: { frames: 3, bytes: 60 } } }]);
  await evaluate(`sockets[0].onmessage({ data: ${JSON.stringify(skipped)} }); 0`);
  assert.match(await log(), /Frames that came too fast to be shown: 5\./);

  step("the box is accessible, and fits on a phone");
  await evaluate(`${AXE}; 0`);
  for (const theme of ["light", "navy"]) {
    await evaluate(`document.documentElement.classList.replace("light", "${theme}")`);
    const { violations } = await evaluate(`axe.run(document.querySelector("${BOX}"))`);
    assert.deepEqual(violations.map(({ id, nodes }) => `${theme}: ${id}: ${nodes[0].html}`), []);
    if (theme !== "light") await picture(`tryit-${theme}`);
  }
  await evaluate(`document.documentElement.classList.replace("navy", "light")`);
  await size(390);
  assert.equal(await evaluate("document.documentElement.scrollWidth"), 390);
  await picture("tryit-390");
  await size(1280);

  step("each chapter about the wire has a box with its own text and rules");
  for (const name of PAGES) {
    await go(`${name}.html`);
    assert.ok(await evaluate(`document.querySelector("${BOX} input").value !== ""`), name);
    assert.ok((await evaluate(`document.querySelectorAll("${BOX} option").length`)) > 0, name);
  }

  step("a handshake that the browser rejects is shown too");
  await go("handshake.html");
  await click(".tryit-break");
  await until("the response is shown", async () => /Server: .*101/s.test(await log()));
  await until("the browser rejects it", async () => /closed: code 1006/.test(await text(".tryit-state")));

  step("the policy allows no other connection");
  const blocked = await evaluate(`new Promise((resolve) => {
    document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => resolve(effectiveDirective));
    try { new WebSocket("ws://127.0.0.1:${port === 1 ? 2 : 1}/"); } catch {}
  })`);
  assert.equal(blocked, "connect-src");

  step("without a server, the box says so again");
  await allowed.stop();
  await go("text.html");
  await click(".tryit-send");
  await until("the box says how to start a server", async () => !(await isHidden(".tryit-help")));
}

async function testDisk(port) {
  step("a page from a disk has the origin null, and works with a server that allows it");
  const folder = mkdtempSync(join(tmpdir(), "websonkets-book-"));
  try {
    execFileSync(bookProgram, ["--build", folder, "--server-port", port], { stdio: ["ignore", "ignore", "inherit"] });
    base = `${pathToFileURL(folder)}/`;
    await go("masking.html");
    await click(".tryit-send");
    const server = await startAsTold();
    assert.match(await text(".tryit-help"), /--allow-origin null.*its origin is null/s);
    await sendAndBreak();
    await server.stop();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (screenshots) mkdirSync(screenshots, { recursive: true });
const server = await Server.start(serverProgram, "127.0.0.1:0");
const port = server.address.split(":")[1];
const book = spawn(bookProgram, ["--listen", "127.0.0.1:0", "--server-port", port], { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => book.kill());
let first;
createInterface(book.stdout).on("line", (line) => (first ??= line));
const chromium = new Chromium(process.env.CHROMIUM);
try {
  // On a loaded machine, building the book takes longer than `until` waits.
  await new Promise((resolve) => book.stdout.once("data", resolve));
  base = (await until("the book is served", () => first)).match(/http:\S+\//)[0];
  page = await chromium.open();
  await testServed(server, port);
  await testDisk(port);
  console.log("the boxes work");
} catch (error) {
  const shown = page && (await text(".tryit-state").catch(() => "no page"));
  console.error(`${error.stack.slice(0, 2000)}\nstate: ${shown}; complaints: ${page?.complaints}`);
  process.exitCode = 1;
} finally {
  await chromium.close();
  // A failed test leaves its servers running, but they end with this process.
  process.exit();
}
