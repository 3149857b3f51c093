#!/usr/bin/env python3
"""Tests servers and clients with the faults of the laboratory, and writes their reactions into the book.

    crates/laboratory/peers/table.py           writes the tables of docs/src/laboratory.md
    crates/laboratory/peers/table.py --check   fails if the tables of the page are out of date

Needs cargo, npm, Python and Chromium. Set $CHROMIUM if the browser is not in $PATH. The downloaded
packages stay in example/node_modules and in target/laboratory.
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

# The maximum time in seconds that a program may take for a single fault. No program needs that
# long.
TIMEOUT = 20

# The verdicts on a peer that did not enforce the rule.
NOT_ENFORCED = {"tolerated", "no answer"}

# The line of our server's log that reports the reaction of a client: rule, verdict, observations,
# expected reaction, requirement level, section.
LOG = re.compile(r" on /break/(\S+): ([A-Za-z ]+) \((.*)\); expected: (.*) \(([A-Z]+), section ([0-9.]+)\)$")


def run(*command, cwd=ROOT):
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def output(*command):
    done = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def prepare():
    """Builds our programs, and downloads the others."""
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
    """Runs a server. Yields its URL, without a path."""
    command = [str(part) for part in command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process:
        try:
            line = process.stdout.readline()
            if not line.startswith("listening on ws://"):
                sys.exit(f"{command} printed {line!r} instead of its address")
            yield line.removeprefix("listening on ").strip().rstrip("/")
        finally:
            process.terminate()


# ---- Servers --------------------------------------------------------------------------------------------------------


def probe(*command):
    """Returns the reaction of a server to each fault of a client."""
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
    """Returns the paths of all rules that our server can break."""
    try:
        urllib.request.urlopen(f"{url.replace('ws', 'http', 1)}/break/")
    except urllib.error.HTTPError as answer:
        return re.findall(r"^(/break/\S+)", answer.read().decode(), re.MULTILINE)
    sys.exit("the server did not list its rules")


def one_by_one(program):
    """Returns a function that runs the program for each URL, with standard input open until it exits."""

    def connect(urls):
        for url in urls:
            with subprocess.Popen(
                [str(program), url], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            ) as process:
                try:
                    process.wait(TIMEOUT)
                except subprocess.TimeoutExpired:
                    process.kill()

    return connect


def chromium(urls):
    origin = re.sub(r"^ws(://[^/]+)/.*", r"http\1", urls[0])
    return output("node", HERE / "chromium.mjs", CHROMIUM, origin)


def reactions(connect):
    """Returns the reaction of a client to each fault, from our server's log, and the result of connect."""
    log = ROOT / "target" / "laboratory" / "server.log"
    with log.open("w") as file, server(PROGRAMS / "server", *ANYWHERE, "--close-timeout", "2s", log=file) as url:
        paths = rules(url)
        result = connect([url + path for path in paths])
        deadline = time.monotonic() + TIMEOUT
        while True:
            found = [match.groups() for line in log.read_text().splitlines() if (match := LOG.search(line))]
            keys = ["verdict", "seen", "expected", "demand", "section"]
            logged = {rule: dict(zip(keys, values)) for rule, *values in found}
            if len(logged) == len(paths):
                return {path.removeprefix("/break/"): logged[path.removeprefix("/break/")] for path in paths}, result
            if time.monotonic() > deadline:
                sys.exit(f"the log contains only {len(logged)} of {len(paths)} rules")
            time.sleep(0.1)


def clients():
    everyone = {
        "here": one_by_one(PROGRAMS / "client"),
        "`ws`": lambda urls: output("node", HERE / "ws.mjs", *urls),
        "`tungstenite`": one_by_one(PROGRAMS / "tungstenite-client"),
        "`websockets`": lambda urls: output(PYTHON, HERE / "connect.py", *urls),
        "Chromium": chromium,
    }
    tested = {name: reactions(connect) for name, connect in everyone.items()}
    version = tested["Chromium"][1].split("/")[-1]
    return {name: results for name, (results, _) in tested.items()}, version


# ---- The page -------------------------------------------------------------------------------------------------------


def cell(result):
    """Formats a reaction: upright if it is expected, italic if the RFC allows it, bold if the RFC forbids it."""
    # Remove the reason in a client's Close, which only the log contains, and the end of the TCP
    # connection, because whether it is closed or reset depends on timing.
    seen = re.sub(r"(^|, )TCP (closed|reset)$", "", result["seen"].split(': "', 1)[0]) or "closes TCP"
    if result["verdict"] == "as expected":
        return seen
    text = {
        "other code": seen,
        "no reason given": "closes TCP",
        "TCP left open": f"{seen}, and leaves TCP open",
        "tolerated": f"accepts it ({seen})",
        "no answer": "does nothing",
    }[result["verdict"]]
    is_forbidden = result["demand"] == "MUST" and result["verdict"] in NOT_ENFORCED
    return f"**{text}**" if is_forbidden else f"*{text}*"


def table(tested, chosen):
    lines = [
        f"| rule | section | expected | {' | '.join(tested)} |",
        "|---|---|---|" + "---|" * len(tested),
    ]
    for rule in chosen:
        result = tested["here"][rule]
        section = result["section"]
        link = f"[{section}](rfc6455.md#section-{section.replace('.', '-')})"
        expected = result["expected"].replace("TCP closed", "closes TCP")
        cells = [cell(results[rule]) for results in tested.values()]
        lines.append(f"| `{rule}` | {link} {result['demand']} | {expected} | {' | '.join(cells)} |")
    return "\n".join(lines)


def tables(tested):
    """Returns two tables: the rules that at least one peer does not enforce, and all others, folded away."""
    not_enforced, enforced = [], []
    for rule in tested["here"]:
        verdicts = {results[rule]["verdict"] for results in tested.values()}
        (not_enforced if verdicts & NOT_ENFORCED else enforced).append(rule)
    summary = f"<summary>The other {len(enforced)} rules, which everybody enforces</summary>"
    return f"{table(tested, not_enforced)}\n\n<details>\n{summary}\n\n{table(tested, enforced)}\n\n</details>"


def insert(page, name, text):
    """Replaces the text between the two comments with this name."""
    begin, end = f"<!-- {name}: written by crates/laboratory/peers/table.py -->", f"<!-- end of {name} -->"
    before, rest = page.split(begin)
    return f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}"


def main():
    prepare()
    page = PAGE.read_text()
    names = versions()
    others = f"{names['`ws`']}, {names['`tungstenite`']} and {names['`websockets`']}"
    new = insert(page, "servers", f"Tested: the server of this repository, {others}.\n\n{tables(servers())}")
    found, version = clients()
    new = insert(new, "clients", f"Tested: the client of this repository, {others}; Chromium {version}.\n\n{tables(found)}")
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(new)
    elif new != page:
        sys.exit(f"{PAGE.relative_to(ROOT)} is out of date: run crates/laboratory/peers/table.py")


if __name__ == "__main__":
    main()
