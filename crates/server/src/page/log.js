// The records of one connection that the page holds, and which of them the filter lets through.
//
// A row is a record or a note. A note says that frames came too fast to be shown, or that one
// direction of the TCP connection has ended. The page holds the newest rows, up to MAX_BYTES.

import { plural } from "./dom.js";

// The approximate amount of memory that the rows may take in the browser, in bytes: enough for some
// 10,000 frames of the usual size. A tab could take several times as much, but a page that is left
// open should not.
export const MAX_BYTES = 32 << 20;

// The approximate size of one row and of one field, without their own texts, in bytes.
const ROW_BYTES = 600;
const FIELD_BYTES = 150;

// The properties whose texts many records share, such as the reason for a field. Storing each text
// only once saves half of the memory. There are only a few hundred such texts, because they come
// from the server's glossary.
const SHARED = ["name", "label", "part", "why", "section", "value_name"];
const shared = new Map();

const SKIPPED = "The server shows at most about 50 frames in a second, and counts the rest. A page cannot draw " +
  "more, and a reader cannot follow more. The connection itself has lost nothing.";

// Stores the shared texts of a field and of its inner fields only once. Returns the approximate
// number of bytes that the fields take.
function settle(field) {
  let bytes = FIELD_BYTES;
  for (const [key, value] of Object.entries(field)) {
    if (key === "fields") bytes += value.reduce((sum, inner) => sum + settle(inner), 0);
    else if (typeof value === "string") {
      if (SHARED.includes(key) && value.length < 1000) {
        if (!shared.has(value) && shared.size < 2000) shared.set(value, value);
        field[key] = shared.get(value) ?? value;
      } else bytes += value.length;
    }
  }
  return bytes;
}

export class Log {
  rows = []; // what is held, oldest first
  visible = []; // those rows that the filter lets through
  ends = []; // the directions of the TCP connection that have ended
  discarded = 0; // the number of rows that were discarded to stay within the limit
  bytes = 0;
  start; // the time of the first record, in seconds since 1970
  #next = 0; // the number of the next row
  #passes = () => true;
  #end = Infinity; // while the display is paused, the number of the first row that waits

  clear() {
    [this.rows, this.visible, this.ends] = [[], [], []];
    [this.discarded, this.bytes, this.start] = [0, 0, undefined];
    if (this.paused) this.#end = this.#next;
  }

  get paused() {
    return this.#end !== Infinity;
  }

  // The number of rows that have arrived since the display was paused.
  get waiting() {
    return this.paused ? Math.min(this.#next - this.#end, this.rows.length) : 0;
  }

  get records() {
    return this.rows.filter(({ record }) => record).map(({ record }) => record);
  }

  // Adds a record, and returns its row.
  addRecord(record) {
    const bytes = record.fields.reduce((sum, field) => sum + settle(field), ROW_BYTES + record.bytes.length);
    const opcode = fieldOf(record, "websocket.opcode")?.value;
    this.start ??= record.ended_at;
    return this.#add({ record, opcode, bytes: bytes + record.summary.length });
  }

  // Adds a note with its explanation.
  addNote(note, why) {
    return this.#add({ note, why, bytes: ROW_BYTES });
  }

  // Adds the counts to the last row if it is a note about skipped frames. Otherwise, adds a new
  // note.
  addSkipped({ to_server, to_client }) {
    const last = this.rows.at(-1);
    const row = last?.skipped ? last : this.addNote("", SKIPPED);
    row.skipped ??= { frames: 0, bytes: 0 };
    row.skipped.frames += to_server.frames + to_client.frames;
    row.skipped.bytes += to_server.bytes + to_client.bytes;
    const { frames, bytes } = row.skipped;
    row.note = `${plural(frames, "frame")} of ${plural(bytes, "byte")} in all came too fast to be shown.`;
    return row;
  }

  #add(row) {
    row.id = this.#next++;
    row.arrived = performance.now();
    this.rows.push(row);
    this.bytes += row.bytes;
    while (this.bytes > MAX_BYTES && this.rows.length > 1) {
      const oldest = this.rows.shift();
      this.bytes -= oldest.bytes;
      this.discarded += 1;
      if (this.visible[0] === oldest) this.visible.shift();
    }
    if (row.id < this.#end && this.#passes(row)) this.visible.push(row);
    return row;
  }

  // Shows only the rows for which `passes` returns true.
  filter(passes) {
    this.#passes = passes;
    this.visible = this.rows.filter((row) => row.id < this.#end && passes(row));
  }

  // While the display is paused, rows are added but do not become visible.
  pause(paused) {
    this.#end = paused ? this.#next : Infinity;
    this.filter(this.#passes);
  }
}

// Returns the first field with this name, at any depth.
export function find(fields, name) {
  for (const field of fields) {
    const found = field.name === name ? field : find(field.fields ?? [], name);
    if (found) return found;
  }
}

export const fieldOf = (record, name) => find(record.fields, name);

// ---- Filter and find ----------------------------------------------------------------------------

// Returns a function that decides whether a row contains `wanted`. If `wanted` is two or more bytes
// in hexadecimal, with spaces or colons between them, the function looks for these bytes as well as
// for the text. The last byte may be half typed.
export function searchFor(wanted) {
  const text = wanted.trim().toLowerCase();
  if (!text) return () => true;
  const bytes = /^[0-9a-f]{2}([ :][0-9a-f]{2})*[ :][0-9a-f]{1,2}$/.test(text) ? text.replaceAll(" ", ":") : undefined;
  return ({ record, note }) => {
    if (note !== undefined) return note.toLowerCase().includes(text);
    if (bytes && record.bytes.includes(bytes)) return true;
    return record.summary.toLowerCase().includes(text)
      || record.findings.some(({ rule, sentence }) => `${rule} ${sentence}`.toLowerCase().includes(text))
      || textsOf(record.fields).some((value) => value.toLowerCase().includes(text));
  };
}

// Returns the texts in these fields, such as header fields and unmasked payloads.
const BYTES = /^[0-9a-f]{2}(:[0-9a-f]{2})*$/;
function textsOf(fields) {
  return fields.flatMap(({ label, value, fields }) => [
    ...(typeof value === "string" && !BYTES.test(value) ? [`${label}: ${value}`] : []),
    ...textsOf(fields ?? []),
  ]);
}

// Returns a function that decides whether a row passes the filter. `direction` and `kind` are the
// values chosen on the page, and an empty value lets everything pass.
export function filterFor({ direction, kind, text, hidePushes }) {
  const contains = searchFor(text);
  return (row) => {
    const { record, opcode } = row;
    // A note belongs to both directions, but to no kind of frame.
    if (!record) return !kind && contains(row);
    if (direction && record.direction !== direction) return false;
    if (hidePushes && record.direction === "to_client" && opcode === 1) return false;
    if (kind === "head" && record.kind === "frame") return false;
    if (kind === "wrong" && record.findings.length === 0) return false;
    if (kind && kind !== "head" && kind !== "wrong" && opcode !== Number(kind)) return false;
    return contains(row);
  };
}
