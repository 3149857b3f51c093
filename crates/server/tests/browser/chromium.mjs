// Controls a browser without a window over two pipes, with the DevTools protocol:
// https://chromedevtools.github.io/devtools-protocol/. Its messages are JSON, each followed by a
// NUL, so no package is needed.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export class Chromium {
  #child;
  #profile = mkdtempSync(join(tmpdir(), "websonkets-chromium-"));
  #commands = 0;
  #answers = new Map();
  #listeners = new Set();

  // `more` are further flags, such as `--log-net-log=FILE`.
  constructor(program, ...more) {
    const flags = [
      "--headless=new",
      "--remote-debugging-pipe",
      `--user-data-dir=${this.#profile}`,
      "--disable-gpu",
      "--disable-dev-shm-usage",
      // The browser must connect to nothing but the page under test.
      "--no-proxy-server",
      "--no-first-run",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-extensions",
      "--hide-scrollbars",
    ];
    // Chromium's sandbox does not work for root, and many CI machines run as root.
    if (process.getuid?.() === 0) flags.push("--no-sandbox");
    // Chromium reads commands from descriptor 3 and writes answers to descriptor 4.
    this.#child = spawn(program, [...flags, ...more, "about:blank"], { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"] });
    let errors = "";
    this.#child.stderr.on("data", (data) => (errors = (errors + data).slice(-4000)));
    this.#child.on("error", (error) => this.#end(`${program} does not start: ${error.message}`));
    this.#child.on("exit", (code, signal) => this.#end(`chromium ended (${signal ?? code}): ${errors}`));
    this.#child.stdio[3].on("error", () => {});
    let rest = "";
    this.#child.stdio[4].setEncoding("utf8").on("data", (data) => {
      const messages = (rest + data).split("\0");
      rest = messages.pop();
      messages.forEach((message) => this.#receive(JSON.parse(message)));
    });
  }

  #receive({ id, method, params, sessionId, result, error }) {
    if (id === undefined) {
      this.#listeners.forEach((listener) => listener(method, params, sessionId));
      return;
    }
    const { resolve, reject, command } = this.#answers.get(id);
    this.#answers.delete(id);
    error ? reject(new Error(`${command}: ${error.message}`)) : resolve(result);
  }

  #end(why) {
    this.ended = why;
    this.#answers.forEach(({ reject }) => reject(new Error(why)));
    this.#answers.clear();
  }

  send(command, params = {}, sessionId) {
    return new Promise((resolve, reject) => {
      if (this.ended) return reject(new Error(this.ended));
      const id = ++this.#commands;
      this.#answers.set(id, { resolve, reject, command });
      this.#child.stdio[3].write(`${JSON.stringify({ id, method: command, params, sessionId })}\0`);
    });
  }

  // Opens a new, empty page.
  async open() {
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page((command, params) => this.send(command, params, sessionId));
    this.#listeners.add((method, params, from) => from === sessionId && page.event(method, params));
    for (const domain of ["Page", "Runtime", "Log"]) await page.send(`${domain}.enable`);
    return page;
  }

  async close() {
    const exited = this.ended ? undefined : new Promise((resolve) => this.#child.once("exit", resolve));
    this.send("Browser.close").catch(() => {});
    const impatient = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await exited;
    clearTimeout(impatient);
    try {
      // The browser's helper processes may still write to the folder for a moment, so try again.
      rmSync(this.#profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    } catch (error) {
      console.warn(`${this.#profile} cannot be removed: ${error.message}`);
    }
  }
}

class Page {
  // The browser's complaints: errors and warnings on the console, exceptions, blocked content.
  complaints = [];
  // Handlers for other events, by the name of the event.
  on = {};

  constructor(send) {
    this.send = send;
  }

  event(method, params) {
    const text = {
      "Runtime.exceptionThrown": () => params.exceptionDetails.exception?.description ?? params.exceptionDetails.text,
      "Runtime.consoleAPICalled": () =>
        ["error", "warning", "assert"].includes(params.type) &&
        params.args.map(({ value, description }) => value ?? description).join(" "),
      "Log.entryAdded": () => ["error", "warning"].includes(params.entry.level) && params.entry.text,
    }[method]?.();
    if (text) this.complaints.push(text);
    this.on[method]?.(params);
  }

  // Evaluates an expression in the page, as its console would.
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      returnByValue: true,
      awaitPromise: true,
      // The expression gets no more rights than the page has.
      allowUnsafeEvalBlockedByCSP: false,
    });
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description}`);
    return result.value;
  }

  // `modifiers` is 8 with the Shift key.
  async key(key, code, modifiers = 0) {
    const text = key === "Enter" ? "\r" : undefined;
    const event = { key, code: key, windowsVirtualKeyCode: code, text, modifiers };
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  // Returns the middle of an element, or of its first line, after scrolling it into view.
  middle(selector) {
    return this.evaluate(`(() => {
      const target = document.querySelector(${JSON.stringify(selector)});
      target.scrollIntoView({ block: "center" });
      const { x, y, width, height } = target.getClientRects()[0];
      return { x: x + width / 2, y: y + height / 2 };
    })()`);
  }

  async point(selector) {
    await this.send("Input.dispatchMouseEvent", { type: "mouseMoved", ...(await this.middle(selector)) });
  }

  // Makes the elements look as if the mouse pointed at each of them.
  async hover(selector) {
    for (const domain of ["DOM", "CSS"]) await this.send(`${domain}.enable`);
    const { root } = await this.send("DOM.getDocument");
    const { nodeIds } = await this.send("DOM.querySelectorAll", { nodeId: root.nodeId, selector });
    for (const nodeId of nodeIds) await this.send("CSS.forcePseudoState", { nodeId, forcedPseudoClasses: ["hover"] });
    for (const domain of ["CSS", "DOM"]) await this.send(`${domain}.disable`);
  }

  async tap(selector) {
    await this.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [await this.middle(selector)] });
    await this.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  }

  async click(selector) {
    const event = { ...(await this.middle(selector)), button: "left", clickCount: 1 };
    await this.send("Input.dispatchMouseEvent", { type: "mousePressed", ...event });
    await this.send("Input.dispatchMouseEvent", { type: "mouseReleased", ...event });
  }

  async screenshot() {
    const { data } = await this.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
    return Buffer.from(data, "base64");
  }
}
