#!/usr/bin/env python3
"""Probes four servers and writes what they do into docs/src/laboratory.md.

    crates/laboratory/peers/table.py           writes the table
    crates/laboratory/peers/table.py --check   fails if the page has another one

Needs cargo, npm and Python. What it fetches stays in example/node_modules and in target/laboratory.
"""

import json
import os
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HERE = Path(__file__).resolve().parent
PAGE = ROOT / "docs" / "src" / "laboratory.md"
VENV = ROOT / "target" / "laboratory" / "venv"
BEGIN = "<!-- What follows is written by crates/laboratory/peers/table.py. -->"
END = "<!-- Up to here. -->"


def run(*command, cwd=ROOT):
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def prepare():
    """Builds and fetches what is to be run; gives the folder with the programs."""
    run("cargo", "build", "--quiet", "--locked", "-p", "server", "-p", "client", "-p", "tungstenite-server")
    run("npm", "ci", "--no-audit", "--no-fund", "--silent", cwd=ROOT / "example")
    if not VENV.exists():
        venv.create(VENV, with_pip=True)
    run(VENV / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", HERE / "requirements.txt")
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"


def output(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout.strip()


def peers(programs):
    """The servers: what they are called in the table, and how they are started."""
    python = VENV / "bin" / "python"
    node = output("node", "--version").lstrip("v")
    ws = json.loads((ROOT / "example" / "node_modules" / "ws" / "package.json").read_text())["version"]
    packages = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    tungstenite = next(package["version"] for package in packages if package["name"] == "tungstenite")
    websockets = output(python, "-c", "import websockets; print(websockets.__version__)")
    snake = output(python, "-c", "import platform; print(platform.python_version())")
    anywhere = ["--listen", "127.0.0.1:0"]
    return [
        ("here", "this repository's server", [programs / "server", *anywhere]),
        ("`ws`", f"`ws` {ws} on Node.js {node}", ["node", ROOT / "example" / "server.js", *anywhere]),
        ("`tungstenite`", f"`tungstenite` {tungstenite}", [programs / "tungstenite-server", *anywhere]),
        ("`websockets`", f"`websockets` {websockets} on Python {snake}", [python, HERE / "echo.py"]),
    ]


def probe(programs, command):
    """Starts a server, probes it, and ends it."""
    command = [str(part) for part in command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            line = server.stdout.readline()
            assert line.startswith("listening on ws://"), f"{command} says {line!r}"
            url = line.removeprefix("listening on ").strip() + "echo"
            client = [str(programs / "client"), "--probe", "--json", url]
            done = subprocess.run(client, capture_output=True, text=True, timeout=600)
            if done.returncode not in (0, 1) or not done.stdout:
                sys.exit(f"{command}: {done.stderr}")
            print(f"{command[-1]}: {done.stderr.strip()}", file=sys.stderr)
            return {result["rule"]: result for result in map(json.loads, done.stdout.splitlines())}
        finally:
            server.terminate()


def cell(result):
    """What a server did. Upright: what is asked; slanted: refused in another way; bold: not refused."""
    seen = result["seen"].removesuffix(", TCP ended")
    text = {
        "as asked": seen,
        "other code": f"*{seen}*",
        "no reason given": "*ends TCP*",
        "TCP left open": f"*{seen}, and leaves TCP open*",
        "tolerated": f"**takes it** ({seen})",
        "no answer": "**does nothing**",
    }[result["verdict"]]
    return f"{text} (!)" if result["against_a_must"] else text


def table(programs):
    tried = [(name, version, probe(programs, command)) for name, version, command in peers(programs)]
    versions = [version for _, version, _ in tried]
    lines = [
        f"Probed: {', '.join(versions[:-1])} and {versions[-1]}.",
        "",
        f"| rule | section | asked for | {' | '.join(name for name, _, _ in tried)} |",
        "|---|---|---|" + "---|" * len(tried),
    ]
    for rule, result in tried[0][2].items():
        section = result["section"]
        link = f"[{section}](rfc6455.md#section-{section.replace('.', '-')})"
        cells = [cell(results[rule]) for _, _, results in tried]
        lines.append(f"| `{rule}` | {link} {result['demand']} | {result['expected']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main():
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    new = f"{before}{BEGIN}\n\n{table(prepare())}\n\n{END}{after}"
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(new)
    elif new != page:
        sys.exit(f"{PAGE.relative_to(ROOT)} is out of date: run crates/laboratory/peers/table.py")


main()
