"""What a foreign format must say for its histories to be imported."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

from tocsin.domain.incident.events import IncidentEvent


class Happening(NamedTuple):
    """An event, and when and through whom it happened there."""

    at: datetime
    actor: str
    event: IncidentEvent


class Numbered(Protocol):
    """A row that says which incident it is about."""

    @property
    def number(self) -> str:
        """The foreign number of the incident."""
        ...


R = TypeVar("R", bound=Numbered)


class Format(Protocol[R]):
    """A format whose rows each say how an incident stood after one update."""

    @property
    def name(self) -> str:
        """As on the command line."""
        ...

    @property
    def system(self) -> str:
        """Whose numbers these are."""
        ...

    def number(self, cells: Sequence[str]) -> str | None:
        """The number in a damaged row, if it can be trusted."""
        ...

    def read(self, cells: Sequence[str]) -> R:
        """Return the row.

        Raises:
            UnreadableCell: a value that matters cannot be read.
        """
        ...

    def happenings(
        self, before: R | None, row: R, silent: Counter[str]
    ) -> tuple[R, list[Happening]]:
        """What happened since the row before, and the row to compare the next one with.

        The first row of an incident always says something. Changes without an event are counted
        in `silent`, by column.

        Raises:
            UnreadableCell: a value that matters to the first row cannot be read.
        """
        ...

    def fingerprint(self, row: R, happenings: Sequence[Happening]) -> bytes:
        """What tells a row from one that was changed since it was imported."""
        ...
