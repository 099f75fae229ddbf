"""Code blocks of the documentation, so that tests run what people read."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what else its first line says, and its text."""

    language: str
    marks: frozenset[str]
    text: str

    @property
    def file(self) -> str | None:
        """The file that the block is, or changes."""
        return next((m.removeprefix("file=") for m in self.marks if m.startswith("file=")), None)


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block of a page, in order."""
    for language, marks, text in _BLOCK.findall(page.read_text("utf-8")):
        yield Block(language, frozenset(marks.split()), text)


def follow(page: Path, root: Path) -> list[str]:
    """Do under `root` what a how-to says about files, and return their names.

    A block in a language is the whole file. A diff changes a file: the lines that it keeps and
    takes away must stand there exactly once, together.
    """
    changed: dict[str, None] = {}
    for block in blocks(page):
        if block.file is None:
            continue
        path = root / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = block.language != "diff"
        path.write_text(block.text if whole else patched(path.read_text("utf-8"), block.text))
        changed[block.file] = None
    return list(changed)


def patched(text: str, diff: str) -> str:
    """The text with one change made.

    Raises:
        LookupError: the place of the change is not there, or not only there.
    """
    lines = [(line[:1] or " ", line[1:]) for line in diff.splitlines()]
    before = "".join(f"{rest}\n" for mark, rest in lines if mark in " -")
    after = "".join(f"{rest}\n" for mark, rest in lines if mark in " +")
    places = [found.start() for found in re.finditer(rf"^{re.escape(before)}", text, re.MULTILINE)]
    if len(places) != 1:
        raise LookupError(f"this should be there once:\n{before}")
    return text[: places[0]] + after + text[places[0] + len(before) :]
