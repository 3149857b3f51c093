// Small functions for elements and texts.
//
// The displayed data may come from other clients, so it is inserted as text and never as markup.

export const byId = (id) => document.getElementById(id);

export function make(name, className, text) {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

// Groups the digits of numbers from 10,000 up. Close codes, which have four digits, stay as they
// are.
export const number = (value) => value.toLocaleString("en", { useGrouping: "min2" });

export const plural = (count, what, many = `${what}s`) => `${number(count)} ${count === 1 ? what : many}`;

// Cuts between characters. `text.slice` could cut a character in half, which would be displayed as
// garbage.
export const cut = (text, most) => (text.length > most ? `${[...text].slice(0, most).join("")}…` : text);

// Reports the result of an action to the user, and to a screen reader, beside its button.
export const report = (text, where = "said") => {
  byId(where).textContent = text;
};

// The characters that have an effect but no visible shape: control characters, characters that
// change the direction of writing, and other invisible ones. They are the same as in the
// dissector's `is_harmful`.
const HARMFUL = new RegExp(
  "[\\p{Cc}\\u2028\\u2029\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069\\u00ad\\u180e\\u200b\\u2060-\\u2065" +
  "\\u206a-\\u206f\\ufeff\\ufff9-\\ufffb\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e007f}]", "gu");
const ESCAPES = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

// Returns the text with these characters escaped, as the dissector's `printable` does.
export const visible = (text) =>
  text.replace(HARMFUL, (character) => ESCAPES[character] ?? `\\u{${character.codePointAt(0).toString(16)}}`);

// Matches the token in a request, by which the page finds its own connection (see the server's
// `wire`).
export const TOKEN = /\bwire=[0-9a-f]{32}\b/;

// Returns the summary of a record as the page shows it, with the token shortened and the digits of
// long lengths in groups.
export const titleOf = ({ kind, summary }) => visible(kind === "request"
  ? summary.replace(TOKEN, "wire=…")
  : summary.replace(/^([^:]*?)(\d{5,})(?= bytes)/, (_, before, digits) => before + number(Number(digits))));
