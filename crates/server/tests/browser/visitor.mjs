// Tests what a visitor sees on the server's page: that the page points at what matters, explains
// what it shows, and neither jumps nor contradicts itself. Each check opens its own page, and all
// checks run even if one fails.
//
// node visitor.mjs SERVER_BINARY, with CHROMIUM in the environment. See run.sh.

import assert from "node:assert/strict";
import { Chromium } from "./chromium.mjs";
import { flaws } from "./flaws.mjs";
import { Server, until } from "./server.mjs";

const [program, only] = process.argv.slice(2);

const HELPERS = `
  globalThis.byId = (id) => document.getElementById(id);
  globalThis.records = () => byId("frames")?.log?.records ?? [];
  globalThis.chosen = () => byId("frames").list.chosen?.record;
  globalThis.top_of = (id) => Math.round(byId(id).getBoundingClientRect().top + scrollY);
  globalThis.left_of = (id) => Math.round(byId(id).getBoundingClientRect().left);`;

const SCREENS = { phone: [390, 844], tablet: [768, 1024], narrow: [1040, 800], wide: [1280, 800] };

// A page with the functions that the checks need.
class Visit {
  constructor(page) {
    this.page = page;
  }

  run(expression) {
    return this.page.evaluate(expression);
  }

  text(id) {
    return this.run(`byId("${id}").innerText.trim()`);
  }

  until(what, expression) {
    return until(what, () => this.run(expression));
  }

  state(wanted) {
    return this.until(`the state is ${wanted}`, `byId("state")?.textContent.startsWith("${wanted}")`);
  }

  async screen(name) {
    const [width, height] = SCREENS[name];
    await this.page.send("Emulation.setDeviceMetricsOverride",
      { width, height, deviceScaleFactor: 1, mobile: name === "phone" });
    await this.page.send("Emulation.setTouchEmulationEnabled", { enabled: name === "phone" });
  }

  async open(address) {
    await this.page.send("Page.addScriptToEvaluateOnNewDocument", { source: HELPERS });
    await this.page.send("Page.navigate", { url: `http://${address}/` });
    await this.state("OPEN");
    await this.until("the handshake is shown", "records().length >= 2");
  }

  choosePath(path) {
    return this.run(`byId("path").value = "${path}"; byId("path").dispatchEvent(new Event("change"))`);
  }

  async go(path) {
    await this.choosePath(path);
    await this.page.click("#connect button");
    await this.until(`it is connected to ${path}`, `records()[0]?.summary.startsWith("GET /${path}?")`);
    if (path.startsWith("break/")) await this.until("the verdict comes", `byId("verdict_words").textContent !== ""`);
    else await this.state("OPEN");
  }

  async say(text) {
    await this.run(`byId("text").focus()`);
    await this.page.send("Input.insertText", { text });
    await this.page.key("Enter", 13);
    await this.until("its frame is chosen", `chosen()?.direction === "to_server" && chosen().kind === "frame"`);
  }

  // Returns the positions of the bytes that are marked as wrong.
  wrong() {
    return this.run(`[...document.querySelectorAll("#bytes .wrong")].map(({ position }) => position)`);
  }

  explained() {
    return this.run(`document.querySelector("#explanation h3")?.firstChild.data.trim()`);
  }
}

const checks = {
  async "a lost connection keeps its log and its ending until the server answers"(visit, { restart }) {
    const server = await restart();
    await visit.open(server.address);
    await visit.say("Remember me");
    const rows = await visit.run("records().length");
    await server.stop();
    await visit.state("CLOSED 1001");
    await visit.until("an attempt has failed", `byId("state").textContent === "NO ANSWER"`);
    assert.match(await visit.text("wire_state"), /The server does not answer\. Trying again in \d+ seconds?\./);
    assert.ok((await visit.run("records().length")) >= rows, "the records stay");
    assert.equal(await visit.run(`byId("event_code").textContent`), "1001", "the real loss");
    const next = await Server.start(program, server.address);
    await visit.page.click("#connect button");
    await visit.state("OPEN");
    assert.equal(await visit.run(`byId("end").hidden`), true, "the ending goes");
    await visit.until("the new log is shown", `records().length >= 2 && !JSON.stringify(records()).includes("Remember me")`);
    await next.stop();
  },

  async "a paused display says so, and how much is waiting"(visit, { address }) {
    await visit.open(address);
    await visit.page.click("#pause");
    assert.equal(await visit.text("pause"), "Resume");
    // On a touch screen, the button stays hovered after a tap.
    await visit.page.hover("button");
    assert.deepEqual((await visit.run(`(${flaws})()`)).found, []);
    await visit.until("rows wait", `/Paused, [2-9] new rows are waiting/.test(byId("count").textContent)`);
    await visit.page.click("#pause");
    assert.equal(await visit.text("pause"), "Pause");
    await visit.until("no row waits", `!/waiting/.test(byId("count").textContent)`);
  },

  async "the field that breaks the rule is marked and explained"(visit, { address }) {
    await visit.open(address);
    for (const [path, field, marks] of [
      ["break/masked-frame", "Mask", [1]],
      ["break/reserved-bit-2", "RSV2", [0]],
      ["break/reserved-opcode-3", "Opcode", [0]],
      ["break/fragmented-ping", "Fin", [0]],
      ["break/overlong-length-16", "Payload length", undefined],
      ["break/close-code-1005", "Status code", undefined],
      ["break/accept-wrong", "Sec-WebSocket-Accept", undefined],
      ["break/status-200", "Status Code", []],
    ]) {
      const exists = await visit.run(`[...byId("path").options].some(({ value }) => value === "${path}")`);
      assert.ok(exists, path);
      await visit.go(path);
      await visit.until(`${path}: ${field} is explained`,
        `document.querySelector("#explanation h3")?.firstChild.data.trim() === "${field}"`);
      if (marks) assert.deepEqual(await visit.wrong(), marks, path);
      else assert.notDeepEqual(await visit.wrong(), [], path);
    }
    await visit.go("break/invalid-utf8");
    await visit.until("the payload is explained", `/Text|ayload/.test(document.querySelector("#explanation h3")?.firstChild.data)`);
    const { start, end } = await visit.run("chosen().findings[0]");
    assert.deepEqual(await visit.wrong(), Array.from({ length: end - start }, (_, at) => start + at));
  },

  async "the ending does not contradict itself"(visit, { address }) {
    await visit.open(address);
    await visit.go("break/masked-frame");
    await visit.until("both have sent a Close", `byId("wire_code").textContent === "browser: 1002, server: 1002"`);
    await visit.until("it is explained",
      `byId("end_note").textContent.includes("The browser failed the connection, so it reports 1006 whatever was sent.")`);
    await visit.go("break/head-too-long");
    await visit.until("the view has stopped",
      `byId("wire_code").textContent === "not visible: the view stopped reading at byte 16,384"`);
    await visit.until("the level is explained", `/leaves the reaction to this open \\(MAY\\)/.test(byId("end_note").textContent)`);
  },

  async "a note is explained, and nothing is explained if nothing is chosen"(visit, { address }) {
    await visit.open(address);
    await visit.say("Hello");
    await visit.run(`byId("close").requestSubmit()`);
    await visit.until("TCP has ended", `byId("frames").log.rows.filter(({ note }) => note).length === 2`);
    await visit.run(`byId("frames").list.choose(byId("frames").log.rows.find(({ note }) => note))`);
    assert.match(await visit.text("unit"), /has closed its direction of TCP/);
    assert.match(await visit.text("explanation"), /^TCP carries two streams of bytes/);
    await visit.run(`byId("frames").list.choose(byId("frames").log.rows[0])`);
    assert.equal(await visit.explained(), "Request line");
  },

  async "a chosen path is not taken for the path of the connection"(visit, { address }) {
    await visit.open(address);
    assert.equal(await visit.text("pill"), "OPEN /");
    assert.equal(await visit.text("try"), "");
    await visit.choosePath("echo");
    assert.equal(await visit.text("pill"), "OPEN /");
    assert.equal(await visit.text("try"), "Press Connect to try it.");
    assert.equal(await visit.run(`byId("connect").classList.contains("new")`), true);
    await visit.go("echo");
    await visit.until("it is there", `byId("pill").innerText.trim() === "OPEN /echo"`);
    assert.equal(await visit.text("try"), "");
  },

  async "on a phone, a tap on a row shows its record"(visit, { address }) {
    await visit.screen("phone");
    await visit.open(address);
    await visit.until("there are rows", `document.querySelectorAll("#frames [role=option]").length >= 3`);
    await visit.page.click("#frames [role=option]:nth-child(2)");
    const shown = `byId("unit").getBoundingClientRect().top >= 0 && byId("unit").getBoundingClientRect().bottom < innerHeight / 2`;
    await visit.until("the record is in view", shown);
    await visit.page.click("#back");
    await visit.until("the list is in view", `byId("frames").getBoundingClientRect().top >= 0`);
    assert.equal(await visit.run("document.activeElement.id"), "frames");
    await visit.run(`byId("close").requestSubmit()`);
    await visit.state("CLOSED 1000");
    assert.equal(await visit.run(`byId("end").open`), false);
    assert.ok((await visit.run(`byId("end").offsetHeight`)) < 48, "the ending is one line");
    assert.match(await visit.text("end_line"), /^1000/);
  },

  async "characters that mislead are shown as escapes"(visit, { address }) {
    await visit.open(address);
    await visit.go("echo");
    await visit.run(`byId("text").value = "abc\\u202efdp \\u001b[31m"; byId("form").requestSubmit()`);
    const wanted = "abc\\u{202e}fdp \\u{1b}[31m";
    await visit.until("it comes back", "records().length >= 4");
    assert.ok((await visit.text("unit")).endsWith(wanted), await visit.text("unit"));
    assert.ok((await visit.text("fields")).includes(`Text: ${wanted}`), await visit.text("fields"));
    const row = await visit.run(`document.querySelector("#frames [aria-selected=true] .what").textContent`);
    assert.ok(row.endsWith(wanted), row);
  },

  async "nothing jumps when the connection ends, or when something is found"(visit, { address }) {
    for (const screen of Object.keys(SCREENS)) {
      await visit.screen(screen);
      await visit.open(address);
      const places = () => visit.run(`[top_of("frames"), left_of("path"), top_of("path"), left_of("find"), top_of("detail") * (innerWidth > 1000)]`);
      const before = await places();
      const rows = `(innerWidth < 1000) || [top_of("pill"), top_of("book")].every((top) => top < top_of("about"))`;
      assert.ok(await visit.run(rows), "the header has one line");
      await visit.run(`byId("find").value = "nothing has this"; byId("find").dispatchEvent(new Event("input"))`);
      assert.equal(await visit.run(`byId("found").textContent`), "No row contains 'nothing has this'");
      await visit.run(`byId("close").requestSubmit()`);
      await visit.state("CLOSED 1000");
      await visit.until("the ending is shown", `!byId("end").hidden`);
      assert.equal(await visit.text("state"), "CLOSED 1000");
      assert.deepEqual(await places(), before, screen);
    }
  },

  async "a chart of a count begins at zero, and its axis is labelled"(visit, { address }) {
    await visit.open(address);
    await visit.until("there are pushes", `Number(byId("sequence").textContent) >= 2`);
    await visit.until("there are labels", `document.querySelectorAll("#charts .axis").length === 3`);
    const axes = await visit.run(`[...document.querySelectorAll("#charts .axis")].map((axis) =>
      [...axis.children].map(({ textContent }) => parseFloat(textContent)))`);
    assert.ok(axes[0][0] - axes[0][1] >= 3.9, `memory: ${axes[0]}`);
    assert.equal(axes[1][1], 0);
    assert.equal(axes[2][1], 0);
  },

  async "the result of an action stands at its button, and goes with its connection"(visit, { address }) {
    await visit.open(address);
    await visit.go("echo");
    await visit.say("Hello");
    await visit.page.send("Browser.grantPermissions", { origin: `http://${address}`, permissions: ["clipboardReadWrite", "clipboardSanitizedWrite"] });
    await visit.page.send("Emulation.setFocusEmulationEnabled", { enabled: true });
    await visit.page.click("#copy [value=hex]");
    await visit.until("it is copied", `byId("copied").textContent === "Copied as hexadecimal."`);
    await visit.until("the echo is shown", "records().length === 4");
    await visit.page.click("#export summary");
    await visit.page.send("Browser.setDownloadBehavior", { behavior: "deny" });
    await visit.page.click("#export_json");
    assert.match(await visit.text("saved"), /^Saved all 4 records as /);
    assert.equal(await visit.text("said"), "Sent: a text of 5 bytes.");
    await visit.go("chat");
    for (const where of ["said", "saved", "copied"]) assert.equal(await visit.run(`byId("${where}").textContent`), "", where);
  },

  async "the token in the request is explained and shortened"(visit, { address }) {
    await visit.open(address);
    assert.equal(await visit.text("unit"), "GET /?wire=… HTTP/1.1");
    assert.match(await visit.run(`document.querySelector("#frames .what").textContent`), /GET \/\?wire=… HTTP\/1\.1$/);
    assert.match(await visit.text("explanation"), /This page has added \?wire= and a token/);
  },

  async "signs have a legend"(visit, { address }) {
    await visit.open(address);
    assert.match(await visit.text("wire_state"), /Type a text below, and watch its bytes here/);
    await visit.say("Hello");
    const keys = await visit.run(`[...document.querySelectorAll("#legend .key")].map(({ textContent }) => textContent)`);
    await visit.screen("wide");
    assert.ok((await visit.run(`byId("legend").offsetHeight`)) < 26, "the legend is one line");
    assert.deepEqual(keys, ["FIN", "reserved", "opcode", "mask", "length", "payload"]);
    assert.equal(await visit.run(`document.querySelectorAll("#bytes .byte small")[2].textContent`), "mask");
    assert.match(await visit.run(`document.querySelector(".row.head").textContent`), /Dir\./);
    assert.equal(await visit.text("close-title"), "Close the connection");
  },

  async "there are no dead statistics"(visit, { address }) {
    await visit.open(address);
    assert.equal(await visit.run(`byId("charts").checkVisibility()`), true);
    await visit.go("echo");
    assert.equal(await visit.run(`byId("charts").checkVisibility()`), false);
    assert.equal(await visit.run(`byId("stats_note").checkVisibility()`), true);
  },

  async "small things: digits in groups, an empty list, and half-typed bytes"(visit, { address }) {
    await visit.open(address);
    await visit.go("echo");
    await visit.run(`byId("text").value = "x".repeat(65_000); byId("form").requestSubmit()`);
    await visit.until("its frame is chosen", `chosen()?.kind === "frame"`);
    assert.match(await visit.text("unit"), /^Text, 65,000 bytes: x/);
    assert.match(await visit.text("fields"), /Extended Payload length \(16 bits\): 65,000/);
    const filter = (text) =>
      visit.run(`byId("filter").value = "${text}"; byId("filter").dispatchEvent(new Event("input"));
        byId("frames").log.visible.length`);
    assert.ok((await filter("81 f")) >= 1, "a half-typed byte");
    assert.equal(await filter("zzz"), 0);
    await visit.until("the list says so", `byId("nothing").checkVisibility()`);
    assert.equal(await visit.text("nothing"), "No row contains 'zzz'.");
    await visit.screen("phone");
    await filter("");
    const gap = await visit.run(`document.querySelector(".both").getBoundingClientRect().top -
      byId("pause").getBoundingClientRect().bottom`);
    assert.ok(gap >= 6, `${gap} px between the buttons and the list`);
  },
};

setTimeout(() => {
  console.error("visitor test: FAILED: it takes longer than five minutes");
  process.exit(1);
}, 300_000).unref();

const chromium = new Chromium(process.env.CHROMIUM ?? "chromium");
const failures = [];
try {
  const start = () => Server.start(program, "127.0.0.1:0", "--interval", "300ms");
  const { address } = await start();
  for (const [name, check] of Object.entries(checks)) {
    if (only && !name.includes(only)) continue;
    const page = await chromium.open();
    try {
      await check(new Visit(page), { address, restart: start });
      console.log(`- ${name}`);
    } catch (error) {
      failures.push(name);
      console.error(`- FAILED: ${name}\n${error.message}`);
    }
    await page.send("Page.close");
  }
} finally {
  await chromium.close();
}
console.log(failures.length ? `visitor test: FAILED: ${failures.length} checks` : "visitor test: passed");
process.exit(failures.length ? 1 : 0);
