// Explains bytes: on hover, tap, focus and arrow keys, a card shows the fields of a byte.
//
// The HTML comes from `src/bytes/html.rs`. Each byte names its entries in the list at the end of
// its page. This is not a module, because browsers load no modules from `file://`.
"use strict";
{
  const ARROWS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 };

  const make = (name, className = "", text = "") =>
    Object.assign(document.createElement(name), { className, textContent: text });

  // ---- What is known about a byte -----------------------------------------------------------------

  const lists = new Map();

  /** Returns the list of entries at the end of a page. The print version has one per chapter. */
  const listOf = (page) => {
    if (!lists.has(page)) {
      const text = document.getElementById(`wire-${page}`).textContent;
      lists.set(page, [...new DOMParser().parseFromString(text, "text/html").querySelectorAll("li")]);
    }
    return lists.get(page);
  };

  /** Returns the entries of a byte. */
  const entriesOf = (byte) => {
    const list = listOf(byte.closest(".wire").dataset.page);
    return byte.dataset.f.split(" ").map((number) => list[number]);
  };

  /** Returns all bytes of the unit, which may continue on other lines. */
  const unitOf = (byte) => {
    const number = byte.closest(".wire-unit").dataset.u;
    return [...byte.closest(".wire").querySelectorAll(`.wire-unit[data-u="${number}"] b`)];
  };

  const bytesOf = (wire) => [...wire.querySelectorAll("b[data-f]")];

  // ---- The card -----------------------------------------------------------------------------------

  const card = make("div", "wire-card");
  card.setAttribute("role", "region");
  card.hidden = true;
  card.setAttribute("aria-live", "polite");
  card.setAttribute("aria-label", "The byte explained");
  let shown = null;
  // A card that was opened by a tap or a key stays until another byte is chosen or the card is
  // closed.
  let isPinned = false;
  let leaving = 0;

  /** Returns the row of eight bits, each in the colour of its field. */
  const bitsOf = (byte, entries) => {
    const row = make("p", "wire-bits");
    const value = parseInt(byte.textContent, 16);
    for (let bit = 0x80; bit; bit >>= 1) {
      const field = entries.find((entry) => entry.dataset.mask & bit);
      row.append(make("i", field?.className ?? "", value & bit ? "1" : "0"));
    }
    return row;
  };

  /** Returns the row that shows how a masked byte becomes a byte of the payload. */
  const unmaskingOf = ({ textContent, dataset: { k, p } }) => {
    const code = parseInt(p, 16);
    const character = code > 0x20 && code < 0x7f ? ` "${String.fromCharCode(code)}"` : "";
    const row = make("p", "wire-xor");
    row.append(make("i", "payload", textContent), " ^ ", make("i", "mask", k), " = ", make("i", "", p), character);
    row.append(make("small", "", "masked byte, byte of the key, byte of the payload"));
    return row;
  };

  const fill = (byte) => {
    const unit = byte.closest(".wire-unit");
    const bytes = unitOf(byte);
    const entries = entriesOf(byte);
    const head = make("p", "wire-where");
    const isText = byte.closest(".wire-head");
    if (!isText) head.append(make("samp", "", byte.textContent), `byte ${bytes.indexOf(byte) + 1} of ${bytes.length}`);
    head.append(make("span", "", unit.dataset.s));
    const close = make("button", "", "×");
    close.setAttribute("aria-label", "Close the explanation");
    close.onclick = hide;
    card.replaceChildren(close, head);
    if (entries.some((entry) => entry.dataset.mask)) card.append(bitsOf(byte, entries));
    if (byte.dataset.k) card.append(unmaskingOf(byte));
    for (const entry of entries) {
      const copy = make("div", entry.className);
      copy.append(...[...entry.children].map((child) => child.cloneNode(true)));
      card.append(copy);
    }
  };

  /** Puts the card below the block or, if there is no room, above it or at the window's edge. */
  const place = (byte) => {
    const wire = byte.closest(".wire");
    const block = (wire.localName === "div" ? wire : byte).getBoundingClientRect();
    const column = card.parentElement.getBoundingClientRect();
    const height = card.offsetHeight;
    const isDocked = innerWidth < 700;
    card.classList.toggle("docked", isDocked);
    if (isDocked) {
      card.style.top = card.style.left = "";
      return;
    }
    let top = block.bottom + 6;
    if (top + height > innerHeight) top = block.top - 6 - height;
    if (top < 60) top = Math.max(byte.getBoundingClientRect().bottom + 10, innerHeight - height - 12);
    card.style.top = `${top - column.top}px`;
    const left = wire.localName === "div" ? block.left - column.left : block.left - column.left - 12;
    card.style.left = `${Math.max(0, Math.min(left, column.width - card.offsetWidth))}px`;
  };

  const show = (byte, pin) => {
    clearTimeout(leaving);
    isPinned = pin;
    if (shown === byte && !card.hidden) return;
    clear();
    shown = byte;
    // Mark the byte, and the other bytes that belong to the same fields.
    const field = byte.dataset.f;
    unitOf(byte)
      .filter((other) => other.dataset.f === field)
      .forEach((other) => other.classList.add("on"));
    byte.classList.add("here");
    fill(byte);
    card.hidden = false;
    place(byte);
  };

  const clear = () => document.querySelectorAll(".wire .on").forEach((byte) => byte.classList.remove("on", "here"));

  const hide = () => {
    clear();
    card.hidden = true;
    shown = null;
    isPinned = false;
  };

  // ---- Mouse, finger and keys ---------------------------------------------------------------------

  const focus = (byte) => {
    const wire = byte.closest(".wire");
    bytesOf(wire).forEach((other) => (other.tabIndex = other === byte ? 0 : -1));
    byte.focus({ preventScroll: card.classList.contains("docked") });
    byte.scrollIntoView({ block: "nearest" });
  };

  /** Returns the byte to which a key leads. Up and down skip other bytes of the same fields. */
  const target = (byte, key) => {
    const bytes = bytesOf(byte.closest(".wire"));
    if (key === "Home") return bytes[0];
    if (key === "End") return bytes.at(-1);
    let at = bytes.indexOf(byte) + ARROWS[key];
    const isByField = key === "ArrowUp" || key === "ArrowDown";
    while (isByField && bytes[at]?.dataset.f === byte.dataset.f) at += ARROWS[key];
    return bytes[at];
  };

  const prepare = (wire) => {
    bytesOf(wire).forEach((byte, index) => {
      byte.tabIndex = index ? -1 : 0;
      byte.setAttribute("role", "button");
      const names = entriesOf(byte).map((entry) => entry.querySelector("b").textContent);
      byte.setAttribute("aria-label", `${byte.textContent}: ${names.join(", ")}`);
    });
    const byteAt = (event) => event.target.closest("b[data-f]");
    wire.addEventListener("pointerover", (event) => {
      const byte = byteAt(event);
      if (byte && event.pointerType === "mouse" && !isPinned) show(byte, false);
    });
    wire.addEventListener("pointerleave", leave);
    wire.addEventListener("click", (event) => {
      const byte = byteAt(event);
      if (!byte) return;
      focus(byte);
      show(byte, true);
    });
    wire.addEventListener("focusin", (event) => {
      if (byteAt(event)?.matches(":focus-visible")) show(byteAt(event), true);
    });
    wire.addEventListener("keydown", (event) => {
      const byte = byteAt(event);
      if (!byte || event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "Enter" || event.key === " ") show(byte, true);
      else if (event.key in ARROWS || event.key === "Home" || event.key === "End") {
        const next = target(byte, event.key);
        if (next) focus(next), show(next, true);
      } else return;
      // Otherwise the arrow keys would turn the pages of the book.
      event.preventDefault();
      event.stopPropagation();
    });
  };

  const leave = () => {
    // The mouse needs a moment to reach the card.
    if (!isPinned) leaving = setTimeout(hide, 250);
  };

  const start = () => {
    const wires = document.querySelectorAll(".wire");
    if (!wires.length) return;
    wires.forEach(prepare);
    document.querySelector("main").append(card);
    card.addEventListener("pointerenter", () => clearTimeout(leaving));
    card.addEventListener("pointerleave", leave);
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !card.hidden) hide();
    });
    document.addEventListener("click", (event) => {
      if (isPinned && !event.target.closest(".wire, .wire-card")) hide();
    });
    addEventListener("resize", () => shown && place(shown));
  };

  document.readyState === "loading" ? addEventListener("DOMContentLoaded", start) : start();
}
