// Tests the server's page in a real browser: it connects, its numbers change, and typed texts
// arrive. Its own policy blocks no part of it, it is legible on any screen, and it reconnects when
// the server is back.
//
// node page.mjs SERVER_BINARY [DIRECTORY_FOR_SCREENSHOTS], with CHROMIUM in the environment. See
// run.sh.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Chromium } from "./chromium.mjs";
import { flaws } from "./flaws.mjs";
import { Server, until } from "./server.mjs";

const [program, screenshots] = process.argv.slice(2);

// The page is examined on each screen and in each colour scheme.
const SCREENS = { phone: [390, 844], small: [320, 568], tablet: [768, 1024], wide: [1280, 800] };
const SCHEMES = ["light", "dark"];

// Helpers that the tests add to a page: for its elements, its records, and the sockets that it has
// opened.
const HELPERS = `
  globalThis.byId = (id) => document.getElementById(id);
  globalThis.records = () => byId("frames")?.log?.records ?? [];
  globalThis.chosen = () => byId("frames").list.chosen?.record;
  globalThis.visible = () => byId("frames").log.visible.map(({ record, note }) => record?.summary ?? note);
  globalThis.sockets = [];
  globalThis.WebSocket = class extends WebSocket {
    constructor(...given) {
      super(...given);
      sockets.push(this);
    }
  };`;

// The pushes are frequent, so that the test need not wait long.
const PUSHES = ["--interval", "200ms"];

async function test(chromium) {
  const page = await chromium.open();
  let server = await Server.start(program, "127.0.0.1:0", ...PUSHES);
  try {
    // Record from the start whatever the page's own policy blocks.
    await page.send("Page.addScriptToEvaluateOnNewDocument", {
      source: `document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, lineNumber }) =>
        console.error("blocked by the policy: " + [violatedDirective, blockedURI, "line " + lineNumber].join(", ")));
        ${HELPERS}`,
    });
    await page.send("Page.navigate", { url: `http://${server.address}/` });
    const text = (id) => page.evaluate(`document.getElementById("${id}")?.textContent`);
    const number = async (id) => Number(await text(id));

    step("the page connects");
    await until("the page is connected", async () => (await text("state")) === "OPEN");

    step("its numbers change with every push");
    await until("there is a first push", async () => (await number("sequence")) > 0);
    const [sequence, uptime] = [await number("sequence"), parseFloat(await text("uptime_seconds"))];
    await until("two more pushes are shown", async () => (await number("sequence")) >= sequence + 2);
    assert.ok(parseFloat(await text("uptime_seconds")) > uptime, "the uptime grows");
    assert.match(await text("uptime_seconds"), /^\d+\.\d s$/);
    assert.match(await text("rss_bytes"), /^\d+\.\d MiB$/);
    assert.equal(await text("clients"), "1");
    assert.equal(await text("messages_received"), "0");
    assert.equal(await text("last_text"), "-");

    step("a typed text arrives, with Enter and with the button");
    // The box has the focus, so that a visitor can type at once.
    await page.send("Input.insertText", { text: "grüß dich, 🦀" });
    await page.key("Enter", 13);
    await server.says(" says: grüß dich, 🦀");
    await until("the page shows it", async () => (await text("last_text")) === "grüß dich, 🦀");
    assert.equal(await page.evaluate(`document.getElementById("text").value`), "", "the box is empty again");
    const markup = `<img src=x onerror="console.error('it runs')"><b>`;
    await page.send("Input.insertText", { text: markup });
    await page.click("#form button");
    await server.says(markup);
    assert.equal(await page.evaluate(`document.activeElement.id`), "text", "the next text can be typed at once");
    await until("markup is shown as text", async () => (await text("last_text")) === markup);
    assert.equal(
      await page.evaluate(`document.querySelectorAll("img, td b, p b").length`),
      0,
      "a text is never markup",
    );
    assert.equal(await text("messages_received"), "2");
    // An empty text is not sent.
    await page.key("Enter", 13);
    const now = await number("sequence");
    await until("another push is shown", async () => (await number("sequence")) > now);
    assert.equal(await text("messages_received"), "2");

    const look = async (name) => {
      const [screen, scheme] = name.split("-");
      const [width, height] = SCREENS[screen];
      await page.send("Emulation.setDeviceMetricsOverride", {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: screen !== "wide",
      });
      const features = [{ name: "prefers-color-scheme", value: scheme }];
      await page.send("Emulation.setEmulatedMedia", { features });
      const seen = await page.evaluate(`(${flaws})()`);
      if (screenshots) {
        const full = await page.evaluate("document.documentElement.scrollHeight");
        await page.send("Emulation.setDeviceMetricsOverride", {
          width,
          height: full,
          deviceScaleFactor: 1,
          mobile: screen !== "wide",
        });
        writeFileSync(join(screenshots, `${name}.png`), await page.screenshot());
      }
      assert.equal(seen.scheme, scheme, name);
      assert.deepEqual(seen.found, [], name);
    };
    await wire(chromium, page, server);
    await search(page);
    await exports(page, server);
    await rules(page, look, server);
    await manyRecords(page);
    await page.click("#connect button");
    await until("it is connected again", async () => (await text("state")) === "OPEN");
    await book(chromium, page);

    step("it is legible on every screen, in light and in dark");
    await page.evaluate(`byId("text").focus()`);
    await page.send("Input.insertText", { text: "Hello" });
    await page.key("Enter", 13);
    await until("its frame is chosen", async () => /Hello$/.test((await page.evaluate("chosen()")).summary));
    for (const contents of ["frame", "head", "long"]) {
      if (contents === "head") await page.evaluate(`byId("frames").list.choose(byId("frames").log.rows[0])`);
      for (const screen of Object.keys(SCREENS)) {
        for (const scheme of SCHEMES) await look(`${screen}-${scheme}-${contents}`);
      }
      // For the last round, show a text that cannot be broken into lines.
      if (contents !== "head") continue;
      await page.evaluate(`byId("text").focus()`);
      await page.send("Input.insertText", { text: "x".repeat(300) });
      await page.key("Enter", 13);
      await until("the long text is shown", async () => (await text("last_text")).length === 300);
    }

    step("axe finds nothing");
    await axe(page);

    step("the browser reports no errors, except about the broken rules");
    assert.deepEqual(
      page.complaints.filter((complaint) => !/^WebSocket connection to '.*\/break\//.test(complaint)),
      [],
    );

    step("it shows that the server has stopped, and reconnects to the next one");
    // Record the delay before each attempt. The first and the seventh attempt are not made, because
    // the test presses the button instead. Those in between are made at once.
    await page.evaluate(`
      window.waits = [];
      window.later = setTimeout;
      window.setTimeout = (run, wait) => {
        if (wait < 2000 || wait >= 60000) return later(run, wait);
        waits.push(wait);
        if (waits.length !== 1 && waits.length !== 7) return later(run, 0);
      };`);
    assert.equal(await server.stop(), 0, "the server's exit code");
    const closed = await until("the page notices", async () => /^CLOSED/.test(await text("state")) && text("state"));
    assert.equal(closed, "CLOSED 1001");
    assert.equal(await text("event_reason"), "the server is shutting down");
    await until("the server's Close is shown", async () => /^Close from the server/.test(await text("wire_order")));
    for (const screen of Object.keys(SCREENS)) {
      for (const scheme of SCHEMES) await look(`${screen}-${scheme}-closed`);
    }
    await page.click("#connect button");
    const waits = await until("the page has tried again and again", () => page.evaluate("waits.length === 7 && waits"));
    // Each delay is random, with an upper bound that doubles after each attempt, up to a minute.
    // The second delay follows the click, which resets the bound.
    const longest = [4, 4, 8, 16, 32, 60, 60].map((seconds) => 1000 * seconds);
    const fits = (wait, index) => longest[index] / 2 <= wait && wait < longest[index];
    assert.ok(waits.length === longest.length && waits.every(fits), waits.join(" "));
    assert.equal(new Set(waits).size, waits.length, waits.join(" "));
    server = await Server.start(program, server.address, ...PUSHES, "--ping-interval", "2s", "--deflate");
    await page.evaluate("window.setTimeout = later");
    await page.click("#connect button");
    await until("the page is connected again", async () => (await text("state")) === "OPEN");
    await until("the new server's pushes are shown", async () => (await text("messages_received")) === "0");
    await until("the new connection is shown", async () => (await page.evaluate("records()[0]?.number")) === 0);

    step("the browser answers a Ping by itself");
    const records = () => page.evaluate("records()");
    const control = (direction, opcode) => async () =>
      (await records()).find(
        (record) =>
          record.direction === direction &&
          record.fields.some(({ name, value }) => name === "websocket.opcode" && value === opcode),
      );
    const ping = await until("a Ping comes from the server", control("to_client", 9));
    const pong = await until("a Pong goes back", control("to_server", 10));
    const payload = ({ fields }, name) =>
      fields.find(({ name }) => name === "websocket.payload")?.fields.find((field) => field.name === name)?.value;
    assert.equal(
      payload(pong, "websocket.payload.pong"),
      payload(ping, "websocket.payload.ping"),
      "with the payload of the Ping",
    );

    step("a compressed text is shown, together with its compressed bytes");
    const said = "again and ".repeat(30);
    await page.evaluate(`byId("text").focus()`);
    await page.send("Input.insertText", { text: said });
    await page.key("Enter", 13);
    const compressed = await until("its frame is chosen", async () => {
      const record = await page.evaluate("chosen()");
      return /300 bytes from \d+: again and again/.test(record?.summary) && record;
    });
    const inflated = `[...document.querySelectorAll("#fields li")].find(({ textContent }) => textContent.startsWith("[Text]"))`;
    assert.equal(await page.evaluate(`${inflated}.textContent`), `[Text]: ${said}`);
    await page.evaluate(`${inflated}.click()`);
    const place = `inflated from bytes 6 to ${compressed.length - 1}`;
    await until(`"${place}" is explained`, async () => (await text("explanation")).includes(place));
    assert.equal(
      await page.evaluate(`document.querySelectorAll("#bytes .byte.on").length`),
      compressed.length - 6,
      "its payload is marked",
    );

    step("a push resets the delay");
    assert.equal(await server.stop(), 0, "the server's exit code");
    const soon = await until("the page notices", async () =>
      /Trying again in (\d+) second/.exec(await text("wire_state"))?.[1],
    );
    assert.ok(Number(soon) <= 4, `${soon} seconds`);
  } catch (error) {
    const complaints = page.complaints.map((complaint) => `\n  the browser reports: ${complaint}`).join("");
    const lines = server.lines
      .slice(-10)
      .map((line) => `\n  the server prints: ${line.slice(0, 200)}`)
      .join("");
    const state = await page
      .evaluate(`["state", "wire_state", "said"].map((id) => byId(id).textContent).join(" | ")`)
      .catch(String);
    error.message += `\n  the page says: ${state}${complaints}${lines}`;
    throw error;
  } finally {
    server.child.kill("SIGKILL");
  }
}

// Compares the page's view of its own connection with bytes that are computed here.
async function wire(chromium, page, server) {
  const text = (id) => page.evaluate(`document.getElementById("${id}").textContent`);
  const chosen = () => page.evaluate("chosen()");
  const shown = () => page.evaluate(`[...document.querySelectorAll("#fields li")].map((row) => row.textContent)`);
  const explained = async (part) =>
    until(`"${part}" is explained`, async () => (await text("explanation")).includes(part));

  step("it shows the handshake of its own connection");
  const rows = () => page.evaluate("records()");
  const choose = (index) => page.evaluate(`byId("frames").list.choose(byId("frames").log.rows[${index}])`);
  const [request, response] = await rows();
  assert.equal(request.kind, "request");
  const head = Buffer.from(request.bytes.replaceAll(":", ""), "hex").toString();
  const token = head.match(/^GET \/\?wire=([0-9a-f]{32}) HTTP\/1.1\r\n/)[1];
  assert.ok(head.endsWith("\r\n\r\n"), head);
  assert.ok(head.includes(`\r\nHost: ${server.address}\r\n`), head);
  assert.ok(head.includes(`\r\nOrigin: http://${server.address}\r\n`), head);
  const key = head.match(/\r\nSec-WebSocket-Key: (.*)\r\n/)[1];
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  await choose(0);
  assert.ok((await shown()).includes(`[Expected answer]: ${accept}`), (await shown()).join("\n"));
  assert.equal(response.kind, "response");
  await choose(1);
  assert.ok((await shown()).includes(`Sec-WebSocket-Accept: ${accept}`), (await shown()).join("\n"));

  step("a typed text is shown as the frame that the browser sent");
  const send = async (typed) => {
    const before = (await chosen()).number;
    await page.evaluate(`byId("text").focus()`);
    await page.send("Input.insertText", { text: typed });
    await page.key("Enter", 13);
    return until("its frame is chosen", async () => {
      const record = await chosen();
      return record.number !== before && record.direction === "to_server" && record;
    });
  };
  for (const typed of ["Hello", "grüß dich, 🦀", "x".repeat(126), "<img src=x onerror=alert(1)>"]) {
    const record = await send(typed);
    const bytes = Buffer.from(record.bytes.replaceAll(":", ""), "hex");
    const payload = Buffer.from(typed);
    const short = payload.length < 126;
    assert.equal(bytes[0], 0x81, "FIN and opcode 1");
    assert.equal(bytes[1], 0x80 | (short ? payload.length : 126), "MASK and the length");
    if (!short) assert.equal(bytes.readUInt16BE(2), payload.length);
    const masking = bytes.subarray(short ? 2 : 4, short ? 6 : 8);
    const masked = bytes.subarray(short ? 6 : 8);
    assert.deepEqual(
      Buffer.from(masked.map((byte, at) => byte ^ masking[at % 4])),
      payload,
      "the payload without its mask",
    );
    const colons = (bytes) => bytes.toString("hex").match(/../g).join(":");
    const bits = (short ? payload.length : 126).toString(2).padStart(7, "0");
    const extended = short ? [] : [`Extended Payload length (16 bits): ${payload.length}`];
    const words = short ? `${payload.length}` : "Extended Payload Length (16 bits) (126)";
    assert.deepEqual(await shown(), [
      "1... .... = Fin: True",
      ".000 .... = Reserved: 0x0",
      ".... 0001 = Opcode: Text (1)",
      "1... .... = Mask: True",
      `.${bits.slice(0, 3)} ${bits.slice(3)} = Payload length: ${words}`,
      ...extended,
      `Masking-Key: ${colons(masking)}`,
      `Masked payload: ${colons(masked)}`,
      "Payload",
      `Text: ${typed}`,
    ]);
    const cells = await page.evaluate(
      `[...document.querySelectorAll("#bytes .hex")].map(({ textContent }) => textContent)`,
    );
    assert.equal(cells.join(""), bytes.toString("hex"), "the bytes");
    const below = await page.evaluate(
      `[...document.querySelectorAll("#bytes .byte small")].map((small) => small.textContent)`,
    );
    assert.equal(
      below[0] + below[1],
      [...bytes.subarray(0, 2)].map((byte) => byte.toString(2).padStart(8, "0")).join(""),
    );
    if (/^[!-~]*$/.test(typed)) assert.equal(below.slice(-payload.length).join(""), typed, "unmasked below the bytes");
  }
  assert.equal(
    await page.evaluate(`document.querySelectorAll("img, main script").length`),
    0,
    "a payload is never markup",
  );
  await send("Hello");

  step("each field is explained, by mouse, touch and keyboard");
  await explained("websocket.opcode");
  await page.point("#bytes .byte:nth-child(4)");
  await explained("websocket.masking_key");
  assert.equal(
    await page.evaluate(`document.querySelectorAll("#bytes .byte.on").length`),
    4,
    "its four bytes are marked",
  );
  await page.point("#bytes .byte:nth-child(1) i:nth-child(3)");
  await explained("websocket.opcode");
  const marked = `[...document.querySelectorAll("#bytes .on")].map(({ textContent }) => textContent)`;
  assert.deepEqual(await page.evaluate(marked), ["0001"], "its four bits are marked");
  await page.point("#fields li:nth-child(4)");
  await explained("Clients mask every frame");
  await page.tap("#fields li:nth-child(1)");
  await explained("websocket.fin");
  const focused = () =>
    page.evaluate(
      "document.activeElement.id || document.activeElement.parentElement.id || document.activeElement.textContent",
    );
  const tab = async () => {
    await page.key("Tab", 9);
    return focused();
  };
  const KEYS = { ArrowLeft: 37, ArrowUp: 38, ArrowRight: 39, ArrowDown: 40, Home: 36, End: 35, Escape: 27 };
  const keys = async (...names) => {
    for (const name of names) await page.key(name, KEYS[name]);
  };
  const label = () => page.evaluate(`document.querySelector("#explanation h3").firstChild.data`);

  step("the arrow keys move through the bytes");
  await page.evaluate(`byId("bytes").focus()`);
  await keys("Home");
  const labels = [await label()];
  for (let count = 0; count < 9; count += 1) {
    await keys("ArrowRight");
    labels.push(await label());
  }
  assert.deepEqual(labels, [
    ..."Fin,Reserved,Opcode,Mask,Payload length".split(","),
    ...Array(4).fill("Masking-Key"),
    "Masked payload",
  ].map((label, index) => (index === 9 ? labels[9] : label)));
  assert.match(labels[9], /ayload|Text/);
  await keys("ArrowLeft");
  assert.equal(await label(), "Masking-Key");
  await keys("Home", "ArrowLeft");
  assert.equal(await label(), "Fin", "it stops at the first field");
  const here = () => page.evaluate(`document.querySelector("#bytes .here").position`);
  await keys("End", "ArrowRight");
  assert.equal(await here(), 10, "it stops at the last byte");
  assert.equal(
    await page.evaluate(`byId(byId("bytes").getAttribute("aria-activedescendant")).getAttribute("aria-label")`),
    `Text, ${(await chosen()).bytes.slice(-2)}`,
    "a screen reader is told",
  );
  await send("x".repeat(126));
  await page.evaluate(`byId("bytes").focus()`);
  await keys("Home", ...Array(12).fill("ArrowRight"));
  const above = await here();
  await keys("ArrowDown");
  assert.ok((await here()) > above + 5, "the down arrow moves by a row");
  await keys("ArrowUp");
  assert.equal(await here(), above);

  step("the list, the bytes and the fields are one stop each for the Tab key");
  await page.evaluate(`byId("find_next").focus()`);
  assert.equal(await tab(), "frames");
  const number = (await chosen()).number;
  await keys("ArrowUp");
  assert.ok((await chosen()).number < number, "the arrow keys choose another frame");
  await keys("End");
  assert.ok((await chosen()).number >= number, "the newest");
  await keys("Home");
  assert.equal((await chosen()).number, 0);
  assert.equal(await page.evaluate(`byId(byId("frames").getAttribute("aria-activedescendant")).row.record.number`), 0);
  assert.match(await text("place"), /from this page to the server: bytes 0 to \d+ of this direction/);
  assert.match(await text("legend"), /the first line.*headers of the WebSocket handshake.*other HTTP headers/);
  await keys("ArrowRight");
  assert.equal(await focused(), "bytes", "from a row to its bytes");
  await keys("Home");
  await explained("http.request.method");
  await keys("ArrowRight");
  assert.equal(await label(), "Request line", "the space after the method");
  await keys("Escape");
  assert.equal(await focused(), "frames", "and back");
  await page.evaluate(`byId("bytes").focus()`);
  const links = [await tab(), await tab(), await tab()];
  assert.match(links[0], /^RFC \d+, section/);
  assert.ok(links.slice(1).some((link) => /^Book: The opening handshake|in plain words/.test(link)), links.join("; "));
  await page.evaluate(`document.querySelector("#fields [tabindex='0']").focus()`);
  assert.equal(await focused(), "fields");
  await keys("Home", "ArrowRight");
  await explained("http.request.method");
  await keys("ArrowLeft");
  assert.equal(await label(), "Request line", "the left arrow goes to the outer field");
  await keys("End");
  await explained("An empty line ends the head");
  await send("Hello");

  step("a screen reader finds names for everything");
  const { nodes } = await page.send("Accessibility.getFullAXTree");
  const named = (role) =>
    nodes.filter((node) => !node.ignored && node.role?.value === role).map((node) => node.name?.value ?? "");
  assert.deepEqual(named("listbox"), [
    "Heads and frames of this page's connection, newest last",
    "Bytes of the frame, in hexadecimal",
  ]);
  assert.deepEqual(named("tree"), ["Fields"]);
  for (const role of ["button", "textbox", "searchbox", "combobox", "checkbox", "option", "treeitem", "image", "heading"]) {
    assert.ok(
      named(role).length > 0 && named(role).every((name) => name.trim()),
      `${role}: ${JSON.stringify(named(role))}`,
    );
  }
  assert.ok(
    named("option").some((name) => /from this page:\s*Text, 5 bytes: Hello/.test(name)),
    named("option").join("\n"),
  );
  const live = await page.evaluate(`[...document.querySelectorAll("[role=status], [aria-live]")].map(({ id }) => id)`);
  assert.deepEqual(
    live,
    ["state", "intent", "wire_state", "saved", "found", "said", "copied", "explanation"],
    "values that change with every push are not read out",
  );

  step("bytes are sent as binary");
  await page.evaluate(`byId("text").value = ""`);
  await page.click("#binary");
  const binary = await until(
    "its frame is chosen",
    async () => (await chosen()).summary.startsWith("Binary") && chosen(),
  );
  assert.ok((await shown()).includes(".... 0010 = Opcode: Binary (2)"));
  assert.equal(binary.length, 2 + 4 + 4);
  assert.ok((await shown()).at(-1).endsWith("00:01:fe:ff"), (await shown()).join("\n"));

  step("no other page can view it");
  const other = await chromium.open();
  await other.send("Page.addScriptToEvaluateOnNewDocument", { source: HELPERS });
  await other.send("Page.navigate", { url: `http://${server.address}/` });
  const records = () => other.evaluate("records()");
  await until("the other page shows its own connection", async () => (await records()).length >= 4);
  const secret = await send("between us");
  assert.match(secret.summary, /between us/);
  const pushes = (await records()).length;
  // The server repeats the last text to everybody, but shows the frame that carried it only to the
  // first page.
  await until("more pushes are shown", async () => (await records()).length > pushes + 1);
  assert.deepEqual(
    (await records()).filter(({ direction }) => direction === "to_server").map(({ kind }) => kind),
    ["request"],
  );
  const use = (name) =>
    other.evaluate(`new Promise((resolve) => {
      const socket = new WebSocket("/?wire=" + ${JSON.stringify(name)});
      socket.onopen = () => resolve("open");
      socket.onclose = ({ code }) => resolve(code);
    })`);
  assert.equal(await use(token), 1006, "a used token");
  assert.equal(await use("0".repeat(32)), 1006, "a guessed token");
  // For comparison, use a token that the server made for this page.
  const fresh = await other.evaluate(`new Promise((resolve) => {
    new WebSocket("/wire").onmessage = ({ data }) => resolve(JSON.parse(data).token);
  })`);
  assert.equal(await use(fresh), "open", "the right token");

  step("the policy blocks everything that is not part of the page");
  const blocked = await other.evaluate(`(async () => {
    const blocked = [];
    addEventListener("securitypolicyviolation", ({ effectiveDirective }) => blocked.push(effectiveDirective));
    const attempt = (act) => { try { return act(); } catch (error) { blocked.push(error.name); } };
    attempt(() => { document.body.innerHTML += "<b>"; });
    attempt(() => { const script = document.createElement("script"); script.text = "globalThis.ran = 1"; document.body.append(script); });
    attempt(() => document.body.setAttribute("onclick", "globalThis.ran = 1"));
    document.body.click();
    attempt(() => document.body.setAttribute("style", "display: none"));
    attempt(() => document.body.append(Object.assign(document.createElement("img"), { src: "http://127.0.0.1:9/" })));
    attempt(() => document.body.append(Object.assign(document.createElement("iframe"), { src: "/" })));
    await fetch("http://127.0.0.1:9/").catch(() => {});
    attempt(() => new WebSocket("ws://127.0.0.1:9/"));
    attempt(() => eval("globalThis.ran = 1"));
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { blocked, ran: globalThis.ran, seen: getComputedStyle(document.body).display };
  })()`);
  assert.equal(blocked.ran, undefined, "nothing ran");
  assert.equal(blocked.seen, "block", "nothing was restyled");
  for (const what of ["require-trusted-types-for", "style-src-attr", "img-src", "frame-src", "connect-src"]) {
    assert.ok(blocked.blocked.includes(what), `${what}: ${blocked.blocked}`);
  }
  await other.send("Page.close");

  step("frames that come too fast are counted, and the list is limited");
  await page.evaluate(`for (let count = 0; count < 3000; count += 1) sockets.at(-1).send("x")`);
  const note = await until("a note says that frames were left out", async () =>
    (await page.evaluate("visible()")).find((row) => /came too fast to be shown/.test(row)),
  );
  assert.match(note, /^[\d,]+ frames? of [\d,]+ bytes in all/);
  await server.says(" says: x");
  await until("all have arrived", async () => Number(await text("messages_received")) >= 3000);
  assert.deepEqual((await page.evaluate(`(${flaws})()`)).found, [], "with a full list");

  step("a row is drawn anew only once");
  // An element that is inserted again would restart its animation.
  const inserted = await page.evaluate(`new Promise((resolve) => {
    const seen = [];
    new MutationObserver((changes) => {
      changes.forEach(({ addedNodes }) => addedNodes.forEach(({ row }) => seen.push(row.id)));
      if (seen.length >= 4) resolve(seen);
    }).observe(document.querySelector("#frames .window"), { childList: true });
    byId("newest").click();
  })`);
  assert.equal(new Set(inserted).size, inserted.length, inserted.join());

  step("the display can be paused");
  await page.click("#pause");
  const [still, then] = [await text("sequence"), (await page.evaluate("visible()")).length];
  const held = (await rows()).length;
  await until("more records arrive", async () => (await rows()).length > held + 2);
  assert.deepEqual([await text("sequence"), (await page.evaluate("visible()")).length], [still, then], "nothing moves");
  await page.click("#pause");
  await until("the display continues", async () => Number(await text("sequence")) > Number(still));
  assert.ok((await page.evaluate("visible()")).length > then + 2, "with all records of the pause");

  step("a Close is shown as the script sees it and as it was sent");
  const closing = async (code, reason) => {
    await page.evaluate(`byId("code").value = "${code}"; byId("reason").value = "${reason}"`);
    await page.click("#close button");
  };
  await closing(1002, "");
  assert.match(await text("said"), /^The browser refuses: /);
  assert.equal(await text("state"), "OPEN");
  await closing(4001, "enough");
  await until("it is closed", async () => /^CLOSED 4001/.test(await text("state")));
  await until("both Closes are shown", async () => (await text("wire_code")) === "browser: 4001, server: 4001");
  assert.match(await text("wire_reason"), /^browser: enough, /);
  assert.equal(await text("event_code"), "4001");
  await until("the end of TCP is shown", async () => (await text("wire_order")).split(" → ").length === 4);
  assert.match(await text("wire_order"), /^Close from the browser → Close from the server → TCP closed by the server → /);
  const close = await chosen();
  const bytes = Buffer.from(close.bytes.replaceAll(":", ""), "hex");
  assert.equal(bytes[0], 0x88);
  assert.equal(((bytes[6] ^ bytes[2]) << 8) | (bytes[7] ^ bytes[3]), 4001);
  assert.ok(
    (await shown()).some((row) => /^Status code: .*4001/.test(row)),
    (await shown()).join("\n"),
  );
  await page.click("#connect button");
  await until("it is connected again", async () => (await text("state")) === "OPEN");
  await until("the new connection is shown", async () => (await rows()).length >= 3);
  assert.equal((await rows())[0].number, 0);
  // Without a code, the script sees 1005, which is never sent.
  await closing("", "");
  await until("it is closed", async () => /^CLOSED 1005/.test(await text("state")));
  await until("both Closes are shown", async () => (await text("wire_code")) === "browser: no code, server: no code");
  assert.match(await text("end_note"), /1005 is never sent/);
  await page.click("#connect button");
  await until("it is connected again", async () => (await text("state")) === "OPEN");
  await until("the new connection is shown", async () => (await rows()).length >= 3);
  await send("Hello");
}

// Tests the filter and the search.
async function search(page) {
  const visible = () => page.evaluate("visible()");
  const set = (id, value) =>
    page.evaluate(`byId("${id}").value = ${JSON.stringify(value)};
      byId("${id}").dispatchEvent(new Event("${["filter", "find"].includes(id) ? "input" : "change"}"))`);

  step("the list can be filtered");
  for (const [id, value, fits] of [
    ["direction", "to_server", (record) => record.direction === "to_server"],
    ["kind", "head", (record) => record.kind !== "frame"],
    ["kind", "1", (record) => record.summary.startsWith("Text")],
    // A text is found in the whole record, not only in its summary.
    ["filter", "HELLO", (record) => JSON.stringify(record.fields).includes("Hello")],
    ["filter", "sec-websocket-key", (record) => record.kind === "request"],
  ]) {
    await set(id, value);
    // Read everything in one step, because more records arrive all the time.
    const [shown, expected, all] = await page.evaluate(`[
      byId("frames").log.visible.filter(({ record }) => record).map(({ record }) => record.number),
      records().filter(${fits}).map(({ number }) => number), records().length,
    ]`);
    assert.deepEqual(shown, expected, `${id}: ${value}`);
    assert.ok(shown.length > 0 && shown.length < all, `${id}: ${value}`);
    await set(id, "");
  }
  const frame = (await page.evaluate("records()")).find(({ summary }) => summary === "Text, 5 bytes: Hello");
  const bytes = frame.bytes.split(":").slice(2, 6).join(" ");
  await set("filter", bytes);
  assert.deepEqual(await visible(), [frame.summary], bytes);
  assert.match(await page.evaluate(`byId("count").textContent`), /^1 of \d+ rows$/);
  await set("filter", "nothing has this text");
  assert.deepEqual(await visible(), []);
  await set("filter", "");
  await page.click("#hide_pushes");
  assert.deepEqual((await visible()).filter((row) => row.includes('{"sequence":')), []);
  assert.ok((await visible()).length >= 3, "the rest is there");
  await page.click("#hide_pushes");

  step("a text can be found, forwards and backwards");
  await page.evaluate(`byId("find").focus()`);
  await page.send("Input.insertText", { text: "http/1.1" });
  const found = [];
  for (const modifiers of [0, 0, 8]) {
    await page.key("Enter", 13, modifiers);
    found.push(await page.evaluate("chosen().number"));
  }
  assert.equal(new Set(found.slice(0, 2)).size, 2, found.join());
  assert.equal(found[0], found[2], "backwards, to the one before");
  assert.ok(found.every((number) => number <= 1), `the request and the response: ${found}`);
  assert.match(await page.evaluate(`byId("found").textContent`), /^[12] of 2$/);
  await set("find", "not there");
  assert.equal(await page.evaluate(`byId("found").textContent`), "No row contains 'not there'");
  await set("find", "");
}

// Tests copying and exporting. The files are read back here, and the capture also by tshark if it
// is installed.
async function exports(page, server) {
  const directory = mkdtempSync(join(tmpdir(), "websonkets-downloads-"));
  await page.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: directory });
  const permissions = ["clipboardReadWrite", "clipboardSanitizedWrite"];
  await page.send("Browser.grantPermissions", { origin: `http://${server.address}`, permissions });
  await page.send("Emulation.setFocusEmulationEnabled", { enabled: true });

  step("a record can be copied");
  await page.evaluate(`byId("text").focus()`);
  await page.send("Input.insertText", { text: "größer" });
  await page.key("Enter", 13);
  await until("its frame is chosen", () => page.evaluate(`chosen().summary.endsWith("größer")`));
  const record = await page.evaluate("chosen()");
  const copied = async (what) => {
    await page.click(`#copy [value=${what}]`);
    await until("it is copied", async () => /^Copied/.test(await page.evaluate(`byId("copied").textContent`)));
    return page.evaluate("navigator.clipboard.readText()");
  };
  assert.equal(await copied("hex"), record.bytes.replaceAll(":", " "));
  assert.equal(await copied("text"), "größer");
  assert.deepEqual(JSON.parse(await copied("json")), record);

  step("a record can be copied on a page that the browser does not trust");
  await page.evaluate(`Object.defineProperty(navigator, "clipboard", { value: undefined, configurable: true });
    document.addEventListener("copy", ({ target }) => { window.copied = target.value; }, { once: true })`);
  await page.click("#copy [value=text]");
  await until("it is copied", async () => (await page.evaluate("window.copied")) === "größer");
  await page.evaluate("delete navigator.clipboard");

  step("the records can be downloaded as JSON");
  const download = async (extension) => {
    if (!(await page.evaluate(`byId("export").open`))) await page.click("#export summary");
    await page.click(`#export_${extension}`);
    const name = await until("it is downloaded", () =>
      readdirSync(directory).find((name) => name.endsWith(`.${extension}`)),
    );
    assert.match(await page.evaluate(`byId("saved").textContent`), /^Saved (all )?[\d,]+ records/);
    return join(directory, name);
  };
  const all = JSON.parse(readFileSync(await download("json")));
  assert.deepEqual(all.slice(0, 3), (await page.evaluate("records()")).slice(0, 3));
  assert.ok(all.some(({ summary }) => summary === record.summary));

  step("the records can be downloaded as pcapng");
  const file = await download("pcapng");
  const streams = segments(readFileSync(file), Number(server.address.split(":")[1]));
  for (const { direction, offset, bytes } of all) {
    assert.equal(streams[direction].get(offset), bytes.replaceAll(":", ""), `${direction} at ${offset}`);
  }
  const { error, stdout } = spawnSync("tshark", [
    ...["-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"],
    ...["-d", `tcp.port==${server.address.split(":")[1]},http`, "-T", "fields", "-e", "websocket.payload.text"],
    ...["-e", "_ws.expert.message"],
  ], { encoding: "utf8" });
  if (error) console.log("  (tshark is not installed)");
  else {
    assert.ok(stdout.includes("größer"), stdout);
    assert.ok(!/[Bb]ad checksum|should be/.test(stdout), stdout);
  }
  rmSync(directory, { recursive: true });
}

// Returns the segments of each direction in a pcapng file, in hexadecimal, each under its offset.
function segments(file, port) {
  const found = { to_server: new Map(), to_client: new Map() };
  for (let at = 0; at < file.length; at += file.readUInt32LE(at + 4)) {
    if (file.readUInt32LE(at) !== 6) continue;
    const packet = file.subarray(at + 28, at + 28 + file.readUInt32LE(at + 20));
    const direction = packet.readUInt16BE(22) === port ? "to_server" : "to_client";
    if (packet.length > 40) found[direction].set(packet.readUInt32BE(24) - 1, packet.subarray(40).toString("hex"));
  }
  return found;
}

// Tests the choice of a path, and the rules that can be broken.
async function rules(page, look, server) {
  const text = (id) => page.evaluate(`byId("${id}").textContent`);
  const go = async (path) => {
    await page.evaluate(`byId("path").value = "${path}"; byId("path").dispatchEvent(new Event("change"))`);
    await page.click("#connect button");
  };
  const connected = (path) =>
    until(`it is connected to ${path}`, () =>
      page.evaluate(`records()[1] && records()[0].summary.startsWith("GET ${path}?") && byId("state").textContent === "OPEN"`),
    );
  const say = async (said) => {
    await page.evaluate(`byId("text").focus()`);
    await page.send("Input.insertText", { text: said });
    await page.key("Enter", 13);
  };

  step("another path can be chosen");
  await go("echo");
  await connected("/echo");
  await say("there and back");
  await until("the echo comes", () => page.evaluate(`records()[3]?.summary === "Text, 14 bytes: there and back"`));
  assert.deepEqual(
    await page.evaluate(`records().map(({ direction }) => direction)`),
    ["to_server", "to_client", "to_server", "to_client"],
    "nothing else is on this connection",
  );
  await go("chat");
  await connected("/chat");
  assert.ok(await page.evaluate(`records()[1].fields.some(({ value }) => value === "chat")`), "the subprotocol");

  step("each rule is explained before it is broken");
  const rules = await page.evaluate(`[...byId("path").options].slice(3).map(({ value, dataset }) => ({ value, ...dataset }))`);
  assert.ok(rules.length > 50);
  for (const { value, sent, why, expected, level } of rules) {
    assert.ok([sent, why, expected, level].every(Boolean), value);
  }

  step("a rule can be broken, and its effect is shown");
  await go("break/masked-frame");
  await until("the verdict comes", async () => (await text("verdict_words")) === "As the RFC expects");
  assert.match(await text("about"), /^A server sends a masked frame\. .*Close 1002 \(MUST\)/);
  await until("it is closed", async () => (await text("state")) === "CLOSED 1006");
  assert.equal(await text("event_code"), "1006");
  assert.equal(await text("wire_code"), "browser: 1002, server: 1002");
  assert.match(await text("wire_reason"), /^browser: Masked frame from server, /, "what the browser says");
  assert.match(await text("verdict_seen"), /^Close 1002, TCP (closed|reset)/);
  assert.equal(await page.evaluate("chosen().findings[0].rule"), "MaskedFrame", "the frame is chosen");
  assert.match(await text("findings"), /^MaskedFrame: /);
  for (const screen of Object.keys(SCREENS)) {
    for (const scheme of SCHEMES) await look(`${screen}-${scheme}-broken`);
  }

  step("axe finds nothing in the effect of a rule");
  await axe(page);

  step("a response that breaks a rule is shown, too");
  await go("break/accept-wrong");
  await until("the verdict comes", async () => (await text("verdict_words")) === "As the RFC expects");
  await until("the script is told", async () => /the browser never opened it/.test(await text("event_clean")));
  assert.equal(await page.evaluate("chosen().kind"), "response");

  step("a rule that the browser tolerates is told apart");
  await go("break/close-code-999");
  await until("the verdict comes", async () => (await text("verdict_words")) === "Tolerated");
  await until("the script is told", async () => (await text("event_code")) === "999");
  // The page does not connect again by itself.
  assert.doesNotMatch(await text("wire_state"), /Trying again/);
  await go("");
  await connected("/");
}

// Tests that the list holds 10,000 records with only a few elements, and stays within its limit in
// bytes.
async function manyRecords(page) {
  step("the list holds 10,000 records");
  // The server shows at most 50 records in a second. So pass copies of one record to the page, as
  // if the server had sent them.
  const add = (count, first) => page.evaluate(`(() => {
    const viewer = sockets.findLast(({ url }) => url.endsWith("/wire"));
    const base = records().find(({ summary }) => summary.includes('{"sequence":'));
    for (let start = ${first}; start < ${first + count}; start += 500) {
      const batch = Array.from({ length: 500 }, (_, at) => ({ ...base, number: start + at, summary: "copy " + (start + at) }));
      viewer.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(batch) }));
    }
  })()`);
  await until("a push is shown", () => page.evaluate(`records().some(({ summary }) => summary.includes('{"sequence":'))`));
  await add(10_000, 10_000);
  const rows = await page.evaluate(`byId("frames").log.rows.length`);
  assert.ok(rows > 10_000, `${rows} rows`);
  const elements = () => page.evaluate(`document.querySelectorAll("#frames [role=option]").length`);
  assert.ok((await elements()) < 80, `${await elements()} elements`);
  await page.evaluate(`byId("frames").focus()`);
  await page.key("Home", 36);
  assert.equal(await page.evaluate("chosen().number"), 0);
  assert.equal(await page.evaluate(`byId("newest").hidden`), false);
  // In the middle, the rows in view are those that belong there.
  await page.evaluate(`byId("frames").scrollTop = 5000 * 28`);
  await until("the rows in the middle are shown", () => page.evaluate(`(() => {
    const { top, bottom } = byId("frames").getBoundingClientRect();
    const seen = [...document.querySelectorAll("#frames [role=option]")].filter((row) => {
      const rect = row.getBoundingClientRect();
      return rect.bottom > top + 2 && rect.top < bottom - 2; // The list has a border.
    });
    const height = seen[0]?.offsetHeight;
    const first = Number(seen[0]?.getAttribute("aria-posinset")) - 1;
    return first === Math.floor(byId("frames").scrollTop / height) && seen.length * height >= bottom - top - 2 * height;
  })()`));
  await page.evaluate(`byId("find").value = "copy 12345"; byId("find").dispatchEvent(new Event("input"))`);
  await page.click("#find_next");
  assert.equal(await page.evaluate("chosen().number"), 12_345);
  assert.ok(await page.evaluate(`Boolean(document.querySelector("#frames [aria-selected=true]"))`), "it is in view");
  await page.click("#newest");
  assert.equal(await page.evaluate(`byId("newest").hidden`), true);

  step("what the page holds is bounded, and the page says so");
  assert.equal(await page.evaluate(`byId("held").textContent`), "");
  await add(30_000, 20_000);
  const { bytes, discarded } = await page.evaluate(`(({ bytes, discarded }) => ({ bytes, discarded }))(byId("frames").log)`);
  assert.ok(bytes <= 32 << 20, `${bytes} bytes`);
  assert.ok(discarded > 1000, `${discarded} rows`);
  assert.match(await page.evaluate(`byId("held").textContent`), /older rows had to go: the page holds about 32 MiB/);
  assert.equal(await page.evaluate(`records().some(({ number }) => number === 49_999)`), true, "the newest are there");
  await page.evaluate(`byId("find").value = ""; byId("find").dispatchEvent(new Event("input"))`);
}

// Tests the links into the book. The book may or may not be running on this machine, so the test
// answers in its place.
async function book(chromium, page) {
  let runs = false;
  page.on["Fetch.requestPaused"] = ({ requestId }) =>
    runs
      ? page.send("Fetch.fulfillRequest", { requestId, responseCode: 200 })
      : page.send("Fetch.failRequest", { requestId, errorReason: "ConnectionRefused" });
  await page.send("Fetch.enable", { patterns: [{ urlPattern: "http://127.0.0.1:8090/*" }] });
  const complaints = page.complaints.length;

  step("a link into the book says how to start the book");
  await page.click("#book a");
  await until("the hint is shown", () => page.evaluate(`byId("book_hint").open`));
  assert.match(await page.evaluate(`byId("book_hint").textContent`), /http:\/\/127\.0\.0\.1:8090\/.*cargo run -p book/s);
  await axe(page);
  await page.key("Escape", 27);
  await until("the hint is gone", () => page.evaluate(`!byId("book_hint").open`));
  // Ignore the failed request, which the browser itself reports.
  page.complaints.splice(complaints);

  step("a link into the book opens it");
  runs = true;
  const tabs = async () => {
    const { targetInfos } = await chromium.send("Target.getTargets");
    return targetInfos.filter(({ type }) => type === "page").map(({ targetId }) => targetId);
  };
  const before = await tabs();
  await page.click("#book a");
  const opened = await until("a tab opens", async () => (await tabs()).find((tab) => !before.includes(tab)));
  assert.equal(await page.evaluate(`byId("book_hint").open`), false);
  // A page in the background is not drawn.
  await chromium.send("Target.closeTarget", { targetId: opened });
  await page.send("Page.bringToFront");
  await page.send("Fetch.disable");

  step("every link leads to a page and a heading of the book");
  const source = join(dirname(fileURLToPath(import.meta.url)), "../../../../docs/src");
  const script = readFileSync(join(source, "../../crates/server/src/page/book.js"), "utf8");
  for (const [, chapter, title] of script.matchAll(/\["([a-z]+)", "([A-Z][^"]*)"\]/g)) {
    assert.match(readFileSync(join(source, `${chapter}.md`), "utf8"), new RegExp(`^# ${title}\n`), chapter);
  }
  const sections = await page.evaluate(`[...byId("path").options].map(({ dataset }) => dataset.section).filter(Boolean)`);
  const plain = readFileSync(join(source, "rfc6455.md"), "utf8");
  for (const section of new Set(sections)) {
    assert.ok(plain.includes(`{#section-${section.replaceAll(".", "-")}}`), section);
  }
}

// Runs axe-core, if it has been installed with `npm ci` in this directory.
async function axe(page) {
  const program = join(dirname(fileURLToPath(import.meta.url)), "node_modules/axe-core/axe.min.js");
  if (!existsSync(program)) {
    console.log("  (axe-core is not installed: run npm ci in crates/server/tests/browser)");
    return;
  }
  await page.evaluate(`${readFileSync(program, "utf8")}; undefined`);
  const violations = await page.evaluate(`axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
    violations.map(({ id, help, nodes }) => id + ": " + help + ": " + nodes.map(({ html }) => html).slice(0, 3).join(" ")))`);
  assert.deepEqual(violations, []);
}

let doing = "the browser and the server start";

function step(what) {
  doing = what;
  console.log(`- ${what}`);
}

setTimeout(() => {
  console.error(`browser test: FAILED at: ${doing}\nit takes longer than five minutes`);
  process.exit(1);
}, 300_000).unref();

if (screenshots) mkdirSync(screenshots, { recursive: true });
const chromium = new Chromium(process.env.CHROMIUM ?? "chromium");
try {
  await test(chromium);
  console.log("browser test: passed");
} catch (error) {
  console.error(`browser test: FAILED at: ${doing}\n${error.message}`);
  process.exitCode = 1;
} finally {
  await chromium.close();
}
