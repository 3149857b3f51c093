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

export const number = (value) => value.toLocaleString("en");

export const plural = (count, what, many = `${what}s`) => `${number(count)} ${count === 1 ? what : many}`;

// Cuts between characters. `text.slice` could cut a character in half, and a half would be
// displayed as garbage.
export const cut = (text, most) => (text.length > most ? `${[...text].slice(0, most).join("")}…` : text);

// Reports the result of an action to the user, and to a screen reader.
export const report = (text) => {
  byId("said").textContent = text;
};
