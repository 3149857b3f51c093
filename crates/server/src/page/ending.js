// Shows how a connection ended: for the script, on the wire and, on `/break/RULE`, in the verdict of
// the laboratory.

import { byId } from "./dom.js";
import { fieldOf } from "./log.js";

const CELLS = ["event_code", "event_reason", "event_clean", "wire_code", "wire_reason", "wire_order"];
const VERDICT = ["verdict_words", "verdict_seen", "verdict_expected"];
let closes = []; // the records of the Close frames
let ends = []; // the directions of TCP that have ended
let isOver = false;

export function forgetEnd() {
  [closes, ends, isOver] = [[], [], false];
  CELLS.forEach((id) => { byId(id).textContent = "-"; });
  [...VERDICT, "end_note"].forEach((id) => { byId(id).textContent = ""; });
  byId("end").hidden = true;
  byId("verdict").hidden = true;
}

// Shows the event that the script received. `opened` is whether the browser opened the connection.
export function showEnd({ code, reason, wasClean }, opened) {
  isOver = true;
  byId("event_code").textContent = code;
  byId("event_reason").textContent = reason || "(none)";
  byId("event_clean").textContent =
    (wasClean ? "yes: both sides sent a Close" : "no") + (opened ? "" : "; the browser never opened it");
  byId("end_note").textContent = {
    1005: "1005 is never sent. The browser reports it to the script when the Close frame has no code.",
    1006: "1006 is never sent. The browser reports it when the server sent no valid Close, whatever the cause. It " +
      "tells the cause only to the user, on its console (F12).",
  }[code] ?? "";
  byId("end").hidden = false;
  compare();
}

export function addClose(record) {
  closes.push(record);
  compare();
}

export function addEnd(direction) {
  ends.push(direction);
  compare();
}

// Shows the verdict of the laboratory on the reaction of the browser.
export function showVerdict({ verdict, seen }, { expected, level }) {
  byId("verdict").hidden = false;
  byId("verdict_words").textContent = {
    "as expected": "As the RFC expects",
    "other code": "Rejected, with another code",
    "no reason given": "Rejected, without a reason",
    "TCP left open": "Rejected, but TCP was left open",
    tolerated: "Tolerated",
    "no answer": "No answer",
  }[verdict] ?? verdict;
  byId("verdict_seen").textContent = seen;
  byId("verdict_expected").textContent = `${expected} (${level})`;
  byId("end").hidden = false;
}

function compare() {
  if (closes.length === 0 && ends.length === 0 && !isOver) return;
  const who = ({ direction }) => (direction === "to_server" ? "browser" : "server");
  const each = (name, none) =>
    closes.map((close) => `${who(close)}: ${fieldOf(close, name)?.value ?? none}`).join(", ") || "no Close frame";
  byId("wire_code").textContent = each("websocket.payload.close.status_code", "no code");
  byId("wire_reason").textContent = each("websocket.payload.close.reason", "(none)");
  const order = closes.map((close) => `Close from the ${who(close)}`);
  const tcp = ends.map((end) => `TCP closed by the ${end === "to_server" ? "browser" : "server"}`);
  byId("wire_order").textContent = [...order, ...tcp].join(" → ") || "-";
}
