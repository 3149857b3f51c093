// Adds to the pages of mdBook what the keyboard and screen readers need.
//
// This is not a module, because browsers load modules only from a server, and the book must also
// work from a disk.

(() => {
  "use strict";

  // The toggle of the table of contents is a label of a hidden checkbox, without a role and without
  // the focus. A button takes its place.
  const label = document.getElementById("mdbook-sidebar-toggle");
  const checkbox = document.getElementById(label.htmlFor);
  const toggle = document.createElement("button");
  for (const name of ["id", "class", "title", "aria-label", "aria-controls"])
    toggle.setAttribute(name, label.getAttribute(name));
  toggle.type = "button";
  toggle.append(...label.childNodes);
  toggle.addEventListener("click", () => checkbox.click());
  const tell = () => toggle.setAttribute("aria-expanded", checkbox.checked);
  checkbox.addEventListener("change", tell);
  tell();
  label.replaceWith(toggle);

  // The link of a heading to itself has no text if the heading is a link to elsewhere.
  for (const link of document.querySelectorAll("main a.header:empty")) {
    link.setAttribute("aria-label", `This section: ${link.parentElement.textContent.trim()}`);
  }

  // Everything on the page belongs to a landmark.
  document.getElementById("mdbook-menu-bar").setAttribute("role", "banner");
  document.getElementById("mdbook-search-wrapper")?.setAttribute("role", "search");

  // In Markdown, every table has a header. An empty one names nothing.
  for (const header of document.querySelectorAll("main thead")) {
    if (!header.textContent.trim()) header.remove();
  }
  for (const cell of document.querySelectorAll("main th:empty")) cell.replaceWith(document.createElement("td"));

  // The keyboard reaches every box that can be scrolled, and the arrow keys scroll it. Elsewhere on
  // the page they go to another chapter.
  const wide = document.querySelectorAll("main pre > code, main .table-wrapper");
  const reach = () => {
    for (const box of wide) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  for (const box of wide) {
    box.addEventListener("keydown", (event) => {
      if (event.target === box && box.tabIndex === 0 && /^Arrow(Left|Right)$/.test(event.key)) event.stopPropagation();
    });
  }
  new ResizeObserver(reach).observe(document.querySelector("main"));
})();
