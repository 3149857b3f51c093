// The server's page in a real browser: it connects, its numbers change, what is typed arrives, nothing of it is blocked
// by its own policy, it can be read on any screen, and it comes back when the server does.
//
// node page.mjs SERVER_BINARY [DIRECTORY_FOR_SCREENSHOTS], with CHROMIUM in the environment. See run.sh.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { Chromium } from "./chromium.mjs";

const [program, screenshots] = process.argv.slice(2);
const PATIENCE = 20_000;

// What is looked at, for each screen and each colour scheme.
const SCREENS = { phone: [360, 740], small: [320, 568], wide: [1280, 800] };
const SCHEMES = ["light", "dark"];

async function until(what, happens) {
  for (const deadline = Date.now() + PATIENCE; ; ) {
    const result = await happens();
    if (result) return result;
    if (Date.now() > deadline) throw new Error(`in ${PATIENCE / 1000} s it did not come about that ${what}`);
    await sleep(20);
  }
}

class Server {
  lines = [];

  static async start(listen) {
    const server = new Server();
    server.child = spawn(program, ["--listen", listen, "--interval", "200ms"], { stdio: ["ignore", "pipe", "ignore"] });
    server.exited = new Promise((resolve) => server.child.on("exit", resolve));
    process.on("exit", () => server.child.kill("SIGKILL"));
    server.child.on("error", (error) => server.lines.push(`(does not start: ${error.message})`));
    server.child.on("exit", (code) => server.lines.push(`(ended with ${code})`));
    createInterface(server.child.stdout).on("line", (line) => server.lines.push(line));
    const first = await until("the server listens", () => server.lines[0]);
    server.address = first.match(/^listening on ws:\/\/(.*)\/$/)?.[1];
    assert.ok(server.address, `the server's first line is: ${first}`);
    return server;
  }

  says(part) {
    return until(`the server prints ${part}`, () => this.lines.find((line) => line.includes(part)));
  }

  async stop() {
    this.child.kill("SIGTERM");
    return this.exited;
  }
}

// Runs in the page. Everything that could be wrong with what is seen, as a list of sentences.
function flaws() {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) found.push(`the page is ${root.scrollWidth} px wide on a screen of ${innerWidth}`);
  const probe = document.body.appendChild(document.createElement("i"));
  probe.style.backgroundColor = "Canvas";
  const channels = (colour) => colour.match(/[\d.]+/g).slice(0, 3).map(Number);
  const canvas = channels(getComputedStyle(probe).backgroundColor);
  probe.remove();
  // WCAG 2: relative luminance, and the contrast of two of them.
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const visible = document.querySelectorAll("h1, #state, th, td, input, button");
  const check = (name, style, background, opacity = 1) => {
    const shown = channels(style.color).map((c, i) => c * opacity + background[i] * (1 - opacity));
    const ratio = contrast(shown, background);
    if (ratio < 4.5) found.push(`${name} has a contrast of only ${ratio.toFixed(1)}`);
  };
  for (const element of visible) {
    const name = element.id || element.textContent || element.localName;
    const { left, right, width, height } = element.getBoundingClientRect();
    if (left < 0 || right > innerWidth) found.push(`${name} goes from ${left} to ${right} px of ${innerWidth}`);
    if (width < 8 || height < 16) found.push(`${name} is ${width} by ${height} px small`);
    const style = getComputedStyle(element);
    const background = ["input", "button"].includes(element.localName) ? channels(style.backgroundColor) : canvas;
    check(name, style, background);
    if (element.placeholder) {
      const hint = getComputedStyle(element, "::placeholder");
      check(`"${element.placeholder}"`, hint, background, Number(hint.opacity));
    }
  }
  // A name of a row is short enough for one line on any screen, whatever stands beside it.
  for (const name of document.querySelectorAll("th")) {
    const lines = document.createRange();
    lines.selectNodeContents(name);
    if (lines.getClientRects().length > 1) found.push(`"${name.textContent}" is broken into lines`);
  }
  const dot = contrast(channels(getComputedStyle(document.querySelector("#state"), "::before").color), canvas);
  if (dot < 3) found.push(`the mark of the state has a contrast of only ${dot.toFixed(1)}`);
  for (const button of document.querySelectorAll("button, input")) {
    const { height } = button.getBoundingClientRect();
    if (height < 24) found.push(`${button.localName} is only ${height} px high for a finger`);
  }
  return { scheme: luminance(canvas) > 0.5 ? "light" : "dark", found };
}

async function test(chromium) {
  const page = await chromium.open();
  let server = await Server.start("127.0.0.1:0");
  try {
    // From the first moment on: what the page's own policy blocks.
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

    step("a text that is typed arrives, with Enter and with the button");
    // The box has the focus: whoever opens the page can type.
    await page.send("Input.insertText", { text: "grüß dich, 🦀" });
    await page.key("Enter", 13);
    await server.says(" says: grüß dich, 🦀");
    await until("the page shows it", async () => (await text("last_text")) === "grüß dich, 🦀");
    assert.equal(await page.evaluate(`document.getElementById("text").value`), "", "the box is empty again");
    const markup = `<img src=x onerror="console.error('it runs')"><b>`;
    await page.send("Input.insertText", { text: markup });
    await page.click("button");
    await server.says(markup);
    assert.equal(await page.evaluate(`document.activeElement.id`), "text", "the next text can be typed at once");
    await until("markup is shown as text", async () => (await text("last_text")) === markup);
    assert.equal(await page.evaluate(`document.querySelectorAll("img, b").length`), 0, "a text is never markup");
    assert.equal(await text("messages_received"), "2");
    // There is nothing to send.
    await page.key("Enter", 13);
    const now = await number("sequence");
    await until("another push is shown", async () => (await number("sequence")) > now);
    assert.equal(await text("messages_received"), "2");

    step("it can be read on every screen, in light and in dark");
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
      if (screenshots) writeFileSync(join(screenshots, `${name}.png`), await page.screenshot());
      assert.equal(seen.scheme, scheme, name);
      assert.deepEqual(seen.found, [], name);
    };
    for (const contents of ["short", "long"]) {
      for (const screen of Object.keys(SCREENS)) {
        for (const scheme of SCHEMES) await look(`${screen}-${scheme}-${contents}`);
      }
      // Then once more with a text that has no place to be broken.
      await page.send("Input.insertText", { text: "x".repeat(300) });
      await page.key("Enter", 13);
      await until("the long text is shown", async () => (await text("last_text")).length === 300);
    }

    step("the browser has nothing to complain about");
    assert.deepEqual(page.complaints, []);

    step("it tells that the server has stopped, and comes back with it");
    assert.equal(await server.stop(), 0, "the server's exit code");
    const closed = await until("the page sees it", async () => /^CLOSED/.test(await text("state")) && text("state"));
    assert.match(closed, /^CLOSED 1001 \(the server stops\)/);
    for (const scheme of SCHEMES) await look(`phone-${scheme}-closed`);
    server = await Server.start(server.address);
    await until("the page is connected again", async () => (await text("state")) === "OPEN");
    await until("the new server's pushes are shown", async () => (await text("messages_received")) === "0");
  } catch (error) {
    const complaints = page.complaints.map((complaint) => `\n  the browser says: ${complaint}`).join("");
    const lines = server.lines.slice(-10).map((line) => `\n  the server says: ${line.slice(0, 200)}`).join("");
    error.message += complaints + lines;
    throw error;
  } finally {
    server.child.kill("SIGKILL");
  }
}

let doing = "the browser and the server start";

function step(what) {
  doing = what;
  console.log(`- ${what}`);
}

setTimeout(() => {
  console.error(`browser test: FAILED where ${doing}\nit takes longer than two minutes`);
  process.exit(1);
}, 120_000).unref();

if (screenshots) mkdirSync(screenshots, { recursive: true });
const chromium = new Chromium(process.env.CHROMIUM ?? "chromium");
try {
  await test(chromium);
  console.log("browser test: passed");
} catch (error) {
  console.error(`browser test: FAILED where ${doing}\n${error.message}`);
  process.exitCode = 1;
} finally {
  await chromium.close();
}
