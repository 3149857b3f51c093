// Copies a record to the clipboard, and downloads all records.

import { number, plural, report } from "./dom.js";
import { fieldOf } from "./log.js";
import { bytesOf, pcapng } from "./pcapng.js";

// Returns the texts that can be copied from a record: its bytes, its payload or head, and the whole
// record as JSON. A text that the record does not have is undefined.
export function copies(record) {
  const payload = ["text", "close.reason"].map((name) => fieldOf(record, `websocket.payload.${name}`)?.value);
  const isHead = record.kind === "request" || record.kind === "response";
  return {
    hex: record.bytes.replaceAll(":", " ") || undefined,
    text: isHead ? new TextDecoder().decode(bytesOf(record.bytes)) : payload.find((text) => text !== undefined),
    json: JSON.stringify(record, undefined, 2),
  };
}

export async function copy(record, what) {
  const text = copies(record)[what];
  if (text === undefined) return;
  await toClipboard(text);
  const shown = record.bytes ? (record.bytes.length + 1) / 3 : 0;
  const part = shown < record.length && what !== "json"
    ? ` The server shows the first ${plural(shown, "byte")} of ${number(record.length)}.` : "";
  report(`Copied as ${{ hex: "hexadecimal", text: "text", json: "JSON" }[what]}.${part}`, "copied");
}

async function toClipboard(text) {
  // Browsers offer the clipboard only to pages that were loaded from this machine or over TLS.
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const box = document.createElement("textarea");
  box.value = text;
  const before = document.activeElement;
  document.body.append(box);
  box.select();
  document.execCommand("copy");
  box.remove();
  before?.focus();
}

// Downloads the records as a JSON array, with one record per line.
export function downloadJson(log) {
  const lines = log.records.map((record) => JSON.stringify(record));
  download(new Blob(["[\n", lines.join(",\n"), "\n]\n"], { type: "application/json" }), "json", log);
}

export function downloadPcapng(log) {
  const address = location.hostname.match(/^\d+\.\d+\.\d+\.\d+$/)?.[0].split(".").map(Number) ?? [127, 0, 0, 1];
  // The bytes are those inside TLS, but Wireshark would look for TLS on port 443.
  const port = location.protocol === "https:" ? 80 : Number(location.port || 80);
  download(pcapng(log.records, log.ends, { address, port }), "pcapng", log);
}

function download(blob, extension, log) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `websonkets-${new Date().toISOString().replace(/[:.]/g, "-")}.${extension}`;
  link.click();
  // The browser still has to read the blob, so do not revoke its URL at once.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  const skipped = log.rows.reduce((sum, row) => sum + (row.skipped?.frames ?? 0), 0);
  const missing = skipped + log.discarded > 0 ? ` ${plural(skipped + log.discarded, "frame")} could not be kept.` : "";
  const all = missing ? plural(log.records.length, "record") : `all ${plural(log.records.length, "record")}`;
  report(`Saved ${all} as ${link.download}.${missing}`, "saved");
}
