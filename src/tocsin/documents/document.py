"""A document before anybody knows how it is shown: sections of sentences, tables and pictures."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True)
class Sentence:
    """One paragraph."""

    text: str
    marked: bool = False
    """Whether nobody should miss it."""


@dataclass(frozen=True)
class Points:
    """A list: each point with a second line that may be empty."""

    items: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Grid:
    """A table; rows that are marked stand out."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A drawing, and what it shows in words."""

    name: str
    svg: str
    words: str


Block: TypeAlias = Sentence | Points | Grid | Picture


@dataclass(frozen=True)
class Section:
    """A part of a document under a title."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A title, a first line, and sections."""

    title: str
    subtitle: str
    sections: Sequence[Section] = field(default_factory=tuple)
    footer: str = ""
