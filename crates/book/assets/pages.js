// Adds what the keyboard and screen readers need to mdBook's pages.
//
// This is not a module, because browsers load modules only from a server, and the book must also
// work from a disk.

(() => {
  "use strict";

  // The toggle of the table of contents is the label of a hidden checkbox, has no role and cannot
  // get the focus. Replace it with a button.
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

  // A heading's link to itself has no text if the heading also links to another place.
  for (const link of document.querySelectorAll("main a.header:empty")) {
    link.setAttribute("aria-label", `This section: ${link.parentElement.textContent.trim()}`);
  }

  // Everything on a page should belong to a landmark.
  document.getElementById("mdbook-menu-bar").setAttribute("role", "banner");
  document.getElementById("mdbook-search-wrapper")?.setAttribute("role", "search");

  // In Markdown, every table has a header row, even if all its cells are empty. Remove such a row.
  for (const header of document.querySelectorAll("main thead")) {
    if (!header.textContent.trim()) header.remove();
  }
  for (const cell of document.querySelectorAll("main th:empty")) cell.replaceWith(document.createElement("td"));

  // Let the keyboard reach every box that can be scrolled, and let the arrow keys scroll it.
  // Elsewhere on the page, these keys go to another chapter.
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
