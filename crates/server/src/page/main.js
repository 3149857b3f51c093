// Connects the parts of the page with each other, and with its forms and keys.

import { followBookLinks, link, ruleLink } from "./book.js";
import { Connection } from "./connection.js";
import * as detail from "./detail.js";
import { byId, cut, make, number, plural, report, visible } from "./dom.js";
import * as ending from "./ending.js";
import { copy, downloadJson, downloadPcapng } from "./export.js";
import { List } from "./list.js";
import { Log, MAX_BYTES, filterFor, searchFor } from "./log.js";
import * as stats from "./stats.js";

const log = new Log();
const list = new List(log, {
  onChoose: detail.show,
  onPick: goToDetail,
  onEnter: () => byId("bytes").focus(),
});
let awaited = 0; // frames that this page has caused and whose records have not arrived yet
let paused = false;

// For the console and the tests: `frames.log.records` contains the records as they arrived, and
// `frames.list.chosen` is the chosen row.
Object.assign(byId("frames"), { log, list });

const connection = new Connection({
  start(path) {
    awaited = 0;
    log.clear();
    list.clear();
    detail.show({});
    ending.forgetEnd();
    ["said", "saved", "copied"].forEach((where) => report("", where));
    byId("where").textContent = `/${path}`;
    byId("numbers").hidden = path !== "";
    byId("hide_pushes").parentElement.hidden = path !== "";
    byId("stats_note").hidden = path === "";
    describe();
    refilter();
  },
  state(text, isOpen) {
    byId("state").textContent = text;
    byId("state").classList.toggle("open", isOpen);
    document.querySelectorAll("#form button, #close button").forEach((button) => { button.disabled = !isOpen; });
  },
  wire(text) {
    byId("wire_state").textContent = text;
  },
  item: add,
  message(data) {
    if (connection.path === "" && typeof data === "string") stats.push(JSON.parse(data));
  },
  end(event) {
    ending.showEnd(event, connection.opened);
  },
});

// ---- What comes from the viewer -----------------------------------------------------------------

const TCP_ENDED = "TCP carries two streams of bytes, and each side ends its own with a FIN. It then sends nothing " +
  "more, but can still receive. After the two Close frames the server ends its stream first, so that it is the " +
  "server that keeps the state of the closed connection for a while (RFC 6455, section 7.1.1).";

function add(item) {
  if (item.skipped) log.addSkipped(item.skipped);
  else if (item.end_of) {
    log.ends.push(item.end_of);
    ending.addEnd(item.end_of);
    const who = item.end_of === "to_server" ? "browser" : "server";
    log.addNote(`The ${who} has closed its direction of TCP.`, TCP_ENDED);
  } else if (item.verdict) ending.showVerdict(item, ruleOf(connection.path));
  else addRecord(item);
  byId("held").textContent = log.discarded > 0
    ? `${plural(log.discarded, "older row")} had to go: the page holds about ${MAX_BYTES >> 20} MiB.` : "";
  list.update();
}

function addRecord(record) {
  const row = log.addRecord(record);
  const sent = record.direction === "to_server";
  if (row.opcode === 8 || record.kind === "unknown") ending.addRecord(record);
  const isOurs = sent && awaited > 0 && (row.opcode <= 2 || row.opcode === 8);
  if (isOurs) awaited -= 1;
  // Show what the user has caused: the frame of a message, or the bytes that break the rule. Also
  // show a response that rejects the handshake, although it breaks no rule by itself.
  const stands = list.chosen?.record && detail.isRemarkable(list.chosen.record);
  const breaks = !sent && detail.isRemarkable(record) && !stands;
  if ((isOurs && awaited === 0) || record.number === 0 || breaks) list.choose(row);
}

// ---- The choice of a path -----------------------------------------------------------------------

const choice = byId("path");

function ruleOf(path) {
  return [...choice.options].find(({ value }) => value === path)?.dataset ?? {};
}

function describe() {
  const { sent, why, expected, level, section } = ruleOf(choice.value);
  const about = byId("about");
  // Choosing a path does not yet change anything on the wire.
  const where = byId("where").textContent;
  const isNew = where !== "" && where !== `/${choice.value}`;
  byId("connect").classList.toggle("new", isNew);
  byId("try").textContent = isNew ? "Press Connect to try it." : "";
  if (!sent) {
    about.replaceChildren(make("p", "", ruleOf(choice.value).about));
    return;
  }
  const rule = make("p", "dim", `The browser should react with: ${expected} (${level}). `);
  rule.append(ruleLink(6455, section));
  about.replaceChildren(make("p", "", `${sent} ${why}`), rule);
}

choice.onchange = describe;
byId("connect").onsubmit = (event) => {
  event.preventDefault();
  connection.go(choice.value);
};

// ---- The forms ----------------------------------------------------------------------------------

function isOpen() {
  if (!connection.isOpen) report("The connection is not open.");
  return connection.isOpen;
}

function send(data, what) {
  connection.send(data);
  awaited += 1;
  report(`Sent: ${what}.`);
  byId("text").value = "";
  byId("text").focus();
}

byId("form").onsubmit = (event) => {
  event.preventDefault();
  const text = byId("text").value;
  if (text && isOpen()) send(text, `a text of ${plural(new TextEncoder().encode(text).length, "byte")}`);
};

byId("binary").onclick = () => {
  // If the field is empty, send bytes that a text message could not contain: 0xff never occurs in
  // UTF-8.
  const text = byId("text").value;
  const bytes = text ? new TextEncoder().encode(text) : Uint8Array.of(0x00, 0x01, 0xfe, 0xff);
  if (isOpen()) send(bytes, `${plural(bytes.length, "byte")} as binary`);
};

byId("close").onsubmit = (event) => {
  event.preventDefault();
  if (!isOpen()) return;
  const [code, reason] = [byId("code").value.trim(), byId("reason").value];
  try {
    connection.close(code, reason);
    awaited += 1;
    report(code ? `Closing with ${code}.` : "Closing without a code.");
  } catch (error) {
    // The browser enforces this rule, not the server: a script may send only the code 1000 or a code
    // from 3000 to 4999, and a reason of at most 123 bytes.
    report(`The browser refuses: ${error.message}`);
  }
};

// ---- Filter, find, pause, copy and export -------------------------------------------------------

function refilter() {
  const filter = {
    direction: byId("direction").value,
    kind: byId("kind").value,
    text: byId("filter").value,
    hidePushes: byId("hide_pushes").checked && connection.path === "",
  };
  log.filter(filterFor(filter));
  const wanted = filter.text.trim();
  byId("nothing").textContent = wanted ? `No row contains '${visible(cut(wanted, 40))}'.` : "No row is of this kind.";
  list.update();
  count();
}

for (const id of ["direction", "kind", "hide_pushes"]) byId(id).onchange = refilter;
byId("filter").oninput = refilter;

// Goes to the next match, or the previous one, among the visible rows.
function findNext(step) {
  const wanted = byId("find").value;
  const matches = searchFor(wanted);
  const { visible } = log;
  if (!wanted.trim() || visible.length === 0) return count();
  const from = visible.indexOf(list.chosen);
  for (let distance = 1; distance <= visible.length; distance += 1) {
    const at = (from + step * distance + 2 * visible.length) % visible.length;
    if (!matches(visible[at])) continue;
    list.choose(visible[at]);
    return count();
  }
  count();
}

// Says how many rows contain the wanted text, and which of them is chosen.
function count() {
  const wanted = byId("find").value;
  const found = wanted.trim() ? log.visible.filter(searchFor(wanted)) : [];
  const at = found.indexOf(list.chosen);
  byId("found").textContent = !wanted.trim() ? ""
    : found.length === 0 ? `No row contains '${visible(cut(wanted.trim(), 40))}'`
    : at < 0 ? plural(found.length, "row") : `${number(at + 1)} of ${number(found.length)}`;
}

byId("find").oninput = count;
byId("find").onkeydown = (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  findNext(event.shiftKey ? -1 : 1);
};
byId("find_next").onclick = () => findNext(1);
byId("find_previous").onclick = () => findNext(-1);

byId("tools_toggle").onclick = () => {
  const open = byId("tools").classList.toggle("open");
  byId("tools_toggle").setAttribute("aria-expanded", open);
};

byId("pause").onclick = () => {
  paused = !paused;
  byId("pause").textContent = paused ? "Resume" : "Pause";
  byId("pause").classList.toggle("primary", paused);
  stats.pause(paused);
  log.pause(paused);
  list.update();
};

byId("copy").onclick = async ({ target }) => {
  if (!target.value || !detail.chosen) return;
  try {
    await copy(detail.chosen, target.value);
  } catch (error) {
    report(`The browser does not copy: ${error.message}`, "copied");
  }
};
byId("export_pcapng").onclick = () => downloadPcapng(log);
byId("export_json").onclick = () => downloadJson(log);

// After a download, the menu stays open to show the name of the file. A click elsewhere closes it.
document.addEventListener("click", ({ target }) => {
  if (!byId("export").contains(target)) byId("export").open = false;
});
byId("export").addEventListener("toggle", () => byId("export").open || report("", "saved"));
byId("export").addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  byId("export").open = false;
  byId("export").firstElementChild.focus();
});

// On a narrow screen, the record is below the list, so a tap on a row might not bring it into view.
const isNarrow = matchMedia("(max-width: 61.99rem)");
function goToDetail() {
  if (isNarrow.matches) byId("detail").scrollIntoView({ block: "start" });
}
byId("back").onclick = () => {
  byId("wire").scrollIntoView({ block: "start" });
  byId("frames").focus({ preventScroll: true });
};

// Escape goes back from the bytes and fields to the list.
byId("detail").addEventListener("keydown", (event) => {
  if (event.key === "Escape") byId("frames").focus();
});

byId("book").append(link("", "The book"));
followBookLinks();
describe();
connection.go("");
