"""What a module must say for the log to be exported in its format."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from tocsin.exports.file import Output
from tocsin.exports.reading import Source

Counts = dict[str, int]
"""What was written, by what it is; `events` always."""


class Choice(NamedTuple):
    """Something that can be chosen about one format, beside what all have in common."""

    help: str
    metavar: str | None = None
    """How its value is called; without one it is a switch."""


class Format(Protocol):
    """A format, as a module. The first line of its docstring says what it is."""

    NAME: str
    """As on the command line."""
    WHOLE: bool
    """Whether it holds whole incidents, so that nothing can be added to it behind a position."""
    STREAMED: bool
    """Whether it can go to standard output."""
    CHOICES: Mapping[str, Choice]
    """By the name of the option."""

    def write(self, source: Source, out: Output, chosen: Mapping[str, str], /) -> Counts:
        """Write what the source says.

        Raises:
            Stopped: somebody wants no more of it.
            BadSelection: what was chosen does not fit.
            Unreadable: an event cannot be decoded.
        """
        ...
