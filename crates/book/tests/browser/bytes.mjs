// Tests in a real browser that bytes explain themselves on hover, on tap and with keys, from
// file://.
//
//   cargo run -p book -- --build target/book && node crates/book/tests/browser/bytes.mjs target/book [DIRECTORY_FOR_SCREENSHOTS]
//
// It needs Chromium (CHROMIUM, or `chromium` on the path), and is not part of `cargo test`.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Chromium } from "../../../server/tests/browser/chromium.mjs";
import { until } from "../../../server/tests/browser/server.mjs";

const [book, screenshots] = process.argv.slice(2);
assert.ok(book, "usage: node bytes.mjs FOLDER_OF_THE_BOOK [DIRECTORY_FOR_SCREENSHOTS]");

// The maximum size of a page in bytes, so that it loads quickly on a phone. The print version,
// which contains all pages, may be larger.
const MAX_PAGE = 300_000;
const SCREENS = [390, 768, 1280];
const THEMES = ["light", "navy"];

const pages = readdirSync(book, { recursive: true }).filter((name) => name.endsWith(".html"));

const known = new Map();
/** Returns the sections that a page of rules has. */
const sections = (page) => {
  if (!known.has(page)) {
    const text = readFileSync(join(book, page), "utf8");
    known.set(page, new Set([...text.matchAll(/id="(section-[\d-]+)"/g)].map(([, id]) => id)));
  }
  return known.get(page);
};

async function test(page) {
  const open = async (name) => {
    await page.send("Page.navigate", { url: String(pathToFileURL(join(book, name))) });
    await until(`${name} is ready`, () =>
      page.evaluate(`location.pathname.endsWith("/${name}") && document.readyState === "complete" && !!document.querySelector(".wire b[role]")`),
    );
  };
  const card = () => page.evaluate(`document.querySelector(".wire-card:not([hidden])")?.textContent ?? ""`);
  const focused = () => page.evaluate(`document.activeElement.textContent`);
  const size = (width) =>
    page.send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: width < 600 });
  await size(1280);

  step("a byte is explained while the mouse is on it");
  await open("frames.html");
  await page.point("h1");
  await page.point(".wire b[data-p]");
  await until("the masked byte is explained", async () => (await card()).includes("Masked payload"));
  assert.match(await card(), /7f \^ 37 = 48 "H"/);
  await page.point("h1");
  await until("the card goes away", async () => (await card()) === "");

  step("a tap on a byte shows its bits and its section");
  await page.evaluate(`document.querySelector(".wire b").click()`);
  assert.match(await card(), /81byte 1 of 7/);
  assert.match(await card(), /10000001.*Fin True.*Reserved.*Opcode Text \(1\)/s);
  assert.equal(
    await page.evaluate(`document.querySelector(".wire-card a").getAttribute("href")`),
    "rfc6455.html#section-5-2",
  );

  step("the arrow keys go from byte to byte and from field to field");
  await page.key("ArrowRight", 39);
  assert.match(await card(), /05byte 2 of 7/);
  await page.key("ArrowDown", 40);
  assert.match(await card(), /48byte 3 of 7/);
  await page.key("End", 35);
  assert.equal(await focused(), "6f");
  await page.key("ArrowUp", 38);
  assert.equal(await focused(), "05");
  await page.key("Home", 36);
  assert.equal(await focused(), "81");
  assert.match(await page.evaluate("location.pathname"), /frames\.html$/, "the arrow keys do not turn the page");
  assert.equal(await page.evaluate(`document.querySelectorAll(".wire")[0].querySelectorAll("[tabindex='0']").length`), 1);
  await page.key("Escape", 27);
  assert.equal(await card(), "");

  step("a line of a head is explained");
  await open("handshake.html");
  await page.evaluate(`[...document.querySelectorAll(".wire b")].find((line) => line.textContent.includes("Accept:")).click()`);
  assert.match(await card(), /SHA-1 \(computed\)/);

  step("the opening chapter shows every byte of its session");
  await open("every-byte.html");
  const steps = await page.evaluate(`document.querySelectorAll(".session details").length`);
  assert.ok(steps >= 20, `${steps} steps`);
  assert.equal(await page.evaluate(`document.querySelectorAll(".session details[open]").length`), 0);
  const stated = (await page.evaluate(`document.querySelector("main").textContent`)).match(/([\d,]+) bytes/)[1];
  assert.equal(await page.evaluate(`document.querySelector(".session").dataset.bytes`), stated.replace(",", ""));
  await page.evaluate(`document.querySelector(".session-bar button").click()`);
  assert.equal(await page.evaluate(`document.querySelectorAll(".session details[open]").length`), steps);
  const incomplete = await page.evaluate(`[...document.querySelectorAll(".session details")].filter(({ textContent }) =>
    !["What.", "Why.", "Chapter:", "Rule:", "Written by:", "Read by:", "Replay:"].every((part) => textContent.includes(part))).length`);
  assert.equal(incomplete, 0, "each step has its explanation and its links");

  step("every byte of every page has entries, and every section exists");
  let bytes = 0;
  for (const name of pages.filter((name) => !["print.html", "404.html", "toc.html"].includes(name))) {
    assert.ok(statSync(join(book, name)).size < MAX_PAGE, `${name} is larger than ${MAX_PAGE} bytes`);
    await page.send("Page.navigate", { url: String(pathToFileURL(join(book, name))) });
    await until(`${name} is ready`, () => page.evaluate(`location.pathname.endsWith("/${name}") && document.readyState === "complete"`));
    const [found, unexplained] = await page.evaluate(`(() => {
      const bytes = [...document.querySelectorAll(".wire b")];
      const explained = (byte) => byte.dataset.f.split(" ").every((number) => {
        const text = document.getElementById("wire-" + byte.closest(".wire").dataset.page).textContent;
        return text.split("<li").length - 1 > Number(number);
      });
      return [bytes.length, bytes.filter((byte) => !byte.dataset.f || !byte.getAttribute("aria-label") || !explained(byte)).length];
    })()`);
    assert.equal(unexplained, 0, name);
    bytes += found;
    const text = readFileSync(join(book, name), "utf8");
    for (const [, rfc, section] of text.matchAll(/href="(?:\.\.\/)*(rfc\d+\.html)#(section-[\d-]+)"/g))
      assert.ok(sections(rfc).has(section), `${name}: ${rfc} has no ${section}`);
  }
  assert.ok(bytes > 1000, `only ${bytes} bytes`);
  console.log(`   ${bytes} bytes on ${pages.length} pages`);

  step("a block fits on every screen, in both themes");
  if (screenshots) mkdirSync(screenshots, { recursive: true });
  for (const width of SCREENS) {
    for (const theme of THEMES) {
      await size(width);
      await page.evaluate(`localStorage.setItem("mdbook-theme", "${theme}")`);
      await open("frames.html");
      await page.evaluate(`document.querySelector(".wire b[data-p]").click()`);
      assert.equal(await page.evaluate("document.documentElement.scrollWidth"), width);
      const { left, right, bottom } = await page.evaluate(`document.querySelector(".wire-card").getBoundingClientRect().toJSON()`);
      assert.ok(left >= 0 && right <= width && bottom <= 900, `the card at ${width} px: ${left} to ${right}, ${bottom}`);
      if (screenshots) writeFileSync(join(screenshots, `bytes-${width}-${theme}.png`), await page.screenshot());
    }
  }
  // Chromium loads no modules from file:// and complains, so only complaints about these files
  // count.
  assert.deepEqual(page.complaints.filter((text) => /bytes\.(js|css)/.test(text)), []);
}

function step(name) {
  console.log(name);
}

const chromium = new Chromium(process.env.CHROMIUM ?? "chromium");
try {
  await test(await chromium.open());
  console.log("ok");
} finally {
  await chromium.close();
}
