#!/usr/bin/env python3
"""Probes servers, lets our server break the same rules towards clients, and writes what they all do into the book.

    crates/laboratory/peers/table.py           writes the tables of docs/src/laboratory.md
    crates/laboratory/peers/table.py --check   fails if the page has other ones

Needs cargo, npm, Python, and chromium, which $CHROMIUM may name. What it fetches stays in example/node_modules and in
target/laboratory.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
PAGE = ROOT / "docs" / "src" / "laboratory.md"
VENV = ROOT / "target" / "laboratory" / "venv"
PYTHON = VENV / "bin" / "python"
PROGRAMS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "chromium"
ANYWHERE = ["--listen", "127.0.0.1:0"]

# Longer than any of the programs takes for a single rule.
PATIENCE = 20

# The verdicts on whoever did not mind.
LET_PASS = {"tolerated", "no answer"}

# A line of our server's log about what a client did: rule, verdict, what was seen, what is asked for, how, section.
LOG = re.compile(r" on /break/(\S+): ([A-Za-z ]+) \((.*)\); expected: (.*) \(([A-Z]+), section ([0-9.]+)\)$")


def run(*command, cwd=ROOT):
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def output(*command):
    done = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def prepare():
    """Builds and fetches what is to be run."""
    packages = ["server", "client", "tungstenite-server", "tungstenite-client"]
    run("cargo", "build", "--quiet", "--locked", *(word for name in packages for word in ("-p", name)))
    run("npm", "ci", "--no-audit", "--no-fund", "--silent", cwd=ROOT / "example")
    if not VENV.exists():
        venv.create(VENV, with_pip=True)
    run(PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt")


def versions():
    node = output("node", "--version").lstrip("v")
    ws = json.loads((ROOT / "example" / "node_modules" / "ws" / "package.json").read_text())["version"]
    packages = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    tungstenite = next(package["version"] for package in packages if package["name"] == "tungstenite")
    websockets = output(PYTHON, "-c", "import websockets; print(websockets.__version__)")
    python = output(PYTHON, "-c", "import platform; print(platform.python_version())")
    return {
        "`ws`": f"`ws` {ws} on Node.js {node}",
        "`tungstenite`": f"`tungstenite` {tungstenite}",
        "`websockets`": f"`websockets` {websockets} on Python {python}",
    }


@contextlib.contextmanager
def server(*command, log=subprocess.DEVNULL):
    """A running server; gives its URL, without a path."""
    command = [str(part) for part in command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            line = process.stdout.readline()
            if not line.startswith("listening on ws://"):
                sys.exit(f"{command} says {line!r}")
            yield line.removeprefix("listening on ").strip().rstrip("/")
        finally:
            process.terminate()


# ---- Servers --------------------------------------------------------------------------------------------------------


def probe(*command):
    """What a server does with each rule that a client can break."""
    with server(*command) as url:
        client = [str(PROGRAMS / "client"), "--probe", "--json", f"{url}/echo"]
        done = subprocess.run(client, capture_output=True, text=True, timeout=600)
        if done.returncode not in (0, 1) or not done.stdout:
            sys.exit(f"{command}: {done.stderr}")
        print(f"{command[-1]}: {done.stderr.strip()}", file=sys.stderr)
        return {result["rule"]: result for result in map(json.loads, done.stdout.splitlines())}


def servers():
    return {
        "here": probe(PROGRAMS / "server", *ANYWHERE),
        "`ws`": probe("node", ROOT / "example" / "server.js", *ANYWHERE),
        "`tungstenite`": probe(PROGRAMS / "tungstenite-server", *ANYWHERE),
        "`websockets`": probe(PYTHON, HERE / "echo.py"),
    }


# ---- Clients --------------------------------------------------------------------------------------------------------


def rules(url):
    """The paths of all rules that our server breaks."""
    try:
        urllib.request.urlopen(f"{url.replace('ws', 'http', 1)}/break/")
    except urllib.error.HTTPError as answer:
        return re.findall(r"^(/break/\S+)", answer.read().decode(), re.MULTILINE)
    sys.exit("the server has no list of rules")


def one_by_one(program):
    """Runs a program for each URL, with an input that does not end before it."""

    def connect(urls):
        for url in urls:
            with subprocess.Popen(
                [str(program), url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                try:
                    process.wait(PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()

    return connect


def chromium(urls):
    origin = re.sub(r"^ws(://[^/]+)/.*", r"http\1", urls[0])
    return output("node", HERE / "chromium.mjs", CHROMIUM, origin)


def watch(connect):
    """What a client does with each rule that our server breaks, as the server's log tells it; and what connect gives."""
    log = ROOT / "target" / "laboratory" / "server.log"
    with log.open("w") as file, server(PROGRAMS / "server", *ANYWHERE, "--close-timeout", "2s", log=file) as url:
        paths = rules(url)
        said = connect([url + path for path in paths])
        deadline = time.monotonic() + PATIENCE
        while True:
            found = [match.groups() for line in log.read_text().splitlines() if (match := LOG.search(line))]
            keys = ["verdict", "seen", "expected", "demand", "section"]
            results = {rule: dict(zip(keys, result)) for rule, *result in found}
            if len(results) == len(paths):
                return {path.removeprefix("/break/"): results[path.removeprefix("/break/")] for path in paths}, said
            if time.monotonic() > deadline:
                sys.exit(f"the log tells of {len(results)} rules and not of {len(paths)}")
            time.sleep(0.1)


def clients():
    everyone = {
        "here": one_by_one(PROGRAMS / "client"),
        "`ws`": lambda urls: output("node", HERE / "ws.mjs", *urls),
        "`tungstenite`": one_by_one(PROGRAMS / "tungstenite-client"),
        "`websockets`": lambda urls: output(PYTHON, HERE / "connect.py", *urls),
        "Chromium": chromium,
    }
    watched = {name: watch(connect) for name, connect in everyone.items()}
    version = watched["Chromium"][1].split("/")[-1]
    return {name: results for name, (results, _) in watched.items()}, version


# ---- The page -------------------------------------------------------------------------------------------------------


def cell(result):
    """What somebody did. Upright: what is asked; slanted: something else, for which there is room; bold: what must not be."""
    # Of what a client said, the log has the words too. How TCP ends is a matter of luck.
    seen = re.sub(r"(^|, )TCP (ended|reset)$", "", result["seen"].split(': "', 1)[0]) or "ends TCP"
    if result["verdict"] == "as asked":
        return seen
    text = {
        "other code": seen,
        "no reason given": "ends TCP",
        "TCP left open": f"{seen}, and leaves TCP open",
        "tolerated": f"takes it ({seen})",
        "no answer": "does nothing",
    }[result["verdict"]]
    against = result["demand"] == "MUST" and result["verdict"] in LET_PASS
    return f"**{text}**" if against else f"*{text}*"


def table(tried, chosen):
    lines = [
        f"| rule | section | asked for | {' | '.join(tried)} |",
        "|---|---|---|" + "---|" * len(tried),
    ]
    for rule in chosen:
        result = tried["here"][rule]
        section = result["section"]
        link = f"[{section}](rfc6455.md#section-{section.replace('.', '-')})"
        expected = result["expected"].replace("TCP ended", "ends TCP")
        cells = [cell(results[rule]) for results in tried.values()]
        lines.append(f"| `{rule}` | {link} {result['demand']} | {expected} | {' | '.join(cells)} |")
    return "\n".join(lines)


def tables(tried):
    """Each rule once: those that somebody lets pass in a table to be seen, all others in one that is folded away."""
    passed, refused = [], []
    for rule in tried["here"]:
        verdicts = {results[rule]["verdict"] for results in tried.values()}
        (passed if verdicts & LET_PASS else refused).append(rule)
    summary = f"<summary>The other {len(refused)} rules, which nobody lets pass</summary>"
    return f"{table(tried, passed)}\n\n<details>\n{summary}\n\n{table(tried, refused)}\n\n</details>"


def insert(page, name, text):
    """Puts a text between the two comments of its name."""
    begin, end = f"<!-- {name}: written by crates/laboratory/peers/table.py -->", f"<!-- end of {name} -->"
    before, rest = page.split(begin)
    return f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}"


def main():
    prepare()
    page = PAGE.read_text()
    names = versions()
    others = f"{names['`ws`']}, {names['`tungstenite`']} and {names['`websockets`']}"
    new = insert(page, "servers", f"Probed: the server of this repository, {others}.\n\n{tables(servers())}")
    found, version = clients()
    new = insert(new, "clients", f"Tried: the client of this repository, {others}; Chromium {version}.\n\n{tables(found)}")
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(new)
    elif new != page:
        sys.exit(f"{PAGE.relative_to(ROOT)} is out of date: run crates/laboratory/peers/table.py")


if __name__ == "__main__":
    main()
