// Tests the server's page over HTTP/2 in a real browser: the page is loaded over HTTP/2, its wire
// view works, and the browser's own network log shows that it opened a WebSocket with an extended
// CONNECT (RFC 8441).
//
// node http2.mjs SERVER_BINARY, with CHROMIUM in the environment. See run.sh. The server must have
// been built with the feature http2.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Chromium } from "./chromium.mjs";
import { withSecurePage } from "./secure-page.mjs";
import { until } from "./server.mjs";

const folder = mkdtempSync(join(tmpdir(), "websonkets-http2-"));
const log = join(folder, "net-log.json");

async function test(page, server) {
  const frames = `document.getElementById("frames")?.log?.records?.length ?? 0`;
  await until("the wire view shows frames", async () => (await page.evaluate(frames)) > 2);
  const echoed = await page.evaluate(`new Promise((resolve, reject) => {
    const socket = new WebSocket("wss://${server.address}/echo");
    socket.onopen = () => socket.send("over HTTP/2");
    socket.onmessage = ({ data }) => (socket.close(), resolve(data));
    socket.onerror = () => reject(new Error("no connection"));
  })`);
  assert.equal(echoed, "over HTTP/2");
}

// Returns the headers of the requests that the browser has sent over HTTP/2.
function requests() {
  const { constants, events } = JSON.parse(readFileSync(log, "utf8"));
  const sent = constants.logEventTypes.HTTP2_SESSION_SEND_HEADERS;
  return events.filter(({ type }) => type === sent).map(({ params }) => params.headers);
}

const chromium = new Chromium(process.env.CHROMIUM, `--log-net-log=${log}`, "--net-log-capture-mode=IncludeSensitive");
try {
  try {
    await withSecurePage(chromium, process.argv[2], "h2", test);
  } finally {
    await chromium.close();
  }
  const opened = requests().filter((headers) => headers.includes(":protocol: websocket"));
  const expected = [":method: CONNECT", ":scheme: https", ":path: /echo", "sec-websocket-version: 13"];
  const echo = opened.find((headers) => headers.includes(":path: /echo"));
  assert.ok(echo, `the browser has sent no extended CONNECT for /echo: ${JSON.stringify(requests(), null, 1)}`);
  for (const line of expected) assert.ok(echo.includes(line), `${line} is not among ${echo}`);
  console.log("browser test: the page works over HTTP/2, and its WebSocket is an extended CONNECT");
} catch (error) {
  console.error(`browser test over HTTP/2: ${error.stack}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}
