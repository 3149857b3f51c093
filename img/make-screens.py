#!/usr/bin/env python3
"""Draws the client's full screen as it is: img/screen-*.svg.

    cargo build -p server -p client && python3 img/make-screens.py

Starts the server and, in a separate tmux, the client; presses keys; and turns what the terminal shows into SVG. Needs
only tmux and Python.
"""

import re
import subprocess
import sys
import tempfile
import time
import unicodedata
from pathlib import Path
from xml.sax.saxutils import escape

IMG = Path(__file__).resolve().parent
PROGRAMS = IMG.parent / "target" / "debug"

# The colours of the banner's panel, so that the picture looks the same on a light page and on a dark one.
PANEL, INK = "#101a30", "#e8eef9"
MONO = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
WIDTH, HEIGHT, SIZE, MARGIN = 8.4, 17.0, 14, 12

# Stands for waiting until the next push.
WAIT = None

# The screens. Each has a name, its columns and rows, the keys to press, and a description.
SCREENS = [
    ("screen-80x24", 80, 24, [b"Hello", "Enter", WAIT, b"/ping", "Enter", WAIT, "M-Up", "M-Up", "BTab"],
     "The client in a terminal of 80 columns: the conversation, the numbers in the pushes, the wire, and a frame with "
     "its fields."),
    ("screen-200x60", 200, 60, [WAIT, WAIT, b"/ping", "Enter", "/fragment 3+ping one two three".encode(), "Enter", WAIT,
                                "Grüße, 世界 🎉".encode(), "Enter", WAIT, b"/mask 37fa213d", "Enter", b"Hello", "Enter",
                                WAIT, b"/break unmasked-frame", "Enter", WAIT, WAIT, "BTab"],
     "The client in a terminal of 200 columns. With /break a frame was sent that is not masked. It has been chosen; the "
     "rule that it breaks is named, and the server has answered with Close 1002, as the RFC requires."),
]


def colour(number):
    """Returns one of a terminal's 256 colours, other than the first 16, as xterm defines it."""
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    number -= 16
    return "#" + "".join(f"{0 if level == 0 else 55 + 40 * level:02x}" for level in (number // 36, number // 6 % 6, number % 6))


class Cells:
    """Turns a line of a terminal with escape sequences into cells: text, columns, ink, paper, bold, dim."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.ink = self.paper = None
        self.bold = self.dim = self.reverse = False

    def obey(self, numbers):
        numbers = [int(number or 0) for number in numbers.split(";")]
        while numbers:
            number = numbers.pop(0)
            if number == 0:
                self.reset()
            elif number in (1, 2, 7):
                setattr(self, {1: "bold", 2: "dim", 7: "reverse"}[number], True)
            elif number in (22, 27):
                self.bold, self.dim, self.reverse = (False, False, self.reverse) if number == 22 else (self.bold, self.dim, False)
            elif number in (38, 48):
                assert numbers.pop(0) == 5, "only the 256 colours are used"
                setattr(self, "ink" if number == 38 else "paper", colour(numbers.pop(0)))
            elif number in (39, 49):
                setattr(self, "ink" if number == 39 else "paper", None)
            else:
                raise ValueError(f"an escape sequence that this script does not know: {number}")

    def read(self, line):
        for escape_sequence, text in re.findall(r"\x1b\[([\d;]*)m|([^\x1b])", line):
            if not text:
                self.obey(escape_sequence)
                continue
            ink, paper = self.ink or INK, self.paper
            if self.reverse:
                ink, paper = paper or PANEL, ink
            wide = unicodedata.east_asian_width(text) in "WF"
            yield text, 2 if wide else 1, ink, paper, self.bold, self.dim


# In which directions the lines of a box character go from the middle of its cell: left, right, up, down.
BOXES = {"─": "lr", "━": "lr", "│": "ud", "┃": "ud", "┌": "rd", "┏": "rd", "┐": "ld", "┓": "ld", "└": "ru", "┗": "ru",
         "┘": "lu", "┛": "lu"}
BARS = "▁▂▃▄▅▆▇█"

# Viewers collapse several spaces into one.
NO_BREAK = "\N{NO-BREAK SPACE}"


def draw(name, columns, rows, lines, description):
    parts, boxes = [], {1: [], 2: []}
    cells = Cells()
    for row, line in enumerate(lines):
        y, column, run = MARGIN + row * HEIGHT, 0, []

        def finish():
            if run and "".join(text for text, *_ in run).strip():
                text = "".join(text for text, *_ in run)
                (_, _, ink, _, bold, dim), x = run[0], MARGIN + (column - sum(cell[1] for cell in run)) * WIDTH
                # Move the text instead of writing leading spaces, because not every viewer keeps them.
                lead = len(text) - len(text.lstrip(" "))
                text, x = text.strip(" "), x + lead * WIDTH
                length = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text) * WIDTH
                style = (' font-weight="700"' if bold else "") + (' opacity="0.65"' if dim else "")
                parts.append(f'<text x="{x:g}" y="{y + HEIGHT * 0.76:g}" fill="{ink}"{style} textLength="{length:g}">'
                             f"{escape(text.replace(chr(32), NO_BREAK))}</text>")
            run.clear()

        for cell in cells.read(line):
            text, width, ink, paper, bold, dim = cell
            x = MARGIN + column * WIDTH
            if paper:
                parts.append(f'<rect x="{x:g}" y="{y:g}" width="{width * WIDTH + 0.3:g}" height="{HEIGHT:g}" fill="{paper}"/>')
            if text in BOXES:
                finish()
                to = {"l": f"H{x:g}", "r": f"H{x + WIDTH:g}", "u": f"V{y:g}", "d": f"V{y + HEIGHT:g}"}
                for way in BOXES[text]:
                    boxes[2 if text in "━┃┏┓┗┛" else 1].append(f"M{x + WIDTH / 2:g} {y + HEIGHT / 2:g}{to[way]}")
            elif text in BARS:
                finish()
                height = (BARS.index(text) + 1) / 8 * HEIGHT
                parts.append(f'<rect x="{x:g}" y="{y + HEIGHT - height:g}" width="{WIDTH:g}" height="{height:g}" fill="{ink}"/>')
            else:
                if run and (cell[2:] != run[0][2:] or width == 2 or run[-1][1] == 2):
                    finish()
                run.append(cell)
            column += width
        finish()
    for thickness, paths in boxes.items():
        if paths:
            parts.append(f'<path d="{"".join(paths)}" stroke="{INK}" stroke-width="{thickness}" opacity="0.75"/>')
    width, height = columns * WIDTH + 2 * MARGIN, rows * HEIGHT + 2 * MARGIN
    (IMG / f"{name}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" font-family="{MONO}" '
        f'font-size="{SIZE}">\n<!-- Drawn by img/make-screens.py. -->\n<title>{escape(description)}</title>\n'
        f'<rect width="{width:g}" height="{height:g}" rx="10" fill="{PANEL}"/>\n' + "\n".join(parts) + "\n</svg>\n")


def tmux(*arguments):
    return subprocess.run(["tmux", "-L", "websonkets-screens", "-f", "/dev/null", *arguments], check=True,
                          capture_output=True, text=True).stdout


def wait_for(text):
    deadline = time.monotonic() + 20
    while text not in (shown := tmux("capture-pane", "-p")):
        if time.monotonic() > deadline:
            sys.exit(f"the screen does not show '{text}':\n{shown}")
        time.sleep(0.05)


def take(url, name, columns, rows, keys, description):
    tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), f"TERM=tmux-256color {PROGRAMS / 'client'} {url}")
    wait_for(" OPEN ")
    for key in keys:
        if key is WAIT:
            # The server pushes once a second, and the picture should show some pushes.
            time.sleep(1)
        elif isinstance(key, bytes):
            tmux("send-keys", "-l", key.decode())
        else:
            tmux("send-keys", key)
    time.sleep(0.5)
    draw(name, columns, rows, tmux("capture-pane", "-e", "-p").split("\n")[:rows], description)
    tmux("kill-session")


def main():
    server = subprocess.Popen([PROGRAMS / "server", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True,
                              stderr=tempfile.TemporaryFile())
    try:
        url = server.stdout.readline().removeprefix("listening on ").strip()
        for screen in SCREENS:
            take(url, *screen)
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
