#!/usr/bin/env python3
"""Draws the figures of the book, docs/src/figures/*.svg. Needs nothing but Python.

Each colour means the same here as in the banner and in the programs. The colours are those of
crates/dissector/src/render/palette.rs, which were chosen so that people with colour blindness can tell them apart.
"""

from pathlib import Path
from xml.sax.saxutils import escape

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "src" / "figures"

PANEL, INK, SOFT, DARK = "#101a30", "#ffffff", "#a9bad6", "#0b1324"
FIN, RSV, OPCODE, MASK, LENGTH, PAYLOAD = "#ff875f", "#8787af", "#ffd75f", "#d787ff", "#5fd7af", "#afd7ff"
SANS = "Inter, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"
MONO = "'Fira Code', 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace"


class Figure:
    """A drawing on a dark panel, so that it looks the same on a light page and on a dark one."""

    def __init__(self, name, width, height, title):
        self.path, self.width, self.height = FOLDER / name, width, height
        self.parts = [f"<title>{escape(title)}</title>",
                      f'<rect width="{width}" height="{height}" rx="14" fill="{PANEL}"/>']

    def text(self, x, y, text, fill=INK, size=15, anchor="start", font=SANS, weight=500):
        self.parts.append(f'<text x="{x:g}" y="{y:g}" fill="{fill}" font-family="{font}" font-size="{size}" '
                          f'font-weight="{weight}" text-anchor="{anchor}">{escape(text)}</text>')

    def tile(self, x, y, text, fill, width=36, height=36, size=16):
        self.parts.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" fill="{fill}"/>')
        self.text(x + width / 2, y + height / 2 + size * 0.36, text, DARK, size, "middle", MONO, 600)

    def strip(self, x, y, fill, text):
        """The bit at the left of a tile that has a separate meaning, FIN or MASK, and the text beside it."""
        self.text(x + 25, y + 24, text, DARK, 14, "middle", MONO, 600)
        self.parts.append(f'<path d="M{x + 9:g} {y:g} v38 h-3 q-6 0 -6 -6 v-26 q0 -6 6 -6 z" fill="{fill}"/>')

    def line(self, path, stroke=SOFT, width=2, dash=None, arrow=False):
        extra = f' stroke-dasharray="{dash}"' if dash else ""
        extra += ' marker-end="url(#arrow)"' if arrow else ""
        self.parts.append(f'<path d="{path}" fill="none" stroke="{stroke}" stroke-width="{width}" '
                          f'stroke-linecap="round"{extra}/>')

    def bracket(self, left, right, y, stroke, down=True):
        leg = 8 if down else -8
        self.line(f"M{left:g} {y:g} v{leg} H{right:g} v{-leg}", stroke)

    def write(self):
        arrow = (f'<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
                 f'orient="auto-start-reverse"><path d="M0 0 L10 5 L0 10 z" fill="{SOFT}"/></marker></defs>')
        body = "\n  ".join([arrow, *self.parts])
        self.path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{self.height}" '
                             f'viewBox="0 0 {self.width} {self.height}">\n  {body}\n</svg>\n', encoding="utf-8")


def frame():
    """The header's bits, and the forms that a header can take."""
    f = Figure("frame.svg", 960, 488, "A frame: the bits of its first two bytes, and the six forms of its header")
    left, pitch = 130, 44
    names = [(0, 1, "FIN", FIN), (1, 3, "RSV1-3", RSV), (4, 4, "opcode", OPCODE), (8, 1, "MASK", MASK),
             (9, 7, "payload length", LENGTH)]
    at = lambda bit: left + bit * pitch + (24 if bit > 7 else 0)
    f.text(at(3.5) + 20, 34, "first byte", SOFT, 14, "middle")
    f.text(at(11.5) + 20, 34, "second byte", SOFT, 14, "middle")
    for first, count, name, colour in names:
        for bit in range(first, first + count):
            f.tile(at(bit), 74, "10000001 10000101".replace(" ", "")[bit], colour, 40, 38, 18)
        f.text((at(first) + at(first + count - 1) + 40) / 2, 63, name, colour, 15, "middle", SANS, 600)
    f.text(at(0), 138, "bit 7 of the byte", SOFT, 13)
    f.line(f"M{at(0) + 128} 133 H{at(7) - 32}", SOFT, 1.5, None, True)
    f.text(at(7) + 40, 138, "bit 0", SOFT, 13, "end")

    f.text(30, 184, "payload length", SOFT, 14)
    f.text(176, 184, "sent by", SOFT, 14)
    f.text(250, 184, "header, one box for each byte", SOFT, 14)
    y = 198
    for length, second, extended in [("0 to 125", "len", 0), ("126 to 65,535", "126", 2), ("65,536 and more", "127", 8)]:
        for masked in (False, True):
            f.text(30, y + 25, length)
            f.text(176, y + 25, "client" if masked else "server")
            f.tile(250, y, "", OPCODE, 40, 38)
            f.strip(250, y, FIN, "op")
            f.tile(294, y, "", LENGTH, 40, 38)
            f.strip(294, y, MASK if masked else RSV, second)
            x = 338
            for name, colour in [("len", LENGTH)] * extended + [("key", MASK)] * (4 if masked else 0):
                f.tile(x, y, name, colour, 34, 38, 13)
                x += 38
            f.tile(x, y, "payload", PAYLOAD, 78, 38, 14)
            f.text(x + 90, y + 25, f"{2 + extended + (4 if masked else 0)} bytes", SOFT, 14)
            y += 50 if masked else 43
    f.write()


def cuts():
    """One message: how the sender cuts it into frames and how the network cuts the frames into reads."""
    f = Figure("cuts.svg", 860, 350, "The same eleven bytes as messages, as frames and as reads")
    stream = "01 03 48 65 6c 89 00 80 02 6c 6f".split()
    colours = [OPCODE, LENGTH] + [PAYLOAD] * 3 + [RSV, RSV] + [OPCODE, LENGTH] + [PAYLOAD] * 2
    left, pitch, wide = 170, 58, 46
    edge = lambda i: left + i * pitch
    end = lambda i: edge(i) + wide

    f.text(28, 90, "messages")
    f.line(f"M{edge(2) + 23} 118 V84 H{edge(6) - 6}", PAYLOAD)
    f.line(f"M{edge(9) + 52} 118 V84 H{edge(8) - 6}", PAYLOAD)
    f.text((edge(6) + edge(8)) / 2 - 6, 90, "“Hello”", PAYLOAD, 20, "middle", MONO, 600)
    f.text(edge(2) + 23, 46, "one text message in two fragments, and a Ping that is no part of it", SOFT, 14)

    f.text(28, 138, "frames")
    for first, last, name, colour in [(0, 4, "text, FIN 0", OPCODE), (5, 6, "Ping", RSV),
                                      (7, 10, "continuation, FIN 1", OPCODE)]:
        f.text((edge(first) + end(last)) / 2, 138, name, colour, 15, "middle", SANS, 600)
        f.bracket(edge(first), end(last), 158, colour, down=False)

    f.text(28, 196, "bytes")
    for i, (byte, colour) in enumerate(zip(stream, colours)):
        f.tile(edge(i), 170, byte, colour, wide, 40, 18)

    f.text(28, 262, "reads")
    for first, last, name in [(0, 2, "first read"), (3, 7, "second read"), (8, 10, "third read")]:
        f.bracket(edge(first), end(last), 222, SOFT)
        f.text((edge(first) + end(last)) / 2, 254, name, INK, 15, "middle")
    for i in (3, 8):
        f.line(f"M{edge(i) - 6} 164 V268", FIN, 2, "4 5")
    f.text(left, 308, "TCP cut the stream in the middle of a payload and in the middle of a header.", SOFT, 14)
    f.text(left, 330, "It may: it carries a row of bytes and knows nothing of frames.", SOFT, 14)
    f.write()


def connection():
    """A whole connection, from TCP's first packet to its last."""
    f = Figure("connection.svg", 860, 752, "A WebSocket connection from beginning to end")
    client, server = 200, 650
    bands, rows = [], []
    y = 80
    for name, colour, arrows in [
        ("TCP", RSV, [(True, "SYN", ""), (False, "SYN, ACK", ""), (True, "ACK", "")]),
        ("handshake", LENGTH, [(True, "GET / HTTP/1.1 ... Upgrade: websocket", "asks"),
                               (False, "HTTP/1.1 101 Switching Protocols", "agrees")]),
        ("open", PAYLOAD, [(True, "81 85 37 fa 21 3d 7f 9f 4d 51 58", "text “Hello”, masked"),
                           (False, "81 05 48 65 6c 6c 6f", "text “Hello”"),
                           (False, "89 00", "Ping"), (True, "8a 80 37 fa 21 3d", "Pong, masked")]),
        ("closing", MASK, [(True, "88 82 37 fa 21 3d 34 12", "Close 1000, masked"),
                           (False, "88 02 03 e8", "Close 1000")]),
        ("TCP", RSV, [(False, "FIN", "the server first"), (True, "FIN", "")]),
    ]:
        height = 14 + 42 * len(arrows)
        bands.append((y, height, name, colour))
        rows += [(y + 36 + 42 * i, *arrow) for i, arrow in enumerate(arrows)]
        y += height + 10
    for top, height, name, colour in bands:
        f.parts.append(f'<rect x="20" y="{top}" width="820" height="{height}" rx="10" fill="{colour}" opacity="0.1"/>')
        f.text(36, top + 28, name, colour, 15, "start", SANS, 600)
    f.line(f"M{client} 62 V{y}", SOFT, 1.5)
    f.line(f"M{server} 62 V{y}", SOFT, 1.5)
    f.tile(client - 70, 24, "client", PAYLOAD, 140, 38, 17)
    f.tile(server - 70, 24, "server", OPCODE, 140, 38, 17)
    for top, to_server, bytes_, note in rows:
        start, stop = (client + 6, server - 6) if to_server else (server - 6, client + 6)
        f.line(f"M{start} {top} L{stop} {top + 10}", SOFT, 2, None, True)
        f.text((client + server) / 2, top - 7, bytes_, INK, 14, "middle", MONO)
        f.text(server + 16, top + 9, note, SOFT, 13)
    f.write()


def lanes(f, names, top, bottom):
    """Vertical lines, one for each party, below a tile with its name. `names` has (x, name, colour)."""
    for x, name, colour in names:
        f.line(f"M{x} {top + 38} V{bottom}", SOFT, 1.5)
        f.tile(x - 76, top, name, colour, 152, 38, 15)


def step(f, y, start, stop, text, note="", colour=SOFT, font=MONO, ink=INK):
    """An arrow from one lane to another, with what it carries above it and a note at its right end."""
    way = 6 if stop > start else -6
    f.line(f"M{start + way} {y} L{stop - way} {y + 10}", colour, 2, None, True)
    f.text((start + stop) / 2, y - 7, text, ink, 14, "middle", font)
    if note:
        f.text(max(start, stop) + 14, y + 9, note, SOFT, 13)


def poisoned_cache():
    """The attack that masking prevents."""
    f = Figure("poisoned-cache.svg", 1000, 636, "The attack that masking prevents: a page, a proxy and a poisoned cache")
    user, page, proxy, server = 104, 316, 602, 888
    parties = [(user, "another user", LENGTH), (page, "attacker's page", PAYLOAD), (proxy, "old proxy", RSV),
               (server, "attacker's server", OPCODE)]
    for x, name, colour in parties:
        f.tile(x - 84, 24, name, colour, 168, 38, 15)

    def band(top, height, title, active=(user, page, proxy, server)):
        f.parts.append(f'<rect x="16" y="{top}" width="968" height="{height}" rx="10" fill="{RSV}" opacity="0.1"/>')
        f.text(30, top + 25, title, SOFT, 14, "start", SANS, 600)
        for x in active:
            f.line(f"M{x} {top + 40} V{top + height}", SOFT, 1.5)

    band(76, 128, "1   The page opens a WebSocket to its own server. The proxy does not understand the upgrade.")
    step(f, 140, page, proxy, "GET / ... Upgrade: websocket")
    step(f, 146, proxy, server, "GET / ... Upgrade: websocket")
    step(f, 176, server, proxy, "101 Switching Protocols")
    step(f, 182, proxy, page, "101 Switching Protocols")

    band(214, 150, "2   Without a mask, the page chooses the bytes. The proxy takes them for a request and its response.")
    step(f, 278, page, proxy, "81 2a GET /ad.js HTTP/1.1 ...", "", FIN)
    step(f, 284, proxy, server, "81 2a GET /ad.js HTTP/1.1 ...", "", FIN)
    step(f, 316, server, proxy, "HTTP/1.1 200 OK, evil script", "", FIN)
    f.tile(proxy - 262, 310, "cache: ads.example/ad.js = evil", FIN, 250, 34, 12)

    band(374, 112, "3   Later, on a page that has nothing to do with WebSocket:", (user, proxy, server))
    step(f, 434, user, proxy, "GET http://ads.example/ad.js")
    step(f, 464, proxy, user, "evil script, from the cache", "", FIN)

    band(496, 124, "4   With a mask, the browser chooses a key that the page cannot know. “GET ” becomes 70 bf 75 1d.")
    step(f, 560, page, proxy, "81 aa 37 fa 21 3d 70 bf 75 1d", "", MASK)
    step(f, 566, proxy, server, "81 aa 37 fa 21 3d 70 bf 75 1d", "", MASK)
    f.tile(proxy - 262, 580, "no request, so nothing to keep", LENGTH, 250, 30, 12)
    f.write()


def reset():
    """What a reset does to a Close, and how a half-close prevents it."""
    f = Figure("reset.svg", 900, 800, "A reset destroys a Close that has arrived, and a half-close prevents the reset")
    program, system, server = 120, 390, 700

    def panel(top, title, colour):
        f.parts.append(f'<rect x="16" y="{top}" width="868" height="374" rx="10" fill="{colour}" opacity="0.08"/>')
        f.text(32, top + 26, title, colour, 16, "start", SANS, 600)
        lanes(f, [(program, "client's program", PAYLOAD), (system, "client's system", PAYLOAD), (server, "server", OPCODE)],
              top + 40, top + 362)
        step(f, top + 104, program, system, "an unmasked frame", "", SOFT, SANS)
        step(f, top + 108, system, server, "an unmasked frame", "", SOFT, SANS)
        step(f, top + 140, server, system, "Close 1002", "", MASK, SANS)
        f.tile(system - 138, top + 140, "88 .. 03 ea", MASK, 124, 30, 14)
        f.text(system - 76, top + 186, "waits to be read", SOFT, 13, "middle")

    panel(16, "close(): both directions end at once", FIN)
    y = 16
    f.text(server + 14, y + 184, "close()", FIN, 14, "start", MONO, 600)
    f.line(f"M{server - 8} {y + 172} l16 16 m0 -16 l-16 16", FIN, 3)
    step(f, y + 216, program, system, "more bytes", "", SOFT, SANS)
    step(f, y + 220, system, server, "more bytes", "nobody listens here", SOFT, SANS)
    step(f, y + 256, server, system, "reset (RST)", "", FIN, SANS)
    f.tile(system - 138, y + 258, "88 .. 03 ea", RSV, 124, 30, 14)
    f.line(f"M{system - 146} {y + 294} L{system - 6} {y + 252}", FIN, 3)
    f.text(system - 150, y + 278, "thrown away", FIN, 13, "end")
    step(f, y + 322, system, program, "connection reset", "", FIN, SANS)
    f.text(program + 8, y + 356, "reports 1006", FIN, 14, "start", SANS, 600)

    panel(406, "half-close, then read on: the Close survives", LENGTH)
    y = 406
    step(f, y + 178, server, system, "end of this direction (FIN)", "shutdown", LENGTH, SANS)
    step(f, y + 220, program, system, "more bytes", "", SOFT, SANS)
    step(f, y + 224, system, server, "more bytes", "read, thrown away", SOFT, SANS)
    step(f, y + 266, system, program, "Close 1002", "", MASK, SANS)
    f.text(program + 8, y + 294, "reports 1002", LENGTH, 14, "start", SANS, 600)
    step(f, y + 326, program, system, "end (FIN)", "", LENGTH, SANS)
    step(f, y + 330, system, server, "end of the other direction (FIN)", "close()", LENGTH, SANS)
    f.write()


def fragments():
    """A message in two fragments with a Ping between them, in time order."""
    f = Figure("fragments.svg", 920, 400, "A message in two fragments with a Ping between them, in time order")
    client, server, memory = 100, 560, 740
    lanes(f, [(client, "client", PAYLOAD), (server, "server", OPCODE)], 24, 376)
    f.text(memory, 38, "the unfinished", INK, 15, "middle", SANS, 600)
    f.text(memory, 58, "message", INK, 15, "middle", SANS, 600)
    rows = [(True, "01 83 37 fa 21 3d 7f 9f 4d", OPCODE, "text, FIN 0", "Hel"),
            (True, "89 80 37 fa 21 3d", RSV, "Ping", "Hel"),
            (False, "8a 00", RSV, "Pong, at once", "Hel"),
            (True, "80 82 37 fa 21 3d 5b 95", OPCODE, "continuation, FIN 1", "Hello"),
            (False, "81 05 48 65 6c 6c 6f", OPCODE, "text “Hello”", "")]
    for i, (to_server, bytes_, colour, name, kept) in enumerate(rows):
        y = 112 + 56 * i
        start, stop = (client, server) if to_server else (server, client)
        step(f, y, start, stop, bytes_, "", colour)
        f.text((client + server) / 2, y + 22, name, colour, 13, "middle", SANS, 600)
        if kept:
            width = 34 * len(kept)
            for j, letter in enumerate(kept):
                f.tile(memory - width / 2 + 34 * j + 1, y - 12, letter, PAYLOAD, 32, 34, 17)
        else:
            f.text(memory, y + 10, "none: it is complete", SOFT, 14, "middle")
    f.line("M884 90 V350", SOFT, 1.5, None, True)
    f.text(884, 372, "time", SOFT, 13, "middle")
    f.write()


frame()
cuts()
connection()
poisoned_cache()
reset()
fragments()
