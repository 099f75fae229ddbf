"""What is drawn that is no trend: spells and marks in lanes, sides against each other."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

Spell = tuple[str, str, datetime, datetime]
"""Lane, label, when it began, when it ended."""
Mark = tuple[str, str, datetime]
"""Lane, label, when it was."""


class Panel(TypedDict):
    """One set of categories: `rows` are pairs of a category and its number for each side."""

    title: str
    category: str
    upright: bool
    """Whether categories are written from bottom to top: many long ones."""
    rows: Sequence[tuple[str, Sequence[int]]]
