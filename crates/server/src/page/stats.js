// Shows the numbers in the pushes on `/`, as a table and as charts.

import { byId, cut, make, number, plural, visible } from "./dom.js";

const POINTS = 120;
const mebibytes = (bytes) => `${(bytes / 1048576).toFixed(1)} MiB`;
const format = {
  uptime_seconds: (seconds) => `${seconds.toFixed(1)} s`,
  last_text: (text) => (text === null ? "-" : visible(cut(text, 500))),
  rss_bytes: mebibytes,
};
let received;
const charts = [
  chart("Memory", { words: mebibytes, span: 4 << 20 }, ({ rss_bytes }) => rss_bytes),
  chart("Clients", { words: number, span: 4, fromZero: true }, ({ clients }) => clients),
  chart("Messages between two pushes", { words: number, span: 4, fromZero: true }, ({ messages_received }) => {
    const fresh = received === undefined ? 0 : Math.max(0, messages_received - received);
    received = messages_received;
    return fresh;
  }),
];
let paused = false;
const held = []; // pushes that arrived while the display was paused

// Shows a push. While the display is paused, keeps the newest pushes instead, as many as a chart
// has room for.
export function push(values) {
  if (!paused) return show(values);
  held.push(values);
  if (held.length > POINTS) held.shift();
}

export function pause(now) {
  paused = now;
  if (!paused) held.splice(0).forEach(show);
}

function show(values) {
  for (const [name, value] of Object.entries(values)) {
    const cell = byId(name);
    if (cell?.localName === "td") cell.textContent = (format[name] ?? number)(value);
  }
  charts.forEach((add) => add(values));
}

// Draws the values of the last pushes as a line. The caption states the newest value and the range
// of the values, and the axis is labelled at its ends. With `fromZero`, the axis begins at zero. It
// always covers at least `span`, because a tiny change would otherwise look like a large one.
function chart(name, { words, span, fromZero }, value) {
  const svg = (tag, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const points = [];
  const [figure, caption, now] = [make("figure"), make("figcaption"), make("span", "dim", "-")];
  const picture = svg("svg", { role: "img", viewBox: `0 0 ${POINTS - 1} 100`, preserveAspectRatio: "none" });
  picture.setAttribute("aria-label", `${name}: no push yet`);
  const [area, line] = [svg("path", { class: "area" }), svg("path", {})];
  const [top, bottom] = [make("span"), make("span")];
  const axis = make("div", "axis dim");
  axis.append(top, bottom);
  caption.append(make("span", "", name), now);
  picture.append(area, line);
  figure.append(caption, picture, axis);
  byId("charts").append(figure);
  return (values) => {
    const newest = value(values);
    // A server on a system that does not report its memory leaves the value out.
    figure.hidden = newest === undefined;
    if (figure.hidden) return;
    points.push(newest);
    if (points.length > POINTS) points.shift();
    const [lowest, highest] = [Math.min(...points), Math.max(...points)];
    const middle = (lowest + highest) / 2;
    const low = fromZero ? 0 : Math.max(0, Math.min(lowest, middle - span / 2));
    const high = Math.max(highest, low + span);
    [top.textContent, bottom.textContent] = [words(high), words(low)];
    const y = (point) => (96 - (92 * (point - low)) / (high - low)).toFixed(1);
    const first = POINTS - points.length;
    const path = `M${points.map((point, index) => `${first + index},${y(point)}`).join("L")}`;
    line.setAttribute("d", path);
    area.setAttribute("d", `${path}V100H${first}Z`);
    const [least, most] = [words(lowest), words(highest)];
    const range = least === most ? "" : ` (${least} to ${most})`;
    now.textContent = words(points.at(-1)) + range;
    const label = `${name} in the last ${plural(points.length, "push", "pushes")}: now ${now.textContent}`;
    picture.setAttribute("aria-label", label);
  };
}
