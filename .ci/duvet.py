"""Checks duvet's JSON report: every rule must be implemented and tested, or excepted with a reason. Prints the counts.

duvet itself does not require a citation for every rule, and accepts a quotation that differs in one character.
"""

import json
import pathlib
import re
import sys
import tomllib

report = json.loads(pathlib.Path(sys.argv[1]).read_text())
annotations = report["annotations"]
problems = []

IMPLEMENTED, TESTED, EXCEPTED = "CITATION", "TEST", "EXCEPTION"
MEANING = {IMPLEMENTED: "not implemented", TESTED: "not tested"}


def purpose(number):
    return annotations[number].get("type", IMPLEMENTED)


def location(annotation):
    return f"{annotation['source']}:{annotation.get('line', 1)}"


# --- The rules, section by section -------------------------------------------------------------------------------------


def segments(section):
    """Yields the pieces of a section's text, each with the numbers of the annotations that cover it."""
    for line in section["lines"]:
        if isinstance(line, str):
            yield [], line
        else:
            for numbers, _, text in line:
                yield numbers, text
        yield [], "\n"


def is_marker(text):
    """Returns whether this is only the marker that begins a list item or a quotation."""
    return re.fullmatch(r"[\s*>+-]*(\d+\.)?\s*", text) is not None


rows = []
for path, specification in report["specifications"].items():
    rows.append((path, None))
    for section in specification["sections"]:
        counts = dict.fromkeys(["rules", IMPLEMENTED, TESTED, EXCEPTED], 0)
        for rule in section.get("requirements", []):
            pieces = [(numbers, text) for numbers, text in segments(section) if rule in numbers and not is_marker(text)]
            sentence = " ".join(" ".join(text for _, text in pieces).split())
            # A citation counts only if it covers the whole sentence, that is, all its pieces.
            covers = {
                what: [any(purpose(number) == what for number in numbers) for numbers, _ in pieces]
                for what in (IMPLEMENTED, TESTED, EXCEPTED)
            }
            covered = {what for what, pieces_covered in covers.items() if all(pieces_covered)}
            is_partial = any(any(pieces_covered) and not all(pieces_covered) for pieces_covered in covers.values())
            counts["rules"] += 1
            for what in covered:
                counts[what] += 1
            where = f"{path}#{section['id']}: {sentence}"
            if EXCEPTED in covered:
                if len(covered) > 1:
                    problems.append(f"has both an exception and a citation; remove one of them:\n    {where}")
            else:
                missing = " and ".join(MEANING[what] for what in MEANING if what not in covered)
                if is_partial:
                    missing += " (a citation must quote the whole sentence)"
                if missing:
                    problems.append(f"{missing}:\n    {where}")
        if counts["rules"]:
            rows.append((section["id"].removeprefix("section-").replace("-", "."), counts))

# --- The quotations, letter by letter ----------------------------------------------------------------------------------

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
    quotes.append((location(annotation), annotation["target_path"], annotation["target_section"], quote_in_source(annotation)))
    if annotation.get("type") == EXCEPTED and not annotation.get("comment"):
        problems.append(f"{location(annotation)}: an exception needs a `//= reason=...`")
    if annotation.get("type") in ("TODO", "IMPLICATION"):
        problems.append(f"{location(annotation)}: only implementations, tests and exceptions are allowed here")
for file in sorted(pathlib.Path(".duvet/exceptions").glob("**/*.toml")):
    for exception in tomllib.loads(file.read_text()).get("exception", []):
        path, _, section = exception["target"].partition("#")
        quotes.append((str(file), path, section, exception["quote"]))
for where, path, section, quote in quotes:
    path = next((known for known, _ in texts if path.endswith(known)), path)
    if "".join(quote.split()) not in texts.get((path, section), ""):
        problems.append(f"{where}: this differs from the text of {path}#{section}:\n    {' '.join(quote.split())}")

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

for problem in problems:
    print(problem)
if problems:
    sys.exit(f"{len(problems)} problems; docs/src/rfc6455.md explains at its head how to cite a rule")
