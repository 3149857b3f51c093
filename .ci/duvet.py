"""Judges duvet's JSON report: every rule is implemented and tested, or excepted with a reason. Prints the counts.

duvet itself passes when rules have no citation, and takes a quote for right that differs in one character.
"""

import json
import pathlib
import re
import sys
import tomllib

report = json.loads(pathlib.Path(sys.argv[1]).read_text())
annotations = report["annotations"]
faults = []

IMPLEMENTED, TESTED, EXCEPTED = "CITATION", "TEST", "EXCEPTION"
MEANING = {IMPLEMENTED: "not implemented", TESTED: "not tested"}


def kind(number):
    return annotations[number].get("type", IMPLEMENTED)


def place(annotation):
    return f"{annotation['source']}:{annotation.get('line', 1)}"


# --- The rules, section by section -------------------------------------------------------------------------------------


def segments(section):
    """The pieces of a section's text, each with the annotations that lie on it."""
    for line in section["lines"]:
        if isinstance(line, str):
            yield [], line
        else:
            for numbers, _, text in line:
                yield numbers, text
        yield [], "\n"


def is_marker(text):
    """Whether this is no text but the beginning of a list's item or of a quotation."""
    return re.fullmatch(r"[\s*>+-]*(\d+\.)?\s*", text) is not None


rows = []
for path, specification in report["specifications"].items():
    rows.append((path, None))
    for section in specification["sections"]:
        counts = dict.fromkeys(["rules", IMPLEMENTED, TESTED, EXCEPTED], 0)
        for rule in section.get("requirements", []):
            pieces = [(numbers, text) for numbers, text in segments(section) if rule in numbers and not is_marker(text)]
            sentence = " ".join(" ".join(text for _, text in pieces).split())
            # A quote of half a sentence lies on one piece and not on the other: that is not enough.
            lies_on = {
                what: [any(kind(number) == what for number in numbers) for numbers, _ in pieces]
                for what in (IMPLEMENTED, TESTED, EXCEPTED)
            }
            covered = {what for what, on in lies_on.items() if all(on)}
            halves = any(any(on) and not all(on) for on in lies_on.values())
            counts["rules"] += 1
            for what in covered:
                counts[what] += 1
            where = f"{path}#{section['id']}: {sentence}"
            if EXCEPTED in covered:
                if len(covered) > 1:
                    faults.append(f"has an exception and yet a citation: take one of them away:\n    {where}")
            else:
                missing = " and ".join(MEANING[what] for what in MEANING if what not in covered)
                if halves:
                    missing += " (a citation has to quote the whole sentence)"
                if missing:
                    faults.append(f"{missing}:\n    {where}")
        if counts["rules"]:
            rows.append((section["id"].removeprefix("section-").replace("-", "."), counts))

# --- The quotes, letter by letter --------------------------------------------------------------------------------------

texts = {
    (path, section["id"]): "".join("".join(text for _, text in segments(section)).split())
    for path, specification in report["specifications"].items()
    for section in specification["sections"]
}


def quote_in_source(annotation):
    lines = pathlib.Path(annotation["source"]).read_text().splitlines()[annotation["line"] - 1:]
    quote = []
    for line in (line.strip() for line in lines):
        if line.startswith("//#"):
            quote.append(line.removeprefix("//#"))
        elif not line.startswith("//=") or quote:
            break
    return "".join(quote)


quotes = []
for annotation in annotations:
    if annotation.get("type") == "SPEC" or annotation["source"].endswith(".toml"):
        continue
    quotes.append((place(annotation), annotation["target_path"], annotation["target_section"], quote_in_source(annotation)))
    if annotation.get("type") == EXCEPTED and not annotation.get("comment"):
        faults.append(f"{place(annotation)}: an exception needs a `//= reason=...`")
    if annotation.get("type") in ("TODO", "IMPLICATION"):
        faults.append(f"{place(annotation)}: only implementations, tests and exceptions count here")
for file in sorted(pathlib.Path(".duvet/exceptions").glob("**/*.toml")):
    for exception in tomllib.loads(file.read_text()).get("exception", []):
        path, _, section = exception["target"].partition("#")
        quotes.append((str(file), path, section, exception["quote"]))
for where, path, section, quote in quotes:
    path = next((known for known, _ in texts if path.endswith(known)), path)
    if "".join(quote.split()) not in texts.get((path, section), ""):
        faults.append(f"{where}: this is not quite what stands in {path}#{section}:\n    {' '.join(quote.split())}")

# --- The result --------------------------------------------------------------------------------------------------------

total = dict.fromkeys(["rules", IMPLEMENTED, TESTED, EXCEPTED], 0)
print(f"{'section':<24}{'rules':>8}{'implemented':>13}{'tested':>8}{'excepted':>10}")
for name, counts in rows:
    if counts is None:
        print(name)
        continue
    print(f"  {name:<22}" + "".join(f"{count:>{width}}" for count, width in zip(counts.values(), (8, 13, 8, 10))))
    for what, count in counts.items():
        total[what] += count
print(f"{'all':<24}" + "".join(f"{count:>{width}}" for count, width in zip(total.values(), (8, 13, 8, 10))))

for fault in faults:
    print(fault)
if faults:
    sys.exit(f"{len(faults)} faults; how to cite a rule is told at the head of docs/src/rfc6455.md")
