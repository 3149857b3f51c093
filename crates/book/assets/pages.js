// What the pages of mdBook lack for the keyboard and for screen readers.
//
// This is not a module, because browsers load modules only from a server, and the book must also
// work from a disk.

(() => {
  "use strict";

  // The toggle of the table of contents is a label, which has no role and no focus.
  const toggle = document.getElementById("mdbook-sidebar-toggle");
  toggle.setAttribute("role", "button");
  toggle.tabIndex = 0;
  toggle.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    toggle.click();
  });

  // Everything on the page belongs to a landmark.
  document.getElementById("mdbook-menu-bar").setAttribute("role", "banner");
  document.getElementById("mdbook-search-wrapper")?.setAttribute("role", "search");

  // In Markdown, every table has a header. An empty one names nothing.
  for (const header of document.querySelectorAll("main thead")) {
    if (!header.textContent.trim()) header.remove();
  }
  for (const cell of document.querySelectorAll("main th:empty")) cell.replaceWith(document.createElement("td"));

  // What can be scrolled can be reached, and the arrow keys scroll it: in the book they go to
  // another chapter.
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
