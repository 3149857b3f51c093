// Runs the server as a separate process.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

// The time limit for something that must happen, in milliseconds. It is long enough for a loaded
// machine; a passing test never waits that long.
const PATIENCE = 20_000;

export async function until(what, happens) {
  for (const deadline = Date.now() + PATIENCE; ;) {
    try {
      const result = await happens();
      if (result) return result;
    } catch (error) {
      // A navigation cancels what the old page is evaluating. The new page is asked next.
      if (!/navigated or closed|context was destroyed/.test(error.message)) throw error;
    }
    if (Date.now() > deadline) throw new Error(`not within ${PATIENCE / 1000} s: ${what}`);
    await sleep(20);
  }
}

export class Server {
  lines = [];

  static async start(program, listen, ...args) {
    const server = new Server();
    server.child = spawn(program, ["--listen", listen, ...args], { stdio: ["ignore", "pipe", "ignore"] });
    server.exited = new Promise((resolve) => server.child.on("exit", resolve));
    process.on("exit", () => server.child.kill("SIGKILL"));
    server.child.on("error", (error) => server.lines.push(`(does not start: ${error.message})`));
    server.child.on("exit", (code) => server.lines.push(`(ended with ${code})`));
    createInterface(server.child.stdout).on("line", (line) => server.lines.push(line));
    const first = await until("the server listens", () => server.lines[0]);
    server.address = first.match(/^listening on wss?:\/\/(.*)\/$/)?.[1];
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
