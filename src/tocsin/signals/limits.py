"""What a signal may be asked with: every parameter has a range, and a wrong one is named."""

from collections.abc import Iterable

MOST_PERIODS = 20_000
"""Days or weeks in one series: 54 years of days."""
MOST_KEYS = 20_000
"""Series that are compared with each other at a time."""
MOST_INCIDENTS = 2_000_000
"""Incidents that are searched for recurring ones at a time."""


class BadParameter(ValueError):
    """A signal cannot be worked out from this. The sentence names the field and the way out."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field


def between(field: str, value: float, least: float, most: float) -> None:
    """Make sure that a number is one that the statistic is meant for.

    Raises:
        BadParameter: it is not, or is no number.
    """
    if not least <= value <= most:
        raise BadParameter(field, f"must be from {least:g} to {most:g}, not {value!r}.")


def one_of(field: str, value: str, words: Iterable[str]) -> None:
    """Make sure that a word is one of a few.

    Raises:
        BadParameter: it is not.
    """
    known = tuple(words)
    if value not in known:
        raise BadParameter(field, f"must be one of {', '.join(known)}, not {value!r}.")
