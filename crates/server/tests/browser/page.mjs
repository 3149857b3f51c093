// Tests the server's page in a real browser: it connects, its numbers change, and typed texts
// arrive. Its own policy blocks no part of it, it is legible on any screen, and it reconnects when
// the server is back.
//
// node page.mjs SERVER_BINARY [DIRECTORY_FOR_SCREENSHOTS], with CHROMIUM in the environment. See
// run.sh.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Chromium } from "./chromium.mjs";
import { flaws } from "./flaws.mjs";
import { Server, until } from "./server.mjs";

const [program, screenshots] = process.argv.slice(2);

// The page is examined on each screen and in each colour scheme.
const SCREENS = { phone: [360, 740], small: [320, 568], wide: [1280, 800] };
const SCHEMES = ["light", "dark"];

// Frequent, so that the test need not wait.
const PUSHES = ["--interval", "200ms"];

async function test(chromium) {
  const page = await chromium.open();
  let server = await Server.start(program, "127.0.0.1:0", ...PUSHES);
  try {
    // Record from the start whatever the page's own policy blocks.
    await page.send("Page.addScriptToEvaluateOnNewDocument", {
      source: `document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, lineNumber }) =>
        console.error("blocked by the policy: " + [violatedDirective, blockedURI, "line " + lineNumber].join(", ")));`,
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

    await wire(chromium, page, server);

    step("it is legible on every screen, in light and in dark");
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
    for (const contents of ["frame", "head", "long"]) {
      if (contents === "head") await page.evaluate(`document.querySelector("#frames > li").click()`);
      for (const screen of Object.keys(SCREENS)) {
        for (const scheme of SCHEMES) await look(`${screen}-${scheme}-${contents}`);
      }
      // Then once more with a text that cannot be broken into lines.
      if (contents !== "head") continue;
      await page.evaluate(`byId("text").focus()`);
      await page.send("Input.insertText", { text: "x".repeat(300) });
      await page.key("Enter", 13);
      await until("the long text is shown", async () => (await text("last_text")).length === 300);
    }

    step("the browser reports no errors");
    assert.deepEqual(page.complaints, []);

    step("it shows that the server has stopped, and reconnects to the next one");
    // The delays before the attempts are recorded. The first and the seventh attempt wait for the
    // test, and those in between follow at once.
    await page.evaluate(`
      window.waits = [];
      window.later = setTimeout;
      window.setTimeout = (run, wait) => {
        if (run !== connect) return later(run, wait);
        waits.push(wait);
        if (waits.length !== 1 && waits.length !== 7) return later(run, 0);
      };`);
    assert.equal(await server.stop(), 0, "the server's exit code");
    const closed = await until("the page notices", async () => /^CLOSED/.test(await text("state")) && text("state"));
    assert.match(closed, /^CLOSED 1001 \(the server is shutting down\)/);
    assert.match(await until("the server's Close is shown", () => text("wire_order")), /^Close from the server/);
    for (const screen of Object.keys(SCREENS)) {
      for (const scheme of SCHEMES) await look(`${screen}-${scheme}-closed`);
    }
    await page.evaluate("connect()");
    const waits = await until("the page has tried again and again", () => page.evaluate("waits.length === 7 && waits"));
    // Each delay is random, and longer than the one before, up to a minute.
    const longest = [4, 8, 16, 32, 60, 60, 60].map((seconds) => 1000 * seconds);
    const fits = (wait, index) => longest[index] / 2 <= wait && wait < longest[index];
    assert.ok(waits.length === longest.length && waits.every(fits), waits.join(" "));
    assert.equal(new Set(waits).size, waits.length, waits.join(" "));
    server = await Server.start(program, server.address, ...PUSHES, "--ping-interval", "2s", "--deflate");
    await page.evaluate("window.setTimeout = later; connect()");
    await until("the page is connected again", async () => (await text("state")) === "OPEN");
    await until("the new server's pushes are shown", async () => (await text("messages_received")) === "0");
    assert.equal(await page.evaluate("delay"), longest[0], "a push resets the delay");
    await until(
      "the new connection is shown",
      async () => (await page.evaluate(`document.querySelector("#frames > li")?.record?.number`)) === 0,
    );

    step("the browser answers a Ping by itself");
    const records = () =>
      page.evaluate(`[...document.querySelectorAll("#frames > li")].map((row) => row.record ?? {})`);
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
      const record = await page.evaluate("chosen");
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

    step("the pushes can be hidden");
    const seen = () =>
      page.evaluate(`[...document.querySelectorAll("#frames > li")]
      .filter((row) => row.checkVisibility() && /"sequence":/.test(row.textContent)).length`);
    assert.ok((await seen()) > 0);
    await page.click("#quiet");
    assert.equal(await seen(), 0);
    assert.ok(await page.evaluate(`document.querySelector("#frames > li").checkVisibility()`), "the rest is there");
  } catch (error) {
    const complaints = page.complaints.map((complaint) => `\n  the browser reports: ${complaint}`).join("");
    const lines = server.lines
      .slice(-10)
      .map((line) => `\n  the server prints: ${line.slice(0, 200)}`)
      .join("");
    error.message += complaints + lines;
    throw error;
  } finally {
    server.child.kill("SIGKILL");
  }
}

// Compares the page's view of its own connection with bytes that are computed here.
async function wire(chromium, page, server) {
  const text = (id) => page.evaluate(`document.getElementById("${id}").textContent`);
  const chosen = () => page.evaluate("chosen");
  const shown = () => page.evaluate(`[...document.querySelectorAll("#fields li")].map((row) => row.textContent)`);
  const explained = async (part) =>
    until(`"${part}" is explained`, async () => (await text("explanation")).includes(part));

  step("it shows the handshake of its own connection");
  const rows = () =>
    page.evaluate(`[...document.querySelectorAll("#frames > li")].map((row) => row.record ?? row.textContent)`);
  const [request, response, token] = await rows();
  assert.equal(request.kind, "request");
  const head = Buffer.from(request.bytes.replaceAll(":", ""), "hex").toString();
  assert.ok(head.startsWith("GET /?wire HTTP/1.1\r\n") && head.endsWith("\r\n\r\n"), head);
  assert.ok(head.includes(`\r\nHost: ${server.address}\r\n`), head);
  assert.ok(head.includes(`\r\nOrigin: http://${server.address}\r\n`), head);
  const key = head.match(/\r\nSec-WebSocket-Key: (.*)\r\n/)[1];
  const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  await page.evaluate(`document.querySelectorAll("#frames > li")[0].click()`);
  assert.ok((await shown()).includes(`[Expected answer]: ${accept}`), (await shown()).join("\n"));
  assert.equal(response.kind, "response");
  await page.evaluate(`document.querySelectorAll("#frames > li")[1].click()`);
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
      `[...document.querySelectorAll("#bytes .byte")].map((cell) => cell.firstChild.data)`,
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
  await page.point("#bytes .byte:nth-child(1) i:nth-child(8)");
  await explained("websocket.opcode");
  assert.equal(await page.evaluate(`document.querySelectorAll("#bytes i.on").length`), 4, "its four bits are marked");
  await page.point("#fields li:nth-child(4)");
  await explained("Clients mask every frame");
  await page.tap("#fields li:nth-child(1)");
  await explained("websocket.fin");
  await page.evaluate(`byId("quiet").focus()`);
  const tab = async () => {
    await page.key("Tab", 9);
    return page.evaluate(
      "document.activeElement.id || document.activeElement.parentElement.id || document.activeElement.textContent",
    );
  };
  assert.equal(await tab(), "frames", "the list is one stop");
  const number = (await chosen()).number;
  await page.key("ArrowUp", 38);
  assert.ok((await chosen()).number < number, "the arrow keys choose another frame");
  await page.key("Home", 36);
  assert.equal((await chosen()).number, 0);
  assert.match(await text("place"), /from this page to the server: bytes 0 to \d+ of this direction/);
  assert.match(await text("legend"), /the first line.*headers of the WebSocket handshake.*other HTTP headers/);
  assert.equal(await tab(), "bytes", "the bytes can be scrolled");
  assert.match(await tab(), /^RFC 9112/);
  assert.equal(await tab(), "fields");
  await page.key("ArrowDown", 40);
  await explained("http.request.method");
  await page.key("End", 35);
  await explained("An empty line ends the head");

  step("a screen reader finds names for everything");
  const { nodes } = await page.send("Accessibility.getFullAXTree");
  const named = (role) =>
    nodes.filter((node) => !node.ignored && node.role?.value === role).map((node) => node.name?.value ?? "");
  assert.deepEqual(named("listbox"), ["Heads and frames of this page's connection, newest last"]);
  assert.deepEqual(named("tree"), ["Fields"]);
  for (const role of ["button", "textbox", "checkbox", "option", "treeitem", "image", "heading"]) {
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
    ["state", "said", "wire_state", "explanation"],
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
  await other.send("Page.navigate", { url: `http://${server.address}/` });
  const records = () => other.evaluate(`[...document.querySelectorAll("#frames > li")].map((row) => row.record)`);
  await until("the other page shows its own connection", async () => (await records()).length >= 4);
  const secret = await send("between us");
  assert.match(secret.summary, /between us/);
  const pushes = (await records()).length;
  // The server repeats the last text to everybody, but shows the frame that carried it to the first
  // page only.
  await until("more pushes are shown", async () => (await records()).length > pushes + 1);
  assert.deepEqual(
    (await records()).filter(({ direction }) => direction === "to_server").map(({ kind }) => kind),
    ["request"],
  );
  const steal = (name) =>
    other.evaluate(`new Promise((resolve) => {
    const thief = new WebSocket(address("wire/" + ${JSON.stringify(name)}));
    thief.onmessage = ({ data }) => resolve(data);
    thief.onclose = ({ code }) => resolve(code);
  })`);
  const used = token.summary.match(/"wire":"([0-9a-f]{32})"/)[1];
  assert.equal(await steal(used), 1006, "a used token");
  assert.equal(await steal("0".repeat(32)), 1006, "a guessed token");
  // For comparison, a valid token of a new connection.
  const fresh = await other.evaluate(`new Promise((resolve) => {
    new WebSocket(address("?wire")).onmessage = ({ data }) => resolve(JSON.parse(data).wire);
  })`);
  assert.match(await steal(fresh), /^\[\{"number":0,/, "the right token");

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
  await page.evaluate(`for (let count = 0; count < 3000; count += 1) socket.send("x")`);
  const note = await until("a note says that frames were left out", async () =>
    (await rows()).find((row) => /came too fast to be shown/.test(row)),
  );
  assert.match(note, /^[\d,]+ frames? of [\d,]+ bytes in all/);
  await server.says(" says: x");
  await until("all have arrived", async () => Number(await text("messages_received")) >= 3000);
  assert.ok((await rows()).length <= 200, `${(await rows()).length} rows`);
  assert.deepEqual((await page.evaluate(`(${flaws})()`)).found, [], "with a full list");

  step("the display can be paused");
  await page.click("#pause");
  const [still, then] = [await text("sequence"), (await rows()).at(-1)];
  await page.evaluate(`new Promise((resolve) => setTimeout(resolve, 700))`);
  assert.deepEqual([await text("sequence"), (await rows()).at(-1)], [still, then], "nothing moves");
  await page.click("#pause");
  await until("the display continues", async () => (await text("sequence")) > still);

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
  await until("both Closes are shown", async () => (await text("wire_code")) === "page: 4001\nserver: 4001");
  assert.match(await text("wire_reason"), /^page: enough\n/);
  assert.equal(await text("event_code"), "4001");
  await until("the end of TCP is shown", async () => (await text("wire_order")).split("\n").length === 4);
  assert.match(await text("wire_order"), /^Close from the page\nClose from the server\nTCP closed by the server\n/);
  const close = await chosen();
  const bytes = Buffer.from(close.bytes.replaceAll(":", ""), "hex");
  assert.equal(bytes[0], 0x88);
  assert.equal(((bytes[6] ^ bytes[2]) << 8) | (bytes[7] ^ bytes[3]), 4001);
  assert.ok(
    (await shown()).some((row) => /^Status code: .*4001/.test(row)),
    (await shown()).join("\n"),
  );
  await page.click("#reconnect");
  await until("it is connected again", async () => (await text("state")) === "OPEN");
  await until("the new connection is shown", async () => (await rows()).length >= 3);
  assert.equal((await rows())[0].number, 0);
  // Without a code, the script sees 1005, which is never sent.
  await closing("", "");
  await until("it is closed", async () => /^CLOSED 1005/.test(await text("state")));
  await until("both Closes are shown", async () => (await text("wire_code")) === "page: no code\nserver: no code");
  assert.match(await text("end_note"), /1005 is never sent/);
  await page.click("#reconnect");
  await until("it is connected again", async () => (await text("state")) === "OPEN");
  await until("the new connection is shown", async () => (await rows()).length >= 3);
  await send("Hello");
}

let doing = "the browser and the server start";

function step(what) {
  doing = what;
  console.log(`- ${what}`);
}

setTimeout(() => {
  console.error(`browser test: FAILED at: ${doing}\nit takes longer than two minutes`);
  process.exit(1);
}, 120_000).unref();

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
