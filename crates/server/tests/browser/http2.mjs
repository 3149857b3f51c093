// Tests the server's page over HTTP/2 in a real browser: the page is loaded over HTTP/2, and a
// WebSocket opens on a stream of the same connection, as the browser's own log of its network shows
// (RFC 8441). The page's wire view works too.
//
// node http2.mjs SERVER_BINARY, with CHROMIUM in the environment. See run.sh. The server is built
// with the feature http2.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Chromium } from "./chromium.mjs";
import { Server, until } from "./server.mjs";

const folder = mkdtempSync(join(tmpdir(), "websonkets-http2-"));
const log = join(folder, "net-log.json");

async function test(chromium) {
  const page = await chromium.open();
  const server = await Server.start(process.argv[2], "127.0.0.1:0", "--interval", "200ms", "--tls-self-signed");
  try {
    await page.send("Security.setIgnoreCertificateErrors", { ignore: true });
    await page.send("Page.navigate", { url: `https://${server.address}/` });
    const text = (id) => page.evaluate(`document.getElementById("${id}")?.textContent`);
    const frames = `document.getElementById("frames")?.log?.records?.length ?? 0`;
    await until("the page is connected", async () => (await text("state")) === "OPEN");
    await until("there is a first push", async () => Number(await text("sequence")) > 0);
    await until("the wire view shows frames", async () => (await page.evaluate(frames)) > 2);
    const protocol = `performance.getEntriesByType("navigation")[0].nextHopProtocol`;
    assert.equal(await page.evaluate(protocol), "h2");
    const echoed = await page.evaluate(`new Promise((resolve, reject) => {
      const socket = new WebSocket("wss://${server.address}/echo");
      socket.onopen = () => socket.send("over HTTP/2");
      socket.onmessage = ({ data }) => (socket.close(), resolve(data));
      socket.onerror = () => reject(new Error("no connection"));
    })`);
    assert.equal(echoed, "over HTTP/2");
    assert.deepEqual(page.complaints, []);
  } finally {
    await server.stop();
  }
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
    await test(chromium);
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
