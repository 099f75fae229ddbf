"""As much of Markdown as a post-mortem is made of: headings, what stands under them, and tables."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_HEADING = re.compile(r"(#{1,2})\s")
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_RULE = re.compile(r":?-+:?")
_BAR = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Line:
    """A line of a file, from 1."""

    number: int
    text: str


@dataclass
class Section:
    """A heading of the first or second rank, and the lines under it."""

    line: int
    level: int
    title: str
    lines: list[Line] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What stands under the heading."""
        return "\n".join(line.text.rstrip() for line in self.lines).strip()


@dataclass(frozen=True)
class Cells:
    """A line of a table."""

    line: int
    cells: list[str]


@dataclass(frozen=True)
class Grid:
    """A table: its head, whether a line of dashes follows it, and its rows."""

    head: Cells
    ruled: bool
    rows: list[Cells]


def sections(text: str) -> list[Section]:
    """The headings of a document and what stands under each. The first may have no heading."""
    found, fence = [Section(1, 0, "")], ""
    for number, line in enumerate(text.split("\n"), 1):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif mark:
            fence = mark[1]
        elif heading := _HEADING.match(line):
            title = line.strip("# \t\r")
            found.append(Section(number, len(heading[1]), title))
            continue
        found[-1].lines.append(Line(number, line.removesuffix("\r")))
    return found


def grids(lines: Iterable[Line]) -> Iterator[Grid]:
    """The tables among these lines: neighbouring lines that begin with a bar."""
    table: list[Cells] = []
    for line in (*lines, Line(0, "")):
        if line.text.lstrip().startswith("|"):
            table.append(Cells(line.number, _cells(line.text.strip())))
        elif table:
            yield _grid(table)
            table = []


def _grid(table: list[Cells]) -> Grid:
    ruled = len(table) > 1 and all(_RULE.fullmatch(cell) for cell in table[1].cells)
    return Grid(table[0], ruled, table[1 + ruled :])


def _cells(text: str) -> list[str]:
    inner = text[1:]
    if _BAR.search(inner[-1:]) and not inner.endswith("\\|"):
        inner = inner[:-1]
    return [cell.replace("\\|", "|").strip() for cell in _BAR.split(inner)]
