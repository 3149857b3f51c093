// The list of heads and frames. Only the rows in view exist as elements, so 10,000 rows cost no
// more than thirty.
//
//   #frames            scrolls
//   └── .sizer         is as high as all rows together
//       └── .window    holds the rows in view, moved down to where they belong
//
// The list itself keeps the focus and names its chosen row, because a row's element is removed when
// the row leaves the view.

import { byId, make, number, plural, titleOf } from "./dom.js";

// The number of rows above and below the view that also have elements, so that scrolling does not
// show a gap.
const OVERSCAN = 8;

export class List {
  chosen; // the chosen row
  #log;
  #onChoose;
  #list = byId("frames");
  #sizer = this.#list.querySelector(".sizer");
  #window = this.#list.querySelector(".window");
  #elements = new Map(); // the element of each row in view
  #follows = true; // whether the newest row stays in view
  #waits = false; // whether an update is scheduled

  // `onChoose` is called when another row is chosen, `onPick` when the user clicks or taps a row,
  // and `onEnter` when the user goes on to the bytes.
  constructor(log, { onChoose, onPick, onEnter }) {
    this.#log = log;
    this.#onChoose = onChoose;
    const list = this.#list;
    list.addEventListener("scroll", () => {
      this.#follows = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
      this.#render();
    });
    new ResizeObserver(() => this.#update()).observe(list);
    list.addEventListener("click", ({ target }) => {
      const row = target.closest("[role=option]")?.row;
      if (!row) return;
      this.choose(row);
      onPick();
    });
    list.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "Enter" || event.key === "ArrowRight") {
        event.preventDefault();
        onEnter();
        return;
      }
      const { visible } = this.#log;
      const page = Math.max(1, Math.floor(list.clientHeight / this.#height()) - 1);
      const at = this.#position();
      const to = {
        ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page, Home: 0, End: visible.length - 1,
      }[event.key];
      if (to === undefined || visible.length === 0) return;
      event.preventDefault();
      this.choose(visible[Math.min(Math.max(to, 0), visible.length - 1)]);
    });
    byId("newest").onclick = () => {
      this.#follows = true;
      this.#update();
      list.focus();
    };
  }

  // Returns the position of the chosen row, or of the last visible row before it.
  #position() {
    return this.chosen ? this.#log.visible.findLastIndex(({ id }) => id <= this.chosen.id) : -1;
  }

  #height() {
    return this.#window.firstElementChild?.offsetHeight || 28;
  }

  // Forgets the rows of an earlier connection.
  clear() {
    this.chosen = undefined;
    this.#follows = true;
    this.#elements.clear();
    this.update();
  }

  // Schedules an update of the list: a single one for all rows that arrive together.
  update() {
    if (this.#waits) return;
    this.#waits = true;
    queueMicrotask(() => {
      this.#waits = false;
      this.#update();
    });
  }

  #update() {
    this.#render();
    if (this.#follows) {
      this.#list.scrollTop = this.#list.scrollHeight;
      this.#render();
    }
  }

  choose(row) {
    const changed = this.chosen !== row;
    this.chosen = row;
    const at = this.#log.visible.indexOf(row);
    if (at >= 0) {
      this.#render();
      const [height, list] = [this.#height(), this.#list];
      // Compute the scroll position here, because scrollIntoView would scroll the whole page as well.
      const lowest = (at + 1) * height - list.clientHeight;
      const wanted = Math.max(Math.min(list.scrollTop, at * height), lowest);
      if (wanted !== list.scrollTop) {
        list.scrollTop = wanted;
        this.#follows = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
      }
    }
    this.#render();
    if (changed) this.#onChoose(row);
  }

  #render() {
    const { visible, rows, start, waiting, paused } = this.#log;
    const list = this.#list;
    const height = this.#height();
    const first = Math.max(0, Math.floor(list.scrollTop / height) - OVERSCAN);
    const last = Math.min(visible.length, Math.ceil((list.scrollTop + list.clientHeight) / height) + OVERSCAN);
    this.#sizer.style.height = `${visible.length * height}px`;
    this.#window.style.transform = `translateY(${first * height}px)`;
    const elements = new Map();
    for (let at = first; at < last; at += 1) {
      const row = visible[at];
      const element = this.#elements.get(row) ?? rowElement(row, start);
      if (row.skipped) element.lastChild.textContent = row.note;
      element.setAttribute("aria-posinset", at + 1);
      element.setAttribute("aria-setsize", visible.length);
      element.setAttribute("aria-selected", row === this.chosen);
      elements.set(row, element);
    }
    this.#elements = elements;
    // Leave the rows that stay where they are: if they were inserted again, their animations would
    // begin again.
    for (const child of [...this.#window.children]) if (!elements.has(child.row)) child.remove();
    let next = this.#window.firstElementChild;
    for (const element of elements.values()) {
      if (element === next) next = next.nextElementSibling;
      else this.#window.insertBefore(element, next);
    }
    const active = elements.get(this.chosen);
    if (active) list.setAttribute("aria-activedescendant", active.id);
    else list.removeAttribute("aria-activedescendant");
    byId("newest").hidden = this.#follows || visible.length === 0;
    const hidden = rows.length - waiting - visible.length;
    const count = hidden > 0
      ? `${number(visible.length)} of ${plural(rows.length - waiting, "row")}`
      : plural(visible.length, "row");
    byId("count").textContent = !paused ? count
      : `${count}. Paused, ${plural(waiting, "new row is", "new rows are")} waiting`;
    byId("nothing").hidden = visible.length > 0 || hidden === 0;
  }
}

function rowElement(row, start) {
  const { id, record, note } = row;
  const element = make("div", "row");
  element.id = `row-${id}`;
  // A row that comes into view later, because the user scrolls to it, is not new.
  element.classList.toggle("new", performance.now() - row.arrived < 500);
  element.setAttribute("role", "option");
  element.row = row;
  if (!record) {
    element.classList.add("note");
    element.append(make("span", "what", note));
    return element;
  }
  const sent = record.direction === "to_server";
  element.classList.add(sent ? "sent" : "received");
  element.classList.toggle("wrong", record.findings.length > 0);
  const arrow = make("b", "", sent ? "→" : "←");
  arrow.setAttribute("aria-hidden", "true");
  const what = make("span", "what");
  what.append(make("span", "sr", sent ? "from this page: " : "from the server: "), titleOf(record));
  element.append(
    make("span", "dim number", record.number), arrow,
    make("span", "dim time", seconds(record, start)),
    make("span", "dim length", number(record.length)), what,
  );
  return element;
}

// Returns the time of a record in seconds since the first one.
function seconds({ ended_at }, start) {
  return ended_at && start ? (ended_at - start).toFixed(3) : "";
}
