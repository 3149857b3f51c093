// Links into the book, which is served by a separate program: `cargo run -p book`.
//
// The page checks whether the book is running only when the user follows a link. If it is not, the
// page says how to start it, instead of opening a tab with the browser's error.

import { byId, make } from "./dom.js";

export const BOOK = "http://127.0.0.1:8090/";

// The chapter that explains a part of a frame or head.
const CHAPTERS = {
  fin: ["messages", "Messages and fragments"],
  opcode: ["frames", "Frames, byte by byte"],
  reserved: ["frames", "Frames, byte by byte"],
  length: ["frames", "Frames, byte by byte"],
  payload: ["frames", "Frames, byte by byte"],
  mask: ["masking", "Masking, and why it exists"],
  start_line: ["handshake", "The opening handshake"],
  handshake: ["handshake", "The opening handshake"],
  header: ["handshake", "The opening handshake"],
};

// The chapters that explain a single field, by the beginning of the field's name.
const FIELDS = [
  ["websocket.payload.close", ["closing", "The closing handshake"]],
  ["websocket.payload.ping", ["control", "Ping and Pong"]],
  ["websocket.payload.pong", ["control", "Ping and Pong"]],
  ["websocket.payload.text", ["text", "Text is UTF-8"]],
];

// The RFCs that the book restates, rule by rule.
const RESTATED = [6455, 7692];

// Returns links to the chapter and to the rules that explain a field.
export function linksFor({ name, part, rfc, section }) {
  const links = [];
  const chapter = FIELDS.find(([begin]) => name?.startsWith(begin))?.[1] ?? CHAPTERS[part];
  if (chapter) links.push(link(`${chapter[0]}.html`, `Book: ${chapter[1]}`));
  if (RESTATED.includes(rfc)) links.push(ruleLink(rfc, section));
  return links;
}

export function ruleLink(rfc, section) {
  return link(`rfc${rfc}.html#section-${section.replaceAll(".", "-")}`, `RFC ${rfc} in plain words, ${section}`);
}

export function link(page, text) {
  const element = make("a", "book", text);
  element.href = BOOK + page;
  element.target = "_blank";
  element.rel = "noreferrer";
  return element;
}

async function answers() {
  try {
    await fetch(BOOK, { mode: "no-cors", cache: "no-store" });
    return true;
  } catch {
    return false;
  }
}

// Opens links into the book in a new tab. If the book is not running, says so instead.
export function followBookLinks() {
  document.addEventListener("click", async (event) => {
    const element = event.target.closest?.("a.book");
    if (!element || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (await answers()) {
      open(element.href, "_blank", "noopener,noreferrer");
      return;
    }
    byId("book_address").textContent = element.href;
    byId("book_hint").showModal();
  });
}
