// Runs in the page. Returns its colour scheme, and a list with one sentence for each flaw in its
// appearance.
export function flaws() {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth) found.push(`the page is ${root.scrollWidth} px wide on a screen of ${innerWidth}`);
  const end = document.querySelector("main").getBoundingClientRect().bottom + scrollY;
  if (root.scrollHeight > Math.max(end + 100, innerHeight))
    found.push(`${root.scrollHeight - end} px of empty space at the end`);
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  // The relative luminance of a colour and the contrast of two colours, as WCAG 2 defines them.
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  // Returns the background of an element: its own, or that of the nearest element around it with an
  // opaque one.
  const ground = (element) => {
    for (let around = element; around; around = around.parentElement) {
      const [r, g, b, opacity = 1] = channels(getComputedStyle(around).backgroundColor);
      if (opacity === 1) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const check = (name, style, background) => {
    const ratio = contrast(channels(style.color).slice(0, 3), background);
    if (ratio < 4.5) found.push(`${name} has a contrast of only ${ratio.toFixed(1)}`);
  };
  const isSeen = (element) => element.checkVisibility() && !element.closest(".sr, #skip");
  const all = (selectors) => [...document.querySelectorAll(selectors)].filter(isSeen);
  const nameOf = (element) => element.id || element.textContent.trim().slice(0, 60) || element.localName;

  const texts =
    "h1, h2, h3, p, th, td, dt, dd, label, summary, figcaption span, a, code, .row.head span, #frames .row *, " +
    "#bytes .byte, #bytes .run, #bytes i, #explanation, #fields li, #fields span";
  for (const element of all(`${texts}, input, button, select`)) {
    const name = nameOf(element);
    // WCAG allows a disabled control to have little contrast.
    if (element.disabled) continue;
    if (element.textContent || element.value) check(name, getComputedStyle(element), ground(element));
    if (element.placeholder)
      check(`"${element.placeholder}"`, getComputedStyle(element, "::placeholder"), ground(element));
    const { left, right } = element.getBoundingClientRect();
    if (left < -0.5 || right > innerWidth + 0.5)
      found.push(`${name} goes from ${left} to ${right} px of ${innerWidth}`);
  }
  // The names of rows, labels and buttons must fit on one line on any screen, however wide the
  // values beside them are.
  for (const name of all("#stats th, label, button")) {
    const lines = document.createRange();
    lines.selectNodeContents(name);
    const tops = [...lines.getClientRects()]
      .filter(({ width }) => width > 1)
      .map(({ bottom }) => Math.round(bottom / 12));
    if (Math.max(...tops) - Math.min(...tops) > 1) found.push(`"${nameOf(name)}" is broken into lines`);
  }
  // Each control must be large enough for a finger.
  for (const target of all("button, input, select, summary, #frames [role=option], #fields li")) {
    const { width, height } = target.getBoundingClientRect();
    if (width < 24 || height < 24) found.push(`${nameOf(target)} is only ${width} by ${height} px large`);
  }
  // Borders and lines that carry meaning need enough contrast, too.
  for (const input of all("input, select, button:not(.primary)")) {
    const line = contrast(channels(getComputedStyle(input).borderTopColor).slice(0, 3), ground(input.parentElement));
    if (line < 3) found.push(`the border of ${nameOf(input)} has a contrast of only ${line.toFixed(1)}`);
  }
  for (const path of all("svg path:not(.area)")) {
    const line = contrast(channels(getComputedStyle(path).stroke).slice(0, 3), ground(path.parentElement));
    if (line < 3) found.push(`the line of a chart has a contrast of only ${line.toFixed(1)}`);
  }
  return { scheme: luminance(ground(document.body)) > 0.5 ? "light" : "dark", found };
}
