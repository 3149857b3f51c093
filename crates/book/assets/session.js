// The timeline of *Every byte of one connection*: the bytes of each step as a strip of colours, and
// a button that opens all steps. Without this script, the page is a list of steps that the reader
// can open one by one.
"use strict";
{
  const make = (name, className = "", text = "") =>
    Object.assign(document.createElement(name), { className, textContent: text });

  /** Returns the length of a cell in bytes. In a head, a cell is text, and \r\n is two bytes. */
  const lengthOf = (cell) => {
    const end = cell.querySelector("s");
    return cell.closest(".wire-head") ? cell.textContent.length - (end ? end.textContent.length - 2 : 0) : 1;
  };

  /** Returns a strip that shows each field of a step as a coloured part, one unit wide per byte. */
  const stripOf = (cells) => {
    const strip = make("span", "strip");
    strip.ariaHidden = "true";
    let last = null;
    for (const cell of cells) {
      const part = cell.className.split(" ")[0];
      if (last?.className !== part) {
        last = make("i", part);
        last.count = 0;
        strip.append(last);
      }
      last.count += lengthOf(cell);
      last.style.flexGrow = last.count;
    }
    // Each byte is 5 px wide, unless the strip would then be too wide for its place.
    strip.style.width = `min(100%, ${5 * cells.reduce((sum, cell) => sum + lengthOf(cell), 0)}px)`;
    return strip;
  };

  // What the colours of the strips mean.
  const COLOURS = { opcode: "first line, opcode", mask: "headers, masking key", length: "length", payload: "payload" };

  const legend = () => {
    const legend = make("span");
    for (const [part, name] of Object.entries(COLOURS)) {
      const entry = make("span", "", name);
      entry.prepend(make("i", part));
      legend.append(entry);
    }
    return legend;
  };

  const start = () => {
    for (const session of document.querySelectorAll(".session")) {
      const steps = [...session.querySelectorAll("details")];
      let total = 0;
      for (const step of steps) {
        const cells = [...step.querySelectorAll(".wire b")];
        const count = cells.reduce((sum, cell) => sum + lengthOf(cell), 0);
        total += count;
        const summary = step.querySelector("summary");
        summary.append(make("span", "count", count ? `${count} ${count === 1 ? "byte" : "bytes"}` : "no byte"));
        if (count) summary.append(stripOf(cells));
      }
      session.dataset.bytes = total;
      const bar = make("p", "session-bar");
      const button = make("button", "", "Open every step");
      button.onclick = () => {
        const open = steps.some((step) => !step.open);
        steps.forEach((step) => (step.open = open));
      };
      session.addEventListener(
        "toggle",
        () => (button.textContent = steps.some((step) => !step.open) ? "Open every step" : "Close every step"),
        true,
      );
      bar.append(legend(), button);
      session.prepend(bar);
    }
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target?.localName === "details") target.open = true;
  };
  document.readyState === "loading" ? addEventListener("DOMContentLoaded", start) : start();
}
