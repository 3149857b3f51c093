// Shows how a connection ended: as the script saw it, as it was on the wire and, on `/break/RULE`,
// in the words of the laboratory's verdict.

import { byId, number, visible } from "./dom.js";
import { fieldOf } from "./log.js";

const CELLS = ["event_code", "event_reason", "event_clean", "wire_code", "wire_reason", "wire_order"];
const VERDICT = ["verdict_words", "verdict_seen", "verdict_expected"];
let closes = []; // the records of the Close frames
let ends = []; // the directions of the TCP connection that have ended
let unknown; // the first record of bytes that could not be dissected
let event; // the CloseEvent that the script received
let level; // how firmly the RFC requires a reaction to the broken rule
let verdictWords = "";
const isPhone = matchMedia("(max-width: 47.99rem)");

export function forgetEnd() {
  [closes, ends, unknown, event, level, verdictWords] = [[], [], undefined, undefined, undefined, ""];
  CELLS.forEach((id) => { byId(id).textContent = "-"; });
  [...VERDICT, "end_note", "end_line"].forEach((id) => { byId(id).textContent = ""; });
  byId("end").hidden = true;
  byId("verdict").hidden = true;
}

// Shows the event that the script received. `opened` says whether the browser opened the
// connection.
export function showEnd(closeEvent, opened) {
  event = closeEvent;
  const { code, reason, wasClean } = event;
  byId("event_code").textContent = code;
  byId("event_reason").textContent = visible(reason) || "(none)";
  byId("event_clean").textContent =
    (wasClean ? "yes: both sides sent a Close" : "no") + (opened ? "" : "; the browser never opened it");
  reveal();
  compare();
}

// Shows the box. On a phone, it is one line that the user can open.
function reveal() {
  if (byId("end").hidden) byId("end").open = !isPhone.matches;
  byId("end").hidden = false;
}

// Adds a record that says how the connection ends: a Close, or bytes that cannot be dissected.
export function addRecord(record) {
  if (record.kind === "unknown") unknown ??= record;
  else closes.push(record);
  compare();
}

// Explains what the two columns do not say.
function noteOf({ code }) {
  const sent = closes.some(({ direction, findings }) => direction === "to_client" && findings.length === 0);
  if (code === 1005) return "1005 is never sent. The browser reports it when the Close frame has no code.";
  if (code === 1006) {
    return `1006 is never sent. ${sent
      ? "The browser failed the connection, so it reports 1006 whatever was sent."
      : "The browser reports it when it received no valid Close, whatever the cause."
    } It tells the cause only to the user, on its console (F12).`;
  }
  // The laboratory sends the same reason whenever the peer tolerates a fault.
  return level === "MAY" && code === 1000
    ? "The RFC leaves the reaction to this open (MAY), so the browser may tolerate it. The laboratory gives the same " +
      "reason for everything that is tolerated."
    : "";
}

export function addEnd(direction) {
  ends.push(direction);
  compare();
}

// Shows the verdict of the laboratory on the reaction of the browser.
export function showVerdict({ verdict, seen }, rule) {
  level = rule.level;
  byId("verdict").hidden = false;
  verdictWords = {
    "as expected": "As the RFC expects",
    "other code": "Rejected, with another code",
    "no reason given": "Rejected, without a reason",
    "TCP left open": "Rejected, but TCP was left open",
    tolerated: "Tolerated",
    "no answer": "No answer",
  }[verdict] ?? verdict;
  byId("verdict_words").textContent = verdictWords;
  byId("verdict_seen").textContent = visible(seen);
  byId("verdict_expected").textContent = `${rule.expected} (${level})`;
  reveal();
  compare();
}

function compare() {
  if (closes.length === 0 && ends.length === 0 && !event) return;
  const who = ({ direction }) => (direction === "to_server" ? "browser" : "server");
  const value = (close, name) => visible(String(fieldOf(close, name)?.value ?? ""));
  const each = (name, none) => closes.map((close) => `${who(close)}: ${value(close, name) || none}`).join(", ") || absent;
  // Bytes that the view could not dissect may hold a Close.
  const absent = unknown ? `not visible: the view stopped reading at byte ${number(unknown.offset)}` : "no Close frame";
  byId("wire_code").textContent = each("websocket.payload.close.status_code", "no code");
  byId("wire_reason").textContent = each("websocket.payload.close.reason", "(none)");
  const order = closes.map((close) => `Close from the ${who(close)}`);
  const tcp = ends.map((end) => `TCP closed by the ${end === "to_server" ? "browser" : "server"}`);
  byId("wire_order").textContent = [...order, ...tcp].join(" → ") || "-";
  byId("end_note").textContent = event ? noteOf(event) : "";
  const said = event ? `${event.code}${event.reason ? `: ${visible(event.reason)}` : ""}` : "";
  byId("end_line").textContent = [said, verdictWords].filter(Boolean).join(" · ");
}
