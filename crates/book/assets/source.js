// The second pane: the source of the workspace beside the page.
//
// The query of the page's address names what the pane shows, such as
// `?source=crates/protocol/src/utf8.rs:Utf8Validator`. The data of a file is a script that calls
// `bookSource`, so that the pane also works on a page that was opened from a disk. For the same
// reason, this script is not a module: browsers load modules only from a server.

(() => {
  "use strict";

  // Up to this width of the window, the pane covers the page instead of standing beside it.
  // `source.css` repeats the width.
  const OVER_THE_PAGE = matchMedia("(max-width: 1000px)");
  // The width of the pane, in per cent of the window: the minimum, the initial width and the
  // maximum.
  const WIDTHS = { min: 30, first: 54, max: 75 };
  // The distance that an arrow key moves the edge of the pane, in per cent of the window.
  const STEP = 3;
  const LANGUAGES = {
    rs: "rust",
    js: "javascript",
    mjs: "javascript",
    py: "python",
    md: "markdown",
    toml: "ini",
    sh: "bash",
  };

  // --- Data ------------------------------------------------------------------------------------

  const root = new URL(path_to_root || ".", location.href.split(/[?#]/)[0]);
  const loading = new Map();
  let received;

  // The scripts with the data call this function.
  window.bookSource = (data) => (received = data);

  function load(name) {
    if (!loading.has(name)) {
      loading.set(
        name,
        new Promise((resolve, reject) => {
          const script = document.createElement("script");
          script.src = new URL(`source/${name}.js`, root);
          script.onload = () => resolve(received);
          script.onerror = () => reject(new Error(`${name} is not in the book`));
          document.head.append(script);
        }),
      );
    }
    return loading.get(name);
  }

  // --- Addresses -------------------------------------------------------------------------------

  // Splits `crates/a.rs:Type::item@rfc6455-5-1-rule-3` into its parts.
  function parse(address) {
    const [place, rule] = address.split("@");
    const colon = place.indexOf(":");
    return colon < 0 ? { path: place, rule } : { path: place.slice(0, colon), item: place.slice(colon + 1), rule };
  }

  const addressOf = (url) => new URLSearchParams(new URL(url, location.href).search).get("source");

  // Returns a link to a place in the book, such as `rfc6455.html#section-5-1`.
  const pageLink = (page, properties) => element("a", { ...properties, data: { page } });

  // Updates the links to the book, so that the pane keeps its contents when the reader follows one.
  function keepShown() {
    for (const link of text.querySelectorAll("a[data-page]")) {
      const [name, fragment] = link.dataset.page.split("#");
      link.href = `${new URL(name, root)}?source=${shown}#${fragment}`;
    }
  }

  // --- Elements --------------------------------------------------------------------------------

  function element(name, properties = {}, ...children) {
    const { data, aria, ...rest } = properties;
    const made = Object.assign(document.createElement(name), rest);
    Object.entries(aria ?? {}).forEach(([key, value]) => made.setAttribute(`aria-${key}`, value));
    Object.assign(made.dataset, data);
    made.append(...children.filter((child) => child !== undefined));
    return made;
  }

  const edge = element("div", {
    className: "source-edge",
    tabIndex: 0,
    role: "separator",
    aria: { label: "Width of the source", orientation: "vertical", valuemin: WIDTHS.min, valuemax: WIDTHS.max },
  });
  const folders = element("nav", { className: "source-folders", aria: { label: "Folder of this file" } });
  const title = element("h2", { className: "source-title", tabIndex: -1 });
  const outline = element("select", { className: "source-outline", aria: { label: "Go to an item of this file" } });
  const widen = element("button", { type: "button", className: "source-widen", title: "Source only" }, icon("widen"));
  const close = element(
    "button",
    { type: "button", title: "Close (Esc)", aria: { label: "Close the source" } },
    icon("close"),
  );
  const text = element("div", { className: "source-text", tabIndex: 0, role: "region" });
  const pane = element(
    "aside",
    { id: "source", hidden: true, aria: { label: "Source" } },
    edge,
    element(
      "div",
      { className: "source-head" },
      element("div", { className: "source-name" }, folders, title),
      outline,
      widen,
      close,
    ),
    text,
  );
  const scrim = element("div", { className: "source-scrim", hidden: true });

  function icon(name) {
    const drawings = { widen: "M9 5H4v5M15 5h5v5M9 19H4v-5M15 19h5v-5", close: "M6 6l12 12M18 6L6 18" };
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", drawings[name]);
    svg.append(path);
    return svg;
  }

  // --- A file ----------------------------------------------------------------------------------

  // Returns the lines of a file as HTML. An element that spans several lines is closed at the end
  // of each line and opened again on the next.
  function highlight(path, source) {
    const language = LANGUAGES[path.split(".").pop()];
    const escaped = () => source.replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c]);
    const html = hljs.getLanguage(language) ? hljs.highlight(language, source, true).value : escaped();
    const open = [];
    return html
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => {
        const before = open.join("");
        for (const [tag] of line.matchAll(/<\/?span[^>]*>/g)) tag.startsWith("</") ? open.pop() : open.push(tag);
        return before + line + "</span>".repeat(open.length);
      });
  }

  // Groups the citations whose comments follow each other directly, because they share one mark.
  function groups(citations) {
    const found = [];
    for (const citation of citations) {
      const group = found.at(-1);
      if (group?.last + 1 === citation.first) {
        group.citations.push(citation);
        group.last = citation.last;
      } else {
        found.push({ first: citation.first, last: citation.last, citations: [citation] });
      }
    }
    return found;
  }

  const sourceLink = (address, name) => element("a", { href: address, textContent: name });

  // Returns the card of a mark, with each rule in plain words and the other places that cite it.
  function ruleCard({ citations }, id) {
    const card = element("span", { className: "rule-card", id, hidden: true });
    for (const { sentence, section, page, anchor, test, others } of citations) {
      const rule = element("span", { className: "rule", data: { anchor } });
      const words = element("span", { className: "rule-sentence" });
      // The sentence is Markdown, but contains only code and emphasis.
      for (const piece of sentence.split(/(`[^`]+`|\*[^*]+\*)/)) {
        if (piece.startsWith("`")) words.append(element("code", { textContent: piece.slice(1, -1) }));
        else if (piece.startsWith("*")) words.append(element("em", { textContent: piece.slice(1, -1) }));
        else words.append(piece);
      }
      const number = page.match(/\d+/)[0];
      rule.append(
        pageLink(`${page}#${anchor}`, { className: "rule-section", textContent: `RFC ${number}, section ${section}` }),
        words,
      );
      for (const [label, tests] of [
        [test ? "Obeyed by" : "Also obeyed by", false],
        [test ? "Also tested by" : "Tested by", true],
      ]) {
        const places = others.filter(([, , isTest]) => isTest === tests);
        if (places.length === 0) continue;
        const list = element("span", { className: "rule-places" }, element("b", { textContent: label }));
        places.forEach(([address, name]) => list.append(" ", sourceLink(address, name)));
        rule.append(list);
      }
      card.append(rule);
    }
    return card;
  }

  function ruleMark(group, id) {
    const [{ section, sentence }, ...more] = group.citations;
    // The margin has room for seven or eight characters.
    const label = more.length > 0 ? `${section}+${more.length}` : `§${section}`;
    return element("button", {
      type: "button",
      className: "rule-mark",
      textContent: label,
      title: group.citations.map((citation) => citation.sentence).join("\n"),
      data: { test: group.citations.every((citation) => citation.test) },
      aria: { expanded: false, controls: id, label: `${label}: rule of section ${section}: ${sentence}` },
    });
  }

  function toggle(mark, open) {
    mark.setAttribute("aria-expanded", open);
    document.getElementById(mark.getAttribute("aria-controls")).hidden = !open;
  }

  // Links the terms and violations that the book explains: a violation wherever it occurs, and a
  // term only where it first occurs in the comments of an item.
  function linkNames(code, file, names) {
    const terms = Object.keys(names.terms).sort((a, b) => b.length - a.length);
    const inComment = new RegExp(`\`[^\`]*\`|\\b(${terms.join("|")})s?\\b`, "gi");
    const anywhere = new RegExp(`\\b(${Object.keys(names.violations).join("|")})\\b`, "g");
    const hasViolations = file.text.includes("Violation");
    const seen = new Set();
    const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (const node of nodes) {
      const line = Number(node.parentElement.closest(".line")?.dataset.line);
      if (!line) continue;
      const comment = node.parentElement.closest(".hljs-comment");
      const known = comment ? [inComment] : [];
      if (hasViolations) known.push(anywhere);
      const links = [];
      for (const pattern of known) {
        for (const match of node.data.matchAll(pattern)) {
          if (!match[1]) continue;
          const violation = pattern === anywhere;
          const term = match[1].toLowerCase();
          const once = `${smallestItem(file, line)} ${term}`;
          if (!violation && seen.has(once)) continue;
          seen.add(once);
          const page = violation ? names.violations[match[1]] : names.terms[term];
          links.push({ at: match.index, text: match[0], page, violation });
        }
      }
      // Start from the end, because each split changes the offsets after it.
      for (const { at, text: word, page, violation } of links.sort((a, b) => b.at - a.at)) {
        const rest = node.splitText(at);
        rest.splitText(word.length);
        rest.replaceWith(pageLink(page, { className: violation ? "known violation" : "known", textContent: word }));
      }
    }
  }

  function smallestItem({ items }, line) {
    let smallest;
    for (const item of items) {
      if (item[1] <= line && line <= item[3] && (!smallest || item[3] - item[1] <= smallest[3] - smallest[1]))
        smallest = item;
    }
    return smallest?.[0];
  }

  function showFile(file, names) {
    const lines = highlight(file.path, file.text);
    const code = element("code", { className: "hljs" });
    const marks = new Map(groups(file.citations).map((group) => [group.last + 1, group]));
    const folded = new Set();
    marks.forEach(({ first, last }) => {
      for (let line = first; line <= last; line++) folded.add(line);
    });
    lines.forEach((html, index) => {
      const number = index + 1;
      if (folded.has(number)) return;
      const line = element("span", { className: "line", data: { line: number } });
      // A line may be broken after a hyphen, but not within an arrow.
      line.innerHTML = `${html.replaceAll("-&gt;", `<span class="arrow">-&gt;</span>`)}\n`;
      // When a long line is broken, a comment continues below its text, and code is indented
      // further.
      const [, spaces, slashes] = line.textContent.match(/^(\s*)(\/\/[/!]? ?)?/);
      line.style.setProperty("--indent", `${spaces.length + (slashes?.length ?? 4)}ch`);
      const group = marks.get(number);
      if (group) {
        const id = `rule-card-${number}`;
        line.prepend(ruleMark(group, id));
        code.append(ruleCard(group, id));
      }
      code.append(line);
    });
    linkNames(code, file, names);
    text.replaceChildren(element("pre", {}, code));
    outline.replaceChildren(
      element("option", { value: "", textContent: "Items" }),
      ...file.items.map(([name]) => element("option", { value: name, textContent: name })),
    );
    outline.hidden = file.items.length === 0;
  }

  function showFolder({ path, entries }) {
    const list = element("ul", { className: "source-entries" });
    for (const entry of entries) {
      list.append(element("li", {}, sourceLink(addressIn(`${path}/${entry}`.replace(/\/$/, "")), entry)));
    }
    text.replaceChildren(list);
    outline.hidden = true;
  }

  const addressIn = (path) => `?source=${path}`;

  function showName(path, place) {
    const parts = path.split("/");
    const name = parts.pop();
    folders.replaceChildren();
    parts.forEach((part, index) => {
      const folder = parts.slice(0, index + 1).join("/");
      // The folder `docs` is the book itself.
      folders.append(part === "docs" ? part : sourceLink(addressIn(folder), part), " / ");
    });
    title.replaceChildren(name, ...(place ? [" ", element("span", { textContent: place })] : []));
    text.setAttribute("aria-label", `Source of ${path}`);
  }

  // Marks the lines of an item, and scrolls to them. If the address names a rule, opens the card of
  // that rule.
  function goTo(file, { item, rule }) {
    const marks = ["marked", "marked-name", "rule-target"];
    marks.forEach((name) => text.querySelectorAll(`.${name}`).forEach((marked) => marked.classList.remove(name)));
    const found = file.items.find(([name]) => name === item);
    outline.value = found?.[0] ?? "";
    let target;
    if (found) {
      const [, first, name, last] = found;
      for (const line of text.querySelectorAll(".line")) {
        const number = Number(line.dataset.line);
        if (number < first || number > last) continue;
        target ??= line;
        line.classList.add("marked");
        if (number === name) line.classList.add("marked-name");
      }
    }
    const card =
      rule &&
      [...text.querySelectorAll(".rule")].find(
        ({ dataset, parentElement }) => dataset.anchor === rule && (!found || isIn(parentElement, found)),
      );
    if (card) {
      const mark = text.querySelector(`[aria-controls="${card.parentElement.id}"]`);
      toggle(mark, true);
      card.classList.add("rule-target");
      target = card.parentElement;
    }
    const top = target ? target.getBoundingClientRect().top - text.getBoundingClientRect().top : 0;
    // Also show a few lines before the target, for context.
    text.scrollTop = target ? text.scrollTop + top - 72 : 0;
    text.scrollLeft = 0;
  }

  // Returns whether a card belongs to a line of an item.
  function isIn(card, [, first, , last]) {
    const line = Number(card.nextElementSibling.dataset.line);
    return first <= line && line <= last;
  }

  // --- The pane --------------------------------------------------------------------------------

  // The address that the pane shows, and the file at that address.
  let shown;
  let file;
  // The link that opened the pane. It gets the focus back when the pane closes.
  let opener;

  async function render({ focus }) {
    const address = addressOf(location.href);
    if (address === shown) return;
    const before = shown && parse(shown).path;
    shown = address;
    if (!address) return hide();
    const place = parse(address);
    show();
    showName(place.path, place.item);
    try {
      if (place.path !== before) {
        const [data, names] = await Promise.all([load(place.path), load("names")]);
        // The reader may have gone to another address in the meantime.
        if (shown !== address) return;
        file = data.entries ? undefined : data;
        file ? showFile(file, names) : showFolder(data);
      }
      keepShown();
      if (file) goTo(file, place);
      else text.scrollTop = 0;
    } catch (error) {
      file = undefined;
      outline.hidden = true;
      text.replaceChildren(
        element("p", { className: "source-absent", role: "alert", textContent: `${error.message}.` }),
      );
    }
    if (focus) title.focus({ preventScroll: true });
  }

  function show() {
    pane.hidden = false;
    document.documentElement.classList.add("source-open");
    cover();
  }

  function hide() {
    pane.hidden = true;
    file = undefined;
    text.replaceChildren();
    document.documentElement.classList.remove("source-open", "source-only");
    widen.setAttribute("aria-pressed", false);
    cover();
  }

  // Makes the parts that the pane covers inert, so that the keyboard cannot reach them.
  function cover() {
    const over = !pane.hidden && OVER_THE_PAGE.matches;
    const covered = over || document.documentElement.classList.contains("source-only");
    scrim.hidden = !over;
    document.querySelectorAll("#mdbook-page-wrapper, #mdbook-sidebar").forEach((part) => (part.inert = covered));
  }

  // Shows an address in the pane, or closes the pane if there is no address.
  function go(address) {
    const url = new URL(location.href);
    url.search = address ? `?source=${address}` : "";
    history.pushState(null, "", url);
    return render({ focus: Boolean(address) });
  }

  async function leave() {
    await go(undefined);
    (opener ?? document.querySelector("main a"))?.focus();
  }

  function setWidth(percent) {
    const width = Math.round(Math.min(WIDTHS.max, Math.max(WIDTHS.min, percent)));
    document.documentElement.style.setProperty("--source-width", `${width}vw`);
    edge.setAttribute("aria-valuenow", width);
    try {
      localStorage.setItem("book-source-width", width);
    } catch {
      // The browser stores nothing for this page, so the width lasts only until the reader leaves
      // it.
    }
    return width;
  }

  function storedWidth() {
    try {
      return Number(localStorage.getItem("book-source-width")) || WIDTHS.first;
    } catch {
      return WIDTHS.first;
    }
  }

  // --- Events ----------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (
      !link ||
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    const url = new URL(link.href);
    const address = addressOf(url);
    // A link with a fragment leads to another place in the book.
    if (!address || url.hash || url.origin !== location.origin) return;
    event.preventDefault();
    if (!pane.contains(link)) opener = link;
    // Opening the pane makes the page narrower, so keep the link where it is in the window.
    const top = link.getBoundingClientRect().top;
    go(address);
    if (!pane.contains(link)) scrollBy({ top: link.getBoundingClientRect().top - top, behavior: "instant" });
  });

  text.addEventListener("click", ({ target }) => {
    const mark = target.closest(".rule-mark");
    if (mark) toggle(mark, mark.getAttribute("aria-expanded") !== "true");
  });

  outline.addEventListener("change", () => go(outline.value ? `${file.path}:${outline.value}` : file.path));
  close.addEventListener("click", leave);
  scrim.addEventListener("click", leave);
  widen.setAttribute("aria-pressed", false);
  widen.setAttribute("aria-label", "Show only the source");
  widen.addEventListener("click", () => {
    widen.setAttribute("aria-pressed", document.documentElement.classList.toggle("source-only"));
    cover();
  });

  pane.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const card = event.target.closest(".rule-card");
      const mark = card
        ? text.querySelector(`[aria-controls="${card.id}"]`)
        : event.target.closest(".rule-mark[aria-expanded=true]");
      if (mark) {
        toggle(mark, false);
        mark.focus();
      } else {
        leave();
      }
    }
    // Elsewhere in the book, the arrow keys go to another chapter, and some letters open the
    // search.
    if (event.key.startsWith("Arrow") || event.target === outline) event.stopPropagation();
  });

  edge.addEventListener("keydown", (event) => {
    const now = Number(edge.getAttribute("aria-valuenow"));
    const widths = { ArrowLeft: now + STEP, ArrowRight: now - STEP, Home: WIDTHS.min, End: WIDTHS.max };
    if (!(event.key in widths)) return;
    event.preventDefault();
    setWidth(widths[event.key]);
  });
  edge.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    edge.setPointerCapture(event.pointerId);
    const move = ({ clientX }) => setWidth(((innerWidth - clientX) / innerWidth) * 100);
    edge.addEventListener("pointermove", move);
    edge.addEventListener("lostpointercapture", () => edge.removeEventListener("pointermove", move), { once: true });
  });

  OVER_THE_PAGE.addEventListener("change", cover);
  addEventListener("popstate", () => render({ focus: false }));

  setWidth(storedWidth());
  document.body.append(scrim, pane);
  render({ focus: false });
})();
