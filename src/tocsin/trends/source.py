"""What trends need of a lake."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tocsin.domain.policy import Policy
from tocsin.trends.definition import Trend

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Stretch:
    """A range of positions, and the files that hold its rows."""

    first: int
    last: int
    files: Mapping[str, Sequence[Path]]
    """Of each table."""


@dataclass(frozen=True)
class View:
    """The lake as it stands at one moment."""

    identity: str
    """What tells it from every other lake."""
    sealed: Sequence[Stretch]
    """What will never change, from the first position on."""
    tail: Stretch | None
    """What came after that."""
    reach: tuple[int, int]
    """Between which instants (microseconds) everything lies that rows are about."""
    as_of_us: int
    """When the last event was recorded."""

    @property
    def end(self) -> int:
        """The position up to which nothing will change."""
        return self.sealed[-1].last if self.sealed else 0

    @property
    def position(self) -> int:
        """The last position that it knows."""
        return self.tail.last if self.tail else self.end


class Engine(Protocol):
    """Whatever adds up the rows."""

    name: str

    def parquet(self, name: str, files: Sequence[Path]) -> Any:
        """An Ibis table over files of the same columns; it may forget the last one of that name."""

    def answer(self, key: tuple[object, ...], build: Callable[[], Any]) -> "pa.Table":
        """What an Ibis expression comes to; equal keys, equal expressions."""


class Source(Protocol):
    """A lake that can be asked."""

    @property
    def engine(self) -> Engine:
        """What adds up its rows."""

    @property
    def trends(self) -> Mapping[str, Trend]:
        """The trends that can be asked for."""

    @property
    def kept(self) -> Path:
        """The folder of results that are kept."""

    @property
    def most_kept(self) -> int:
        """How many of them."""

    def alone(self) -> AbstractContextManager[None]:
        """Nobody else asks meanwhile."""

    def view(self) -> View:
        """The lake as it stands now."""

    def policy(self, view: View) -> Policy:
        """The policy in force at the end of a view."""
