// Tests the book in a real browser: a link to the source opens the second pane at the function, a
// mark in the source leads to its rule and back, and the address names both. Everything works with
// the keyboard, on a phone, and from a disk.
//
// node book.mjs BOOK_BINARY [DIRECTORY_FOR_SCREENSHOTS], with CHROMIUM in the environment. See
// run.sh.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { Chromium } from "../../../server/tests/browser/chromium.mjs";
import { until } from "../../../server/tests/browser/server.mjs";

const [program, screenshots] = process.argv.slice(2);
const AXE = readFileSync(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

const SCREENS = { phone: [390, 844], tablet: [768, 1024], wide: [1280, 900] };
const SCHEMES = ["light", "dark"];

const POLL_READ = "crates/websocket/src/driver.rs:Driver::poll_read";
const CLASSIFY = "crates/protocol/src/connection/receiver/mod.rs:Receiver::classify@rfc7692-6-2-rule-2";
const CHECK = "crates/protocol/src/frame/rules.rs:check_in_context";

// --- Helpers -------------------------------------------------------------------------------------

let page;
let base;

const evaluate = (expression) => page.evaluate(expression);
const count = (selector) => evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).length`);
const text = (selector) => evaluate(`document.querySelector(${JSON.stringify(selector)})?.textContent`);
const address = () => evaluate("location.pathname.split('/').pop() + location.search + location.hash");
const fileAndHash = () => evaluate("location.pathname.split('/').pop() + location.hash");
const source = () => evaluate(`new URLSearchParams(location.search).get("source")`);
const isOpen = () => evaluate(`!document.getElementById("source")?.hidden`);
const isVisible = (selector) =>
  evaluate(`(() => {
    const place = document.querySelector(${JSON.stringify(selector)})?.getBoundingClientRect();
    return Boolean(place) && place.height > 0 && place.top >= 0 && place.top < innerHeight;
  })()`);
const marked = () => evaluate(`document.querySelector(".marked-name")?.textContent.trim()`);

// Clicks once the page and its fonts are loaded, so that nothing moves any more.
async function click(selector) {
  await until("the page is complete", () =>
    evaluate(`document.readyState === "complete" && document.fonts.status === "loaded"`),
  );
  await page.click(selector);
}

function step(name) {
  page.complaints.length = 0;
  console.log(name);
}

async function go(path) {
  await page.send("Page.navigate", { url: base + path });
  // The pane's script runs after everything else on the page.
  await until(`${path} is loaded`, () =>
    evaluate(`document.readyState === "complete" && Boolean(document.getElementById("source"))`),
  );
}

async function shows(name) {
  await until(`the pane shows ${name}`, async () => (await marked())?.includes(name));
  assert.ok(await isVisible(".marked-name"), `${name} is in view`);
}

async function screen(name, scheme = "light") {
  const [width, height] = SCREENS[name];
  await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 1, mobile: false });
  await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
}

async function picture(name) {
  if (!screenshots) return;
  const { data } = await page.send("Page.captureScreenshot", { format: "png" });
  writeFileSync(join(screenshots, `${name}.png`), Buffer.from(data, "base64"));
}

// Returns what axe-core finds.
async function findings(what) {
  await evaluate(`${AXE}; 0`);
  const { violations } = await evaluate("axe.run(document)");
  return violations.flatMap(({ id, help, nodes }) => [
    `${what}: ${id}: ${help}`,
    ...nodes
      .slice(0, 4)
      .map(
        ({ target, html, failureSummary }) =>
          `    ${target}: ${html.slice(0, 160)}\n    ${failureSummary.split("\n")[1]}`,
      ),
  ]);
}

// --- Tests ---------------------------------------------------------------------------------------

async function testPane() {
  step("a link to the source opens the pane at the function");
  await screen("wide");
  await go("driver.html");
  assert.equal(await isOpen(), false);
  const link = `main a[href$="driver.rs:Driver::poll_read"]`;
  const { y } = await page.middle(link);
  await click(link);
  await shows("fn poll_read");
  assert.equal(await address(), `driver.html?source=${POLL_READ}`);
  assert.equal(await evaluate("document.activeElement.textContent"), "driver.rs Driver::poll_read", "the focus");
  assert.ok((await count(".marked")) > 20, "the whole function is marked");
  assert.ok(await isVisible(link), "the link stays in view");
  assert.ok(
    Math.abs((await evaluate(`document.querySelector(${JSON.stringify(link)}).getBoundingClientRect().top`)) - y) < 40,
  );

  step("back and forward work");
  await evaluate("history.back()");
  await until("the pane is closed", async () => !(await isOpen()));
  assert.equal(await address(), "driver.html");
  await evaluate("history.forward()");
  await shows("fn poll_read");

  step("the keyboard moves in the pane, closes it, and returns to the link");
  await click(link);
  await shows("fn poll_read");
  await evaluate(`document.querySelector(".source-text").focus()`);
  await page.key("ArrowRight", 39);
  await page.key("ArrowLeft", 37);
  assert.equal(await fileAndHash(), "driver.html", "no other chapter");
  await evaluate(`document.querySelector(".source-edge").focus()`);
  const width = () => evaluate(`document.getElementById("source").getBoundingClientRect().width / innerWidth`);
  const before = await width();
  await page.key("ArrowLeft", 37);
  assert.ok((await width()) > before + 0.02, "the pane is wider");
  await page.key("End", 35);
  await page.key("ArrowLeft", 37);
  assert.equal(Math.round((await width()) * 100), 75, "the page stays readable");
  await click(".source-widen");
  assert.equal(await width(), 1, "only the source");
  assert.equal(await evaluate(`document.getElementById("mdbook-page-wrapper").inert`), true);
  await click(".source-widen");
  assert.equal(await evaluate(`document.getElementById("mdbook-page-wrapper").inert`), false);
  await evaluate("localStorage.clear()");
  await page.key("Escape", 27);
  await until("the pane is closed", async () => !(await isOpen()));
  assert.ok(await evaluate(`document.activeElement === document.querySelector(${JSON.stringify(link)})`));

  step("the address restores both panes");
  await go(`messages.html?source=${CHECK}#in-the-source`);
  await shows("fn check_in_context");
  assert.ok(await isVisible("#in-the-source"), "the section of the page");

  step("the items of a file, and its folders, can be chosen");
  await evaluate(`(() => {
    const outline = document.querySelector(".source-outline");
    outline.value = "check";
    outline.dispatchEvent(new Event("change"));
  })()`);
  await until("check is marked", async () => (await marked())?.includes("fn check<"));
  await click(".source-folders a:last-of-type");
  await until("the folder is shown", () => count(".source-entries"));
  assert.equal(await source(), "crates/protocol/src/frame");
  await click(`.source-entries a[href$="mask.rs"]`);
  await until("the file is shown", async () => (await text(".source-title"))?.trim() === "mask.rs");

  step("an address that leads nowhere says so");
  await go("driver.html?source=crates/absent.rs:item");
  await until("an alert is shown", () => text(".source-absent[role=alert]"));
  assert.match(await text(".source-absent"), /^crates\/absent\.rs is not in the book\.$/);
}

async function testRules() {
  step("a mark in the margin shows its rule, and leads to its sentence");
  await go(`messages.html?source=${CHECK}`);
  await shows("fn check_in_context");
  assert.ok(!(await text(".source-text")).includes("//#"), "citations are folded");
  const mark = ".marked .rule-mark";
  assert.match(await text(mark), /§5\.1/);
  await click(mark);
  const card = `.rule-card:not([hidden])`;
  const sentence = await text(`${card} .rule-sentence`);
  assert.match(sentence, /MUST/);
  await click(`${card} .rule-section`);
  await until("the page of the rule is shown", async () =>
    (await fileAndHash()).startsWith("rfc6455.html#rfc6455-5-1-rule-"),
  );
  await shows("fn check_in_context");
  const rule = ":is(li, p):has(> a:target)";
  assert.ok((await text(rule)).replace(/\s+/g, " ").includes(sentence), "the sentence");
  assert.ok(await isVisible(rule));

  step("a rule leads to its code and to its tests");
  const places = (label) => `${rule} .proof > span:has(b) a[href*="${label}"]`;
  await click(places("tests/"));
  await until("a test is shown", async () => (await source()).includes("/tests/"));
  await until("its card is open", () => count(card));
  assert.ok(await isVisible(card));
  assert.match(await marked(), /fn /);
  assert.equal(await text(".rule-target .rule-sentence"), sentence);
  assert.equal(await evaluate("location.hash.startsWith('#rfc6455-5-1-rule-')"), true, "the page stays");
  await click(`.rule-target .rule-places a[href*="rules.rs"]`);
  await until("the code is shown", async () => (await marked())?.includes("fn check_in_context"));
  assert.ok(await isVisible(".rule-target"), "and back to the code");
  await evaluate("history.back()");
  await until("the test is shown again", async () => (await source()).includes("/tests/"));

  step("a violation and a term lead to the pages that explain them");
  await go(`closing.html?source=${CHECK}`);
  await shows("fn check_in_context");
  await click(".marked a.violation");
  await until("the section is shown", async () => (await fileAndHash()) === "rfc6455.html#section-5-1");
  await shows("fn check_in_context");
  await click(".marked a.known:not(.violation)");
  await until("the term is shown", async () => (await fileAndHash()).startsWith("vocabulary.html#term-"));
  await until("it is in view", () => isVisible("p:has(> :target)"));
  assert.deepEqual(page.complaints, []);
}

async function testSearch() {
  step("search finds a close code");
  await go("introduction.html");
  await page.key("s", 83);
  await evaluate(`document.getElementById("mdbook-searchbar").focus()`);
  await page.send("Input.insertText", { text: "1006" });
  const result = `#mdbook-searchresults a[href*="closing.html"]`;
  await until("the chapter on closing is found", () => count(result));
  await click(result);
  await until("the chapter is shown", async () => (await fileAndHash()).startsWith("closing.html"));
  await until("the code is marked", async () => (await text("main mark")) === "1006");
  assert.deepEqual(page.complaints, []);
}

async function testPhone() {
  step("on a phone the pane slides over the page");
  await screen("phone");
  await go("driver.html");
  await click(`main a[href$="driver.rs:Driver::poll_read"]`);
  await shows("fn poll_read");
  const { x, width } = await evaluate(
    `(({ x, width }) => ({ x, width }))(document.getElementById("source").getBoundingClientRect())`,
  );
  await until("it has arrived", () => evaluate(`document.getElementById("source").getBoundingClientRect().x === 0`));
  assert.equal(width, SCREENS.phone[0], `at ${x}`);
  assert.equal(await evaluate(`document.getElementById("mdbook-page-wrapper").inert`), true, "the page is covered");
  assert.equal(
    await evaluate(`document.querySelector(".source-text").scrollWidth <= innerWidth`),
    true,
    "lines are wrapped",
  );
  await click("[aria-label='Close the source']");
  await until("the pane is closed", async () => !(await isOpen()));
  assert.equal(await evaluate(`document.getElementById("mdbook-page-wrapper").inert`), false);
  for (const chapter of ["introduction", "handshake", "closing", "rfc6455", "vocabulary", "build/01-answer-101"]) {
    await go(`${chapter}.html`);
    assert.ok(await evaluate("document.documentElement.scrollWidth <= innerWidth"), `${chapter} fits`);
  }
  assert.deepEqual(page.complaints, []);
}

// Each state of the book is examined on each screen and in each colour scheme.
async function testAccessibility() {
  step("axe-core finds nothing");
  const states = {
    chapter: "handshake.html",
    source: `driver.html?source=${POLL_READ}#the-contract`,
    rule: `rfc7692.html?source=${CLASSIFY}#section-6-2`,
    folder: "frames.html?source=crates/protocol/src",
  };
  const found = [];
  for (const size of Object.keys(SCREENS)) {
    for (const scheme of SCHEMES) {
      for (const [name, path] of Object.entries(states)) {
        await screen(size, scheme);
        await go(path);
        if (path.includes("?"))
          await until("the source is shown", () => count("#source:not([hidden]) .source-text > *"));
        await evaluate("Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => {})))");
        await picture(`${name}-${size}-${scheme}`);
        found.push(...(await findings(`${name}, ${size}, ${scheme}`)));
      }
    }
  }
  if (found.length > 0) throw new Error(found.join("\n"));
  assert.deepEqual(page.complaints, []);
}

async function testPolicy() {
  step("the policy allows no script that is not the book's");
  const policy = (await fetch(`${base}closing.html`)).headers.get("content-security-policy");
  assert.match(policy, /default-src 'none'/);
  assert.ok(!/script-src[^;]*unsafe/.test(policy), policy);
  await go("closing.html");
  await evaluate(`(() => {
    const script = document.createElement("script");
    script.textContent = "window.injected = true";
    document.body.append(script);
  })()`);
  assert.equal(await evaluate("window.injected"), undefined);
  await until("the browser complains", () => page.complaints.some((text) => text.includes("Content Security Policy")));
}

async function testDisk() {
  step("the book works from a disk");
  const folder = mkdtempSync(join(tmpdir(), "websonkets-book-"));
  try {
    execFileSync(program, ["--build", folder], { stdio: ["ignore", "ignore", "inherit"] });
    base = `${pathToFileURL(folder)}/`;
    await screen("wide");
    await go("messages.html");
    await click(`main a[href$="${CHECK}"]`);
    await shows("fn check_in_context");
    await click(".marked .rule-mark");
    await click(".rule-card:not([hidden]) .rule-section");
    await until("the rule is shown", async () => (await fileAndHash()).startsWith("rfc6455.html#rfc6455-5-1-rule-"));
    await shows("fn check_in_context");
    await evaluate("history.back()");
    await until("the first page is shown", async () => (await fileAndHash()).startsWith("messages.html"));
    await shows("fn check_in_context");
    await go("build/12-tokio.html?source=crates/protocol/src/frame");
    await until("a page in a folder finds the source too", () => count(".source-entries"));
    assert.deepEqual(page.complaints, []);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// --- The run -------------------------------------------------------------------------------------

if (screenshots) mkdirSync(screenshots, { recursive: true });
const server = spawn(program, ["--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => server.kill());
let first;
createInterface(server.stdout).on("line", (line) => (first ??= line));
const chromium = new Chromium(process.env.CHROMIUM);
try {
  // On a loaded machine, building the book takes longer than `until` waits.
  await new Promise((resolve) => server.stdout.once("data", resolve));
  base = (await until("the book is served", () => first)).match(/http:\S+\//)[0];
  page = await chromium.open();
  for (const test of [testPane, testRules, testSearch, testPhone, testAccessibility, testPolicy, testDisk])
    await test();
  console.log("the book works");
} catch (error) {
  console.error(error.message, `\nat ${await address().catch(() => "no page")}; complaints: ${page?.complaints}`);
  process.exitCode = 1;
} finally {
  await chromium.close();
  server.kill();
}
