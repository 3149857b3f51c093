// One head or frame: its bytes, its fields, and the explanation of one field.
//
// Each field can be reached in the bytes and in the list of fields, by mouse, touch and arrow keys.

import { linksFor } from "./book.js";
import { TOKEN, byId, cut, make, number, plural, report, titleOf, visible } from "./dom.js";
import { copies } from "./export.js";
import { fieldOf } from "./log.js";
import { bytesOf } from "./pcapng.js";

const CLOCK = { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 };
const box = byId("bytes");
const tree = byId("fields");

export let chosen; // the record that is shown
let fields = []; // its fields, outermost first
let explained; // the index of the field that is explained
let stops = []; // the elements in the bytes at which the arrow keys stop
let here = 0; // the index of the current stop

// The text that the explanation shows while no field is chosen.
const HINT = byId("explanation").textContent;

// Returns whether a record deserves attention, because it breaks a rule or is a response that does
// not open the connection.
export function isRemarkable(record) {
  const status = fieldOf(record, "http.response.code")?.value;
  return record.findings.length > 0 || (status !== undefined && Number(status) !== 101);
}

export function show({ record, note, why }) {
  chosen = record;
  report("", "copied");
  document.querySelectorAll("#copy button").forEach((button) => {
    button.disabled = !record || copies(record)[button.value] === undefined;
  });
  byId("detail").classList.toggle("empty", !record);
  if (!record) {
    byId("unit").textContent = note ?? "Nothing chosen yet";
    byId("place").textContent = "";
    for (const id of ["findings", "bytes", "legend", "fields"]) byId(id).replaceChildren();
    [fields, stops, explained] = [[], [], undefined];
    byId("explanation").className = "";
    byId("explanation").replaceChildren(make("p", "", why ?? HINT));
    return;
  }
  byId("unit").textContent = titleOf(record);
  byId("place").textContent = placeOf(record);
  byId("findings").replaceChildren(
    ...record.findings.map(({ rule, sentence }) => make("p", "bad", visible(`${rule}: ${sentence}`))),
  );
  fields = flatten(record.fields, 1);
  const bytes = bytesOf(record.bytes);
  showBytes(bytes);
  tree.replaceChildren(...fields.map(({ field, level }, index) => fieldRow(field, level, index, bytes)));
  explain(firstToExplain());
  markFinding();
}

// Returns the index of the field to explain first. In a record that breaks a rule, it is the field
// that breaks it; in a response that does not open the connection, the status code; in any other
// frame, the opcode, which is its most informative field; and in any other head, the first line.
function firstToExplain() {
  const [finding] = chosen.findings;
  if (finding) {
    const named = indexOf(finding.field);
    const holds = ({ field }) => !field.derived && field.start <= finding.start && finding.end <= field.end;
    const found = named >= 0 ? named : fields.findLastIndex(holds);
    if (found >= 0) return found;
  }
  return Math.max(0, indexOf(isRemarkable(chosen) ? "http.response.code" : undefined), indexOf("websocket.opcode"));
}

const indexOf = (name) => (name ? fields.findIndex(({ field }) => field.name === name) : -1);

// Marks the bytes or the bits that break a rule, and goes to the first of them. Marks nothing if
// the finding is about the whole record.
function markFinding() {
  const [finding] = chosen.findings;
  if (!finding || finding.end - finding.start >= chosen.length) return;
  const mask = fields[indexOf(finding.field)]?.field.mask ?? 0xff;
  let wrong = stops.filter((element) => element.position >= finding.start && element.position < finding.end
    && Boolean(mask & (element.mask ?? 0xff)));
  // If the field consists of several separate bits, such as the reserved ones, only those that are
  // set are wrong.
  if (wrong.length > 1 && mask !== 0xff) wrong = wrong.filter(({ textContent }) => textContent.includes("1"));
  wrong.forEach((element) => element.classList.add("wrong"));
  if (wrong.length === 0) return;
  if (mask === 0xff) stand(stops.indexOf(wrong[0]));
  else go(stops.indexOf(wrong[0]));
}

function placeOf({ number: at, direction, offset, length, ended_at }) {
  const from = direction === "to_server" ? "from this page to the server" : "from the server to this page";
  const time = ended_at ? new Date(ended_at * 1000).toLocaleTimeString("en-GB", CLOCK) : "";
  // Count the bytes of the direction from 0, because the bytes of a record are counted from 0 too.
  const place =
    length === 1 ? `byte ${number(offset)}` : `bytes ${number(offset)} to ${number(offset + length - 1)}`;
  return `Number ${number(at)}, ${from}: ${length ? place : "no byte yet"} of this direction${time && `, at ${time}`}`;
}

function flatten(inner, level) {
  return inner.flatMap((field) => [{ field, level }, ...flatten(field.fields ?? [], level + 1)]);
}

// Returns the index of the innermost field that contains a byte or, if `bit` is given, this bit of
// the byte. Ignores derived fields. Inner fields come after outer ones, so the last match is the
// innermost field.
function fieldAt(position, bit) {
  const holds = ({ field }) =>
    !field.derived && field.start <= position && position < field.end && (!field.mask || !bit || field.mask & bit);
  return fields.findLastIndex(holds);
}

// ---- The bytes ----------------------------------------------------------------------------------

function showBytes(bytes) {
  const isFrame = chosen.kind === "frame";
  stops = [];
  box.replaceChildren(...(isFrame ? frameBytes(bytes) : headBytes(bytes)));
  byId("legend").replaceChildren(...(isFrame ? legend(FRAME_PARTS) : legend(HEAD_PARTS)));
  if (isFrame) {
    byId("legend").append(fieldOf(chosen, "websocket.masking_key")
      ? "Below: bits, unmasked text." : "Below: bits, text.");
  }
  box.setAttribute("aria-label", isFrame ? "Bytes of the frame, in hexadecimal" : "The head, line by line");
  if (chosen.length > bytes.length) {
    const more = make("span", "dim", ` … ${plural(chosen.length - bytes.length, "byte")} more`);
    more.setAttribute("role", "presentation");
    box.append(more);
  }
}

// Turns an element into one at which the arrow keys stop.
function stop(element, at, position, label) {
  element.setAttribute("role", "option");
  element.setAttribute("aria-selected", "false");
  if (label) element.setAttribute("aria-label", label);
  element.id = `stop-${stops.length}`;
  stops.push(element);
  return Object.assign(element, { at, position });
}

// Returns a cell for each byte, with the byte in hexadecimal. The cells of the first two bytes also
// contain the bits, one group for each field, and the cells of the payload also contain the unmasked
// characters.
function frameBytes(bytes) {
  const key = fieldOf(chosen, "websocket.masking_key");
  const start = fieldOf(chosen, "websocket.payload")?.start ?? Infinity;
  return [...bytes].map((byte, position) => {
    const at = fieldAt(position);
    const part = position < 2 ? "bits" : fields[at]?.field.part ?? "";
    const hex = byte.toString(16).padStart(2, "0");
    const cell = make("span", `byte ${part}`);
    cell.append(make("span", "hex", hex));
    const below = cell.appendChild(make("small"));
    Object.assign(cell, { at, position });
    if (position < 2) {
      let group;
      for (let bit = 0x80; bit; bit >>= 1) {
        const of = fieldAt(position, bit);
        if (group?.at !== of) {
          group = stop(make("i", fields[of]?.field.part, ""), of, position);
          group.mask = 0;
          below.append(group);
        }
        group.mask |= bit;
        group.textContent += byte & bit ? "1" : "0";
      }
    } else {
      stop(cell, at, position, `${fields[at]?.field.label ?? "byte"}, ${hex}`);
      below.textContent = { mask: "mask", length: "len" }[part] ?? "";
      if (position >= start) {
        const plain = key ? byte ^ bytes[key.start + ((position - start) % 4)] : byte;
        below.textContent = plain > 0x20 && plain < 0x7f ? String.fromCharCode(plain) : plain === 0x20 ? "␣" : "·";
      }
    }
    return cell;
  });
}

// Returns the text of a head, split into runs of bytes that belong to one field.
function headBytes(bytes) {
  const runs = [];
  bytes.forEach((byte, position) => {
    const at = fieldAt(position);
    if (runs.at(-1)?.at !== at) runs.push({ at, position, bytes: [] });
    runs.at(-1).bytes.push(byte);
  });
  return runs.map(({ at, position, bytes }) => {
    // Write a line feed as `\n`, and begin a new line after it.
    const text = visible(new TextDecoder().decode(Uint8Array.from(bytes))).replaceAll("\\n", "\\n\n");
    return stop(make("span", `run ${fields[at]?.field.part ?? ""}`, text), at, position);
  });
}

// The meaning of the colours in a frame and in a head.
const FRAME_PARTS = {
  fin: "FIN", reserved: "reserved", opcode: "opcode", mask: "mask", length: "length", payload: "payload",
};
const HEAD_PARTS = {
  start_line: "the first line",
  handshake: "headers of the WebSocket handshake",
  header: "other HTTP headers",
};

function legend(names) {
  const parts = Object.keys(names).filter((part) => fields.some(({ field }) => field.part === part));
  return parts.map((part) => make("span", `key ${part}`, names[part]));
}

// Goes to a stop, and explains its field.
function go(index) {
  const element = stops[index];
  if (!element) return;
  explain(element.at);
  stand(index);
}

// Makes a stop the current one, without explaining its field.
function stand(index) {
  stops[here]?.classList.remove("here");
  stops[here]?.setAttribute("aria-selected", "false");
  here = index;
  const element = stops[index];
  if (!element) {
    box.removeAttribute("aria-activedescendant");
    return;
  }
  element.classList.add("here");
  element.setAttribute("aria-selected", "true");
  box.setAttribute("aria-activedescendant", element.id);
  // Compute the scroll position here, because scrollIntoView would scroll the whole page as well.
  const [around, inner] = [box.getBoundingClientRect(), element.getBoundingClientRect()];
  if (inner.top < around.top) box.scrollTop -= around.top - inner.top;
  else if (inner.bottom > around.bottom) box.scrollTop += Math.min(inner.bottom - around.bottom, inner.top - around.top);
}

// Returns the stop in the next or the previous row that is closest to the current one.
function inRow(direction) {
  const middle = ({ left, right }) => (left + right) / 2;
  // A bit belongs to the row of its byte. A run of text that spans several lines belongs to the row
  // of its first line.
  const lines = stops.map((element) => {
    const [{ left, right, top }] = element.getClientRects();
    return { left, right, top: element.closest(".byte")?.getBoundingClientRect().top ?? top };
  });
  const now = lines[here];
  const beyond = lines.map((rect, index) => ({ rect, index }))
    .filter(({ rect }) => (direction > 0 ? rect.top > now.top + 8 : rect.top < now.top - 8));
  if (beyond.length === 0) return here;
  const tops = beyond.map(({ rect }) => rect.top);
  const top = direction > 0 ? Math.min(...tops) : Math.max(...tops);
  const row = beyond.filter(({ rect }) => Math.abs(rect.top - top) < 8);
  const distance = ({ rect }) => Math.abs(middle(rect) - middle(now));
  return row.reduce((best, one) => (distance(one) < distance(best) ? one : best)).index;
}

box.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || stops.length === 0) return;
  const to = {
    ArrowRight: () => Math.min(here + 1, stops.length - 1),
    ArrowLeft: () => Math.max(here - 1, 0),
    ArrowDown: () => inRow(1),
    ArrowUp: () => inRow(-1),
    Home: () => 0,
    End: () => stops.length - 1,
  }[event.key];
  if (!to) return;
  event.preventDefault();
  go(to());
});

// ---- The fields ---------------------------------------------------------------------------------

function valueText({ name, value, value_name, left_out }) {
  if (value === undefined) return "";
  const more = left_out ? ` … (${plural(left_out, "byte")} more)` : "";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") {
    if (name === "websocket.rsv") return `0x${value.toString(16)}`;
    return value_name ? `${value_name} (${number(value)})` : number(value);
  }
  return visible(value) + more;
}

// Returns the bits of a byte that the mask selects, as Wireshark writes them: 1... .... for the
// highest bit.
function pattern(mask, byte) {
  const bits = [128, 64, 32, 16, 8, 4, 2, 1].map((bit) => (mask & bit ? (byte & bit ? "1" : "0") : "."));
  return `${bits.slice(0, 4).join("")} ${bits.slice(4).join("")}`;
}

function fieldRow(field, level, index, bytes) {
  const row = make("li", field.part);
  row.setAttribute("role", "treeitem");
  row.setAttribute("aria-level", level);
  row.at = index;
  row.level = level;
  if (field.mask) row.append(make("span", "pattern dim", `${pattern(field.mask, bytes[field.start])} = `));
  // Cut a long value, because its bytes are displayed above anyway.
  const value = cut(valueText(field), 400);
  const label = field.derived ? `[${field.label}]` : field.label;
  row.append(value ? `${label}: ` : label, make("span", "value", value));
  return row;
}

// The Tab key stops at the tree only once, and the arrow keys move within it.
tree.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const rows = [...tree.children];
  const at = rows.indexOf(document.activeElement);
  if (at < 0) return;
  const { level } = rows[at];
  const to = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    // The right arrow goes to the first inner field, and the left arrow to the outer field.
    ArrowRight: rows[at + 1]?.level > level ? at + 1 : at,
    ArrowLeft: rows.slice(0, at).findLastIndex((row) => row.level < level),
    Home: 0,
    End: rows.length - 1,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  rows[to]?.focus();
});
tree.addEventListener("focusin", ({ target }) => target.at !== undefined && target.at !== explained && explain(target.at));
tree.addEventListener("click", ({ target }) => target.closest("li")?.focus());

// ---- The explanation ----------------------------------------------------------------------------

const TOKEN_WHY = "This page has added ?wire= and a token, so that it can find its own connection in the server's log. " +
  "An ordinary client does not send them.";

function explain(index) {
  const { field } = fields[index] ?? {};
  if (!field) return;
  explained = index;
  // A derived field of a frame is the inflated payload, so mark the compressed bytes. A derived field
  // of a head may be computed from another head, whose bytes are not displayed, so mark nothing.
  const isInflated = field.derived && chosen.kind === "frame" && field.end > field.start;
  for (const [at, row] of [...tree.children].entries()) {
    row.setAttribute("aria-selected", at === index);
    row.tabIndex = at === index ? 0 : -1;
  }
  const isPart = field.mask && field.mask !== 0xff;
  const marked = ({ position, mask }) =>
    position >= field.start && position < field.end && (!field.derived || isInflated)
    && (!isPart || !mask || Boolean(field.mask & mask));
  stops.forEach((element) => element.classList.toggle("on", marked(element)));
  if (!marked(stops[here] ?? {})) stand(Math.max(0, stops.findIndex(marked)));
  const { label, name, start, end, mask, derived, meaning, why, rfc, section, part } = field;
  const title = make("h3", "", label);
  if (name) title.append(" ", make("code", "dim", name));
  const value = valueText(field);
  const says = make("p", "value", cut(value, 120));
  const where = end - start === 1 ? `byte ${start}` : `bytes ${number(start)} to ${number(end - 1)}`;
  const place = isInflated ? `inflated from ${where}`
    : derived ? "derived from other fields"
    : mask ? `byte ${start}, bits ${pattern(mask, 0xff).replaceAll("1", "x")}` : where;
  const reference = make("a", "", `RFC ${rfc}, section ${section}`);
  reference.href = `https://www.rfc-editor.org/rfc/rfc${rfc}#section-${section}`;
  reference.rel = "noreferrer";
  reference.target = "_blank";
  const last = make("p", "dim links");
  const links = [reference, ...linksFor(field)].flatMap((link) => [" · ", link]);
  last.append(place, ...links);
  const token = TOKEN.test(field.value) ? [make("p", "", TOKEN_WHY)] : [];
  const means = meaning ? [make("p", "", `${meaning[0].toUpperCase()}${meaning.slice(1)}.`)] : [];
  const explanation = byId("explanation");
  explanation.className = part;
  explanation.replaceChildren(title, ...(value ? [says] : []), ...means, ...token, make("p", "", why), last);
}

// The browser also fires mousemove when the page scrolls under the mouse, with a movement of 0. The
// user has then not pointed at anything new, so the explanation should not change.
function onPointing(element, act) {
  element.addEventListener("mousemove", (event) => (event.movementX || event.movementY) && act(event.target));
  element.addEventListener("click", ({ target }) => act(target));
}

onPointing(tree, (target) => {
  const at = target.closest("li")?.at;
  if (at !== undefined && at !== explained) explain(at);
});
onPointing(box, (target) => {
  const element = target.closest("[role=option]") ?? target.closest(".byte")?.querySelector("[role=option]");
  const index = stops.indexOf(element);
  if (index >= 0 && index !== here) go(index);
});
