// Tests the essential parts of the book in Firefox, through WebDriver BiDi: a source link opens the
// pane at the function, a byte is explained on hover, and the search finds a close code.
//
// node firefox.mjs BOOK_BINARY, after `npm ci` in this folder. FIREFOX may contain the path of
// Firefox. Without it, the test uses Debian's firefox-esr.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

const [program] = process.argv.slice(2);

// The time that a test waits for something that must happen, in milliseconds.
const PATIENCE = 30_000;

const book = spawn(program, ["--listen", "127.0.0.1:0"], { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => book.kill());
const first = await new Promise((resolve) => createInterface(book.stdout).once("line", resolve));
const base = first.match(/http:\S+\//)[0];

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr",
  headless: true,
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  await page.setViewport({ width: 1280, height: 900 });
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));

  console.log("Firefox: a link to the source opens the pane at the function");
  await page.goto(`${base}driver.html`);
  await page.waitForFunction(() => document.readyState === "complete" && document.getElementById("source"));
  await page.click(`main a[href$="driver.rs:Driver::poll_read"]`);
  await page.waitForSelector(".marked-name");
  assert.match(await page.$eval(".marked-name", (name) => name.textContent), /fn poll_read/);
  assert.match(page.url(), /driver\.html\?source=crates\/websocket\/src\/driver\.rs:Driver::poll_read$/);

  console.log("Firefox: a byte is explained while the mouse is on it");
  await page.goto(`${base}frames.html`);
  await page.waitForSelector(".wire b[role]");
  await page.hover(".wire b[data-p]");
  await page.waitForFunction(() => /Masked payload/.test(document.querySelector(".wire-card:not([hidden])")?.textContent ?? ""));

  console.log("Firefox: the search finds a close code");
  await page.goto(`${base}introduction.html`);
  await page.keyboard.press("/");
  await page.waitForSelector("#mdbook-searchbar", { visible: true });
  await page.type("#mdbook-searchbar", "1006");
  await page.waitForSelector(`#mdbook-searchresults a[href*="closing.html"]`);

  assert.deepEqual(errors, []);
  console.log("the book works in Firefox");
} finally {
  await browser.close();
  book.kill();
}
