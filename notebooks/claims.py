"""Which cell asserts which claim of the lectures: the lists in the notebooks' README.

    python notebooks/claims.py            # write them
    python notebooks/claims.py --check    # exit status 1 if the README says something else

A claim has a number, a lecture, the heading of its slides and a few words in `claims.csv`. A cell that
asserts it has its number in its metadata: ``"claims": [24, 25]``.
"""

from __future__ import annotations

import argparse
import ast
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- claims: by claims.py -->", "<!-- end of the claims -->"


class Claim(NamedTuple):
    """What a lecture says."""

    number: int
    lecture: str
    heading: str
    claim: str


class Cell(NamedTuple):
    """A code cell that asserts a claim, by what a reader sees: the page, the number in its margin."""

    notebook: str
    count: int
    source: str

    def __str__(self) -> str:
        number = self.notebook.partition("_")[0].lstrip("0")
        return f"[{number}]({self.notebook}) `[{self.count}]`"


def claims() -> list[Claim]:
    """All claims, in the order of the lectures."""
    with (HERE / "claims.csv").open(encoding="utf-8", newline="") as lines:
        return [Claim(int(row.pop("number")), **row) for row in csv.DictReader(lines)]


def cells() -> dict[int, list[Cell]]:
    """The cells that assert each claim, by its number."""
    found: dict[int, list[Cell]] = defaultdict(list)
    for path in sorted(HERE.glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for number in cell["metadata"].get("claims", ()):
                source = "".join(cell["source"])
                found[number].append(Cell(path.name, cell.get("execution_count"), source))
    return dict(found)


def asserts(source: str) -> bool:
    """Whether code would fail if something were not so: an assert, or a call such as assert_allclose."""

    def one(node: ast.AST) -> bool:
        if isinstance(node, ast.Call):
            name: Any = node.func
            return str(getattr(name, "attr", getattr(name, "id", ""))).startswith("assert_")
        return isinstance(node, ast.Assert)

    return any(one(node) for node in ast.walk(ast.parse(source)))


def lists() -> str:
    """A table of claims for each lecture, as Markdown."""
    where = cells()
    parts = []
    for lecture, group in groupby(claims(), lambda claim: claim.lecture):
        lines = [f"### {lecture}", "", "| | slides | claim | asserted in |", "|--|--|--|--|"]
        for each in group:
            words = [x.replace("|", "\\|") for x in (each.heading, each.claim)]
            seen = ", ".join(map(str, where.get(each.number, ())))
            lines.append(f"| {each.number} | {words[0]} | {words[1]} | {seen} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def readme() -> str:
    """The README with these lists in their place."""
    text = (HERE / "README.md").read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{lists()}\n\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the README, or compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, and write nothing")
    options = parser.parse_args(arguments)
    new = readme()
    path = HERE / "README.md"
    if options.check:
        same = new == path.read_text(encoding="utf-8")
        print("the README is up to date" if same else "run python notebooks/claims.py")
        return 0 if same else 1
    path.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
