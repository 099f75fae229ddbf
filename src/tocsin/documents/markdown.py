"""A document as Markdown: what people wrote is shown as they wrote it, never as marks."""

import re
from collections.abc import Iterable, Iterator

from tocsin.documents.document import Block, Document, Grid, Picture, Points, Section, Sentence

SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~!])")
AT_THE_START = re.compile(r"^(\s*)([-+=]|\d+[.)])", re.MULTILINE)


def markdown(document: Document) -> str:
    """The document in CommonMark, with the tables of GitHub's flavour."""
    parts = [f"# {escaped(document.title)}", escaped(document.subtitle)]
    for section in document.sections:
        parts += _section(section)
    if document.footer:
        parts += ["---", escaped(document.footer)]
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """A text in one line that means nothing to Markdown but itself."""
    line = " ".join(text.split())
    line = SPECIAL.sub(r"\\\1", line)
    return AT_THE_START.sub(r"\1\\\2", line)


def _section(section: Section) -> Iterator[str]:
    yield f"## {escaped(section.title)}"
    for block in section.blocks:
        yield _block(block)


def _block(block: Block) -> str:
    match block:
        case Sentence(text=text, marked=marked):
            return f"**{escaped(text)}**" if marked else escaped(text)
        case Points(items=items):
            return "\n".join(_point(first, second) for first, second in items)
        case Grid():
            return _grid(block)
        case Picture(words=words):
            return f"*{escaped(words)}*"


def _point(first: str, second: str) -> str:
    return f"- {escaped(first)}" + (f"\\\n  {escaped(second)}" if second else "")


def _grid(grid: Grid) -> str:
    lines = [_row(grid.heads), _row(["---"] * len(grid.heads), plain=True)]
    for place, row in enumerate(grid.rows):
        cells = [escaped(cell) for cell in row]
        if place in grid.marked:
            cells = [f"**{cell}**" if cell else "" for cell in cells]
        lines.append(_row(cells, plain=True))
    return "\n".join(lines)


def _row(cells: Iterable[str], *, plain: bool = False) -> str:
    shown = [cell if plain else escaped(cell) for cell in cells]
    return f"| {' | '.join(shown)} |"
